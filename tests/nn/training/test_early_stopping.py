"""The best epoch, against a loop over all epochs so far, and the end of a training."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textdl import nn
from textdl.nn.training.early_stopping import FitProgress, lower_is_better, restores_best


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


def test_accuracy_should_rise():
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
def test_names_of_metrics_say_what_they_are(name, falls, restored):
    assert lower_is_better(name) == falls
    assert restores_best(nn.TrainingConfig(monitor=name)) == restored
