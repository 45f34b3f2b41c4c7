"""`textdl bow`: from documents to a file, and from a text to its nearest documents."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.io.safetensors_files import put_together, seal, take_apart
from textdl import CountVectorizer, HashingVectorizer, MLPClassifier, TfidfVectorizer, Word2Vec
from textdl.bow.loading import VECTORIZERS, load
from textdl.cli.info import DESCRIBERS
from textdl.cli.main import main
from textdl.errors import ParameterError
from textdl.progress import ProgressBar, progress_bar

TEXTS = ["The cat sat", "The dog sat on the mat", "Orange, apple, grape", "Éire ☘ straße", ""]


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n".join(TEXTS) + "\n", "utf-8")
    return path


@pytest.fixture
def matrix(tmp_path):
    return tmp_path / "matrix.safetensors"


@pytest.fixture
def run(capsys):
    """Run a command line that must work; what it printed, read as JSON where that was asked for."""

    def check(*arguments):
        arguments = list(map(str, arguments))
        code = main(arguments)
        out, err = capsys.readouterr()
        assert (code, err) == (0, "")
        return json.loads(out) if "--json" in arguments else out

    return check


def assert_holds(path, vectorizer, texts=TEXTS):
    """The file holds what the vectorizer makes of the texts."""
    expected, saved = vectorizer.fit_transform(texts), load(path)
    assert type(saved.vectorizer) is type(vectorizer)
    assert saved.matrix.shape == expected.shape
    np.testing.assert_array_equal(saved.matrix.toarray(), expected.toarray())


# fit


@pytest.mark.parametrize(
    ("options", "vectorizer"),
    [
        ([], CountVectorizer()),
        (["--ngrams", "1,2"], CountVectorizer(ngram_range=(1, 2))),
        (["--ngrams", "2"], CountVectorizer(ngram_range=(2, 2))),
        (["--min-df", "2"], CountVectorizer(min_df=2)),
        (["--min-df", "0.3"], CountVectorizer(min_df=0.3)),
        (["--max-df", "1", "--max-features", "3"], CountVectorizer(max_df=1, max_features=3)),
        (["--stop-words", "english", "--binary"], CountVectorizer(stop_words="english", binary=1)),
        (["--analyzer", "char_wb", "--ngrams", "2,3"],
         CountVectorizer(analyzer="char_wb", ngram_range=(2, 3))),
        (["--tokenizer", "nltk"], CountVectorizer(tokenizer="nltk", token_pattern=None)),
        (["--token-pattern", r"\b\w+"], CountVectorizer(token_pattern=r"\b\w+")),
        (["--strip-accents", "ascii"], CountVectorizer(strip_accents="ascii")),
        (["--no-lowercase", "--jobs", "1"], CountVectorizer(lowercase=False)),
        (["--tfidf", "--sublinear-tf"], TfidfVectorizer(sublinear_tf=True)),
        (["--hashing"], HashingVectorizer()),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_fit_options_are_the_parameters(run, corpus, matrix, options, vectorizer):
    run("bow", "fit", corpus, "-o", matrix, *options)
    if "--binary" in options:
        vectorizer.set_params(binary=True)
    if isinstance(vectorizer, HashingVectorizer):
        assert (load(matrix).matrix != vectorizer.fit_transform(TEXTS)).nnz == 0
    else:
        assert_holds(matrix, vectorizer)


def test_fit_reports_sizes(run, corpus, matrix):
    report = run("bow", "fit", corpus, "-o", matrix, "--tfidf", "--json")
    assert report.pop("seconds") > 0
    expected = {"kind": "TfidfVectorizer", "documents": 5, "terms": 11, "entries": 13}
    assert report == expected | {"output": str(matrix)}
    out = run("bow", "fit", corpus, "-o", matrix)
    assert out.startswith(f"5 documents, 11 terms, 13 entries in {matrix}: counts, ")
    assert out.count("\n") == 1
    assert run("bow", "fit", corpus, "-o", matrix, "--hashing", "--json")["columns"] == 2**20


@pytest.mark.parametrize("quiet", [False, True])
def test_fit_progress_counts_documents(run, corpus, matrix, monkeypatch, quiet):
    shown = []
    drawn = []

    def spy(unit, *, show, **options):
        shown.append((unit, show))
        return progress_bar(unit, show=show, **options)

    monkeypatch.setattr("textdl.progress.progress_bar", spy)
    monkeypatch.setattr("textdl.bow.search._DOCUMENTS_PER_REPORT", 2)
    monkeypatch.setattr(ProgressBar, "update", lambda self, done: drawn.append(done))
    run("bow", "fit", corpus, "-o", matrix, *(["--quiet"] if quiet else []))
    assert shown == [("documents", not quiet)]
    assert drawn == [2, 4, 5]


def test_fit_folders_globs_and_pipes_same_matrix(run, corpus, tmp_path):
    (tmp_path / "parts").mkdir()
    for number, text in enumerate(TEXTS):
        (tmp_path / "parts" / f"{number}.txt").write_text(text + "\n", "utf-8")
    vectorizer = CountVectorizer()
    for source in (tmp_path / "parts", tmp_path / "parts" / "*.txt"):
        run("bow", "fit", source, "-o", tmp_path / "m")
        assert_holds(tmp_path / "m", vectorizer)
    run("bow", "fit", tmp_path / "parts/1.txt", corpus, "-o", tmp_path / "m")
    assert_holds(tmp_path / "m", vectorizer, [TEXTS[1], *TEXTS])
    command = [sys.executable, "-m", "textdl.cli.main", "bow", "fit", "-", "-o", tmp_path / "m"]
    done = subprocess.run(command, input=corpus.read_bytes(), capture_output=True, check=True)
    assert done.stderr == b""
    assert_holds(tmp_path / "m", vectorizer)
    (answer,) = run("bow", "similar", tmp_path / "m", "apple", "--json")
    assert answer["neighbors"][0]["file"] == "-"


def test_fit_equal_corpora_equal_bytes(run, corpus, tmp_path):
    run("bow", "fit", corpus, "-o", tmp_path / "a", "--jobs", "1")
    run("bow", "fit", corpus, "-o", tmp_path / "b", "--jobs", "2")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_fit_line_without_end_is_a_document(run, matrix, tmp_path):
    (tmp_path / "one").write_bytes(b"a cat")
    report = run("bow", "fit", tmp_path / "one", "-o", matrix, "--json")
    assert (report["documents"], report["terms"]) == (1, 1)


def test_fit_stray_bytes_are_refused_or_ignored(run, refused, matrix, tmp_path):
    (tmp_path / "bad").write_bytes(b"a cat\xff sat\n")
    fit = ["bow", "fit", str(tmp_path / "bad"), "-o", str(matrix)]
    refused(fit, 1, "is not UTF-8: byte 0xff at offset 5")
    assert not matrix.exists()
    assert run(*fit, "--errors", "ignore", "--json")["terms"] == 2


def test_fit_inconsistent_stop_words_warn_once(capsys, corpus, matrix):
    fit = ["bow", "fit", str(corpus), "-o", str(matrix), "--stop-words", "english"]
    assert main([*fit, "--token-pattern", r"\w\w\w"]) == 0
    err = capsys.readouterr().err
    assert err.startswith("textdl: warning: Your stop_words may be inconsistent")
    assert err.count("\n") == 1


# similar


def test_similar_prints_document_cosine_location_and_terms(run, corpus, matrix, tmp_path):
    second = tmp_path / "more.txt"
    second.write_text("a cat\nthe cat sat on the dog\n")
    run("bow", "fit", corpus, second, "-o", matrix)
    cat, nothing = run("bow", "similar", matrix, "cat sat", "zebra", "--json")
    assert nothing == {"query": "zebra", "neighbors": []}
    assert cat["query"] == "cat sat"
    first, last, *_ = cat["neighbors"]
    assert first["similarity"] == pytest.approx(2 / 6**0.5)
    assert [(it["document"], it["line"]) for it in cat["neighbors"]] == [
        (1, 1), (6, 1), (7, 2), (2, 2)
    ]  # fmt: skip
    assert last == {
        "document": 6,
        "similarity": pytest.approx(0.5**0.5),
        "terms": ["cat"],
        "file": str(second),
        "line": 1,
    }
    out = run("bow", "similar", matrix, "cat sat", "zebra", "-n", "1")
    assert out == (
        f"cat sat:\n1  0.8165  {corpus}:1  cat, sat\n\nzebra:\nno document has a term in common\n"
    )


@pytest.mark.parametrize("kind", [[], ["--tfidf"], ["--bm25"], ["--hashing"]], ids=str)
def test_similar_searches_every_kind(run, corpus, matrix, kind):
    run("bow", "fit", corpus, "-o", matrix, *kind)
    answers = run("bow", "similar", matrix, "on a mat", "STRASSE straße", "", "--json")
    measure = "score" if kind == ["--bm25"] else "similarity"
    assert [[it["document"] for it in answer["neighbors"]] for answer in answers] == [[2], [4], []]
    assert set(answers[0]["neighbors"][0]) == {"document", measure, "terms", "file", "line"}
    assert set(answers[0]["neighbors"][0]["terms"]) == {"mat", "on"}
    assert answers[1]["neighbors"][0]["terms"] == ["straße"]


def test_similar_matrix_saved_in_python_has_no_locations(run, refused, matrix):
    vectorizer = TfidfVectorizer()
    vectorizer.save(matrix, vectorizer.fit_transform(TEXTS))
    (answer,) = run("bow", "similar", matrix, "apple", "--json")
    (found,) = answer["neighbors"]
    assert set(found) == {"document", "similarity", "terms"}
    assert run("bow", "similar", matrix, "apple") == "3  0.5774    apple\n"
    vectorizer.save(matrix)
    refused(["bow", "similar", str(matrix), "apple"], 1, "without a matrix; save it with one")
    with pytest.raises(ParameterError, match=r"the matrix has the shape \(2, 3\), the vectorizer"):
        vectorizer.save(matrix, np.ones((2, 3)))


# What cannot be


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--hashing", "--min-df", "2"], 2, "--min-df does not go with counts of hashed terms"),
        (["--sublinear-tf"], 2, "--sublinear-tf does not go with counts"),
        (["--tfidf", "--bm25"], 2, "not allowed with argument --tfidf"),
        (["--tokenizer", "nltk", "--token-pattern", "a"], 2, "choose one"),
        (["--analyzer", "char", "--stop-words", "english"], 2, "--stop-words is about words"),
        (["--tokenizer", "nothing"], 2, "'nothing' is unknown; expected one of"),
        (["--token-pattern", "("], 2, "is not a regular expression"),
        (["--stop-words", "german"], 2, "'german' is unknown; expected one of english"),
        (["--ngrams", "2,1"], 2, "'2,1' is not a range"),
        (["--ngrams", "x"], 2, "'x' is not a range"),
        (["--min-df", "many"], 2, "'many' is neither a number of documents"),
        (["--min-df", "0"], 2, "min_df=0"),
        (["--max-df", "1.5"], 2, "max_df=1.5"),
        (["--max-df", "nan"], 2, "max_df=nan"),
        (["--min-df", "3", "--max-df", "2"], 2, "max_df=2 corresponds to < documents"),
        (["--min-df", "5"], 2, "no terms remain of 11"),
        (["--max-features", "0"], 2, "'0' is not a whole number"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_fit_bad_options_are_refused(refused, corpus, matrix, options, code, says):
    refused(["bow", "fit", str(corpus), "-o", str(matrix), *options], code, says)
    assert not matrix.exists()


@pytest.mark.parametrize("kind", [[], ["--hashing"]], ids=str)
def test_fit_empty_file_is_refused(refused, tmp_path, matrix, kind):
    (tmp_path / "empty").write_bytes(b"")
    fit = ["bow", "fit", str(tmp_path / "empty"), "-o", str(matrix), *kind]
    refused(fit, 1, "expected at least one line of text")


def test_fit_documents_without_terms_are_refused(refused, tmp_path, matrix):
    (tmp_path / "short").write_text("a\nb\n")
    fit = ["bow", "fit", str(tmp_path / "short"), "-o", str(matrix)]
    refused(fit, 1, "2 documents have no terms")


def test_fit_unwritable_output_is_refused(refused, corpus, tmp_path):
    fit = ["bow", "fit", str(corpus), "-o", str(tmp_path / "no" / "matrix")]
    refused(fit, 1, "does not exist; create it first")
    (tmp_path / "old").write_text("kept")
    refused(["bow", "fit", "missing", "-o", str(tmp_path / "old")], 1, "missing")
    assert (tmp_path / "old").read_text() == "kept"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "required: VERB"),
        (["similar"], 2, "MATRIX, TEXT"),
        (["similar", "m", "cat", "-n", "0"], 2, "'0' is not a whole number"),
        (["similar", "m", os.fsdecode(b"cat\xff")], 2, r"'cat\udcff' is not UTF-8"),
        (["similar", "missing", "cat"], 1, "cannot read 'missing'"),
        (["fit", "x"], 2, "--output"),
        (["fit", "missing.txt", "-o", "m"], 1, "'missing.txt' does not exist"),
    ],
)
def test_bow_wrong_usage_is_refused(refused, arguments, code, says):
    refused(["bow", *arguments], code, says)


def sealed(whole, old, new):
    """The file with a change that its checksums fit."""
    header, body = take_apart(whole.replace(old, new))
    return put_together(seal(header, body), body)


def test_similar_damaged_matrix_is_refused(run, refused, corpus, matrix):
    run("bow", "fit", corpus, "-o", matrix)
    whole = matrix.read_bytes()
    for content, says in (
        (b"", "truncated"),
        (b"the cat", "truncated"),
        (whole[: len(whole) // 2], "truncated"),
        (whole.replace(b",5]]", b',"]]'), "is not JSON"),
        (sealed(whole, b",5]]", b",x]]"), "its header says"),
        (sealed(whole, b",5]]", b",4]]"), "the files have 4 documents, not 5"),
        (
            sealed(whole, b"CountVec", b"OtherVec"),
            "is a file of OtherVectorizer, expected",
        ),
        (whole.replace(b"CountVec", b"OtherVec"), "its header does not have the checksum"),
    ):
        assert content != whole
        matrix.write_bytes(content)
        refused(["bow", "similar", str(matrix), "cat"], 1, says)


# info


def test_info_describes_every_vectorizer():
    assert set(VECTORIZERS) <= set(DESCRIBERS)


def test_info_of_a_matrix(run, corpus, matrix):
    run("bow", "fit", corpus, "-o", matrix, "--stop-words", "english", "--max-features", "5")
    facts = run("info", matrix, "--json")
    config = facts.pop("config")
    assert facts == {
        "format": "safetensors",
        "bytes": matrix.stat().st_size,
        "kind": "CountVectorizer",
        "terms": 5,
        "learned_from": 5,
        "dropped": {"short": 0, "stop_words": 4, "unknown": 4},
        "documents": 5,
        "entries": 6,
        "files": [str(corpus)],
    }
    assert (config["stop_words"], config["max_features"]) == ("english", 5)
    lines = run("info", matrix).splitlines()
    assert "dropped stop_words 4" in lines
    assert "max_features       5" in lines
    run("bow", "fit", corpus, "-o", matrix, "--hashing")
    assert run("info", matrix, "--json")["columns"] == 2**20
    HashingVectorizer().save(matrix)
    assert "documents" not in run("info", matrix, "--json")


def test_info_of_a_network(run, refused, tmp_path):
    path = tmp_path / "network"
    model = MLPClassifier((4,), max_iter=2).fit([[0.0, 0], [0, 1], [1, 0]], ["a", "b", "c"])
    model.save(path)
    facts = run("info", path, "--json")
    assert facts.pop("config")["hidden_layer_sizes"] == [4]
    assert facts == {
        "format": "safetensors",
        "bytes": path.stat().st_size,
        "kind": "MLPClassifier",
        "layers": [2, 4, 3],
        "parameters": 27,
        "epochs": 2,
        "loss": pytest.approx(model.loss_curve_[-1]),
        "classes": ["a", "b", "c"],
    }
    assert "layers             2, 4, 3" in run("info", path).splitlines()
    path.write_bytes(path.read_bytes()[:-1])
    refused(["info", str(path)], 1, "truncated")


def test_info_of_vectors_and_other_files(run, refused, tmp_path):
    path = tmp_path / "v.txt"
    path.write_text("2 2\nup 1 0\ndown -1 0\n")
    facts = run("info", path, "--json")
    assert (facts["kind"], facts["vocab"], facts["format"]) == ("Vectors", 2, "word2vec text")
    (tmp_path / "other").write_bytes(b"\x00nothing")
    refused(["info", str(tmp_path / "other")], 1, "no known format")
    refused(["info", str(tmp_path / "missing")], 1, "missing")


def test_fit_parquet_column_is_a_corpus(run, refused, matrix, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "docs.parquet"
    parquet.write_table(pyarrow.table({"text": ["a cat", "the\ndog"], "id": [1, 2]}), path)
    assert run("bow", "fit", path, "-o", matrix, "--json")["documents"] == 2
    (answer,) = run("bow", "similar", matrix, "dog", "--json")
    assert (answer["neighbors"][0]["file"], answer["neighbors"][0]["line"]) == (str(path), 2)
    refused(["bow", "fit", f"{path}::body", "-o", str(matrix)], 1, "has no column 'body', only")
    config = {"tokenizer": "whitespace", "vector_size": 2, "min_count": 1, "epochs": 1}
    assert set(Word2Vec(**config).fit(path).vectors_.labels) == {"a", "cat", "the", "dog"}
