"""The figure of the scaling benchmark: small multiples, a panel per curve."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(
    curves: Mapping[str, list[dict[str, Any]]], parameters: Mapping[str, str], path: Path
) -> None:
    """Draw a panel per curve: time on the left, memory on the right, both on logarithmic scales."""
    from textdl.errors import OutputError
    from textdl.plot.canvas import new_figure, save

    columns = min(4, len(curves))
    try:
        figure, panels = new_figure(columns, -(-len(curves) // columns), width=4.2, height=3.2)
    except OutputError as error:  # matplotlib is an extra
        print(error)
        return
    for axes, (name, runs) in zip(panels, curves.items(), strict=False):
        _draw_curve(axes, name, parameters[name], runs)
    for axes in panels[len(curves) :]:
        axes.remove()
    save(figure, path)


def _draw_curve(axes: Axes, name: str, parameter: str, runs: list[dict[str, Any]]) -> None:
    values = [run[parameter] for run in runs]
    grows = parameter == "tokens"  # elsewhere the corpus is the same
    times = [run["run"] if grows else run["ns"] for run in runs]
    _draw_line(axes, values, times, "seconds" if grows else "ns per kept token")
    if grows:
        straight = [times[-1] / values[-1] * value for value in values]
        axes.plot(values, straight, ":", color="grey", label="in proportion")
        axes.legend(loc="upper left")
    if all(run["anonymous_mb"] is not None for run in runs):
        memory = [run["anonymous_mb"] for run in runs]
        _draw_line(axes.twinx(), values, memory, "anonymous memory, MB", below=True)
    axes.set(title=name, xlabel=parameter)


def _draw_line(
    axes: Axes, values: list[int], numbers: list[float], label: str, *, below: bool = False
) -> None:
    from matplotlib.ticker import EngFormatter, LogLocator, StrMethodFormatter

    from textdl.plot.canvas import COLORS, MARKERS

    axes.loglog(values, numbers, f"{MARKERS[below]}-", color=COLORS[below], markersize=5)
    axes.set_ylabel(label, color=COLORS[below])
    axes.set_xticks(values, map(EngFormatter(sep=""), values))
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.minorticks_off()
    # More than ten times from bottom to top, so that what hardly changes looks it; and the two
    # lines of a panel keep out of each other's way.
    room = (1.5, 10) if below else (10, 1.5)
    axes.set_ylim(min(numbers) / room[0], max(numbers) * room[1])
