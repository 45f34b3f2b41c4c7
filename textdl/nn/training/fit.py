"""The training loop: epochs until all are done, or until nothing improves any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
from jax import Array
from numpy.typing import NDArray

from textdl import progress
from textdl.errors import DivergenceError, ParameterError
from textdl.jax_settings import check_key, fixed_settings
from textdl.nn.data.dataset import Dataset, check_dataset, epoch_batches, shuffling_seed
from textdl.nn.data.sparse import SparseRows
from textdl.nn.layers.sequential import Params
from textdl.nn.training.checkpoints import (
    FitCheckpointFolder,
    FitCheckpoints,
    open_fit_checkpoints,
)
from textdl.nn.training.config import FitProgress, TrainingConfig, keep_velocity
from textdl.nn.training.evaluate import evaluate_checked
from textdl.nn.training.objective import Objective, combined, split_penalty
from textdl.nn.training.step import (
    TrainState,
    are_finite,
    copied,
    initial_state,
    run_epoch,
    run_part,
)


class EpochLog(NamedTuple):
    """What a callback of `fit` is given after every epoch.

    Example:
        >>> EpochLog(1, 10, {"loss": 0.5}, ()).metrics["loss"]
        0.5
    """

    epoch: int  # from 1
    epochs: int  # at most
    metrics: dict[str, float]  # the loss and the metrics, also those of validation
    params: Any  # after the epoch


Callback = Callable[[EpochLog], object]  # training stops after one that returns True


class FitResult(NamedTuple):
    """The result of `fit`.

    Example:
        >>> FitResult((), TrainState((), ()), {"loss": [0.7, 0.4]}).history["loss"][-1]
        0.4
    """

    params: Params  # of the best epoch, where ``val_...`` was monitored; else of the last
    state: TrainState  # to continue from
    history: dict[str, list[float]]  # every metric, epoch by epoch
    rate: float = 1.0  # of the epoch that would come next
    epochs_without_improvement: int = 0


@fixed_settings()
def fit(
    start: Params | TrainState,
    data: Dataset,
    objective: Objective,
    config: TrainingConfig,
    *,
    key: Array,
    validation: Dataset | None = None,
    callbacks: Sequence[Callback] = (),
    checkpoints: FitCheckpoints | None = None,
) -> FitResult:
    """Train a network.

    The same start, data, settings, key and versions give the same bits, also when the training was
    interrupted and resumed from a checkpoint.

    Args:
        start: parameters of the network, or the state of an earlier training to continue from.
        data: N examples, by `make_dataset`.
        objective: the network, its loss, and what else is measured.
        config: how to train.
        key: of the order of the examples and of dropout.
        validation: other examples, measured after every epoch, under names that begin with
            ``val_``.
        callbacks: each is called with an `EpochLog` after every epoch; training stops after an
            epoch for which one returns True.
        checkpoints: where to write checkpoints, and to resume from the last one there.

    Returns:
        The parameters, the state to continue from, and the metrics of every epoch.

    Raises:
        ParameterError: a setting does not fit the data, or the key is not one.
        DataError: the data do not fit the network, or the loss is not one number per example.
        DivergenceError: the loss or a weight is not finite; its `last_good` is the `FitResult` of
            the epoch before.
        CheckpointError: the checkpoint is damaged or belongs to another training.

    Example:
        >>> from textdl import nn
        >>> line = nn.make_dataset([[0.0], [1.0], [2.0]], [[1.0], [3.0], [5.0]])
        >>> network = nn.Dense(1, 1)
        >>> objective = nn.Objective(network, lambda y, t: nn.squared_error(y, t).mean(-1))
        >>> config = TrainingConfig(epochs=500, batch_size=3, optimizer="sgd", learning_rate=0.2)
        >>> start = network.init(jax.random.key(0))
        >>> result = fit(start, line, objective, config, key=jax.random.key(1))
        >>> nn.predict(network, result.params, [[3.0]]).round(2).tolist()
        [[7.0]]
    """
    check_key(key)
    _check_data(data, validation, objective, config)
    run = _Run(
        data,
        data.padded(),
        validation,
        objective,
        config,
        config.make_optimizer(),
        config.decay(data.size),
        key,
        *split_penalty(objective),
        shuffling_seed(key) if config.shuffle else None,
    )
    state = start if isinstance(start, TrainState) else initial_state(start, run.optimizer)
    if checkpoints is None:
        return _train(run, state, None, callbacks)
    with open_fit_checkpoints(checkpoints, objective, config, data, validation, key) as saved:
        return _train(run, state, saved, callbacks)


def _train(
    run: _Run,
    state: TrainState,
    saved: FitCheckpointFolder | None,
    callbacks: Sequence[Callback],
) -> FitResult:
    """Train epoch by epoch, from the last checkpoint if there is one."""
    config = run.config
    progress = FitProgress()
    capacity = 0
    if saved is not None:
        state, progress = saved.load(state) or (state, progress)
    stopped = False
    while not (stopped or progress.is_over(config)):
        order = run.order(progress.epoch)
        state, progress, capacity = run.epoch(state, progress, order, capacity)
        if saved is not None and saved.due(progress, config):
            saved.save(state, progress)
        log = EpochLog(progress.epoch, config.epochs, progress.history[-1], state.params)
        # All callbacks see the epoch, also those after the one that stops.
        answers = [callback(log) for callback in callbacks]
        stopped = any(isinstance(answer, bool | np.bool_) and answer for answer in answers)
    return _result(state, progress, config)


class _Run(NamedTuple):
    """What stays the same from epoch to epoch."""

    data: Dataset
    padded: Dataset  # what programs are compiled for
    validation: Dataset | None
    objective: Objective
    config: TrainingConfig
    optimizer: optax.GradientTransformation
    decay: NDArray[np.float64]  # (epochs, S) factors of the rate
    key: Array
    shared: Objective  # without the strength of the penalty
    penalty: float | None
    seed: int | None  # of the order of the examples; None: always the same

    def order(self, epoch: int) -> NDArray[np.int32]:
        """The batches of an epoch, `(S, B)`."""
        return epoch_batches(self.data.size, self.config.batch_size, self.seed, epoch)

    def epoch(
        self, state: TrainState, progress: FitProgress, order: NDArray[np.int32], capacity: int
    ) -> tuple[TrainState, FitProgress, int]:
        """Train one epoch; an error leaves the previous state intact.

        Args:
            state: before.
            progress: before.
            order: the batches, `(S, B)`.
            capacity: of the batches before.

        Returns:
            The state, the progress and the capacity after.

        Raises:
            DivergenceError: the loss or a weight is not finite.
        """
        rate = self.config.rate_in(progress.epoch, progress.rate_factor)
        rates = self.decay[progress.epoch] * rate
        before = progress.last_rate or rate
        after = state._replace(optimizer=keep_velocity(state.optimizer, before / rate))
        arranged = self.data.features.arrange(order)
        if len(arranged) == 1:
            capacity = self.data.features.capacity(arranged[0], capacity)
            after, metrics, is_finite = run_epoch(
                after,
                self.padded,
                arranged[0],
                self.key,
                progress.epoch,
                rates,
                self.penalty,
                objective=self.shared,
                optimizer=self.optimizer,
                capacity=capacity,
            )
            parts = [metrics]
        else:
            after, parts = self._run_parts(copied(after), arranged, progress.epoch, rates)
            is_finite = are_finite((after.params, [metrics["loss"] for metrics in parts]))
        if not is_finite:
            raise _divergence(
                self.config, progress.epoch + 1, _result(state, progress, self.config)
            )
        numbers = combined(parts, arranged, self.data.weights)
        numbers |= self.validate(after.params)
        progress = replace(progress, last_rate=rate)
        return after, progress.after_epoch(numbers, after.params, self.config), capacity

    def _run_parts(
        self,
        state: TrainState,
        arranged: Sequence[NDArray[np.int32]],
        epoch: int,
        rates: NDArray[np.float64],
    ) -> tuple[TrainState, list[dict[str, Array]]]:
        """Train an epoch part by part, in place; return the state and the metrics of the parts."""
        parts = []
        first = 0
        for part, key in zip(arranged, jax.random.split(self.key, len(arranged)), strict=True):
            state, metrics = run_part(
                state,
                self.padded,
                part,
                key,
                epoch,
                rates[first : first + len(part)],
                self.penalty,
                objective=self.shared,
                optimizer=self.optimizer,
                capacity=self.data.features.capacity(part),
            )
            first += len(part)
            parts.append(metrics)
        return state, parts

    def validate(self, params: Params) -> dict[str, float]:
        """The metrics on the validation data, named ``val_...``."""
        if self.validation is None:
            return {}
        batch_size = self.config.batch_size
        metrics = evaluate_checked(params, self.validation, self.objective, batch_size)
        return {f"val_{name}": value for name, value in metrics.items()}


@contextmanager
def progress_bar(show: bool = True) -> Iterator[Callable[[EpochLog], None]]:
    """Yield a callback for `fit` that draws every epoch with its metrics on stderr.

    Example:
        >>> with progress_bar(show=False) as draw:
        ...     draw(EpochLog(1, 10, {"loss": 0.5}, ()))
    """
    with progress.progress_bar("epoch", show=show) as bar:

        def draw(log: EpochLog) -> None:
            metrics = (f"{name}={value:.4g}" for name, value in log.metrics.items())
            bar.update(log.epoch, log.epochs, note=", ".join(metrics))

        yield draw


def _result(state: TrainState, progress: FitProgress, config: TrainingConfig) -> FitResult:
    """The result after the epochs so far."""
    if progress.best.params is not None:
        state = state._replace(params=progress.best.params)
    names = progress.history[0] if progress.history else ()
    history = {name: [metrics[name] for metrics in progress.history] for name in names}
    stale = progress.best.epochs_without_improvement
    rate = config.rate_in(progress.epoch, progress.rate_factor)
    return FitResult(state.params, state, history, rate, stale)


def _check_data(data: Any, validation: Any, objective: Objective, config: TrainingConfig) -> None:
    check_dataset(data)
    objective.network.check_features(data.features)
    if validation is not None:
        check_dataset(validation, "validation")
        objective.network.check_features(validation.features)
    metrics = ["loss", *(name for name, _ in objective.metrics)]
    known = metrics + ([f"val_{name}" for name in metrics] if validation is not None else [])
    if config.monitor not in known:
        raise ParameterError(
            f"monitor={config.monitor!r} is not measured; expected one of {', '.join(known)} "
            "(val_... needs validation data)"
        )
    if objective.lazy_rows is not None and not isinstance(data.features, SparseRows):
        raise ParameterError(
            "updating only the rows of a batch needs sparse features; give a sparse matrix"
        )
    if config.batch_size > data.size:
        raise ParameterError(
            f"batch_size={config.batch_size} is over the {data.size} examples; choose at most "
            f"{data.size}"
        )


def _divergence(config: TrainingConfig, epoch: int, last_good: FitResult) -> DivergenceError:
    """The error for a loss that is not finite."""
    rate = config.learning_rate
    if callable(rate) or isinstance(config.optimizer, optax.GradientTransformation):
        advice = "its own learning rate; lower it"
    else:
        advice = f"learning rate {rate:g}; try {rate / 10:g}"
    return DivergenceError(
        f"training diverged in epoch {epoch} (the loss or a weight is not finite) with {advice}, "
        "or set clip_norm",
        last_good,
    )
