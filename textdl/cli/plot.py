"""Pictures: plot loss, plot boundary, plot rates."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textdl.cli.options import describe, positive_int
from textdl.cli.output import print_json
from textdl.errors import DataError, DivergenceError, FileFormatError, ParameterError

if TYPE_CHECKING:
    from textdl.nn.estimators.classifier import MLPClassifier
    from textdl.plot.classifiers import Points

HIDDEN = (16, 16)  # units of the layers of plot rates


def add_loss(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl plot loss``."""
    describe(
        parser,
        "Draw the loss of trainings, epoch by epoch, one curve per run. A RUN is a network that "
        "MLPClassifier or MLPRegressor saved, or a file of what textdl train --json prints.",
        "textdl plot loss first.json second.json -o loss.png",
        "2 loss curves in loss.png",
    )
    parser.add_argument(
        "runs", metavar="RUN", nargs="+", help="a saved network, or what textdl train --json prints"
    )
    _add_output(parser)
    parser.set_defaults(run=draw_losses)


def add_boundary(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl plot boundary``."""
    describe(
        parser,
        "Draw which class a network predicts at every point of the plane, and the points of a "
        "file on it.",
        "textdl plot boundary model.safetensors points.csv -o boundary.png",
        "200 points, accuracy 0.9950 in boundary.png",
    )
    parser.add_argument("model", metavar="MODEL", help="a saved MLPClassifier of two features")
    _add_points(parser)
    _add_output(parser)
    parser.set_defaults(run=draw_boundary)


def add_rates(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl plot rates``."""
    describe(
        parser,
        "Train a network on the points of a file once per learning rate, and draw the loss, epoch "
        "by epoch, one curve per rate.",
        "textdl plot rates points.csv --rates 0.01 0.1 1 -o rates.png",
        "3 learning rates in rates.png",
    )
    _add_points(parser)
    add = parser.add_argument
    add("--rates", metavar="RATE", nargs="+", type=rate, required=True, help="learning rates")
    add(
        "--epochs", type=positive_int, default=100, metavar="N",
        help="passes over the points (default %(default)s)",
    )  # fmt: skip
    add(
        "--hidden", type=positive_int, nargs="+", default=HIDDEN, metavar="UNITS",
        help=f"units of every hidden layer (default {' '.join(map(str, HIDDEN))})",
    )  # fmt: skip
    add(
        "--optimizer", default="sgd", metavar="NAME",
        help="sgd, adam, or another of optax (default %(default)s)",
    )  # fmt: skip
    add(
        "--seed", type=int, default=0, metavar="N",
        help="seed of every random draw (default %(default)s)",
    )  # fmt: skip
    _add_output(parser)
    parser.set_defaults(run=draw_rates)


def _add_points(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "points", metavar="POINTS", help="CSV: a header, then two numbers and a label per line"
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--output", metavar="FILE", required=True,
        help="the file to write; its name ends in .png or .svg",
    )  # fmt: skip


def rate(text: str) -> float:
    """Read a learning rate.

    Raises:
        ArgumentTypeError: the text is not a number above 0.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a learning rate, a number above 0")
    return number


def draw_losses(options: argparse.Namespace) -> None:
    """Draw the loss curves of files."""
    from textdl import plot
    from textdl.plot.curves import read_history

    plot.check_picture(options.output)
    histories = dict(zip(_names(options.runs), map(read_history, options.runs), strict=True))
    plot.save(plot.loss_curves(histories), options.output)
    runs = [
        {"run": run, "epochs": len(history["loss"]), "loss": history["loss"][-1]}
        for run, history in zip(options.runs, histories.values(), strict=True)
    ]
    _report(options, {"runs": runs}, f"{len(runs)} loss curves")


def _names(runs: list[str]) -> list[str]:
    """Runs by the names of their files, or by their paths where two files share a name."""
    if len(set(runs)) < len(runs):
        raise ParameterError(f"a run is named twice in {' '.join(runs)}; name each once")
    stems = [Path(run).stem for run in runs]
    return stems if len(set(stems)) == len(stems) else runs


def draw_boundary(options: argparse.Namespace) -> None:
    """Draw the decision boundary of a saved classifier."""
    from textdl import plot
    from textdl.plot.classifiers import read_points

    plot.check_picture(options.output)
    points = read_points(options.points)
    model = _load_classifier(options.model)
    labels = points.labels_as(model.classes_)
    figure = plot.decision_boundary(model, points.xy, labels, names=points.names)
    plot.save(figure, options.output)
    accuracy = float(model.score(points.xy, labels))
    facts = {"points": len(labels), "classes": model.classes_.tolist(), "accuracy": accuracy}
    _report(options, facts, f"{len(labels):,} points, accuracy {accuracy:.4f}")


def _load_classifier(path: str) -> MLPClassifier:
    """A saved classifier of two features."""
    from textdl.nn.estimators.classifier import MLPClassifier
    from textdl.nn.estimators.persistence import load_network

    model = load_network(path)
    if not isinstance(model, MLPClassifier) or model.multilabel_:
        raise FileFormatError(f"{path!r} holds no classifier of one label; pass one")
    if model.n_features_in_ != 2:
        raise DataError(
            f"{path!r} has {model.n_features_in_} features; expected two, the axes of the picture"
        )
    return model


def draw_rates(options: argparse.Namespace) -> None:
    """Train once per learning rate, and draw the loss curves."""
    from textdl import plot
    from textdl.plot.classifiers import read_points

    plot.check_picture(options.output)
    points = read_points(options.points)
    losses = {rate: _losses(points, rate, options) for rate in options.rates}
    plot.save(plot.loss_by_rate(losses), options.output)
    rates = [
        {"rate": rate, "epochs": len(curve), "loss": curve[-1]} for rate, curve in losses.items()
    ]
    _report(options, {"rates": rates}, f"{len(rates)} learning rates")


def _losses(points: Points, rate: float, options: argparse.Namespace) -> list[float]:
    """The loss of every epoch; NaN after the last good one, where training diverged."""
    from textdl.nn.estimators.classifier import MLPClassifier

    model = MLPClassifier(
        tuple(options.hidden),
        optimizer=options.optimizer,
        learning_rate_init=rate,
        batch_size=min(32, len(points.labels)),
        max_iter=options.epochs,
        n_iter_no_change=options.epochs,  # all curves are of one length
        random_state=options.seed,
    )
    try:
        return model.fit(points.xy, points.labels).loss_curve_
    except DivergenceError:
        return [*model.history_.get("loss", []), math.nan]


def _report(options: argparse.Namespace, facts: dict[str, Any], summary: str) -> None:
    if options.json:
        print_json(facts | {"output": options.output})
    else:
        print(f"{summary} in {options.output}")
