"""Texts that vectorizers get wrong, and the comparison with scikit-learn."""

import numpy as np

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
    others = list(others) or [*documents[::-1], "unseen words are no columns"]
    assert_same_matrix(ours.transform(others), theirs.transform(others))
