"""Early stopping: how far a training is, which epoch was the best, and when to stop.

Reference:
    Prechelt 1998, "Early stopping, but when?".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from textdl.nn.layers.layer import Params
from textdl.nn.training.config import TrainingConfig


class BestEpoch(NamedTuple):
    """The best epoch so far."""

    value: float = math.inf  # of what is watched, negated where more is better
    epochs_without_improvement: int = 0
    params: Any = None  # its weights, where they are to be restored


@dataclass(frozen=True)
class FitProgress:
    """How far a training is, beside its `TrainState`.

    Args:
        epoch: how many are done.
        history: the metrics of every epoch.
        best: the best epoch.

    Example:
        >>> config = TrainingConfig(epochs=9, patience=1)
        >>> progress = FitProgress().after_epoch({"loss": 0.5}, (), config)
        >>> progress.after_epoch({"loss": 0.7}, (), config).is_over(config)
        True
    """

    epoch: int = 0
    history: tuple[dict[str, float], ...] = ()
    best: BestEpoch = field(default_factory=BestEpoch)

    def after_epoch(
        self, metrics: dict[str, float], params: Params, config: TrainingConfig
    ) -> FitProgress:
        """One epoch further.

        It is an improvement if it gains more than `min_delta`; weights are kept for any gain.

        Args:
            metrics: of the epoch, with what is watched among them.
            params: after the epoch.
            config: of the training.
        """
        best = self.best
        value = metrics[config.monitor]
        if not lower_is_better(config.monitor):
            value = -value
        improved = value < best.value - config.min_delta
        stale = 0 if improved else best.epochs_without_improvement + 1
        if improved or (value < best.value and restores_best(config)):
            best = BestEpoch(value, stale, params if restores_best(config) else None)
        best = best._replace(epochs_without_improvement=stale)
        return FitProgress(self.epoch + 1, (*self.history, metrics), best)

    def is_over(self, config: TrainingConfig) -> bool:
        """Whether all epochs are done, or nothing has improved for too long."""
        stale = self.best.epochs_without_improvement
        is_stale = config.patience is not None and stale >= config.patience
        return is_stale or self.epoch >= config.epochs


def lower_is_better(name: str) -> bool:
    """Whether a metric should fall: its name ends in `loss` or `error`.

    Example:
        >>> lower_is_better("val_loss"), lower_is_better("accuracy")
        (True, False)
    """
    return name.endswith(("loss", "error"))


def restores_best(config: TrainingConfig) -> bool:
    """Whether the best weights are restored: those measured on data that was not trained on.

    Example:
        >>> restores_best(TrainingConfig(monitor="val_loss"))
        True
    """
    return config.monitor.startswith("val_")
