"""The documents of a corpus of texts, each in one piece."""

from __future__ import annotations

from collections.abc import Iterator
from reprlib import repr as short

from textdl.errors import CorpusError
from textdl.text.corpus import Corpus, DecodeErrors, read_corpus

LONGEST_DOCUMENT = 1 << 28  # characters; in one piece, it takes up to four bytes for each


def read_documents(corpus: Corpus, *, errors: DecodeErrors = "strict") -> Iterator[str]:
    """Read a corpus as whole texts: one that was cut into several chunks is put together again.

    Arguments and errors are those of `read_corpus`.

    Raises:
        CorpusError: a document has more than `LONGEST_DOCUMENT` characters.

    Example:
        >>> list(read_documents(["a cat", "a dog"]))
        ['a cat', 'a dog']
    """
    pieces: list[str] = []
    size = 0  # characters of the pieces
    for chunk in read_corpus(corpus, errors=errors):
        *whole, last = map(str, chunk.documents)
        for document in whole:
            yield "".join([*pieces, document])
            pieces = []
            size = 0
        pieces.append(last)
        size += len(last)
        if size > LONGEST_DOCUMENT:
            raise CorpusError(
                f"the document that begins with {short(pieces[0])} has more than "
                f"{LONGEST_DOCUMENT:,} characters; expected a document a line: cut it"
            )
        if not chunk.continues:
            yield "".join(pieces)
            pieces = []
            size = 0
