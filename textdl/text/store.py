"""The token store: a corpus as int32 ids on disk, built in one pass, memory-mapped in training."""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from textdl.errors import CorpusError, CorpusReadError
from textdl.io.atomic import Sync, atomic_write
from textdl.io.checksums import file_checksum, seal, unseal
from textdl.io.mapped_file import MappedFile
from textdl.text.encode import EncodedChunk
from textdl.text.vocabulary import Vocabulary
from textdl.text.word_table import WordTable

FORMAT = "textdl token store"
VERSION = 2
BLOCK = 1 << 22  # bytes that are rewritten at once, and numbers that are checked at once
CHUNK_TOKENS = 1 << 18  # that are read at once

# The files of a store and the type of their numbers.
TOKENS = ("tokens.bin", np.dtype("<i4"))
OFFSETS = ("offsets.bin", np.dtype("<i8"))
VOCABULARY = "vocabulary.json"
HEADER = "store.json"


@dataclass(frozen=True)
class TokenStore:
    """Every token of a corpus as an id into its vocabulary.

    The store holds the whole vocabulary, rare words too. As ids fall with the count, training drops
    rare words by dropping ids from some number on, so one store serves every ``min_count``.
    """

    tokens: NDArray[np.int32]  # (tokens,) ids, memory-mapped
    offsets: NDArray[np.int64]  # (sentences + 1,) where each starts in `tokens`, memory-mapped
    vocabulary: Vocabulary
    fingerprint: str  # of the tokens, the sentences and the words
    source: Mapping[str, Any] = field(default_factory=dict)  # where the text is from

    @classmethod
    def build(
        cls,
        chunks: Iterable[EncodedChunk],
        folder: str | os.PathLike[str],
        *,
        source: Mapping[str, Any] | None = None,
        sync: Sync = "all",
    ) -> TokenStore:
        """Write a store in one pass over `chunks`, and open it.

        Args:
            chunks: the corpus.
            folder: replaced where it exists.
            source: where the text is from, as JSON can say it; kept beside it.
            sync: what reaches the disk, as in `atomic_write`.

        Returns:
            The store, mapped.

        Raises:
            CorpusError: there is no token.
            OutputError: `folder` cannot be written.
        """
        with _closing(chunks), atomic_write(folder, sync=sync) as temporary:
            temporary.mkdir()
            words, counts = _write_in_order_of_use(chunks, temporary)
            if not words:
                raise CorpusError("the corpus is empty; expected text with at least one word")
            vocabulary, order = Vocabulary.sorted(words, counts)
            _renumber(temporary / TOKENS[0], np.argsort(order).astype(TOKENS[1]))
            listing = {"words": vocabulary.words, "counts": vocabulary.counts.tolist()}
            (temporary / VOCABULARY).write_text(json.dumps(listing), "utf-8")
            header = {
                "format": FORMAT,
                "version": VERSION,
                "fingerprint": _fingerprint(temporary),
                "source": dict(source or {}),
            }
            (temporary / HEADER).write_text(seal(header), "utf-8")
        return cls._map(Path(folder), header)

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> TokenStore:
        """Map a store that `build` wrote, after reading all of it once to check it.

        Raises:
            CorpusReadError: it is missing, incomplete or damaged.
        """
        folder = Path(folder)
        try:
            header = unseal((folder / HEADER).read_text("utf-8"))
            if (header.get("format"), header.get("version")) != (FORMAT, VERSION):
                raise ValueError("it is of another format")
            if header.get("fingerprint") != _fingerprint(folder):
                raise ValueError("it is not as it was written")
            store = cls._map(folder, header)
            _check(store)
            return store
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise CorpusReadError(
                f"{str(folder)!r} is not a complete token store ({error}); build it again"
            ) from error

    @staticmethod
    def read_source(folder: str | os.PathLike[str]) -> Mapping[str, Any] | None:
        """Where the text of a store is from, without reading it; None where that cannot be told."""
        try:
            source = unseal((Path(folder) / HEADER).read_text("utf-8")).get("source")
        except (OSError, ValueError):
            return None
        return source if isinstance(source, dict) else None

    @classmethod
    def _map(cls, folder: Path, header: Mapping[str, Any]) -> TokenStore:
        """Map the files of a store that is known to be whole, as its header is."""
        listing = json.loads((folder / VOCABULARY).read_text("utf-8"))
        if not isinstance(listing, dict) or not isinstance(header.get("source"), dict):
            raise ValueError("its vocabulary or its source is not a JSON object")
        return cls(
            np.memmap(folder / TOKENS[0], TOKENS[1], "r"),
            np.memmap(folder / OFFSETS[0], OFFSETS[1], "r"),
            Vocabulary(listing["words"], np.array(listing["counts"], np.int64)),
            header["fingerprint"],
            header["source"],
        )

    def require_whole(self) -> None:
        """Find out whether a file of the store was cut short, which would end the process.

        Raises:
            CorpusReadError: one was.
        """
        for array in (self.tokens, self.offsets):
            if isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap):
                MappedFile(Path(str(array.filename)), array.base, CorpusReadError).require_whole()

    def chunks(self) -> Generator[EncodedChunk]:
        """The tokens again as the chunks that `build` takes, of `CHUNK_TOKENS` at most."""
        sentences = len(self.offsets) - 1
        first = 0
        while first < sentences:
            self.require_whole()
            start = int(self.offsets[first])
            end = int(np.searchsorted(self.offsets, start + CHUNK_TOKENS, side="right")) - 1
            last = min(end, first + CHUNK_TOKENS, sentences)
            if last == first:  # a sentence that is longer than a chunk
                stop = int(self.offsets[first + 1])
                for begin in range(start, stop, CHUNK_TOKENS):
                    piece = self.tokens[begin : min(begin + CHUNK_TOKENS, stop)]
                    lengths = np.array([len(piece)], np.int64)
                    yield self._chunk(piece, lengths, continues=begin + len(piece) < stop)
                first += 1
                continue
            lengths = np.diff(self.offsets[first : last + 1])
            yield self._chunk(self.tokens[start : int(self.offsets[last])], lengths)
            first = last

    def _chunk(
        self, tokens: NDArray[np.int32], lengths: NDArray[np.int64], *, continues: bool = False
    ) -> EncodedChunk:
        used, ids = np.unique(tokens, return_inverse=True)
        words = [self.vocabulary.words[word] for word in used.tolist()]
        return EncodedChunk(words, ids.astype(np.int32), lengths, continues)

    def sentences(self, start: int, stop: int) -> NDArray[np.int32]:
        """The sentence of every token from `start` to `stop`. `-> (stop - start,)`."""
        first = int(np.searchsorted(self.offsets, start, side="right")) - 1
        last = int(np.searchsorted(self.offsets, stop, side="left"))
        borders = np.clip(self.offsets[first : last + 1], start, stop)
        lengths = borders[1:] - borders[:-1]
        return np.repeat(np.arange(first, last, dtype=np.int32), lengths)


def _write_in_order_of_use(
    chunks: Iterable[EncodedChunk], folder: Path
) -> tuple[list[str], NDArray[np.int64]]:
    """Write the ids of every chunk, intern words as they first appear, and write the offsets.

    Returns:
        The words, and their counts `(V,)`.
    """
    table = WordTable()
    counts = np.zeros(1 << 16, np.int64)
    with (folder / TOKENS[0]).open("wb") as ids, _OffsetWriter(folder / OFFSETS[0]) as offsets:
        for chunk in chunks:
            local = table.intern(chunk.words)
            if len(table) > len(counts):
                counts = np.append(counts, np.zeros(len(table), np.int64))
            counts[local] += np.bincount(chunk.ids, minlength=len(local))
            ids.write(local[chunk.ids].astype(TOKENS[1], copy=False).data)
            offsets.add(chunk.lengths, continues=chunk.continues)
    return table.words, counts[: len(table)]


class _OffsetWriter:
    """The offsets of sentences, on their way to a file: they are never all in memory."""

    def __init__(self, path: Path) -> None:
        self.stream = path.open("wb")
        self.end = 0  # of the last document so far
        self.continues = False  # in what comes next, so its end is not an offset

    def __enter__(self) -> Self:
        return self

    def add(self, lengths: NDArray[np.int64], *, continues: bool) -> None:
        """Write where all documents so far end, but for the last one, which may continue."""
        if len(lengths):
            ends = self.end + np.append(0, np.cumsum(lengths))
            self.stream.write(ends[int(self.continues) : -1].astype(OFFSETS[1]).data)
            self.end = int(ends[-1])
            self.continues = False
        self.continues |= continues

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self.stream:
            if kind is None:
                self.stream.write(np.array([self.end], OFFSETS[1]).data)


def _renumber(path: Path, new_ids: NDArray[np.int32]) -> None:
    """Replace every id in a file of ids by ``new_ids[id]``, in place, block by block."""
    # Not a memory map: where the disk fills up, writing to one kills the process.
    with path.open("r+b") as stream:
        while block := stream.read(BLOCK):
            stream.seek(-len(block), os.SEEK_CUR)
            stream.write(new_ids[np.frombuffer(block, TOKENS[1])].data)


@contextmanager
def _closing(chunks: Iterable[EncodedChunk]) -> Iterator[None]:
    """Close a generator at the end, so that a failure here ends its processes at once."""
    try:
        yield
    finally:
        if isinstance(chunks, Generator):
            chunks.close()


def _fingerprint(folder: Path) -> str:
    """A digest of what the store says: tokens, sentences, words."""
    return file_checksum(*(folder / name for name in (TOKENS[0], OFFSETS[0], VOCABULARY)))


def _check(store: TokenStore) -> None:
    """Raise `ValueError` where a store does not hold together, block by block.

    A digest says that its files are as they were written, not by whom.
    """
    words = store.vocabulary.words
    counts = store.vocabulary.counts
    if not isinstance(words, list) or set(map(type, words)) != {str}:
        raise ValueError("its vocabulary is not a list of words")
    "".join(words).encode()  # a lone surrogate is a ValueError
    if len(set(words)) != len(words):
        raise ValueError("a word is in its vocabulary twice")
    if counts.shape != (len(words),) or counts[-1] < 1 or (np.diff(counts) > 0).any():
        raise ValueError("the counts of its words do not fall")
    found = np.zeros(len(words), np.int64)
    for ids in _blocks(store.tokens):
        if ids.min() < 0 or ids.max() >= len(words):
            raise ValueError("a token is not in its vocabulary")
        found += np.bincount(ids, minlength=len(words))
    if not np.array_equal(found, counts):
        raise ValueError("its vocabulary does not count these tokens")
    previous = 0
    for offsets in _blocks(store.offsets):
        if offsets[0] < previous or (np.diff(offsets) < 0).any():
            raise ValueError("its sentences overlap")
        previous = offsets[-1]
    if store.offsets[0] != 0 or previous != len(store.tokens):
        raise ValueError("its sentences do not span these tokens")


def _blocks(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    return (array[start : start + BLOCK] for start in range(0, len(array), BLOCK))
