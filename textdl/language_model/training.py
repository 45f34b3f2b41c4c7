"""Training a language model: truncated backpropagation through time, with checkpoints.

A step reads a segment of every stream. Its gradient goes back to the beginning of the segment; the
state after it, which is where the next segment begins, is carried over. The same text, parameters
and versions give the same bits, also where a run was interrupted and resumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from textdl.errors import CheckpointError, DivergenceError
from textdl.io.checkpoints import (
    CheckpointFolder,
    CheckpointInterval,
    CheckpointState,
    checkpoint_folder,
)
from textdl.jax_settings import random_key
from textdl.language_model.config import LanguageModelParameters
from textdl.language_model.network import Carry, LanguageNetwork, LanguageParams, segment_loss
from textdl.language_model.streams import SegmentBatch, Streams
from textdl.nn.layers.sequential import difference, fill, init_params, named_arrays
from textdl.nn.training.config import make_optimizer
from textdl.nn.training.step import initial_state
from textdl.progress import progress_bar

STEPS_PER_CHECK = 16  # after so many the losses are read, which waits for the device
_INITIAL = 0  # purposes of draws
_DROPOUT = 1


class LanguageTrainState(NamedTuple):
    """Everything that a step changes."""

    params: LanguageParams
    optimizer: optax.OptState
    carry: Carry  # of every stream


@dataclass
class LanguageProgress:
    """Where a training stands.

    Args:
        epoch: epochs that are done.
        step: segments that are done of the next epoch.
        loss: of these, the sum over all targets, in nats.
        history: mean loss of every epoch, in nats per token.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    history: list[float] = field(default_factory=list)


@partial(jax.jit, static_argnames=("network", "optimizer"), donate_argnames="state")
def train_step(
    state: LanguageTrainState,
    batch: SegmentBatch,
    key: Array,
    rate: float,
    *,
    network: LanguageNetwork,
    optimizer: optax.GradientTransformation,
) -> tuple[LanguageTrainState, Array]:
    """Take one gradient step on the mean loss of a segment of every stream.

    Args:
        state: before; it is donated.
        batch: the segment.
        key: of dropout.
        rate: what the updates of the optimizer are multiplied by.
        network: that is trained.
        optimizer: of the state.

    Returns:
        The state after, and the loss summed over the targets.
    """
    tokens = jnp.maximum(jnp.asarray(batch.lengths).sum(), 1)

    def mean_loss(params: LanguageParams) -> tuple[Array, tuple[Array, Carry]]:
        own_key = key if network.draws else None
        loss, carry = segment_loss(network, params, state.carry, batch, own_key)
        return loss / tokens, (loss, carry)

    (_, (loss, carry)), gradient = jax.value_and_grad(mean_loss, has_aux=True)(state.params)
    updates, after = optimizer.update(gradient, state.optimizer, state.params)
    updates = jax.tree.map(lambda update: rate * update, updates)
    return LanguageTrainState(optax.apply_updates(state.params, updates), after, carry), loss


def train(
    streams: Streams,
    network: LanguageNetwork,
    parameters: LanguageModelParameters,
    fingerprint: str,
) -> tuple[LanguageParams, list[float]]:
    """Train a network on a text.

    Args:
        streams: of the text.
        network: to train.
        parameters: how to train, and where checkpoints go.
        fingerprint: of the text, for checkpoints.

    Returns:
        The parameters, on the host, and the mean loss of every epoch, in nats per token.

    Raises:
        DivergenceError: a loss is not finite.
        CheckpointError: the checkpoint is of another text or of other parameters.
    """
    optimizer = make_optimizer(
        "adam", "linear", parameters.epochs * len(streams), parameters.clip_norm
    )
    params = init_params(network, random_key(parameters.seed, _INITIAL))
    carry = network.initial_carry(streams.batch_size)
    state = LanguageTrainState(params, initial_state(params, optimizer).optimizer, carry)
    progress = LanguageProgress()
    dropout_key = random_key(parameters.seed, _DROPOUT)
    run = _LanguageRun(streams, network, optimizer, parameters, dropout_key)
    with _checkpoints(parameters, fingerprint) as folder:
        if folder is not None:
            state, progress = folder.load(partial(_decode, state)) or (state, progress)
        while progress.epoch < parameters.epochs:
            state = run.epoch(state, progress, folder)
    return jax.tree.map(np.asarray, state.params), progress.history


class _LanguageRun:
    """What stays the same from step to step."""

    def __init__(
        self,
        streams: Streams,
        network: LanguageNetwork,
        optimizer: optax.GradientTransformation,
        parameters: LanguageModelParameters,
        key: Array,
    ) -> None:
        self.streams = streams
        self.parameters = parameters
        self.key = key
        self.step = partial(
            train_step, rate=parameters.learning_rate, network=network, optimizer=optimizer
        )
        self.initial_carry = network.initial_carry(streams.batch_size)
        self.interval = CheckpointInterval.parse(parameters.checkpoint_every)

    def epoch(
        self,
        state: LanguageTrainState,
        progress: LanguageProgress,
        folder: CheckpointFolder | None,
    ) -> LanguageTrainState:
        """Train to the end of the epoch.

        Args:
            state: before.
            progress: before; it is changed.
            folder: of checkpoints; None: none are written.

        Returns:
            The state after.

        Raises:
            DivergenceError: a loss is not finite.
        """
        steps = len(self.streams)
        if not progress.step:
            state = state._replace(carry=jax.tree.map(jnp.copy, self.initial_carry))
        epoch_key = jax.random.fold_in(self.key, progress.epoch)
        losses: list[Array] = []
        with progress_bar("step", show=self.parameters.verbose, leave=False) as bar:
            for number in range(progress.step, steps):
                key = jax.random.fold_in(epoch_key, number)
                state, loss = self.step(state, self.streams.batch(number), key)
                losses.append(loss)
                is_last = number + 1 == steps
                is_due = folder is not None and self.interval.pop_due(self._done(progress) + 1)
                progress.step = number + 1
                if len(losses) == STEPS_PER_CHECK or is_last or is_due:
                    bar.update(number + 1, steps, note=self._read(losses, progress))
                if is_last:
                    self._end_epoch(progress)
                if folder is not None and (is_due or is_last):
                    folder.save(named_arrays(state), vars(progress))
        return state

    def _done(self, progress: LanguageProgress) -> int:
        return progress.epoch * len(self.streams) + progress.step

    def _read(self, losses: list[Array], progress: LanguageProgress) -> str:
        """Add losses to those of the epoch, and say how large the last one is."""
        numbers = [float(loss) for loss in losses]
        losses.clear()
        for number in numbers:
            progress.loss += number
        if not np.isfinite(progress.loss):
            rate = self.parameters.learning_rate
            raise DivergenceError(
                f"training diverged in epoch {progress.epoch + 1} (the loss is not finite) with "
                f"learning rate {rate:g}; try {rate / 10:g}, or a lower clip_norm"
            )
        tokens = self.streams.batch_size * self.streams.segment_length
        return f"epoch {progress.epoch + 1}, loss={numbers[-1] / tokens:.4g}"

    def _end_epoch(self, progress: LanguageProgress) -> None:
        progress.history.append(progress.loss / len(self.streams.ids))
        progress.loss = 0.0
        progress.epoch += 1
        progress.step = 0


# What changes nothing in the result.
_NOT_COMPARED = ("checkpoint", "checkpoint_every", "resume", "verbose", "errors", "encoding")


@contextmanager
def _checkpoints(
    parameters: LanguageModelParameters, fingerprint: str
) -> Iterator[CheckpointFolder | None]:
    """Yield the folder of checkpoints, locked; None where none are written."""
    if parameters.checkpoint is None:
        yield None
        return
    run: Mapping[str, Any] = {
        name: value for name, value in vars(parameters).items() if name not in _NOT_COMPARED
    }
    run = {**{name: _shown(value) for name, value in run.items()}, "text": fingerprint}
    path = Path(parameters.checkpoint)
    with checkpoint_folder(path, resume=parameters.resume):
        yield CheckpointFolder(path, run)


def _shown(value: Any) -> Any:
    """A tokenizer that is a function is told by its name; the text that it made is compared."""
    return getattr(value, "__qualname__", repr(value)) if callable(value) else value


def _decode(
    template: LanguageTrainState, saved: CheckpointState
) -> tuple[LanguageTrainState, LanguageProgress]:
    fault = difference(template, saved.arrays)
    if fault is not None:
        raise CheckpointError(
            f"the checkpoint {fault}, which does not fit; start in another folder"
        )
    state = jax.tree.map(jnp.asarray, fill(template, saved.arrays))
    return state, LanguageProgress(
        int(saved.progress["epoch"]),
        int(saved.progress["step"]),
        float(saved.progress["loss"]),
        [float(loss) for loss in saved.progress["history"]],
    )
