"""From a corpus to numbers: every chunk becomes token ids, on all cores, in the corpus's order."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from itertools import chain, count, islice
from typing import NamedTuple

import loky
import numpy as np
from numpy.typing import NDArray

from textdl.text.corpus import Chunk
from textdl.text.tokenize import Tokenizer

IN_PROCESS_CHUNKS = 4  # below this, starting worker processes costs more than it saves


class EncodedChunk(NamedTuple):
    """The tokens of a chunk, as ids into its own word list."""

    words: list[str]  # the distinct words, in order of first use
    ids: NDArray[np.int32]  # (tokens,) indices into `words`
    lengths: NDArray[np.int64]  # (documents,) tokens of each document
    continues: bool  # the last document goes on in the next chunk


def encode_chunk(chunk: Chunk, tokenizer: Tokenizer) -> EncodedChunk:
    """Tokenize the documents of a chunk and number their words.

    There is no Python bytecode per token: the tokenizer runs per document, and a dictionary that
    numbers what it has not seen is driven from C.

    Example:
        >>> encode_chunk(Chunk(["to be or", "not to be"]), str.split).ids.tolist()
        [0, 1, 2, 3, 0, 1]
    """
    documents = _tokens(chunk.documents, tokenizer)
    lengths = np.fromiter(map(len, documents), np.int64, len(documents))
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    tokens = chain.from_iterable(documents)
    ids = np.fromiter(map(numbers.__getitem__, tokens), np.int32, int(lengths.sum()))
    return EncodedChunk(list(numbers), ids, lengths, chunk.continues)


def _tokens(
    documents: Sequence[str] | Sequence[Sequence[str]], tokenizer: Tokenizer
) -> list[Sequence[str]]:
    if documents and isinstance(documents[0], str):
        return list(map(tokenizer, documents))  # type: ignore[arg-type]
    return list(documents)


def encode(
    chunks: Iterable[Chunk], tokenizer: Tokenizer, *, workers: int | None = None
) -> Iterator[EncodedChunk]:
    """Encode chunks in order, on `workers` processes (default: every core this process may use).

    The result does not depend on `workers`. loky starts the processes: it needs no ``__main__``
    guard in the caller's script, and it ships tokenizers that `pickle` of the standard library
    would refuse, such as a lambda.
    """
    workers = loky.cpu_count() if workers is None else workers
    chunks = iter(chunks)
    for chunk in islice(chunks, None if workers == 1 else IN_PROCESS_CHUNKS):
        yield encode_chunk(chunk, tokenizer)
    following = next(chunks, None)
    if following is None:
        return
    with loky.ProcessPoolExecutor(workers) as pool:
        pending: deque[Future[EncodedChunk]] = deque()
        for chunk in chain([following], chunks):
            pending.append(pool.submit(encode_chunk, chunk, tokenizer))
            if len(pending) > 2 * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
