"""Models that fastText trains here, with every loss and quantization, give the same answers."""

from itertools import product

import numpy as np
import pytest

from textdl import FastTextClassifier, Vectors

pytestmark = pytest.mark.full

LOSSES = ("ns", "hs", "softmax", "ova")
MODELS = ("skipgram", "cbow")
SUBWORDS = ((3, 6), (1, 2), (0, 0))  # characters of the shortest and longest n-gram
QUANTIZATIONS = {
    "none": None,
    "codes": {},
    "norms": {"qnorm": True},
    "wide parts": {"dsub": 5},
    "output": {"qout": True, "qnorm": True},
    "pruned": {"cutoff": 300, "retrain": False, "qnorm": True},
    "retrained": {"cutoff": 300, "retrain": True, "epoch": 1},
}
UNSEEN = ("zebra", "größer", "日本語", "a", "naïve-ish", "x" * 50, "🙂", "wordword")
# Of fewer threads, fasttext 0.9.3 leaves a part of its matrix as memory happens to be.
THREADS = 12
STEP_OF_TABLE = 16 / 512 / 4 + 1e-5  # of its sigmoids from -8 to 8, which rise by 1/4 at most


@pytest.fixture(scope="module")
def fasttext():
    return pytest.importorskip("fasttext", reason="the package fasttext is not installed")


@pytest.fixture(scope="module")
def lines():
    """Texts of three topics, whose words share some of their letters."""
    rng = np.random.default_rng(0)
    topics = {}
    for topic, letters in {"sea": "aeöslmn", "tech": "bitkorü", "food": "cuhpé日本"}.items():
        topics[topic] = ["".join(rng.choice([*letters], rng.integers(2, 8))) for _ in range(200)]
    common = [f"w{number}" for number in range(40)]
    names = [*topics] * 300
    return [
        f"__label__{topic} " + " ".join(rng.choice([*topics[topic], *common], 12))
        for topic in names
    ]


@pytest.fixture(scope="module")
def many_labels(lines, tmp_path_factory):
    """A corpus of so many labels that the output matrix can be quantized."""
    path = tmp_path_factory.mktemp("corpus") / "many.txt"
    numbered = (f"__label__{number % 300} {line}" for number, line in enumerate(lines))
    path.write_text("\n".join(numbered) + "\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def corpus(lines, tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "train.txt"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def assert_same_vectors(ours, theirs, *, has_all_buckets=True):
    assert ours.labels == theirs.get_words()
    for word in [*ours.labels, *UNSEEN]:
        if word in ours:
            np.testing.assert_allclose(ours[word], theirs.get_word_vector(word), atol=1e-5)
        elif has_all_buckets:
            assert not theirs.get_word_vector(word).any()


def assert_same_neighbors(ours, theirs, words):
    for word in words:
        expected = {it: similarity for similarity, it in theirs.get_nearest_neighbors(word, 10)}
        found = dict(ours.most_similar(word, topn=10))
        # Where two words are as similar but for rounding, either may be the tenth.
        tenth = min(expected.values())
        for it in found.keys() ^ expected.keys():
            assert {**expected, **found}[it] == pytest.approx(tenth, abs=1e-5)
        for it in found.keys() & expected.keys():
            assert found[it] == pytest.approx(expected[it], abs=1e-5)


def assert_same_probabilities(gaps, *, has_table):
    """Sigmoids are of a table; a score between two of its steps is rounded to either, if rarely."""
    is_same = gaps <= 1e-5
    if has_table:
        assert (gaps <= STEP_OF_TABLE).all()
        assert is_same.mean() > 0.999
    else:
        assert is_same.all()


@pytest.mark.parametrize(("model", "loss", "subwords"), [*product(MODELS, LOSSES, SUBWORDS)])
def test_unsupervised_model_gives_the_same_answers(
    fasttext, corpus, tmp_path, model, loss, subwords
):
    minn, maxn = subwords
    sizes = {"dim": 20, "bucket": 3000, "minn": minn, "maxn": maxn, "minCount": 2, "epoch": 2}
    sizes |= {"thread": THREADS, "verbose": 0}
    theirs = fasttext.train_unsupervised(str(corpus), model=model, loss=loss, **sizes)
    theirs.save_model(str(tmp_path / "theirs.bin"))
    ours = Vectors.load(tmp_path / "theirs.bin")
    shown = ours.config["fasttext"]
    assert (shown["model"], shown["loss"]) == (model, loss)
    assert_same_vectors(ours, theirs)
    assert_same_neighbors(ours, theirs, ours.labels[1:200:20])
    ours.save(tmp_path / "ours.bin", format="fasttext")
    again = fasttext.load_model(str(tmp_path / "ours.bin"))
    assert_same_vectors(ours, again)
    assert_same_neighbors(ours, again, ours.labels[1:200:20])


@pytest.mark.parametrize("subwords", [(2, 4), (0, 0)])
@pytest.mark.parametrize(("loss", "name"), [*product(LOSSES, QUANTIZATIONS)])
def test_supervised_model_gives_the_same_answers(
    fasttext, corpus, many_labels, lines, tmp_path, loss, name, subwords
):
    source = str(many_labels if name == "output" else corpus)
    minn, maxn = subwords
    sizes = {"dim": 16, "bucket": 3000, "minn": minn, "maxn": maxn, "wordNgrams": 2, "epoch": 3}
    sizes |= {"thread": THREADS, "verbose": 0}
    theirs = fasttext.train_supervised(source, loss=loss, **sizes)
    options = QUANTIZATIONS[name]
    if options is not None:
        theirs.quantize(source, verbose=0, thread=THREADS, **options)
    path = str(tmp_path / ("theirs.bin" if options is None else "theirs.ftz"))
    theirs.save_model(path)
    theirs = fasttext.load_model(path)
    assert_same_vectors(Vectors.load(path), theirs, has_all_buckets="cutoff" not in (options or ()))
    ours = FastTextClassifier.load(path)
    gaps = []
    for text in [*lines[:40], "zebra", "", "größer 日本語 w1 </s> w2"]:
        expected = {
            label.removeprefix("__label__"): probability
            for probability, label in theirs.f.predict(text + "\n", -1, 0.0, "strict")
        }
        if expected:  # of a text without anything known it says nothing
            (row,) = ours.predict_proba([text])
            gaps.append(row - [expected[label] for label in ours.classes_.tolist()])
    assert_same_probabilities(np.abs(gaps), has_table=loss in ("ns", "ova"))
