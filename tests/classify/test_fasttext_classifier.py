"""Classifiers of fastText against loops over its source's definitions, and against the program."""

import heapq
import math

import numpy as np
import pytest

from tests.vectors.formats import fasttext_files as files
from textdl import FastTextClassifier, TextClassifier
from textdl.classify.loading import load_classifier
from textdl.cli.main import main
from textdl.errors import FileFormatError, ParameterError

WORDS = ["</s>", "the", "cat", "naïve", "dog"]
LABELS = ["__label__pets", "__label__été", "__label__c", "__label__b"]
TEXTS = [
    "the cat",
    "the cat sat on the naïve\tdog",
    "",
    "unseen",
    "cat __label__pets dog",
    "__label__new cat",
    "the </s> cat",
    "\x0bcat\xa0dog\x00 \r\n",
]
LOSSES = {"hs": 1, "ns": 2, "softmax": 3, "ova": 4}
BUCKET = 30
RANDOM = np.random.default_rng(0)
MATRIX = RANDOM.normal(size=(len(WORDS) + BUCKET, 3)).astype(np.float32)
OUTPUT = 3 * RANDOM.normal(size=(len(LABELS), 3)).astype(np.float32)


def write(path, *, output=OUTPUT, matrix=MATRIX, **changes):
    given = {"labels": LABELS, "bucket": BUCKET, "model": 3, "loss": 3, "wordNgrams": 3} | changes
    raw = files.model(WORDS, matrix, **given)
    path.write_bytes(raw[: -len(files.dense(np.zeros((0, 3))))] + files.dense(output))
    return path


def hash_of(token):
    value = 2166136261
    for byte in token.encode():
        value = ((value ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * 16777619) % 2**32
    return value - 2**32 if value >= 2**31 else value


def rows_of(text, minn, maxn, ngrams, rows):
    """`Dictionary::getLine`; `rows` maps buckets to rows."""
    for space in "\n\r\t\v\f\0":
        text = text.replace(space, " ")
    found = []
    hashes = []
    for token in [*text.split(" "), "</s>"]:
        if token == "" or token.startswith("__label__"):
            continue
        if token in WORDS:
            found.append(WORDS.index(token))
        if maxn and token != "</s>":
            found += [rows.get(it) for it in files.buckets_of(token, minn, maxn, BUCKET)]
        hashes.append(hash_of(token))
        if token == "</s>":
            break
    for begin in range(len(hashes)):
        value = hashes[begin] % 2**64
        for end in range(begin + 1, min(begin + ngrams, len(hashes))):
            value = (value * 116049371 + hashes[end]) % 2**64
            found.append(rows.get(value % BUCKET))
    return [row for row in found if row is not None]


def table_sigmoid(x):
    if x < -8 or x > 8:
        return float(x > 0)
    return 1 / (1 + math.exp(-(math.floor((x + 8) * 32) / 32 - 8)))


def huffman_codes(counts):
    """The decisions on the way to each label: inner nodes, and whether to the right."""
    labels = len(counts)
    # Nodes come before labels that are as frequent, older nodes and rarer labels first.
    heap = [(count, 1, -label) for label, count in enumerate(counts)]
    heapq.heapify(heap)
    codes = {label: [] for label in range(labels)}
    below = {-label: [label] for label in range(labels)}
    for node in range(labels - 1):
        total = 0
        joined = []
        for is_right in (False, True):
            count, kind, key = heapq.heappop(heap)
            members = below[key] if kind else below["node", key]
            for label in members:
                codes[label].append((node, is_right))
            joined += members
            total += count
        below["node", node] = joined
        heapq.heappush(heap, (total, 0, node))
    return codes


def probabilities_of(scores, loss):
    if loss == "softmax":
        total = sum(math.exp(it) for it in scores)
        return [math.exp(it) / total + 1e-5 for it in scores]
    if loss == "hs":
        found = []
        for path in huffman_codes([100, 99, 98, 97]).values():
            to_right = [(1 / (1 + math.exp(-scores[node])), right) for node, right in path]
            found.append(math.prod((p if right else 1 - p) + 1e-5 for p, right in to_right))
        return found
    return [table_sigmoid(it) + 1e-5 for it in scores]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    ("maxn", "ngrams", "pruned"),
    [(0, 1, None), (0, 3, None), (4, 1, None), (4, 2, [(7, 1), (2, 0), (20, 2)]), (3, 2, [])],
)
def test_probabilities_equal_a_loop(tmp_path, loss, maxn, ngrams, pruned):
    sizes = {"minn": 2 if maxn else 0, "maxn": maxn, "wordNgrams": ngrams}
    path = write(tmp_path / "model.bin", loss=LOSSES[loss], pruned=pruned, **sizes)
    kept = [(bucket, bucket) for bucket in range(BUCKET)] if pruned is None else pruned
    rows = {bucket: len(WORDS) + row for bucket, row in kept}
    classifier = FastTextClassifier.load(path)
    expected = np.zeros((len(TEXTS), len(LABELS)))
    for number, text in enumerate(TEXTS):
        used = rows_of(text, sizes["minn"], maxn, ngrams, rows)
        scores = OUTPUT.astype(float) @ MATRIX[used].astype(float).mean(0)
        expected[number] = probabilities_of(scores.tolist(), loss)
    found = classifier.predict_details(TEXTS)
    order = np.argsort(["pets", "été", "c", "b"])
    np.testing.assert_allclose(found.probabilities, expected[:, order], atol=1e-6)
    assert classifier.classes_.tolist() == ["b", "c", "pets", "été"]
    assert classifier.multilabel_ == (loss == "ova")
    assert found.known.all()  # the end of the text is a word


def test_prediction_does_not_depend_on_the_texts_beside_it(tmp_path):
    classifier = FastTextClassifier.load(write(tmp_path / "model.bin", maxn=3, minn=2))
    together = classifier.predict_proba(TEXTS)
    alone = [classifier.predict_proba([text])[0] for text in TEXTS]
    np.testing.assert_allclose(together, alone, rtol=1e-6)
    assert classifier.predict_proba([]).shape == (0, 4)


def test_text_without_anything_known_is_told(tmp_path):
    path = tmp_path / "model.bin"
    write(path, maxn=0, wordNgrams=1)
    path.write_bytes(path.read_bytes().replace(b"</s>\0", b"<-s>\0"))
    found = FastTextClassifier.load(path).predict_details(["unseen", "cat"])
    assert found.known.tolist() == [False, True]
    np.testing.assert_allclose(found.probabilities[0], 0.25 + 1e-5)


def test_one_label_is_certain(tmp_path):
    for loss in (1, 3):
        path = write(tmp_path / "one.bin", labels=LABELS[:1], output=OUTPUT[:1], loss=loss)
        assert FastTextClassifier.load(path).predict_proba(["cat"])[0, 0] == pytest.approx(
            1, abs=2e-5
        )


def test_command_line_predicts_and_evaluates(tmp_path, capsys):
    path = write(tmp_path / "model.bin", maxn=3, minn=2)
    best = FastTextClassifier.load(path).predict(["the cat"])[0]
    main(["classify", "predict", str(path), "the cat", "-n", "2"])
    assert capsys.readouterr().out.startswith(f"{best} 0.")
    (tmp_path / "texts.txt").write_text(f"__label__{best} the cat\n")
    main(["classify", "evaluate", str(path), str(tmp_path / "texts.txt")])
    assert "accuracy 1.0000" in capsys.readouterr().out


def test_load_classifier_of_textdl(tmp_path):
    TextClassifier(epochs=1).fit(["a b", "c d"], ["x", "y"]).save(tmp_path / "model.safetensors")
    assert isinstance(load_classifier(tmp_path / "model.safetensors"), TextClassifier)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model": 2}, "a fastText model of words"),
        ({"loss": 9}, "a fastText model of words"),
        ({"output": OUTPUT[:2]}, "its output matrix is"),
        ({"output": np.zeros((4, 2))}, "its output matrix is"),
        ({"labels": [], "output": OUTPUT[:0]}, "its output matrix is"),
        ({"output": OUTPUT * np.nan}, "not finite"),
        ({"matrix": MATRIX * np.nan}, "not finite"),
        ({"bucket": BUCKET + 1}, "not among 30"),
        ({"pruned": [(1, 30)]}, "not among 30"),
        ({"pruned": [(1, -1)]}, "not among 30"),
    ],
)
def test_damaged_model_errors(tmp_path, changes, says):
    path = write(tmp_path / "model.bin", **changes)
    with pytest.raises(FileFormatError, match=says):
        FastTextClassifier.load(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "No such file"),
        (b"", "is empty"),
        (b"\xba\x16", "truncated"),
        (b"2 3\na 1 2 3\n", "is not a model of fastText"),
    ],
)
def test_what_is_no_model_errors(tmp_path, content, says):
    if content is not None:
        (tmp_path / "model.bin").write_bytes(content)
    with pytest.raises(FileFormatError, match=says):
        FastTextClassifier.load(tmp_path / "model.bin")


def test_folder_errors(tmp_path):
    with pytest.raises(FileFormatError, match="cannot read"):
        FastTextClassifier.load(tmp_path)


def test_cut_short_errors(tmp_path):
    path = write(tmp_path / "model.bin")
    raw = path.read_bytes()
    for size in range(8, len(raw), 97):
        path.write_bytes(raw[:size])
        with pytest.raises(FileFormatError):
            FastTextClassifier.load(path)


@pytest.mark.parametrize("texts", ["the cat", [b"cat"], ["cat", None]])
def test_what_is_no_list_of_texts_errors(tmp_path, texts):
    classifier = FastTextClassifier.load(write(tmp_path / "model.bin"))
    with pytest.raises(ParameterError, match="pass"):
        classifier.predict(texts)


@pytest.mark.parametrize("loss", LOSSES)
def test_probabilities_are_those_of_fasttext(tmp_path, loss):
    fasttext = pytest.importorskip("fasttext", reason="the package fasttext is not installed")
    rng = np.random.default_rng(1)
    lines = [
        f"__label__{label} " + " ".join(rng.choice([*"abcdefgh", label * 3], 6))
        for label in rng.choice(list("pqrstu"), 600)
    ]
    (tmp_path / "train.txt").write_text("\n".join(lines) + "\n")
    sizes = {"dim": 16, "bucket": 2000, "minn": 1, "maxn": 3, "wordNgrams": 2}
    # Of fewer threads, fasttext 0.9.3 leaves a part of its matrix as memory happens to be.
    sizes |= {"thread": 12, "verbose": 0}
    theirs = fasttext.train_supervised(str(tmp_path / "train.txt"), loss=loss, **sizes)
    theirs.save_model(str(tmp_path / "theirs.bin"))
    ours = FastTextClassifier.load(tmp_path / "theirs.bin")
    for text in [*lines[:50], "", "zz é a"]:
        answers = theirs.f.predict(text + "\n", -1, 0.0, "strict")
        expected = {label.removeprefix("__label__"): p for p, label in answers}
        found = dict(
            zip(ours.classes_.tolist(), ours.predict_proba([text])[0].tolist(), strict=True)
        )
        assert found == pytest.approx(expected, abs=1e-5)


def test_lone_surrogates_are_no_word(tmp_path):
    classifier = FastTextClassifier.load(write(tmp_path / "model.bin", maxn=3, minn=2))
    assert np.isfinite(classifier.predict_proba(["\udc80 cat"])).all()
