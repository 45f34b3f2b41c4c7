"""From a corpus to numbers: every chunk becomes token ids, on all cores, in the corpus's order."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from functools import partial
from itertools import chain, count
from reprlib import repr as short
from typing import Any, NamedTuple

import loky
import numpy as np
from loky.backend.reduction import dumps
from numpy.typing import NDArray

from textdl.errors import CorpusError, ParameterError
from textdl.interruption import deferred_interrupts
from textdl.parallel import look_ahead, ordered_map
from textdl.text.files import Chunk
from textdl.text.tokenizers import Lowercased, Tokenizer, remembers_runs
from textdl.text.white_space import split_text

PARALLEL_AFTER_SECONDS = 0.2  # of work in this process; to start others takes about as long
LEARNING_FACTOR = 25  # times that for a tokenizer that remembers runs, and is learning them so far
POLL_SECONDS = 0.1  # for which a signal may wait while other processes work


class EncodedChunk(NamedTuple):
    """The tokens of a chunk, as ids into its own word list."""

    words: Sequence[str]  # the distinct words, in order of first use
    ids: NDArray[np.int32]  # (tokens,) indices into `words`
    lengths: NDArray[np.int64]  # (documents,) tokens of each document
    continues: bool  # the last document goes on in the next chunk


def interning_dict() -> defaultdict[str, int]:
    """A dictionary that gives words ids as it meets them, without any Python bytecode."""
    return defaultdict(count().__next__)


def encode_chunk(chunk: Chunk, tokenizer: Tokenizer) -> EncodedChunk:
    """Tokenize the documents of a chunk and intern their words.

    There is no Python bytecode per token: the tokenizer runs per document, and a dictionary that
    interns what it has not seen is driven from C. The tokens of one document are forgotten before
    the next is cut, which halves the time: they never leave the cache.

    Raises:
        ParameterError: the tokenizer does not return a list, or a token is not text.

    Example:
        >>> encode_chunk(Chunk(["to be or", "not to be"]), str.split).ids.tolist()
        [0, 1, 2, 3, 0, 1]
    """
    texts = [it for it in chunk.documents if isinstance(it, str)]
    if _splits_at_white_space(tokenizer) and len(texts) == len(chunk.documents):
        found = split_text(texts, lowercase=isinstance(tokenizer, Lowercased))
        if found is not None:
            return EncodedChunk(*found, chunk.continues)
    numbers = interning_dict()
    lengths: list[int] = []
    tokens = chain.from_iterable(_tokens(chunk.documents, tokenizer, lengths))
    try:
        ids = np.fromiter(map(numbers.__getitem__, tokens), np.int32)
        "".join(numbers).encode()  # fails for what is not str, or a str that no file can hold
    except (TypeError, UnicodeEncodeError) as error:
        if hasattr(error, "__notes__"):  # the tokenizer's own
            raise
        raise _bad_token(_tokens(chunk.documents, tokenizer, [])) from None
    return EncodedChunk(list(numbers), ids, np.array(lengths, np.int64), chunk.continues)


def _splits_at_white_space(tokenizer: Tokenizer) -> bool:
    """Whether a tokenizer is `str.split`, perhaps after lower-casing."""
    return (tokenizer.cut if isinstance(tokenizer, Lowercased) else tokenizer) is str.split


def _tokens(
    documents: Sequence[Any], tokenizer: Tokenizer, lengths: list[int]
) -> Iterator[Sequence[str]]:
    """Yield the tokens of every document, and append their number to `lengths`."""
    for document in documents:
        tokens = _tokenize(document, tokenizer) if isinstance(document, str) else document
        lengths.append(len(tokens))
        yield tokens


def _tokenize(text: str, tokenizer: Tokenizer) -> list[str]:
    try:
        tokens = tokenizer(text)
    except Exception as error:
        error.add_note(f"while tokenizing {short(text)}")
        raise
    if isinstance(tokens, list | tuple):
        return tokens
    raise ParameterError(
        f"the tokenizer made {short(tokens)} ({type(tokens).__name__}) of the text {short(text)}; "
        "expected a list of tokens"
    )


def _bad_token(documents: Iterable[Sequence[Any]]) -> ParameterError:
    for document in documents:
        for position, token in enumerate(document):
            if not isinstance(token, str):
                problem = f"is {short(token)} ({type(token).__name__}); expected a str"
            elif token.encode("utf-8", "replace") != token.encode("utf-8", "surrogatepass"):
                problem = f"is {short(token)}; expected text: remove its lone surrogate"
            else:
                continue
            return ParameterError(f"token {position} of the document {short(document)} {problem}")
    return ParameterError("the tokenizer made tokens that are not text; expected a list of str")


def encode(
    chunks: Iterable[Chunk], tokenizer: Tokenizer, *, workers: int | None = None
) -> Generator[EncodedChunk]:
    """Encode chunks in order, on `workers` processes (default: every core this process may use).

    The result does not depend on `workers`. A small corpus (if NLTK cuts it, up to some 20 MB)
    stays in this process, and so does a tokenizer whose copy does not do what it does itself; a
    daemonic process, such as a worker of `multiprocessing.Pool`, may not start others, so it does
    all of the work. loky starts the others: it needs no ``__main__`` guard in the caller's script,
    and it can send what the standard library cannot, such as a lambda.

    Args:
        chunks: of a corpus.
        tokenizer: cuts texts; documents that are lists of tokens are taken as they are.
        workers: processes.

    Yields:
        The ids and words of each chunk, in order.

    Raises:
        ParameterError: `workers` is below 1, or as in `encode_chunk`.
        CorpusError: a process was killed.
    """
    workers = loky.cpu_count() if workers is None else workers
    if workers < 1:
        raise ParameterError(f"workers is {workers}; expected at least 1")
    if _splits_at_white_space(tokenizer):  # NumPy lets go of the interpreter, so threads will do
        yield from ordered_map(partial(encode_chunk, tokenizer=tokenizer), chunks, workers)
        return
    spread = workers > 1 and not multiprocessing.current_process().daemon
    patience = PARALLEL_AFTER_SECONDS * (LEARNING_FACTOR if remembers_runs(tokenizer) else 1)
    began = time.perf_counter()
    chunks = iter(chunks)
    for chunk in chunks:
        encoded = encode_chunk(chunk, tokenizer)
        yield encoded
        if spread and time.perf_counter() - began > patience:
            copied = _copy_of(tokenizer, chunk, encoded)
            if copied is not None:
                yield from _encode_in_processes(chunks, tokenizer, copied, workers)
                return
            spread = False


def _copy_of(tokenizer: Tokenizer, chunk: Chunk, encoded: EncodedChunk) -> bytes | None:
    """The tokenizer, pickled; None where a copy of it does not cut the texts as it does itself.

    That something can be pickled says little: it may fail when it is read, or do something else
    then. So a copy cuts a text of `chunk`, and has to make what is `encoded`. Only the copy is
    called: the tokenizer itself may keep count of its calls.
    """
    texts = [row for row, text in enumerate(chunk.documents) if isinstance(text, str) and text]
    try:
        copied: bytes = dumps(tokenizer)
        copy = pickle.loads(copied)
        if not texts:
            return copied
        row = min(texts, key=lambda row: len(chunk.documents[row]))
        return copied if list(copy(chunk.documents[row])) == _decoded(encoded, row) else None
    except Exception:  # this runs code of the tokenizer, which may raise anything
        return None


def _decoded(encoded: EncodedChunk, row: int) -> list[str]:
    """The tokens of a document."""
    end = int(encoded.lengths[: row + 1].sum())
    ids = encoded.ids[end - int(encoded.lengths[row]) : end]
    return [encoded.words[number] for number in ids.tolist()]


def _encode_in_processes(
    chunks: Iterable[Chunk], tokenizer: Tokenizer, copied: bytes, workers: int
) -> Iterator[EncodedChunk]:
    # Ctrl-C waits until the pool has let go of its locks: one that is raised within them leaves
    # them held, and the process hangs when it shuts the pool down.
    with deferred_interrupts():
        pool = loky.ProcessPoolExecutor(
            workers, initializer=_start_worker, initargs=(copied, os.getpid())
        )

    def start(chunk: Chunk) -> tuple[Chunk, Future[EncodedChunk | None]]:
        with deferred_interrupts():
            return chunk, pool.submit(_encode_in_worker, chunk)

    try:
        for chunk, future in look_ahead(start, chunks, 2 * workers):
            yield _result(chunk, future, tokenizer)
    except loky.BrokenProcessPool as error:
        raise CorpusError(
            "a process that tokenized the corpus was killed, perhaps for lack of memory; free some "
            "memory and try again"
        ) from error
    finally:
        with deferred_interrupts():
            pool.shutdown(kill_workers=True)  # after a failure there may be work nobody wants


def _result(
    chunk: Chunk, future: Future[EncodedChunk | None], tokenizer: Tokenizer
) -> EncodedChunk:
    """What a worker made of a chunk; where it could not load the tokenizer, what this process does.

    That happens where the tokenizer needs a module which only this process can import.
    """
    done = False
    while not done:
        with deferred_interrupts():
            done = bool(wait([future], POLL_SECONDS).done)
    encoded = future.result()
    return encode_chunk(chunk, tokenizer) if encoded is None else encoded


_tokenizer: Tokenizer | None = None  # of a worker process


def _start_worker(copied: bytes, parent: int) -> None:
    global _tokenizer
    # Ctrl-C reaches every process; the parent ends the others. Where it is killed itself, and so
    # cannot, they notice: loky's would wait for ever.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_after, args=[parent], daemon=True).start()
    with suppress(Exception):  # whatever it is: the parent can do without this process
        _tokenizer = pickle.loads(copied)


def _end_after(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _encode_in_worker(chunk: Chunk) -> EncodedChunk | None:
    return None if _tokenizer is None else encode_chunk(chunk, _tokenizer)
