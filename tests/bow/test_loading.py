"""Files of whatever vectorizer, and files that hold none."""

import pytest

from tests.io.safetensors_files import change_header
from textdl import BM25Vectorizer, CountVectorizer, HashingVectorizer, TfidfVectorizer, Vectors
from textdl.bow.loading import VECTORIZERS, describe, load
from textdl.errors import FileFormatError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "bow.safetensors"


def test_vectorizers_by_the_kind_of_their_archive():
    kinds = (CountVectorizer, TfidfVectorizer, BM25Vectorizer, HashingVectorizer)
    assert {kind._KIND.name: kind for kind in kinds} == VECTORIZERS


@pytest.mark.parametrize("kind", VECTORIZERS.values())
def test_describe_without_and_with_a_matrix(path, kind):
    vectorizer = kind(stop_words=["the"])
    matrix = vectorizer.fit_transform(["the cat sat", "I sat"])
    vectorizer.save(path)
    facts = describe(path)
    config = facts.pop("config")
    assert (config["stop_words"], config["dtype"]) == (["the"], vectorizer.dtype.__name__)
    if kind is HashingVectorizer:
        expected = {"kind": "HashingVectorizer", "columns": 2**20}
    else:
        dropped = {"short": 1, "stop_words": 1, "unknown": 0}
        expected = {"kind": kind.__name__, "terms": 2, "learned_from": 2, "dropped": dropped}
    assert facts == expected
    vectorizer.save(path, matrix, [("a.txt", 2)])
    facts = describe(path)
    assert (facts["documents"], facts["entries"], facts["files"]) == (2, 3, ["a.txt"])


def test_load_other_files_is_refused(path, tmp_path):
    for content in (b"", b"no such format at all", b"\x08" + bytes(7) + b"{}      "):
        path.write_bytes(content)
        with pytest.raises(FileFormatError, match=r"truncated|has no header|JSON"):
            load(path)
    Vectors(["a"], [[1.0]]).save(path)
    with pytest.raises(FileFormatError, match="is a file of Vectors, expected CountVec"):
        load(path)
    with pytest.raises(FileFormatError, match="cannot read"):
        load(tmp_path / "missing")


def test_load_newer_format_is_refused(path):
    CountVectorizer().fit(["cat"]).save(path)
    change_header(path, {"format_version": 2})
    with pytest.raises(FileFormatError, match="upgrade textdl"):
        load(path)
    change_header(path, {"format_version": 1, "kind": "OtherVectorizer"})
    with pytest.raises(FileFormatError, match="is a file of OtherVectorizer, expected CountVect"):
        load(path)
