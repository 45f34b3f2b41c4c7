"""Texts that vectorizers get wrong, and the comparison with scikit-learn."""

import numpy as np
import pytest
from sklearn.feature_extraction import text as sklearn_text

from textdl.bow.count import CountVectorizer
from textdl.bow.engine import counting
from textdl.bow.hashing import HashingVectorizer
from textdl.bow.tfidf import TfidfVectorizer
from textdl.errors import TextdlError
from textdl.text import encode as encode_module

VECTORIZERS = [CountVectorizer, TfidfVectorizer, HashingVectorizer]
NASTY = [
    "The cat sat on the mat; the dog did not.",
    "",
    "   \t\n  ",
    "a I ½ ³ x",
    "½ cup, x³ + y³, ①②, ٣٤ ५६",
    "Crème brûlée à la carte, naïve café, CRÈME BRÛLÉE",
    "cafe\u0301 nai\u0308ve \u0301alone a\u0301\u0302b",
    "日本語のテキスト。中文文本,混合 text 한국어",
    "İstanbul ISTANBUL ıstanbul ẞ STRASSE straße ŉ",
    "ΟΔΟΣ οδός ΣΑΣ Σ ΑΣ.",
    "emoji 😀😀 👩‍👩‍👧‍👦 🇩🇪 ok😀ok",
    "nul\0nul \0 a\0b \0\0 end\0",
    "x" * 700 + " " + "y" * 9000 + " " + "é" * 600 + " short",
    "12345678 123456789 1234567 1234567812345678 12345678123456781",
    "under_score __init__ _ -dash- don't can't e-mail",
    "\x1c\x1d\x1e\x1f\x85\xa0 fs gs rs us nel nbsp",
    "\u2028line\u2029para\u200bzero\u200djoin\ufeffbom",
    "𝕳𝖊𝖑𝖑𝖔 𐐀𐐨 𠜎𠜱 \U0010ffff",
    "half \ud800 a \udfff character",
    "tab\tnew\nline\r\nreturn  two   three    spaces",
    "# hash #tag @user http://x.y/z?a=b&c=d 3.14 1,000 a.b.c",
    "ﬁ ligature Ⅷ roman ﹏ ＿full＿ｗｉｄｔｈ",
    "to be or not to be that is the question to be or",
]
WHOLE = [text for text in NASTY if "\ud800" not in text]  # no half characters  # no half characters
WORDS = [
    {},
    {"ngram_range": (1, 2)},
    {"ngram_range": (2, 3)},
    {"ngram_range": (1, 2), "min_df": 2, "max_df": 0.5},
    {"min_df": 0.05, "max_df": 4},
    {"stop_words": "english"},
    {"stop_words": ["the", "cat", "to"], "ngram_range": (1, 3)},
    {"stop_words": "english", "max_features": 7},
    {"max_features": 20, "binary": True},
    {"lowercase": False, "dtype": np.float32},
    {
        "vocabulary": ["are", "cat", "dog", "is", "the", "to be", "x³", "no such"],
        "ngram_range": (1, 2),
    },
    {"vocabulary": {"the": 1, "cat": 0, "crème": 2}, "binary": True},
]
CHARACTERS = [
    {"analyzer": analyzer, "ngram_range": ngram_range}
    for analyzer in ("char", "char_wb")
    for ngram_range in ((1, 1), (1, 3), (2, 4), (3, 5), (5, 5), (9, 10))
]
OURS = {kind.__name__: kind for kind in (CountVectorizer, HashingVectorizer, TfidfVectorizer)}


def assert_same_matrix(ours, theirs):
    """Equal shape, type and entries, explicit zeros included; the order of entries is free."""
    ours, theirs = ours.copy(), theirs.copy()
    ours.sort_indices()
    theirs.sort_indices()
    assert type(ours) is type(theirs)
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    assert ours.indices.dtype == theirs.indices.dtype
    assert ours.has_canonical_format
    np.testing.assert_array_equal(ours.indptr, theirs.indptr)
    np.testing.assert_array_equal(ours.indices, theirs.indices)
    np.testing.assert_allclose(ours.data, theirs.data, rtol=1e-9, atol=0)


def assert_same_fit(ours, theirs, documents, others=()):
    """Two vectorizers learn the same from documents, and make the same of others."""
    matrix = ours.fit_transform(documents)
    assert matrix.has_canonical_format
    assert_same_matrix(matrix, theirs.fit_transform(documents))
    assert ours.vocabulary_ == theirs.vocabulary_
    names = theirs.get_feature_names_out()
    np.testing.assert_array_equal(ours.get_feature_names_out(), names)
    assert ours.get_feature_names_out().dtype == names.dtype
    others = list(others) or [*documents[::-1], "unseen words are not columns"]
    assert_same_matrix(ours.transform(others), theirs.transform(others))


def both(name, **parameters):
    parameters = {"strip_accents": None} | parameters
    return OURS[name](**parameters), getattr(sklearn_text, name)(**parameters)


def assert_raises(kind, message, function, *arguments):
    with pytest.raises(kind, match=message) as found:
        function(*arguments)
    assert isinstance(found.value, TextdlError)
    assert "\n" not in str(found.value)


@pytest.fixture
def small_chunks(monkeypatch):
    """Many chunks, so that threads and processes have something to share."""
    monkeypatch.setattr(counting, "WORD_CHUNK", 40)
    monkeypatch.setattr(counting, "CHARACTER_CHUNK", 40)
    monkeypatch.setattr(counting, "TOKENIZER_CHUNK", 40)
    monkeypatch.setattr(encode_module, "PARALLEL_AFTER_SECONDS", -1)
