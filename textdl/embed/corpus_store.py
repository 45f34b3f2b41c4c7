"""The token store that a run trains on: as given, in its checkpoint folder, or a temporary one.

A run with checkpoints keeps the store beside them, so that a resumed run does not read its corpus
again, which a pipe could not give twice.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from textdl.embed.checkpoint import CheckpointConfig
from textdl.errors import CheckpointError, CorpusReadError, ParameterError
from textdl.io.atomic import Sync
from textdl.io.checkpoints import CheckpointWarning, checkpoint_folder, checkpoint_numbers
from textdl.io.scratch import scratch_folder
from textdl.text.corpus import read_corpus
from textdl.text.encode import EncodedChunk, encode
from textdl.text.source import CorpusConfig, TextParameters, describe_source, require_same_source
from textdl.text.store import TokenStore
from textdl.text.tokenizers import get_tokenizer

STORE = "store"  # the token store in a checkpoint folder


@contextmanager
def open_token_store(
    corpus: CorpusConfig | TokenStore,
    checkpoints: CheckpointConfig | None,
    reading: Callable[[int], None],
) -> Iterator[TokenStore]:
    """Yield the store of a corpus; the checkpoint folder, if there is one, is locked meanwhile.

    Args:
        corpus: to read; or a store that was built before.
        checkpoints: where a store is kept.
        reading: called with the number of words read so far.

    Raises:
        CheckpointError: the folder cannot be used, or holds the text of another corpus.
        CorpusError, CorpusReadError: the corpus cannot be used.
        ParameterError: there is neither a corpus nor a folder that may hold its text.
        KeyboardInterrupt: with a note that says how to go on.
    """
    with ExitStack() as stack:
        if checkpoints:
            stack.enter_context(checkpoint_folder(checkpoints.folder, resume=checkpoints.resume))
        stack.enter_context(_advice_on_interrupt(checkpoints))
        if isinstance(corpus, TokenStore):
            yield corpus
        elif checkpoints:
            yield _kept_store(corpus, checkpoints, reading)
        elif corpus.corpus is None:
            raise ParameterError("a corpus is needed where no checkpoint folder is resumed from")
        else:
            temporary = stack.enter_context(scratch_folder(Path(tempfile.gettempdir()), "textdl"))
            yield _build(corpus, temporary / STORE, reading, sync="nothing")


@contextmanager
def _advice_on_interrupt(checkpoints: CheckpointConfig | None) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as interrupted:
        interrupted.add_note(_advice(checkpoints))
        raise


def _advice(checkpoints: CheckpointConfig | None) -> str:
    """How to go on after an interruption; promises only what is there."""
    if checkpoints is None:
        return "nothing was written"
    if checkpoint_numbers(checkpoints.folder):
        return "resume=True (--resume) goes on from the checkpoint"
    if (checkpoints.folder / STORE).exists():
        return (
            "there is no checkpoint yet; resume=True (--resume) begins anew without reading the "
            "text again"
        )
    return "there is no checkpoint yet; start again"


def _kept_store(
    corpus: CorpusConfig, checkpoints: CheckpointConfig, reading: Callable[[int], None]
) -> TokenStore:
    """The store in a checkpoint folder: the one that is there, or a new one."""
    folder = checkpoints.folder / STORE
    if not checkpoints.resume or not folder.exists():
        if corpus.corpus is None:
            raise CheckpointError(
                f"{str(checkpoints.folder)!r} holds no text to go on with; give the corpus"
            )
        return _build(corpus, folder, reading)
    try:
        store = TokenStore.open(folder)
    except CorpusReadError as error:
        if corpus.corpus is None:
            raise CheckpointError(f"{error}, by giving the corpus again") from error
        warnings.warn(
            f"the text in {str(checkpoints.folder)!r} is damaged; reading the corpus again",
            CheckpointWarning,
            stacklevel=2,
        )
        return _build(corpus, folder, reading)
    try:
        require_same_source(store.source, corpus, checkpoints.folder)
    except CorpusReadError as error:
        raise CheckpointError(
            f"{error}; or leave out CORPUS (corpus=None) to go on with the text in "
            f"{str(checkpoints.folder)!r}"
        ) from error
    return store


def _build(
    corpus: CorpusConfig, folder: Path, reading: Callable[[int], None], *, sync: Sync = "all"
) -> TokenStore:
    assert corpus.corpus is not None
    tokenizer = get_tokenizer(
        corpus.tokenizer or TextParameters.tokenizer,
        lowercase=corpus.lowercase is not False,
    )
    read = read_corpus(
        corpus.corpus,
        errors=corpus.errors or TextParameters.errors,
        encoding=corpus.encoding or TextParameters.encoding,
    )
    chunks = encode(read, tokenizer)
    described = describe_source(corpus) if sync == "all" else {}
    return TokenStore.build(_counted(chunks, reading), folder, source=described, sync=sync)


def _counted(
    chunks: Generator[EncodedChunk], reading: Callable[[int], None]
) -> Iterator[EncodedChunk]:
    """Pass chunks on, and tell how many words they had so far."""
    words = 0
    with closing(chunks):  # it may have started processes
        for chunk in chunks:
            words += len(chunk.ids)
            reading(words)
            yield chunk
