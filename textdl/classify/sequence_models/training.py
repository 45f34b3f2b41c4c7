"""How networks that read words are trained, be it for a label per text or one per token."""

from __future__ import annotations

from collections.abc import Sequence

from textdl.classify.sequence_models.config import SequenceModelParameters
from textdl.errors import ParameterError
from textdl.nn.training.config import OptimizerMaker, TrainingConfig
from textdl.parameters import check_parameters

CLIP_NORM = 5.0  # of the gradient: recurrence may make it large


def check_sequence_parameters(
    parameters: SequenceModelParameters, shares: Sequence[str] = ("dropout",)
) -> None:
    """Refuse parameters that are out of range.

    Args:
        parameters: all of them.
        shares: the names of those that are below 1.

    Raises:
        ParameterError: one is.
    """
    check_parameters(parameters)
    for name in shares:
        share = getattr(parameters, name)
        if not share < 1:
            raise ParameterError(f"{name}={share} is out of range; expected below 1")


def sequence_training(
    parameters: SequenceModelParameters, examples: int, optimizer: str | OptimizerMaker = "adam"
) -> TrainingConfig:
    """How to train on a number of examples.

    Args:
        parameters: epochs, batch size and learning rate.
        examples: sequences to train on.
        optimizer: its name, or what makes it from the rate.

    Returns:
        The configuration of `fit`: the rate falls to 0, and large gradients are shortened.

    Example:
        >>> sequence_training(SequenceModelParameters(batch_size=64), 10).batch_size
        10
    """
    return TrainingConfig(
        optimizer=optimizer,
        epochs=parameters.epochs,
        batch_size=min(parameters.batch_size, examples),
        learning_rate=parameters.learning_rate,
        schedule="linear",
        clip_norm=CLIP_NORM,
    )
