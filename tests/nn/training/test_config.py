"""Settings of a training: what is refused, and which optimizer they make."""

import pytest

from textdl import nn
from textdl.errors import ParameterError
from textdl.nn.optimizers import make_optimizer


def test_equal_settings_give_one_optimizer():
    """It is a static argument: another object would be compiled anew."""
    assert make_optimizer("adam") is make_optimizer("adam")
    assert make_optimizer("adam") is not make_optimizer("adam", clip_norm=1.0)
    assert (
        nn.TrainingConfig(batch_size=3, epochs=4).make_optimizer(7)
        is nn.TrainingConfig(batch_size=2, epochs=5).make_optimizer(9)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"optimizer": "adamm"}, "optimizer 'adamm' is unknown; expected one of sgd, momentum, "),
        ({"schedule": "steep"}, "schedule='steep'; expected one of constant, linear, "),
        ({"learning_rate": 0.0}, r"learning rate 0\.0 is out of range; expected above 0"),
        ({"learning_rate": -1.0}, r"learning rate -1\.0 is out of range"),
        ({"learning_rate": float("nan")}, "learning rate nan is out of range"),
        ({"clip_norm": 0.0}, r"clip_norm=0\.0 is out of range; expected above 0, or None"),
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
