"""Files of vectorizers: canonical, complete, and distrusted."""

import json

import numpy as np
import pytest

from tests.bow.conftest import NASTY, assert_same_matrix
from tests.io.safetensors_files import rewrite
from textdl.bow.counts import CountVectorizer
from textdl.bow.hashing import HashingVectorizer
from textdl.bow.saved import load
from textdl.bow.tfidf import TfidfVectorizer
from textdl.errors import FileFormatError, OutputError, ParameterError, TextdlError


def rewrite_description(path, **changes):
    """Change what the file says of the vectorizer; its checksums fit."""

    def change_header(header):
        metadata = json.loads(header["__metadata__"]["textdl_bow"])
        header["__metadata__"]["textdl_bow"] = json.dumps(metadata | changes)

    rewrite(path, change_header)


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


@pytest.mark.parametrize("vectorizer", VARIANTS, ids=str)
def test_round_trip(vectorizer, path):
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
def test_equal_content_gives_equal_bytes(vectorizer, path):
    parameters = vectorizer.get_params()
    make = type(vectorizer)
    make(**parameters).fit(TEXTS).save(path)
    parameters["n_jobs"] = 1
    if isinstance(parameters["stop_words"], list):
        parameters["stop_words"] = parameters["stop_words"][::-1]
    parts = [make(**parameters).partial_fit(TEXTS[i::3]) for i in (2, 0, 1)]
    parts[0].merge(*parts[1:]).save(path.with_name("merged"))
    assert path.with_name("merged").read_bytes() == path.read_bytes()


def test_what_is_loaded_learns_on(path):
    CountVectorizer().fit(TEXTS[:9]).save(path)
    whole = CountVectorizer().fit(TEXTS)
    assert CountVectorizer.load(path).partial_fit(TEXTS[9:]).vocabulary_ == whole.vocabulary_


def test_weights_that_were_set(path):
    vectorizer = TfidfVectorizer(vocabulary=["cat", "dog"])
    vectorizer.idf_ = [2.0, 3.0]
    vectorizer.save(path)
    assert TfidfVectorizer.load(path).idf_.tolist() == [2, 3]


def test_the_safetensors_package_reads_it(path):
    reader = pytest.importorskip("safetensors.numpy")
    CountVectorizer().fit(["the cat", "the dog"]).save(path)
    arrays = reader.load_file(path)
    assert arrays["terms"].tobytes() == b"catdogthe"
    assert arrays["document_frequency"].tolist() == [1, 1, 2]


def test_functions_are_refused(path):
    with pytest.raises(ParameterError, match=r"preprocessor=.* is a function, which cannot be"):
        CountVectorizer(preprocessor=str.upper).fit(["cat"]).save(path)
    assert not path.exists()


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(OutputError, match="does not exist"):
        CountVectorizer().fit(["cat"]).save(tmp_path / "no" / "file")


def test_the_wrong_class(path):
    CountVectorizer().fit(["cat"]).save(path)
    with pytest.raises(FileFormatError, match="holds a CountVectorizer, not a TfidfVectorizer"):
        TfidfVectorizer.load(path)


def test_other_files(path, tmp_path):
    for content in (b"", b"no such format at all", b"\x08" + bytes(7) + b"{}      "):
        path.write_bytes(content)
        with pytest.raises(FileFormatError, match=r"truncated|no vectorizer|JSON"):
            load(path)
    with pytest.raises(FileFormatError, match="cannot read"):
        load(tmp_path / "missing")


def test_every_truncation_is_noticed(path):
    CountVectorizer().fit(["the cat sat"]).save(path)
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(FileFormatError):
            load(path)


def test_damage_is_an_error_of_the_family(path):
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


def test_a_newer_format(path):
    CountVectorizer().fit(["cat"]).save(path)
    for change in ({"format_version": 2}, {"format_version": 1, "class": "Other"}):
        rewrite_description(path, **change)
        with pytest.raises(FileFormatError, match="upgrade textdl"):
            load(path)
