"""What the tests of corpora and their files share."""

import bz2
import gzip
import lzma
from contextlib import ExitStack
from unittest.mock import patch

import zstandard

from textdl.errors import TextdlError
from textdl.text import corpus as corpus_module
from textdl.text import files as files_module
from textdl.text.corpus import read_corpus

COMPRESS = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.compress,
}


ALPHABET = ["a", "é", "😀", " ", "\t", "\n", "\r", "\u3000", "\x85", "\x1c", "\xa0", "\u2028", "\0"]


def documents(corpus, **options):
    """Whole documents: pieces are joined again."""
    whole, goes_on = [], False
    for chunk in read_corpus(corpus, **options):
        assert chunk.documents
        pieces = list(chunk.documents)
        if goes_on:
            whole[-1] += pieces.pop(0)
        whole += pieces
        goes_on = chunk.continues
    assert not goes_on
    return whole


def lines(text):
    """The oracle: a line is a document; what follows the last newline, only if it is something."""
    found, line = [], ""
    for character in text.removeprefix("\ufeff"):
        if character == "\n":
            found.append(line.removesuffix("\r"))
            line = ""
        else:
            line += character
    return [*found, line] if line or text == "\ufeff" else found


def one_line(error_info):
    message = str(error_info.value)
    assert "\n" not in message
    assert isinstance(error_info.value, TextdlError)
    return message


def small_chunks(size):
    stack = ExitStack()
    stack.enter_context(patch.multiple(corpus_module, CHUNK_BYTES=size, CHUNK_TOKENS=size))
    stack.enter_context(patch.object(files_module, "CHUNK_BYTES", size))
    return stack
