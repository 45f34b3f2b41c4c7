"""The training loop: epochs until they are done, or until nothing improves any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import numpy as np
import optax
from jax import Array
from numpy.typing import NDArray

from textdl.errors import ParameterError
from textdl.jax_settings import fixed_settings
from textdl.nn.checkpoint import Checkpoints, RunCheckpoints, opened
from textdl.nn.data import Data, batches, capacity
from textdl.nn.evaluation import evaluate
from textdl.nn.sparse import SparseRows
from textdl.nn.step import Objective, Params, State, run_epoch
from textdl.nn.training import Progress, Report, Trained, Training, divergence

Callback = Callable[[Report], object]  # training stops after one that returns True


@fixed_settings()
def fit(
    start: Params | State,
    data: Data,
    objective: Objective,
    training: Training,
    *,
    key: Array,
    validation: Data | None = None,
    callbacks: Sequence[Callback] = (),
    checkpoints: Checkpoints | None = None,
) -> Trained:
    """Train from `start`: parameters, or the state of an earlier training to go on from.

    The same start, data, settings, key and versions give the same bits, also when the training was
    interrupted and went on from a checkpoint.

    Raises:
        ParameterError: a setting does not fit the data.
        DivergenceError: the loss or a weight is not finite; its `last_good` is the `Trained` of the
            epoch before.
        CheckpointError: the checkpoint is damaged or belongs to another training.

    Example:
        >>> import jax.numpy as jnp
        >>> from textdl.nn import losses, mlp
        >>> from textdl.nn.data import make_data
        >>> line = make_data([[0.0], [1.0], [2.0]], [[1.0], [3.0], [5.0]])
        >>> objective = Objective(lambda params, x, key: mlp.apply(params, x),
        ...                       lambda y, t: losses.squared_error(y, t).mean(-1))
        >>> training = Training(epochs=500, batch_size=3, optimizer="sgd", learning_rate=0.2)
        >>> start = mlp.init(jax.random.key(0), (1, 1))
        >>> trained = fit(start, line, objective, training, key=jax.random.key(1))
        >>> mlp.apply(trained.params, jnp.array([[3.0]])).round(2).tolist()
        [[7.0]]
    """
    _check(training, objective, data, validation)
    run = _Run(data, validation, objective, training, training.make_optimizer(data.size), key)
    state = start if isinstance(start, State) else State(start, jax.jit(run.optimizer.init)(start))
    with opened(checkpoints, objective, training, data, validation, key) as saved:
        return _train(run, state, saved, callbacks)


def _train(
    run: _Run, state: State, saved: RunCheckpoints | None, callbacks: Sequence[Callback]
) -> Trained:
    """Epoch after epoch, from the last checkpoint if there is one."""
    training = run.training
    progress, room = Progress(), 0
    if saved is not None:
        state, progress = saved.load(state) or (state, progress)
    stopped = False
    while not (stopped or progress.is_over(training)):
        order = run.order(progress.epoch)
        room = capacity(run.data, order, room)
        state, progress = run.epoch(state, progress, order, room)
        if saved is not None and saved.due(progress, training):
            saved.save(state, progress)
        report = Report(progress.epoch, training.epochs, progress.history[-1], state.params)
        # All of them, also those after the one that stops, see the epoch.
        answers = [callback(report) for callback in callbacks]
        stopped = any(isinstance(answer, bool | np.bool_) and answer for answer in answers)
    return Trained.after(state, progress)


class _Run(NamedTuple):
    """What stays the same from epoch to epoch."""

    data: Data
    validation: Data | None
    objective: Objective
    training: Training
    optimizer: optax.GradientTransformation
    key: Array

    def order(self, epoch: int) -> NDArray[np.int32]:
        """The batches of an epoch, `(S, B)`."""
        size, key = self.data.size, self.key if self.training.shuffle else None
        return batches(size, self.training.batch_size, key, epoch)

    def epoch(
        self, state: State, progress: Progress, order: NDArray[np.int32], room: int
    ) -> tuple[State, Progress]:
        """One epoch further; an error leaves what was before as it is."""
        after, measures, finite = run_epoch(
            state,
            self.data,
            order,
            self.key,
            progress.epoch,
            self.training.rate,
            objective=self.objective,
            optimizer=self.optimizer,
            room=room,
        )
        if not finite:
            raise divergence(self.training, progress.epoch + 1, Trained.after(state, progress))
        numbers = {name: float(value) for name, value in measures.items()}
        numbers |= self.validate(after.params)
        return after, progress.after_epoch(numbers, after.params, self.training)

    def validate(self, params: Params) -> dict[str, float]:
        """The measures on the validation data, named ``val_...``."""
        if self.validation is None:
            return {}
        measures = evaluate(params, self.validation, self.objective, self.training.batch_size)
        return {f"val_{name}": value for name, value in measures.items()}


def _check(training: Training, objective: Objective, data: Data, validation: Data | None) -> None:
    measures = ["loss", *(name for name, _ in objective.metrics)]
    known = measures + ([f"val_{name}" for name in measures] if validation is not None else [])
    if training.monitor not in known:
        raise ParameterError(
            f"monitor={training.monitor!r} is not measured; expected one of {', '.join(known)} "
            "(val_... needs validation data)"
        )
    if objective.table is not None and not isinstance(data.features, SparseRows):
        raise ParameterError("updating only the rows of a batch needs sparse features; give those")
    if training.batch_size > data.size:
        raise ParameterError(
            f"batch_size={training.batch_size} is over the {data.size} examples; choose at most "
            f"{data.size}"
        )
