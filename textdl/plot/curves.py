"""Trainings: their histories, read from files, and their loss as curves, epoch by epoch.

A history comes from a saved network, or from a report in JSON.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textdl.errors import DataError, FileFormatError
from textdl.io.safetensors import is_safetensors
from textdl.plot.canvas import COLORS, figure_of, new_figure, read_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Losses = Sequence[float | None]  # epoch by epoch; None and NaN leave a gap
History = Mapping[str, Losses]  # every metric, epoch by epoch
LONGEST_REPORT = 1 << 26  # bytes
FEW = 12  # epochs at most that are marked one by one
FAR = 1000  # times the median loss: what is above is cut off


def read_history(path: str | os.PathLike[str]) -> History:
    """Read the metrics of every epoch, ``loss`` among them.

    Args:
        path: a network that `MLPClassifier` or `MLPRegressor` saved, or a JSON file whose last line
            is an object with a list ``loss``, as ``textdl train --json`` prints it.

    Raises:
        DataError: the file cannot be read.
        FileFormatError: the file is neither.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "run.json")
        ...     _ = file.write_text('{"words": 7, "loss": [2.5, 1.25]}')
        ...     read_history(file)
        {'loss': [2.5, 1.25]}
    """
    path = Path(path)
    if is_safetensors(read_bytes(path, 9)):
        # JAX, which a report in JSON does not need.
        from textdl.nn.estimators.persistence import load_network

        return load_network(path).history_
    content = read_bytes(path, LONGEST_REPORT + 1)
    if len(content) > LONGEST_REPORT:
        raise FileFormatError(
            f"{str(path)!r} has more than {LONGEST_REPORT:,} bytes, too many for a report; pass "
            "what save() or textdl train --json wrote"
        )
    return _from_report(path, content)


def loss_curves(
    histories: Mapping[str, Mapping[str, Losses]], *, axes: Axes | None = None
) -> Figure:
    """Draw the loss of one or several trainings, and the validation loss where it was measured.

    Args:
        histories: `FitResult.history` or an estimator's `history_`, by the name of the training,
            which may be empty: ``loss``, and perhaps ``val_loss``, one number per epoch.
        axes: where to draw; None: on a new figure.

    Returns:
        The figure, to be saved or drawn on.

    Raises:
        DataError: there is no training, or one of them has no loss.

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
        axes: where to draw; None: on a new figure.

    Returns:
        The figure, to be saved or drawn on.

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
        raise DataError("there is no loss curve to draw; give at least one training")
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
    """A cross at the last epoch whose loss was finite."""
    good = np.flatnonzero(np.isfinite(curve))
    if len(good):
        axes.plot(good[-1] + 1, curve[good[-1]], "x", color=color, markersize=9, mew=2)


def _scale(axes: Axes, losses: NDArray[np.float64]) -> None:
    """A logarithmic scale, cut off where one loss would compress all others."""
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


def _from_report(path: Path, content: bytes) -> History:
    lines = content.strip().splitlines() or [b""]
    try:
        report = json.loads(lines[-1])
    except (ValueError, RecursionError):
        report = None
    match report:
        case {"loss": list(losses)} if losses and all(map(_is_loss, losses)):
            return {"loss": losses}
    raise FileFormatError(
        f'{str(path)!r} is neither a saved network nor JSON whose last line has a list "loss"; '
        "pass what save() or textdl train --json wrote"
    )


def _is_loss(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return math.log2(abs(value) or 1) < 1024  # what a float can be
    return value is None or isinstance(value, float)
