"""The documents of a corpus of texts, each in one piece."""

from __future__ import annotations

from collections.abc import Iterator

from textdl.text.corpus import Corpus, DecodeErrors, read_corpus


def read_documents(corpus: Corpus, *, errors: DecodeErrors = "strict") -> Iterator[str]:
    """Read a corpus as whole texts: one that was cut into several chunks is put together again.

    Arguments and errors are those of `read_corpus`.

    Example:
        >>> list(read_documents(["a cat", "a dog"]))
        ['a cat', 'a dog']
    """
    pieces: list[str] = []
    for chunk in read_corpus(corpus, errors=errors):
        *whole, last = map(str, chunk.documents)
        for document in whole:
            yield "".join([*pieces, document])
            pieces = []
        pieces.append(last)
        if not chunk.continues:
            yield "".join(pieces)
            pieces = []
