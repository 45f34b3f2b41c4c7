"""Files of vectorizers that somebody forged: checksums fit, what they say does not."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from tests.io.safetensors_files import put_together, rewrite, seal, take_apart
from textdl import CountVectorizer, HashingVectorizer, TfidfVectorizer
from textdl.bow.saved import load
from textdl.bow.search import Index
from textdl.bow.similarity import best_documents
from textdl.errors import CorpusError, DataError, FileFormatError, ParameterError

TEXTS = ["the cat sat", "the dog sat on the mat", "orange, apple, grape"]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "bow.safetensors"
    vectorizer = TfidfVectorizer()
    vectorizer.save(path, vectorizer.fit_transform(TEXTS))
    return path


def change_array(path, name, dtype, change):
    """Change the numbers of an array in place."""
    header, body = take_apart(path.read_bytes())
    body = bytearray(body)
    begin, end = header[name]["data_offsets"]
    numbers = np.frombuffer(bytes(body[begin:end]), dtype).copy()
    change(numbers)
    body[begin:end] = numbers.tobytes()
    path.write_bytes(put_together(seal(header, body), body))


def put(*numbers_at):
    def change(numbers):
        for at, number in numbers_at:
            numbers[at] = number

    return change


def change_description(path, change):
    def change_header(header):
        described = json.loads(header["__metadata__"]["textdl_bow"])
        change(described)
        header["__metadata__"]["textdl_bow"] = json.dumps(described)

    rewrite(path, change_header)


@pytest.mark.parametrize(
    ("name", "dtype", "change", "says"),
    [
        ("matrix_rows", "<i8", put((1, 2**40)), "row 1 of its matrix ends before it begins"),
        ("matrix_rows", "<i8", put((1, 2**40), (3, 0)), "do not span"),
        ("matrix_rows", "<i8", put((0, 1)), "do not span"),
        ("matrix_rows", "<i8", put((1, -(2**63))), "ends before it begins"),
        ("matrix_columns", "<i4", put((0, 2**31 - 1)), "in columns"),
        ("matrix_columns", "<i4", put((0, -1)), "in columns"),
        ("matrix_data", "<f8", put((0, np.nan)), "not finite"),
        ("matrix_data", "<f8", put((0, np.inf)), "not finite"),
        ("document_frequency", "<i8", put((0, -1)), "in less than no or more than all"),
        ("document_frequency", "<i8", put((0, 4)), "in less than no or more than all"),
        ("term_frequency", "<i8", put((0, 0)), "more documents than times"),
        ("term_frequency", "<i8", put((0, 2**63 - 1)), "too often"),
        ("term_offsets", "<i8", put((1, 2**40)), "do not rise"),
        ("term_offsets", "<i8", put((1, -5)), "do not rise"),
        ("terms", "u1", put((0, 0xFF)), "term 0 is not UTF-8"),
        ("terms", "u1", put((0, 0xC3), (1, 0xA9), (2, 0x80)), "not UTF-8"),
    ],
)
def test_array_that_is_not_possible(path, name, dtype, change, says):
    change_array(path, name, dtype, change)
    with pytest.raises(FileFormatError, match=says):
        Index.open(path)


def test_terms_that_stand_twice(tmp_path):
    path = tmp_path / "bow"
    CountVectorizer(token_pattern=r"\w").fit(["a b"]).save(path)
    change_array(path, "terms", "u1", put((1, ord("a"))))
    with pytest.raises(FileFormatError, match="a term stands twice"):
        load(path)


def test_term_within_character(tmp_path):
    path = tmp_path / "bow"
    CountVectorizer(token_pattern=r"\w").fit(["a é"]).save(path)  # offsets 0, 1, 3
    change_array(path, "term_offsets", "<i8", put((1, 2)))
    with pytest.raises(FileFormatError, match="begins within a character"):
        load(path)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"input": "filename"}, "would open texts as files"),
        ({"input": "file"}, "would open texts as files"),
        ({"n_jobs": 1000}, "n_jobs=1000 is never read from a file"),
        ({"vocabulary": ["a"]}, "is never read from a file"),
        ({"dtype": "V2000000000"}, "no type of numbers"),
        ({"dtype": "object"}, "no type of numbers"),
        ({"encoding": "zlib_codec"}, "encoding='zlib_codec' is unknown"),
        ({"encoding": 3}, "encoding=3 is unknown"),
        ({"ngram_range": [1, 10**7]}, "whole numbers from 1 to 100"),
        ({"ngram_range": [True, 2]}, "whole numbers from 1 to 100"),
        ({"stop_words": [["a"]]}, "expected words of type str"),
        ({"token_pattern": "a" * 10_001}, "at most 10,000 characters"),
        ({"token_pattern": "(" * 5000 + ")" * 5000}, "no regular expression"),
        ({"token_pattern": "a{99999999999}"}, "no regular expression"),
        ({"tokenizer": "os.system"}, "tokenizer='os.system' is unknown"),
        ({"max_df": "x"}, "max_df='x'"),
        ({"unknown": 1}, "unexpected keyword"),
    ],
)
def test_parameters_that_no_file_may_have(path, changes, says):
    change_description(path, lambda described: described["parameters"].update(changes))
    with pytest.raises(FileFormatError, match=says):
        load(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda described: described.update(columns=2**62),
        lambda described: described.update(columns="5"),
        lambda described: described.update(columns=5),
        lambda described: described.update(documents=2**63 - 1),
        lambda described: described.update(documents=-1),
        lambda described: described.update(documents=True),
        lambda described: described.update(fixed="yes"),
        lambda described: described.update(dropped={"short": -1}),
        lambda described: described.update(dropped={"other": 1}),
        lambda described: described.update({"class": ["TfidfVectorizer"]}),
        lambda described: described.update(files=[["a", 2]]),
        lambda described: described.update(files=[["a", -1], ["b", 4]]),
    ],
)
def test_description_that_does_not_fit(path, change):
    change_description(path, change)
    with pytest.raises(FileFormatError):
        load(path)


def test_part_of_matrix(path):
    rewrite(path, lambda header: header.update(other=header.pop("matrix_columns")))
    with pytest.raises(
        FileFormatError, match="of a matrix it has only matrix_data and matrix_rows"
    ):
        load(path)


def test_flipped_bit_is_noticed(path):
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    with pytest.raises(FileFormatError, match="'terms' does not have the checksum"):
        load(path)


@pytest.mark.parametrize(("dtype", "weight"), [(np.float32, 1e300), (np.float64, np.inf)])
def test_weight_of_idf_that_is_not_finite(tmp_path, dtype, weight):
    path = tmp_path / "bow"
    vectorizer = TfidfVectorizer(dtype=dtype).fit(TEXTS)
    vectorizer.idf_ = vectorizer.idf_**2
    vectorizer.save(path)
    change_array(path, "idf", "<f8", put((0, weight)))
    with pytest.raises(FileFormatError, match="a weight of idf is not finite"):
        load(path)


def test_weights_that_overflow():
    vectorizer = TfidfVectorizer(vocabulary=["cat"])
    vectorizer.idf_ = [1.7e308]
    with np.errstate(over="ignore"), pytest.raises(DataError, match="a weight is not finite"):
        vectorizer.transform(["cat cat cat"])


# What is refused when it is saved, because it would be when it is loaded.


@pytest.mark.parametrize("kind", ["filename", "file"])
def test_save_of_vectorizer_that_opens_files(tmp_path, kind):
    vectorizer = CountVectorizer(vocabulary=["a"], input=kind)
    with pytest.raises(ParameterError, match=f"input='{kind}' is not saved"):
        vectorizer.save(tmp_path / "bow")
    vectorizer.set_params(input="content").save(tmp_path / "bow")
    assert load(tmp_path / "bow").vectorizer.transform([str(tmp_path / "bow")]).nnz == 0


def test_save_of_what_is_not_finite(tmp_path):
    vectorizer = CountVectorizer().fit(TEXTS)
    matrix = vectorizer.transform(TEXTS).astype(float)
    matrix.data[0] = np.inf
    with pytest.raises(ParameterError, match="not finite"):
        vectorizer.save(tmp_path / "bow", matrix)
    weights = TfidfVectorizer(vocabulary=["cat"])
    weights.idf_ = [np.inf]
    with pytest.raises(ParameterError, match="not finite"):
        weights.save(tmp_path / "bow")


@pytest.mark.parametrize("changes", [{"dtype": np.complex64}, {"max_features": 2**70}])
def test_save_of_parameters_that_would_not_come_back(tmp_path, changes):
    with pytest.raises(ParameterError, match="saved"):
        CountVectorizer(**changes).fit(TEXTS).save(tmp_path / "bow")


# Bounds on what users ask for.


@pytest.mark.parametrize("ngram_range", [(1, 10**7), (101, 101)])
def test_ngram_range_out_of_bounds(ngram_range):
    with pytest.raises(ParameterError, match="whole numbers from 1 to 100"):
        CountVectorizer(ngram_range=ngram_range).fit(TEXTS)


def test_codec_that_raises_what_it_likes():
    with pytest.raises(CorpusError, match="document 0 is not undefined"):
        CountVectorizer(encoding="undefined").fit([b"abc"])


def test_search_in_two_billion_columns(tmp_path):
    vectorizer = HashingVectorizer(n_features=2**31 - 1)
    vectorizer.save(tmp_path / "bow", vectorizer.transform(TEXTS))
    (found,) = Index.open(tmp_path / "bow").search(["a cat sat"], topn=2)
    assert [match.document for match in found] == [0, 1]
    assert set(found[0].terms) == {"cat", "sat"}


def test_best_documents_of_few_columns_among_many():
    draw = np.random.default_rng(0)
    queries = sparse.random_array((4, 5000), density=0.003, rng=draw, format="csr")
    documents = sparse.random_array((9, 5000), density=0.003, rng=draw, format="csr")
    found = best_documents(queries, documents, 9)
    scores = (queries @ documents.T).toarray()
    expected = np.argsort(-scores, axis=1, kind="stable")
    np.testing.assert_array_equal(found.rows, expected)
    np.testing.assert_allclose(found.similarities, np.take_along_axis(scores, expected, 1))


@pytest.mark.full
def test_slow_pattern_can_be_interrupted(tmp_path):
    path = tmp_path / "bow"
    vectorizer = CountVectorizer(token_pattern=r"(?:a+)+!")
    vectorizer.save(path, vectorizer.fit_transform(["aa!"]))
    # Ctrl-C is ignored by what a shell starts in the background, such as a long run of the tests.
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from textdl.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    search = [sys.executable, "-c", program, "bow", "similar", str(path), "a" * 60]
    with subprocess.Popen(search, stderr=subprocess.PIPE) as process:
        try:
            while _processor_seconds(process.pid) < 3 and process.poll() is None:
                time.sleep(0.05)  # it has started, and cuts the text
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 130
    assert errors.decode().startswith("textdl: interrupted")


def _processor_seconds(process):
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        pytest.skip("this system does not tell the time of a process")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
