"""Optimizers against optax, schedules against formulas, and the best epoch against a loop."""

import math

import jax
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.nn.conftest import (
    OBJECTIVE,
    as_layers,
    as_numpy,
    assert_close_layers,
    gradient_by_hand,
    mean_squared,
)
from textdl import nn
from textdl.errors import ParameterError
from textdl.nn.training.config import FitProgress, lower_is_better, make_optimizer, restores_best
from textdl.nn.training.step import run_epoch


def test_equal_settings_give_one_optimizer():
    """It is a static argument: another object would be compiled anew."""
    assert make_optimizer("adam") is make_optimizer("adam")
    assert make_optimizer("adam") is not make_optimizer("adam", clip_norm=1.0)
    assert (
        nn.TrainingConfig(batch_size=3, epochs=4, schedule="linear").make_optimizer()
        is nn.TrainingConfig(batch_size=2, epochs=5, schedule="cosine").make_optimizer()
    )  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"optimizer": "adamm"}, "optimizer 'adamm' is unknown; expected one of sgd, momentum, "),
        ({"schedule": "steep"}, "schedule='steep'; expected one of constant, linear, "),
        ({"learning_rate": 0.0}, r"learning rate 0\.0 is out of range; expected above 0"),
        ({"learning_rate": -1.0}, r"learning rate -1\.0 is out of range"),
        ({"learning_rate": float("nan")}, "learning rate nan is out of range"),
        ({"clip_norm": 0.0}, r"clip_norm=0\.0; expected a number above 0, or None"),
        ({"clip_norm": -1.0}, r"clip_norm=-1\.0"),
        ({"clip_norm": float("nan")}, "clip_norm=nan"),
        ({"epochs": -1}, "epochs=-1; expected a whole number from 0 up"),
        ({"batch_size": 0}, "batch_size=0; expected a whole number from 1 up"),
        ({"patience": 0}, "patience=0; expected a number from 1 up, or None"),
    ],
)
def test_settings_out_of_range(settings, says):
    with pytest.raises(ParameterError, match=says) as caught:
        nn.TrainingConfig(**settings)
    assert "\n" not in str(caught.value)


def test_help_explains_every_setting():
    for name in ("epochs", "optimizer", "schedule", "monitor", "min_delta"):
        assert f"\n        {name}: " in nn.TrainingConfig.__doc__
    assert "warmup_cosine" in nn.TrainingConfig.__doc__


KEY = jax.random.key(0)
OPTAX = {
    "sgd": optax.sgd,
    "momentum": lambda rate: optax.sgd(rate, momentum=0.9),
    "nesterov": lambda rate: optax.sgd(rate, momentum=0.9, nesterov=True),
    "rmsprop": optax.rmsprop,
    "adagrad": optax.adagrad,
    "adadelta": optax.adadelta,
    "adam": optax.adam,
    "amsgrad": optax.amsgrad,
    "nadam": optax.nadam,
    "radam": optax.radam,
    "adamw": optax.adamw,
    "lamb": optax.lamb,
    "lion": optax.lion,
}
RATE, STEPS = 0.3, 40
FORMULAS = {
    "constant": lambda t: RATE,
    "linear": lambda t: RATE * (1 - t / STEPS),
    "cosine": lambda t: RATE * (1 + np.cos(np.pi * t / STEPS)) / 2,
    "exponential": lambda t: RATE * 0.01 ** (t / STEPS),
    "invscaling": lambda t: RATE / np.sqrt(t + 1),
    "adaptive": lambda t: RATE,
    "warmup_cosine": lambda t: (
        RATE * (t / 4 if t < 4 else (1 + np.cos(np.pi * (t - 4) / (STEPS - 4))) / 2)
    ),
}


def test_optimizer_and_schedule_registries_are_complete():
    assert set(nn.OPTIMIZERS) == set(OPTAX)
    assert set(nn.SCHEDULES) == set(FORMULAS)


@pytest.mark.parametrize(
    "name",
    ["sgd", "momentum", "adam", "lion"]
    + [
        pytest.param(name, marks=pytest.mark.full)
        for name in OPTAX
        if name not in ("sgd", "momentum", "adam", "lion")
    ],
)
def test_optimizers_by_name(case, start, name):
    """Two epochs of one batch, on gradients by hand in float64."""
    start = start[:1]  # a single layer
    start = (start[0]._replace(weights=start[0].weights[:, :2], bias=start[0].bias[:2]),)
    training = nn.TrainingConfig(
        epochs=3, batch_size=10, optimizer=name, learning_rate=0.05, shuffle=False
    )
    objective = nn.Objective(nn.mlp((6, 2)), mean_squared)
    trained = nn.fit(start, case.data(weights=case.weights), objective, training, key=KEY)
    optimizer = OPTAX[name](0.05)
    update = jax.jit(optimizer.update)
    layers, state = as_numpy(start), optimizer.init(as_layers(as_numpy(start)))
    for _ in range(3):
        _, gradient = gradient_by_hand(layers, case.x, case.y, case.weights)
        updates, state = update(as_layers(gradient), state, as_layers(layers))
        for layer, changes in zip(layers, as_numpy(updates), strict=True):
            layer[0] += changes[0]
            layer[1] += changes[1]
    assert_close_layers(trained.params, layers)
    assert np.abs(layers[0][0] - as_numpy(start)[0][0]).max() > 1e-4


@pytest.mark.parametrize("name", FORMULAS)
def test_schedules_by_name(name):
    decay = nn.SCHEDULES[name](STEPS)
    np.testing.assert_allclose(
        [RATE * decay(t) for t in range(STEPS)],
        [FORMULAS[name](t) for t in range(STEPS)],
        atol=1e-6,
    )


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("name", FORMULAS)
def test_schedules_of_very_short_trainings(name, steps):
    rates = [RATE * float(nn.SCHEDULES[name](steps)(t)) for t in range(steps)]
    assert np.isfinite(rates).all()
    assert max(rates) <= RATE * 1.0001


def test_schedule_spans_the_whole_training(case, start):
    """Every step of plain SGD moves by the rate of that step."""
    training = nn.TrainingConfig(
        epochs=3, batch_size=4, optimizer="sgd", learning_rate=0.1, schedule="linear", shuffle=False
    )
    trained = nn.fit(start, case.data(), OBJECTIVE, training, key=KEY)
    layers, step = as_numpy(start), 0
    for _ in range(3):
        for rows in (slice(0, 4), slice(4, 8), slice(8, 10)):
            ones = np.ones(len(case.x[rows]))
            _, gradient = gradient_by_hand(layers, case.x[rows], case.y[rows], ones)
            for layer, slopes in zip(layers, gradient, strict=True):
                layer[0] -= 0.1 * (1 - step / 9) * slopes[0]
                layer[1] -= 0.1 * (1 - step / 9) * slopes[1]
            step += 1
    assert_close_layers(trained.params, layers)


def test_another_rate_needs_no_compilation(case, start):
    compiled = []
    for rate in (0.1, 0.2, 0.3):
        training = nn.TrainingConfig(epochs=1, batch_size=5, optimizer="adamw", learning_rate=rate)
        nn.fit(start, case.data(), OBJECTIVE, training, key=KEY)
        compiled.append(run_epoch._cache_size())
    assert len(set(compiled)) == 1


def test_another_number_of_epochs_needs_no_compilation(case, start):
    compiled = []
    for epochs in (1, 2, 5):
        training = nn.TrainingConfig(epochs=epochs, batch_size=5, schedule="linear")
        nn.fit(start, case.data(), OBJECTIVE, training, key=KEY)
        compiled.append(run_epoch._cache_size())
    assert len(set(compiled)) == 1


def test_rate_function_and_optax_transformation(case, start):
    def rate(step):
        return 0.1 / (1 + step)

    settings = [
        {"optimizer": "sgd", "learning_rate": rate},
        {"optimizer": optax.sgd(rate)},
        {"optimizer": "sgd", "learning_rate": 0.1},
    ]
    ends = [
        nn.fit(
            start, case.data(), OBJECTIVE, nn.TrainingConfig(epochs=2, batch_size=10, **s), key=KEY
        ).params[0]
        for s in settings
    ]
    np.testing.assert_allclose(ends[0].weights, ends[1].weights, rtol=1e-6)
    assert np.abs(ends[0].weights - ends[2].weights).max() > 1e-4


@pytest.mark.parametrize("clip_norm", [0.01, 1e6])
def test_clip_norm_is_global(case, start, clip_norm):
    training = nn.TrainingConfig(
        epochs=1, batch_size=10, optimizer="sgd", learning_rate=1.0, clip_norm=clip_norm
    )
    trained = nn.fit(start, case.data(), OBJECTIVE, training, key=KEY)
    layers = as_numpy(start)
    _, gradient = gradient_by_hand(layers, case.x, case.y, np.ones(10))
    norm = np.sqrt(sum((g**2).sum() for layer in gradient for g in layer))
    shrink = min(1, clip_norm / norm)
    expected = [[a - shrink * g for a, g in zip(*pair, strict=True)]
                for pair in zip(layers, gradient, strict=True)]  # fmt: skip
    assert_close_layers(trained.params, expected)


def run(values, config):
    """The progress after every epoch whose watched metric is one of `values`."""
    progress = FitProgress()
    for epoch, value in enumerate(values):
        progress = progress.after_epoch({config.monitor: value}, f"params {epoch}", config)
        yield progress


@settings(max_examples=50, deadline=None)
@given(values=st.lists(st.integers(0, 9).map(float), min_size=1, max_size=8))
def test_best_epoch_is_the_first_least_loss(values):
    config = nn.TrainingConfig(monitor="val_loss")
    for epoch, progress in enumerate(run(values, config)):
        seen = values[: epoch + 1]
        first = seen.index(min(seen))
        assert progress.best.value == min(seen)
        assert progress.best.epochs_without_improvement == epoch - first
        assert progress.best.params == f"params {first}"
        assert [metrics["val_loss"] for metrics in progress.history] == seen


def test_monitored_accuracy_should_rise():
    config = nn.TrainingConfig(monitor="val_accuracy")
    *_, last = run([0.5, 0.9, 0.7], config)
    assert (last.best.value, last.best.params) == (-0.9, "params 1")


def test_gain_below_min_delta_keeps_weights_but_is_no_improvement():
    config = nn.TrainingConfig(monitor="val_loss", min_delta=0.1)
    *_, last = run([1.0, 0.95, 0.91], config)
    assert (last.best.value, last.best.params) == (0.91, "params 2")
    assert last.best.epochs_without_improvement == 2


def test_without_validation_no_weights_are_kept():
    *_, last = run([1.0, 0.5], nn.TrainingConfig(monitor="loss"))
    assert last.best.params is None


@pytest.mark.parametrize(("patience", "epochs", "end"), [(2, 9, 3), (None, 3, 3), (math.inf, 4, 4)])
def test_training_is_over_by_patience_or_epochs(patience, epochs, end):
    config = nn.TrainingConfig(epochs=epochs, patience=patience)
    over = [progress.is_over(config) for progress in run([1.0] * 6, config)]
    assert over.index(True) + 1 == end


@pytest.mark.parametrize(
    ("name", "falls", "restored"),
    [("loss", True, False), ("val_loss", True, True), ("mean_error", True, False),
     ("accuracy", False, False), ("val_accuracy", False, True)],
)  # fmt: skip
def test_direction_of_metrics_by_name(name, falls, restored):
    assert lower_is_better(name) == falls
    assert restores_best(nn.TrainingConfig(monitor=name)) == restored
