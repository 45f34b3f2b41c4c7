"""What a run keeps on disk: the token store that it trains on, and its checkpoints.

The store is given, in the checkpoint folder, or temporary. A run with checkpoints keeps it beside
them, so that a resumed run does not read its corpus again, which a pipe could not give twice.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from textdl.embed.config import EmbeddingConfig
from textdl.embed.progress import RunPosition
from textdl.embed.tables import Tables
from textdl.errors import CheckpointError, CorpusReadError, ParameterError
from textdl.io.atomic import Sync, remove_leftovers, scratch_folder, sync_folder
from textdl.io.checkpoints import (
    CheckpointFolder,
    CheckpointInterval,
    CheckpointState,
    CheckpointWarning,
    checkpoint_folder,
    checkpoint_numbers,
    refuse_another_run,
)
from textdl.text.encode import EncodedChunk
from textdl.text.source import (
    CorpusConfig,
    describe_source,
    encode_source,
    require_same_reading,
    require_same_source,
)
from textdl.text.store import TokenStore

STORE = "store"  # the token store in a checkpoint folder
CORPUS = "corpus"  # what the fingerprint of the text is called in a checkpoint
BEST = "best."  # before the names of the tables of the best epoch


@dataclass(frozen=True)
class CheckpointConfig:
    """Where a run writes checkpoints, how often, and whether it goes on from them."""

    folder: Path
    interval: CheckpointInterval
    resume: bool = False


def inner_checkpoints(checkpoints: CheckpointConfig, name: str) -> CheckpointConfig:
    """Where one of several models of a run writes: to a folder of its own within that of the run.

    Args:
        checkpoints: of the run.
        name: of the folder; empty: of the first model, which writes to the folder of the run.

    Raises:
        CheckpointError: its folder cannot be made.
    """
    if not name:
        return checkpoints
    folder = checkpoints.folder / name
    try:
        folder.mkdir(exist_ok=True)
        sync_folder(checkpoints.folder)
        remove_leftovers(folder)
    except OSError as error:
        raise CheckpointError(
            f"cannot write to the checkpoint folder {str(folder)!r} ({error.strerror}); free it, "
            "or choose another folder"
        ) from error
    interval = CheckpointInterval(checkpoints.interval.seconds, checkpoints.interval.steps)
    return CheckpointConfig(folder, interval, checkpoints.resume)


class EmbeddingCheckpoints:
    """The checkpoints of one run.

    Args:
        folder: where they are.
        config: of the run; with the corpus, what the tables are a function of.
        fingerprint: of the corpus.
        interval: when to write; None: only when asked to.
        others: what else the tables are a function of.
    """

    def __init__(
        self,
        folder: Path,
        config: EmbeddingConfig,
        fingerprint: str,
        interval: CheckpointInterval | None = None,
        others: Mapping[str, Any] | None = None,
    ) -> None:
        run = asdict(config) | {CORPUS: fingerprint} | dict(others or {})
        self.folder = CheckpointFolder(folder, run)
        self.interval = interval or CheckpointInterval()
        self.best: Tables | None = None  # of what `load` found

    def pop_due(self, position: RunPosition) -> bool:
        """Whether it is time for the next checkpoint; if so, start counting again."""
        return self.interval.pop_due(position.steps)

    def save(self, tables: Tables, position: RunPosition, best: Tables | None = None) -> None:
        """Write the next checkpoint.

        Args:
            tables: as they are.
            position: where the run stands.
            best: the tables of the best epoch, where they are kept.
        """
        kept = {BEST + name: table for name, table in (best or {}).items()}
        arrays = {name: np.asarray(table) for name, table in {**tables, **kept}.items()}
        self.folder.save(arrays, asdict(position))

    def load(self, start: Tables) -> tuple[Tables, RunPosition] | None:
        """Read the last checkpoint, or None where there is none.

        Args:
            start: the tables at the start of training, whose names and shapes it must have.

        Raises:
            CheckpointError: all are damaged, or one is of a run with other parameters or another
                corpus.
        """
        shapes = {name: table.shape for name, table in start.items()}
        found = self.folder.load(lambda saved: _decode(saved, shapes))
        if found is None:
            return None
        tables, best, position = found
        self.best = best
        return tables, position


def refuse_differing_run(
    checkpoints: CheckpointConfig | None,
    corpus: CorpusConfig | TokenStore,
    config: EmbeddingConfig,
    others: Mapping[str, Any],
) -> None:
    """Say at once, before any text is read, in what a resumed run differs from the one before.

    Args:
        checkpoints: what is resumed; nothing is done where it is not.
        corpus: of this run.
        config: of this run.
        others: what else its tables are a function of.

    Raises:
        CheckpointError: the run differs; every difference is named.
    """
    if checkpoints is None or not checkpoints.resume:
        return
    run = asdict(config) | dict(others)
    refuse_another_run(checkpoints.folder, run, ignored=[CORPUS])
    if isinstance(corpus, CorpusConfig):
        stored = TokenStore.read_source(checkpoints.folder / STORE)
        if stored is not None:
            require_same_reading(stored, corpus, checkpoints.folder)


def _decode(
    saved: CheckpointState, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[Tables, Tables | None, RunPosition]:
    arrays = dict(saved.arrays)
    best: Tables = {name: arrays.pop(BEST + name) for name in shapes if BEST + name in arrays}
    for found in (arrays, best or arrays):
        if {name: array.shape for name, array in found.items()} != shapes:
            raise ValueError(f"its tables are not of the shapes {dict(shapes)}")
        if any(array.dtype != np.float32 for array in found.values()):
            raise ValueError("its tables are not float32")
    position = RunPosition(**saved.progress)
    counts = (position.epoch, position.chunk, position.steps)
    if not all(type(count) is int and count >= 0 for count in counts):
        raise ValueError("it does not say where the run stood")
    losses = (position.loss, position.predictions, position.seconds, *position.history)
    scores = (it for scores in position.scores for it in scores.values())
    if not all(
        type(it) is float
        for it in (*losses, *position.val_losses, *position.epoch_seconds, *scores)
    ):
        raise ValueError("its losses are not numbers")
    tables = {name: jnp.array(array) for name, array in arrays.items()}
    return tables, best or None, position


# The token store


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

    Yields:
        The store, mapped; a temporary one is gone afterwards.

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
    chunks = encode_source(corpus)
    described = describe_source(corpus) if sync == "all" else {}
    return TokenStore.build(_counted(chunks, reading), folder, source=described, sync=sync)


def _counted(
    chunks: Generator[EncodedChunk], reading: Callable[[int], None]
) -> Iterator[EncodedChunk]:
    """Pass chunks on, and report how many words they had so far."""
    words = 0
    with closing(chunks):  # it may have started processes
        for chunk in chunks:
            words += len(chunk.ids)
            reading(words)
            yield chunk
