"""How documents are read."""

import itertools

import pytest

from textdl.bow.count import CountVectorizer
from textdl.bow.engine.documents import DocumentReader
from textdl.errors import CorpusError, ParameterError


@pytest.mark.parametrize("kind", [iter, list, tuple])
def test_document_reader_chunks_have_about_their_size(kind):
    texts = ["x" * length for length in (5, 5, 30, 1, 1)]
    chunks = list(DocumentReader().chunks(kind(texts), 11))
    assert [list(map(len, chunk)) for chunk in chunks] == [[5, 5], [30], [1, 1]]
    assert list(itertools.chain(*chunks)) == texts


def test_document_reader_codec_with_its_own_error():
    with pytest.raises(CorpusError, match="document 0 is not undefined"):
        CountVectorizer(encoding="undefined").fit([b"abc"])


def test_document_reader_unknown_encoding():
    with pytest.raises(ParameterError, match="encoding='nope' is unknown"):
        DocumentReader(encoding="nope").decode(b"a")
