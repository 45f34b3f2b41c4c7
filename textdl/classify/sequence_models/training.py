"""How networks that read words are trained, be it for a label per text or one per token."""

from __future__ import annotations

from textdl.classify.sequence_models.config import SequenceModelParameters
from textdl.errors import ParameterError
from textdl.nn.training.averaging import AveragedWeights
from textdl.nn.training.config import TrainingConfig
from textdl.parameters import check_parameters

CLIP_NORM = 5.0  # of the gradient: recurrence may make it large


def check_sequence_parameters(parameters: SequenceModelParameters) -> None:
    """Refuse parameters that are out of range.

    Raises:
        ParameterError: one is.
    """
    check_parameters(parameters)
    for name in ("dropout", "word_dropout"):
        share = getattr(parameters, name, 0)  # a tagger has one of them
        if not share < 1:
            raise ParameterError(f"{name}={share} is out of range; expected below 1")


def sequence_training(parameters: SequenceModelParameters, examples: int) -> TrainingConfig:
    """How to train on a number of examples.

    Args:
        parameters: epochs, batch size and learning rate.
        examples: sequences to train on.

    Example:
        >>> sequence_training(SequenceModelParameters(batch_size=64), 10).batch_size
        10
    """
    is_averaged = getattr(parameters, "average_weights", False)  # a tagger's never are
    return TrainingConfig(
        optimizer=AveragedWeights() if is_averaged else "adam",
        epochs=parameters.epochs,
        batch_size=min(parameters.batch_size, examples),
        learning_rate=parameters.learning_rate,
        schedule="linear",
        clip_norm=CLIP_NORM,
    )
