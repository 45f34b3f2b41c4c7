"""The loss, epoch by epoch: of one training or several, and of one per learning rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textdl.errors import DataError
from textdl.plot.canvas import COLORS, figure_of, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Losses = Sequence[float | None]  # epoch by epoch; None and NaN leave a gap
FEW = 12  # epochs that are marked one by one
FAR = 1000  # times the median loss: what is above leaves the picture


def loss_curves(
    histories: Mapping[str, Mapping[str, Losses]], *, axes: Axes | None = None
) -> Figure:
    """Draw the loss of one or several trainings, with the loss on validation data where measured.

    Args:
        histories: what `nn.fit` returns or an estimator keeps as `history_`, by the name of the
            training, which may be empty: ``loss``, and perhaps ``val_loss``, a number per epoch.
        axes: where to draw; None: in a picture of its own.

    Raises:
        DataError: there is no training, or one has no loss.

    Example:
        >>> figure = loss_curves({"run": {"loss": [0.7, 0.4], "val_loss": [0.8, 0.5]}})
        >>> [line.get_label() for line in figure.axes[0].lines]
        ['run, training', 'run, validation']
    """
    curves = {name: _curve(name, history.get("loss", ())) for name, history in histories.items()}
    axes = _prepared(curves, axes)
    for number, (name, history) in enumerate(histories.items()):
        color = COLORS[number % len(COLORS)]
        style = "-" if number < len(COLORS) else "-."
        watched = history.get("val_loss")
        label = _label(name, "training") if watched is not None else name or "training"
        _draw(axes, curves[name], color=color, linestyle=style, label=label)
        if watched is not None:
            label = _label(name, "validation")
            _draw(axes, _curve(name, watched), color=color, linestyle="--", label=label)
    axes.legend()
    return figure_of(axes)


def loss_by_rate(losses: Mapping[float, Losses], *, axes: Axes | None = None) -> Figure:
    """Draw a loss curve per learning rate, on a logarithmic scale.

    Args:
        losses: one loss per epoch, by the rate; a training that diverged ends in NaN, and its last
            good epoch is marked.
        axes: where to draw; None: in a picture of its own.

    Raises:
        DataError: there is no rate, or one has no loss.

    Example:
        >>> figure = loss_by_rate({0.1: [0.7, 0.4], 10.0: [0.9, float("nan")]})
        >>> [text.get_text() for text in figure.axes[0].get_legend().texts]
        ['0.1', '10 (diverged)']
    """
    curves = {f"{rate:.12g}": _curve(f"rate {rate}", losses[rate]) for rate in sorted(losses)}
    axes = _prepared(curves, axes, width=7.4)
    for number, (rate, curve) in enumerate(curves.items()):
        color = _shade(number / max(1, len(curves) - 1))
        diverged = not np.isfinite(curve[-1])
        _draw(axes, curve, color=color, label=f"{rate} (diverged)" if diverged else rate)
        if diverged:
            _mark_end(axes, curve, color)
    _scale(axes, np.concatenate(list(curves.values())))
    # Beside the plot, which rates from too small to too large fill from top to bottom.
    axes.legend(title="learning rate", loc="upper left", bbox_to_anchor=(1.01, 1))
    return figure_of(axes)


def _prepared(
    curves: Mapping[str, NDArray[np.float64]], axes: Axes | None, width: float = 6.4
) -> Axes:
    """The plot, with its axes named."""
    if not curves:
        raise DataError("there is no loss curve to draw; give one training at least")
    if axes is None:
        _, (axes,) = new_figure(width=width)
    from matplotlib.ticker import MaxNLocator  # an extra: few programs draw

    axes.set_xlabel("epoch")
    axes.set_ylabel("mean loss")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    return axes


def _label(name: str, part: str) -> str:
    return f"{name}, {part}" if name else part


def _curve(name: str, losses: Losses) -> NDArray[np.float64]:
    curve = np.array(losses, float)  # None becomes NaN
    if curve.ndim != 1 or not len(curve):
        raise DataError(
            f"{name or 'the training'} has no loss of any epoch; expected one number per epoch"
        )
    return curve


def _draw(axes: Axes, curve: NDArray[np.float64], **style: Any) -> None:
    epochs = np.arange(1, len(curve) + 1)
    axes.plot(epochs, curve, marker="o" if len(curve) <= FEW else "", markersize=4, **style)


def _mark_end(axes: Axes, curve: NDArray[np.float64], color: Any) -> None:
    """A cross at the last epoch whose loss was a number."""
    good = np.flatnonzero(np.isfinite(curve))
    if len(good):
        axes.plot(good[-1] + 1, curve[good[-1]], "x", color=color, markersize=9, mew=2)


def _scale(axes: Axes, losses: NDArray[np.float64]) -> None:
    """A logarithmic scale that one loss beyond all bounds does not squeeze the others on."""
    positive = losses[np.isfinite(losses) & (losses > 0)]
    if len(positive):
        axes.set_yscale("log", nonpositive="mask")
        most = float(np.median(positive)) * FAR
        if positive.max() > most:
            axes.set_ylim(positive.min() / 2, most)


def _shade(share: float) -> Any:
    """A color for a rate, from dark for the lowest to light for the highest."""
    import matplotlib as mpl  # an extra: few programs draw

    return mpl.colormaps["viridis"](0.85 * share)
