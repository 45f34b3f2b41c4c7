import math

import numpy as np
import pytest

from textdl.errors import CorpusError, CorpusReadError, ParameterError
from textdl.vectors.evaluate import (
    evaluate_analogies,
    evaluate_benchmark,
    evaluate_word_pairs,
)
from textdl.vectors.vectors import Vectors


@pytest.fixture(scope="module")
def benchmark_vectors(data_folder):
    """Random vectors, a few common directions among them, of most words of the benchmarks."""
    text = (data_folder / "eval" / "questions-words.txt").read_text()
    words = sorted(
        {w.lower() for line in text.splitlines() if line[0] != ":" for w in line.split()}
    )
    for file in ("EN-WS-353-ALL.txt", "EN-MEN-TR-3k.txt"):
        lines = (data_folder / "eval" / file).read_text().splitlines()
        words += [w.lower() for line in lines for w in line.split()[:2]]
    words = [word for i, word in enumerate(dict.fromkeys(words)) if i % 9]
    rng = np.random.default_rng(6)
    matrix = rng.standard_normal((len(words), 10)) + 2 * rng.standard_normal((1, 10))
    return Vectors(words, matrix)


@pytest.fixture(scope="module")
def benchmark_in_gensim(benchmark_vectors):
    models = pytest.importorskip("gensim.models")
    keyed = models.KeyedVectors(vector_size=10)
    keyed.add_vectors(list(benchmark_vectors.labels), benchmark_vectors.matrix)
    return keyed


@pytest.mark.parametrize("name", ["EN-WS-353-ALL.txt", "EN-MEN-TR-3k.txt"])
def test_evaluate_word_pairs_same_as_gensim(
    data_folder, benchmark_vectors, benchmark_in_gensim, name
):
    path = data_folder / "eval" / name
    ours = evaluate_word_pairs(benchmark_vectors, path)
    pearson, spearman, skipped = benchmark_in_gensim.evaluate_word_pairs(str(path))
    assert ours.pearson == pytest.approx(pearson[0], abs=1e-5)
    assert ours.spearman == pytest.approx(spearman[0], abs=1e-5)
    assert 100 * ours.skipped / (ours.pairs + ours.skipped) == pytest.approx(skipped)


def test_evaluate_analogies_same_as_gensim(
    tmp_path, data_folder, benchmark_vectors, benchmark_in_gensim
):
    lines = (data_folder / "eval" / "questions-words.txt").read_text().splitlines()
    path = tmp_path / "some.txt"
    path.write_text("\n".join(x for i, x in enumerate(lines) if x[0] == ":" or i % 29 == 0))
    limit = len(benchmark_vectors) - 300
    ours = evaluate_analogies(benchmark_vectors, path, restrict_vocab=limit)
    accuracy, sections = benchmark_in_gensim.evaluate_word_analogies(
        str(path), restrict_vocab=limit
    )
    assert ours.accuracy == pytest.approx(accuracy)
    for our, their in zip(ours.sections, sections[:-1], strict=True):
        asked = len(their["correct"]) + len(their["incorrect"])
        assert (our.name, our.questions) == (their["section"], asked)
        if asked:
            assert our.accuracy == pytest.approx(len(their["correct"]) / asked)
    assert ours.questions == sum(section.questions for section in ours.sections)
    assert ours.questions + ours.skipped == sum(x[0] != ":" for x in path.read_text().split("\n"))


def test_evaluate_analogies_by_hand(tmp_path, family):
    path = tmp_path / "q.txt"
    path.write_text(
        "# a comment\n: family\nMan woman King queen\nman woman boy girl\nman woman king boy\n"
        ": gram1\nking queen boy girl\nking queen duke duchess\n\n: gram2-empty\n"
    )
    result = evaluate_analogies(family, path)
    assert result.accuracy == pytest.approx(3 / 4)
    assert result.semantic == pytest.approx(2 / 3)
    assert result.syntactic == 1.0
    assert (result.questions, result.skipped) == (4, 1)
    assert [(s.name, s.questions, s.skipped) for s in result.sections] == [
        ("family", 3, 0),
        ("gram1", 1, 1),
    ]
    limited = evaluate_analogies(family, path, restrict_vocab=4)
    assert (limited.questions, limited.skipped) == (1, 4)
    nothing = evaluate_analogies(family, path, restrict_vocab=2)
    assert math.isnan(nothing.accuracy)
    assert (nothing.questions, nothing.skipped) == (0, 5)


def test_evaluate_word_pairs_by_hand(tmp_path, family):
    path = tmp_path / "p.txt"
    path.write_bytes(
        b"\xef\xbb\xbfword1\tword2\tscore\r\n# c\r\nking\tqueen\t1\r\nKING man 9\r\n\r\n"
        b"Paris\tman\t5.5\r\nking\tnobody\t3\r\n"
    )
    result = evaluate_word_pairs(family, path)
    # Cosines 0, .71, 0 against 1, 9, 5.5: ranks 1.5, 3, 1.5 against 1, 3, 2.
    assert result[:3] == (pytest.approx(math.sqrt(3) / 2), 3, 1)
    assert result.pearson == pytest.approx(np.corrcoef([0, math.sqrt(0.5), 0], [1, 9, 5.5])[0, 1])
    assert result.interval is None


@pytest.mark.parametrize("separator", [",", ", ", "\t", " "])
def test_evaluate_word_pairs_any_separator_same_result(tmp_path, family, separator):
    path = tmp_path / "p.csv"
    rows = [("Word 1", "Word 2", "Human (mean)")] if separator.strip(" ") else []
    rows += [("king", "queen", "1"), ("king", "man", "9"), ("king", "nobody", "3")]
    path.write_text("\n".join(map(separator.join, rows)))
    result = evaluate_word_pairs(family, path)
    assert (result.pairs, result.skipped) == (2, 1)
    assert result.spearman == pytest.approx(1)


def test_evaluate_analogies_without_sections_has_no_section(tmp_path, family):
    path = tmp_path / "q.txt"
    path.write_text("man woman king queen\nman woman boy girl\n")
    result = evaluate_analogies(family, path)
    assert (result.accuracy, result.questions, result.sections) == (1.0, 2, ())
    assert math.isnan(result.syntactic)


def test_bats_asks_every_pair_with_every_other(tmp_path, family):
    folder = tmp_path / "3_Encyclopedic_semantics"
    folder.mkdir()
    path = folder / "E10 [male - female].txt"
    path.write_text("king\tempress/queen\nman\twoman/lady\nboy\tgirl\ntom\tqueen\n")
    (tmp_path / "I01.txt").write_text("king queens\nman women\n")
    result = evaluate_analogies(family, tmp_path)
    pairs = [("king", ["queen"]), ("man", ["woman"]), ("boy", ["girl"])]
    rows = {word: family[word].astype(float) for word in list(family.labels)}
    unit = {word: row / np.linalg.norm(row) for word, row in rows.items()}
    right = 0
    for a, bs in pairs:
        for c, ds in pairs:
            if a == c:
                continue
            target = unit[bs[0]] - unit[a] + unit[c]
            others = {w: float(r @ target) for w, r in unit.items() if w not in (a, bs[0], c)}
            right += max(others, key=others.get) in ds
    assert result.questions == 6
    assert result.skipped == 6 + 2
    assert result.accuracy == pytest.approx(right / 6)
    assert [section.name for section in result.sections] == [path.stem, "I01"]
    assert result.semantic == result.accuracy
    alone = evaluate_analogies(family, path)
    assert (alone.questions, alone.skipped, alone.sections) == (6, 6, ())


def test_bats_line_not_a_pair_errors(tmp_path, family):
    path = tmp_path / "b.txt"
    path.write_text("king queen\nman\n")
    with pytest.raises(CorpusError, match="line 2: 'man', expected a word and its answers"):
        evaluate_analogies(family, path)


def test_evaluate_word_pairs_without_order_is_nan(tmp_path, family):
    path = tmp_path / "p.txt"
    for text in ("x y 1\n", "king queen 1\n", "king man 1\nqueen woman 1\n"):
        path.write_text(text)
        assert math.isnan(evaluate_word_pairs(family, path).spearman)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a b 1\na b\n", "line 2: 'a b', expected word, word, score"),
        ("a b 1\na b x\n", "line 2"),
        ("a b\n", "line 1"),
        ("a b 1\na b nan\n", "line 2"),
        ("", "no pairs"),
        ("# only\n", "no pairs"),
    ],
)
def test_malformed_pairs_error(tmp_path, family, text, says):
    path = tmp_path / "p.txt"
    path.write_text(text)
    with pytest.raises(CorpusError, match=says):
        evaluate_word_pairs(family, path)


@pytest.mark.parametrize(("text", "says"), [(": a\na b c\n", "line 2: 'a b c'"), ("", "no anal")])
def test_malformed_analogies_error(tmp_path, family, text, says):
    path = tmp_path / "q.txt"
    path.write_text(text)
    with pytest.raises(CorpusError, match=says):
        evaluate_analogies(family, path)


def test_unreadable_file_errors(tmp_path, family):
    (tmp_path / "latin").write_bytes(b"caf\xe9 a 1\n")
    for evaluate in (evaluate_word_pairs, evaluate_analogies):
        with pytest.raises(CorpusReadError, match="No such file"):
            evaluate(family, tmp_path / "no")
        with pytest.raises(CorpusReadError, match="byte 0xe9 at offset 3"):
            evaluate(family, tmp_path / "latin")
    with pytest.raises(ParameterError, match="restrict_vocab"):
        evaluate_analogies(family, tmp_path / "latin", restrict_vocab=0)


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("king queen 1\nking man 9\nParis man 5\n", "pairs"),
        ("Word 1,Word 2,Human (mean)\nking,queen,1\nking,man,9\nParis,man,5\n", "pairs"),
        (": family\nman woman king queen\n", "analogies"),
        ("man woman king queen\n", "analogies"),
        ("man\twoman\nking\tqueen\n", "analogies"),
    ],
)
def test_evaluate_benchmark_is_told_by_its_first_line(tmp_path, family, text, score):
    path = tmp_path / "b.txt"
    path.write_text(text)
    if score == "pairs":
        assert evaluate_benchmark(family, path) == evaluate_word_pairs(family, path).spearman
    else:
        assert evaluate_benchmark(family, path) == evaluate_analogies(family, path).accuracy == 1


def test_evaluate_benchmark_of_a_folder_is_analogies(tmp_path, family):
    (tmp_path / "family.txt").write_text("man woman\nking queen\n")
    assert evaluate_benchmark(family, tmp_path) == 1


# Intervals


def test_interval_of_word_pairs_holds_the_correlation(scored):
    vectors, path = scored
    found = evaluate_word_pairs(vectors, path, interval=True)
    low, high = found.interval
    assert low < found.spearman < high
    # As wide as by Fisher's transformation, whose standard error is about 1.03 / sqrt(n - 3).
    width = np.ptp(np.tanh(np.arctanh(found.spearman) + np.array([-2.02, 2.02]) / math.sqrt(147)))
    assert high - low == pytest.approx(width, rel=0.25)
    assert evaluate_word_pairs(vectors, path, interval=True) == found


def test_interval_of_analogies_is_that_of_a_share(tmp_path, family):
    path = tmp_path / "q.txt"
    path.write_text("man woman king queen\nman woman king boy\n" * 100)
    found = evaluate_analogies(family, path, interval=True)
    assert found.accuracy == 0.5
    error = 1.96 * math.sqrt(0.25 / 200)
    assert found.interval == pytest.approx((0.5 - error, 0.5 + error), abs=0.015)


def test_evaluate_analogies_3cosmul_answers_as_query_does(tmp_path):
    draw = np.random.default_rng(0)
    words = [f"w{number}" for number in range(400)]
    vectors = Vectors(words, draw.standard_normal((400, 5)))
    path = tmp_path / "questions.txt"
    lines = []
    for a, b, c in draw.integers(200, size=(40, 3)):
        given = [words[a], words[b], words[c]]
        answers = vectors.most_similar_cosmul(given[1:], given[0], topn=2, restrict_vocab=300)
        lines += [" ".join([*given, word]) for word, _ in answers]
    path.write_text("\n".join(lines))
    found = evaluate_analogies(vectors, path, 300, method="3cosmul")
    assert (found.accuracy, found.questions) == (0.5, 80)
    assert evaluate_analogies(vectors, path, 300).accuracy < 0.5


def test_evaluate_analogies_unknown_method_errors(tmp_path, family):
    with pytest.raises(ParameterError, match="3cosadd"):
        evaluate_analogies(family, tmp_path / "none", method="sum")
