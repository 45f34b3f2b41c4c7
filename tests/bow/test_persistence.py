"""Files of vectorizers: canonical, complete, and distrusted, also where checksums fit."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.bow.conftest import NASTY, assert_same_matrix
from tests.io.safetensors_files import change_header, put_together, rewrite, seal, take_apart
from textdl import CountVectorizer, HashingVectorizer, TfidfVectorizer
from textdl.bow.loading import load
from textdl.bow.search import Index
from textdl.errors import FileFormatError, OutputError, ParameterError, TextdlError

VARIANTS = [
    CountVectorizer(),
    CountVectorizer(ngram_range=(1, 2), stop_words=["the", "a"], min_df=2, max_features=8),
    CountVectorizer(vocabulary={"the": 1, "cat": 0}, dtype=np.float32),
    TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), norm="l1"),
    TfidfVectorizer(tokenizer="nltk", token_pattern=None, max_df=np.float64(0.5)),
    HashingVectorizer(n_features=50, stop_words="english"),
]
TEXTS = [text for text in NASTY if "\ud800" not in text]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "bow.safetensors"


@pytest.fixture
def saved(path):
    """A file of TF-IDF weights with their matrix."""
    vectorizer = TfidfVectorizer()
    texts = ["the cat sat", "the dog sat on the mat", "orange, apple, grape"]
    vectorizer.save(path, vectorizer.fit_transform(texts), [("a.txt", 2), ("b.txt", 1)])
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


@pytest.mark.parametrize("vectorizer", VARIANTS, ids=str)
def test_save_and_load_round_trip(vectorizer, path):
    matrix = vectorizer.fit_transform(TEXTS)
    vectorizer.save(path, matrix)
    saved = load(path)
    assert type(saved.vectorizer) is type(vectorizer)
    assert_same_matrix(saved.vectorizer.transform(TEXTS), matrix)
    assert (saved.matrix != matrix).nnz == 0
    assert saved.matrix.dtype == matrix.dtype
    again = type(vectorizer).load(path)
    assert_same_matrix(again.transform(TEXTS), matrix)
    again.save(path.with_name("again"), matrix)
    assert path.with_name("again").read_bytes() == path.read_bytes()
    vectorizer.save(path)
    assert load(path).matrix is None


@pytest.mark.parametrize("vectorizer", VARIANTS[:5], ids=str)
def test_save_equal_content_equal_bytes(vectorizer, path):
    parameters = vectorizer.get_params()
    make = type(vectorizer)
    make(**parameters).fit(TEXTS).save(path)
    parameters["n_jobs"] = 1
    if isinstance(parameters["stop_words"], list):
        parameters["stop_words"] = parameters["stop_words"][::-1]
    parts = [make(**parameters).partial_fit(TEXTS[i::3]) for i in (2, 0, 1)]
    parts[0].merge(*parts[1:]).save(path.with_name("merged"))
    assert path.with_name("merged").read_bytes() == path.read_bytes()


def test_load_then_partial_fit_same_as_fit(path):
    CountVectorizer().fit(TEXTS[:9]).save(path)
    whole = CountVectorizer().fit(TEXTS)
    assert CountVectorizer.load(path).partial_fit(TEXTS[9:]).vocabulary_ == whole.vocabulary_


def test_save_given_weights_round_trip(path):
    vectorizer = TfidfVectorizer(vocabulary=["cat", "dog"])
    vectorizer.idf_ = [2.0, 3.0]
    vectorizer.save(path)
    assert TfidfVectorizer.load(path).idf_.tolist() == [2, 3]


def test_safetensors_package_reads_file(path):
    reader = pytest.importorskip("safetensors.numpy")
    CountVectorizer().fit(["the cat", "the dog"]).save(path)
    arrays = reader.load_file(path)
    assert arrays["terms"].tobytes() == b"catdogthe"
    assert arrays["document_frequency"].tolist() == [1, 1, 2]


def test_save_function_is_refused(path):
    with pytest.raises(ParameterError, match=r"preprocessor=.* cannot be written to a file"):
        CountVectorizer(preprocessor=str.upper).fit(["cat"]).save(path)
    assert not path.exists()


def test_save_missing_folder_is_refused(tmp_path):
    with pytest.raises(OutputError, match="does not exist"):
        CountVectorizer().fit(["cat"]).save(tmp_path / "no" / "file")


def test_load_other_class_is_refused(path):
    CountVectorizer().fit(["cat"]).save(path)
    with pytest.raises(FileFormatError, match="is a file of CountVec"):
        TfidfVectorizer.load(path)


def test_load_truncated_file_is_refused(path):
    CountVectorizer().fit(["the cat sat"]).save(path)
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(FileFormatError):
            load(path)


def test_load_damaged_bytes_is_an_error_of_the_family(path):
    vectorizer = TfidfVectorizer(ngram_range=(1, 2))
    vectorizer.save(path, vectorizer.fit_transform(["the cat sat", "the dog"]))
    whole = path.read_bytes()
    draw = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(whole)
        for place in draw.integers(0, len(whole), 3):
            damaged[place] = draw.integers(256)
        path.write_bytes(damaged)
        try:
            saved = load(path)
            saved.vectorizer.transform(["the cat"])
        except TextdlError:
            continue


@pytest.mark.parametrize(
    ("name", "dtype", "change", "says"),
    [
        ("matrix/row_offsets", "<i8", put((1, 2**40)), "rows of the matrix fall at 1"),
        ("matrix/row_offsets", "<i8", put((1, 2**40), (3, 0)), "do not span"),
        ("matrix/row_offsets", "<i8", put((0, 1)), "do not span"),
        ("matrix/row_offsets", "<i8", put((1, -(2**63))), "rows of the matrix fall at 0"),
        ("matrix/columns", "<i4", put((0, 2**31 - 1)), "in columns"),
        ("matrix/columns", "<i4", put((0, -1)), "in columns"),
        ("matrix/data", "<f8", put((0, np.nan)), "not finite"),
        ("matrix/data", "<f8", put((0, np.inf)), "not finite"),
        ("document_frequency", "<i8", put((0, -1)), "in less than no or more than all"),
        ("document_frequency", "<i8", put((0, 4)), "in less than no or more than all"),
        ("term_frequency", "<i8", put((0, 0)), "more documents than times"),
        ("term_frequency", "<i8", put((0, 2**63 - 1)), "too often"),
        ("term_offsets", "<i8", put((1, 2**40)), "offsets of the terms fall at 1"),
        ("term_offsets", "<i8", put((1, -5)), "offsets of the terms fall at 0"),
        ("terms", "u1", put((0, 0xFF)), "term 0 is not UTF-8"),
        ("terms", "u1", put((0, 0xC3), (1, 0xA9), (2, 0x80)), "not UTF-8"),
    ],
)
def test_load_impossible_array_is_refused(saved, name, dtype, change, says):
    change_array(saved, name, dtype, change)
    with pytest.raises(FileFormatError, match=says):
        Index.open(saved)


def test_load_term_twice_is_refused(tmp_path):
    path = tmp_path / "bow"
    CountVectorizer(token_pattern=r"\w").fit(["a b"]).save(path)
    change_array(path, "terms", "u1", put((1, ord("a"))))
    with pytest.raises(FileFormatError, match="a term stands twice"):
        load(path)


def test_load_term_within_character_is_refused(tmp_path):
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
        ({"dtype": "V2000000000"}, "not a type of numbers"),
        ({"dtype": "object"}, "not a type of numbers"),
        ({"encoding": "zlib_codec"}, "encoding='zlib_codec' is unknown"),
        ({"encoding": 3}, "encoding=3; expected text"),
        ({"ngram_range": [1, 10**7]}, "whole numbers from 1 to 100"),
        ({"ngram_range": [True, 2]}, "whole numbers from 1 to 100"),
        ({"stop_words": [["a"]]}, "expected words of type str"),
        ({"token_pattern": "a" * 10_001}, "at most 10,000 characters"),
        ({"token_pattern": "(" * 5000 + ")" * 5000}, "not a regular expression"),
        ({"token_pattern": "a{99999999999}"}, "not a regular expression"),
        ({"tokenizer": "os.system"}, "tokenizer='os.system'; expected one of"),
        ({"max_df": "x"}, "max_df='x'"),
        ({"unknown": 1}, "unexpected keyword"),
    ],
)
def test_load_impossible_parameter_is_refused(saved, changes, says):
    change_header(saved, lambda header: header["parameters"].update(changes))
    with pytest.raises(FileFormatError, match=says):
        load(saved)


def of_state(**changes):
    return lambda header: header["state"].update(changes)


def of_matrix(**changes):
    return lambda header: header["parts"]["matrix"]["state"].update(changes)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (of_matrix(columns=2**62), "columns, at most 2,147,483,647"),
        (of_matrix(columns="5"), "'5' columns"),
        (of_matrix(columns=5), "its matrix has 5 columns, its vectorizer 9"),
        (of_matrix(files=[["a", 2]]), "the files have 2 documents, not 3"),
        (of_matrix(files=[["a", -1], ["b", 4]]), "'a' has -1 documents"),
        (of_matrix(files=[["a", "3"]]), "'a' has '3' documents"),
        (of_matrix(files=[["a", True]]), "'a' has True documents"),
        (of_matrix(files=[[1, 3]]), "1 has 3 documents"),
        (of_matrix(files=[["a", 3, 1]]), "too many values"),
        (of_matrix(files=[["a"]]), "not enough values"),
        (of_matrix(files=5), "not iterable"),
        (lambda header: header["parts"]["matrix"]["state"].pop("files"), "files"),
        (lambda header: header["parts"]["matrix"].update(kind="Vectors"), "expected DocumentM"),
        (of_state(documents=2**63 - 1), "documents is 9223372036854775807"),
        (of_state(documents=-1), "documents is -1"),
        (of_state(documents=True), "documents is True"),
        (of_state(is_given="yes"), "is_given is 'yes'"),
        (of_state(dropped={"short": -1}), "short is -1"),
        (of_state(dropped={"other": 1}), "unexpected keyword"),
        (lambda header: header.update(kind=["TfidfVectorizer"]), "lacks kind"),
        (lambda header: header.update(parameters=[]), "lacks kind"),
    ],
)
def test_load_impossible_header_is_refused(saved, change, says):
    change_header(saved, change)
    with pytest.raises(FileFormatError, match=says):
        load(saved)


def test_load_by_class_damaged_matrix_is_refused(saved):
    change_array(saved, "matrix/data", "<f8", put((0, np.nan)))
    with pytest.raises(FileFormatError, match="a number that is not finite"):
        TfidfVectorizer.load(saved)


def test_save_files_without_matrix_is_refused(path):
    with pytest.raises(ParameterError, match="files without a matrix"):
        HashingVectorizer().save(path, files=[("a.txt", 1)])


def test_load_part_of_matrix_is_refused(saved):
    def move_columns(header):
        header["other/columns"] = header.pop("matrix/columns")

    rewrite(saved, move_columns)
    with pytest.raises(FileFormatError, match="an array 'other/columns' of no part"):
        load(saved)


def test_load_unknown_array_is_refused(path):
    HashingVectorizer().save(path)
    header, body = take_apart(path.read_bytes())
    header["terms"] = {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}
    path.write_bytes(put_together(seal(header, body), body))
    with pytest.raises(FileFormatError, match="has an array 'terms'"):
        load(path)


def test_load_flipped_bit_is_refused(saved):
    raw = bytearray(saved.read_bytes())
    raw[-1] ^= 1
    saved.write_bytes(raw)
    with pytest.raises(FileFormatError, match="'terms' does not have the checksum"):
        load(saved)


@pytest.mark.parametrize(("dtype", "weight"), [(np.float32, 1e300), (np.float64, np.inf)])
def test_load_weight_not_finite_is_refused(tmp_path, dtype, weight):
    path = tmp_path / "bow"
    vectorizer = TfidfVectorizer(dtype=dtype).fit(["the cat", "the dog"])
    vectorizer.idf_ = vectorizer.idf_**2
    vectorizer.save(path)
    change_array(path, "idf", "<f8", put((0, weight)))
    with pytest.raises(FileFormatError, match="a weight of idf is not finite"):
        load(path)


@pytest.mark.parametrize("kind", ["filename", "file"])
def test_save_input_that_opens_files_is_refused(tmp_path, kind):
    vectorizer = CountVectorizer(vocabulary=["a"], input=kind)
    with pytest.raises(ParameterError, match=f"input='{kind}' is not saved"):
        vectorizer.save(tmp_path / "bow")
    vectorizer.set_params(input="content").save(tmp_path / "bow")
    assert load(tmp_path / "bow").vectorizer.transform([str(tmp_path / "bow")]).nnz == 0


def test_save_not_finite_is_refused(tmp_path):
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
def test_save_parameter_that_would_not_come_back_is_refused(tmp_path, changes):
    with pytest.raises(ParameterError, match="saved"):
        CountVectorizer(**changes).fit(TEXTS).save(tmp_path / "bow")


@pytest.mark.parametrize(
    "files", [[("a.txt", 1)], [("a.txt", "2")], [("a.txt", 2, 1)], [[2, 2]], [("a", -1), ("b", 3)]]
)
def test_save_files_that_do_not_fit_is_refused(path, files):
    vectorizer = CountVectorizer()
    matrix = vectorizer.fit_transform(["a cat", "the dog"])
    with pytest.raises(ParameterError, match=r"expected files=\[\(name, number of documents\)"):
        vectorizer.save(path, matrix, files)
    assert not path.exists()


@pytest.mark.full
def test_search_slow_pattern_can_be_interrupted(tmp_path):
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
