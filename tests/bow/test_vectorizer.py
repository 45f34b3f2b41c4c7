"""Documents of every kind, and those that are none: one line, of the family, of the usual type."""

import re

import numpy as np
import pytest

from tests.bow.conftest import NASTY, VECTORIZERS, assert_raises, assert_same_matrix, both
from textdl.bow import vectorizer
from textdl.bow.count import CountVectorizer
from textdl.bow.engine import counting
from textdl.bow.hashing import HashingVectorizer
from textdl.bow.tfidf import TfidfVectorizer
from textdl.errors import CorpusError, CorpusReadError, ParameterError

FILMS = ["a good film", "a bad film", "good good fun", "boring"]
TEXTS = [text for text in NASTY if "\ud800" not in text]


@pytest.mark.parametrize("make", VECTORIZERS)
@pytest.mark.parametrize("documents", ["a text", b"a text"])
def test_bare_string_is_refused(make, documents):
    message = "Iterable over raw text documents expected, string object received."
    for method in ("fit", "transform", "fit_transform"):
        vectorizer = make(vocabulary=["cat"], use_idf=False) if make is TfidfVectorizer else make()
        if make is CountVectorizer:
            vectorizer.fit(["the cat"])
        assert_raises(ValueError, message, getattr(vectorizer, method), documents)


@pytest.mark.parametrize("make", VECTORIZERS)
def test_documents_not_iterable_is_refused(make):
    assert_raises(ParameterError, r"the documents are 3 \(int\)", make().fit_transform, 3)


@pytest.mark.parametrize("bad", [None, np.nan, float("nan"), 3, ["a", "list"]])
@pytest.mark.parametrize("make", VECTORIZERS)
@pytest.mark.parametrize("analyzer", ["word", "char", "char_wb"])
def test_document_not_text_is_refused(make, bad, analyzer):
    what = "np.nan" if bad is np.nan else repr(bad)
    message = (
        rf"{re.escape(what)} is an invalid document, expected byte or unicode string\. "
        rf"Drop or replace document 1 of type {type(bad).__name__}"
    )
    assert_raises(CorpusError, message, make(analyzer=analyzer).fit_transform, ["a text", bad])


def test_bytes_not_of_the_encoding_is_refused():
    vectorizer = CountVectorizer()
    message = "document 1 is not utf-8: byte 0xff at position 2"
    assert_raises(UnicodeDecodeError, message, vectorizer.fit, [b"ok", b"no\xff"])
    assert_raises(CorpusError, message, vectorizer.fit, [b"ok", b"no\xff"])
    assert_raises(
        ParameterError, "encoding='nope' is unknown", CountVectorizer(encoding="nope").fit, [b"a"]
    )


def test_missing_file_is_refused(tmp_path):
    missing = tmp_path / "missing"
    assert_raises(OSError, "missing", CountVectorizer().fit, missing)
    lookup = CountVectorizer(input="filename")
    assert_raises(CorpusReadError, "cannot read the document", lookup.fit, [missing])
    (tmp_path / "text").write_text("text")
    latin = CountVectorizer(encoding="latin-1")
    assert_raises(ParameterError, "which are UTF-8", latin.fit, tmp_path / "text")


def test_transform_in_parts_same_matrix(monkeypatch):
    monkeypatch.setattr(counting, "WORD_CHUNK", 40)
    learned = CountVectorizer(ngram_range=(1, 2)).fit(TEXTS)
    hashing = HashingVectorizer()
    expected, hashed = learned.transform(TEXTS), hashing.transform(TEXTS)
    monkeypatch.setattr(vectorizer, "CHARACTERS_PER_PART", 100)
    assert_same_matrix(learned.transform(TEXTS), expected)
    assert_same_matrix(hashing.transform(TEXTS), hashed)


def test_kinds_of_input_same_matrix(tmp_path):
    texts = ["the cat sat", "über das Meer"]
    paths = [tmp_path / f"{i}.txt" for i in range(2)]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, "latin-1")
    expected = CountVectorizer().fit_transform(texts)
    encoded = [text.encode("latin-1") for text in texts]
    assert_same_matrix(CountVectorizer(encoding="latin-1").fit_transform(encoded), expected)
    lookup = CountVectorizer(input="filename", encoding="latin-1")
    assert_same_matrix(lookup.fit_transform(paths), expected)
    assert_same_matrix(lookup.fit_transform(map(str, paths)), expected)
    files = [path.open("rb") for path in paths]
    by_file = CountVectorizer(input="file", encoding="latin-1")
    assert_same_matrix(by_file.fit_transform(files), expected)
    for file in files:
        file.close()
    for error in ("ignore", "replace"):
        ours, theirs = both("CountVectorizer", decode_error=error)
        assert_same_matrix(ours.fit_transform(encoded), theirs.fit_transform(encoded))


def test_containers_of_text_same_matrix():
    expected = CountVectorizer().fit_transform(FILMS)
    for texts in (tuple(FILMS), np.array(FILMS), np.array(FILMS, dtype=object), iter(FILMS)):
        assert_same_matrix(CountVectorizer().fit_transform(texts), expected)
