"""What a run keeps on disk: the token store that it trains on, and its checkpoints.

The store is given, in the checkpoint folder, or temporary. A run with checkpoints keeps it beside
them, so that a resumed run does not read its corpus again, which a pipe could not give twice.
"""

from __future__ import annotations

import re
import tempfile
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from textdl.embed.config import EmbeddingConfig
from textdl.embed.tables import Tables
from textdl.errors import CheckpointError, CorpusReadError, ParameterError
from textdl.io.atomic import Sync, remove_leftovers, scratch_folder, sync_folder
from textdl.io.checkpoints import (
    CheckpointFolder,
    CheckpointState,
    CheckpointWarning,
    checkpoint_folder,
    checkpoint_numbers,
)
from textdl.text.encode import EncodedChunk
from textdl.text.source import CorpusConfig, describe_source, encode_source, require_same_source
from textdl.text.store import TokenStore

STORE = "store"  # the token store in a checkpoint folder


@dataclass(frozen=True)
class RunPosition:
    """Where a run stands: between two rounds of an epoch."""

    epoch: int = 0
    chunk: int = 0  # chunks of this epoch that are done
    steps: int = 0  # steps of all workers since the beginning
    loss: float = 0.0  # summed over the predictions of this epoch
    predictions: float = 0.0
    history: tuple[float, ...] = ()  # mean loss of every finished epoch

    @property
    def mean_loss(self) -> float:
        """Mean loss of a prediction, in this epoch so far."""
        return self.loss / max(self.predictions, 1.0)

    def after_round(
        self, loss: float, predictions: float, *, chunks: int, steps: int
    ) -> RunPosition:
        """One round further.

        Args:
            loss: of the round, summed over its predictions.
            predictions: of the round.
            chunks: of the round, of all workers.
            steps: of the round, of all workers.

        Returns:
            The position at the start of the next round.
        """
        return replace(
            self,
            chunk=self.chunk + chunks,
            steps=self.steps + steps,
            loss=self.loss + loss,
            predictions=self.predictions + predictions,
        )

    def after_epoch(self) -> RunPosition:
        """At the start of the next epoch."""
        history = (*self.history, self.mean_loss)
        return RunPosition(self.epoch + 1, steps=self.steps, history=history)


@dataclass
class CheckpointInterval:
    """When to write: after so many seconds or so many steps; never by itself without either."""

    seconds: float | None = None
    steps: int | None = None
    _last_time: float = field(default_factory=time.monotonic)
    _last_steps: int = 0

    @classmethod
    def parse(cls, text: str) -> CheckpointInterval:
        """Read an interval such as ``60s`` or ``5000steps``.

        Raises:
            ParameterError: it is neither.

        Example:
            >>> CheckpointInterval.parse("5000steps").steps
            5000
        """
        match = re.fullmatch(r"(\d+(?:\.\d+)?)s|(\d+)steps", text.replace(" ", ""))
        if match is None:
            raise ParameterError(
                f"checkpoint interval {text!r} is unknown; expected seconds such as 60s or steps "
                "such as 5000steps"
            )
        seconds, steps = match.groups()
        return cls(float(seconds)) if seconds else cls(steps=int(steps))

    def pop_due(self, steps: int) -> bool:
        """Whether it is time for the next checkpoint; if so, start counting again.

        Args:
            steps: of all workers since the beginning of the run.
        """
        is_late = self.seconds is not None and time.monotonic() - self._last_time >= self.seconds
        is_far = self.steps is not None and steps - self._last_steps >= self.steps
        if is_late or is_far:
            self._last_time = time.monotonic()
            self._last_steps = steps
        return is_late or is_far


@dataclass(frozen=True)
class CheckpointConfig:
    """Where a run writes checkpoints, how often, and whether it goes on from them."""

    folder: Path
    interval: CheckpointInterval
    resume: bool = False


def member_checkpoints(checkpoints: CheckpointConfig, number: int) -> CheckpointConfig:
    """Where a member of a run writes: the first to the folder itself, each other to one within it.

    Args:
        checkpoints: of the run.
        number: of the member, from 0.

    Raises:
        CheckpointError: its folder cannot be made.
    """
    if number == 0:
        return checkpoints
    folder = checkpoints.folder / f"member-{number + 1}"
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
    """

    def __init__(
        self,
        folder: Path,
        config: EmbeddingConfig,
        fingerprint: str,
        interval: CheckpointInterval | None = None,
    ) -> None:
        self.folder = CheckpointFolder(folder, asdict(config) | {"corpus": fingerprint})
        self.interval = interval or CheckpointInterval()

    def pop_due(self, position: RunPosition) -> bool:
        """Whether it is time for the next checkpoint; if so, start counting again."""
        return self.interval.pop_due(position.steps)

    def save(self, tables: Tables, position: RunPosition) -> None:
        """Write the next checkpoint."""
        arrays = {name: np.asarray(table) for name, table in tables.items()}
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
        return self.folder.load(lambda saved: _decode(saved, shapes))


def _decode(
    saved: CheckpointState, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[Tables, RunPosition]:
    arrays = saved.arrays
    if {name: array.shape for name, array in arrays.items()} != shapes:
        raise ValueError(f"its tables are not of the shapes {dict(shapes)}")
    if any(array.dtype != np.float32 for array in arrays.values()):
        raise ValueError("its tables are not float32")
    position = RunPosition(**saved.progress)
    counts = (position.epoch, position.chunk, position.steps)
    if not all(type(count) is int and count >= 0 for count in counts):
        raise ValueError("it does not say where the run stood")
    if not all(
        type(it) is float for it in (position.loss, position.predictions, *position.history)
    ):
        raise ValueError("its losses are not numbers")
    return {name: jnp.array(array) for name, array in arrays.items()}, position


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
