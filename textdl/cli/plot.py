"""Pictures: plot loss, plot boundary, plot rates."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textdl.cli.output import print_json, whole_number
from textdl.errors import DataError, DivergenceError, FileFormatError, ParameterError

if TYPE_CHECKING:
    from textdl.nn.estimators.classifier import MLPClassifier
    from textdl.plot.classifiers import Points

PICTURE_HELP = "the file to write; its name ends in .png or .svg"


def add_verbs(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verb of this module, and the pictures below it."""
    plot = verbs.add_parser("plot", help="draw loss curves and decision boundaries")
    pictures = plot.add_subparsers(
        title="pictures", dest="picture", required=True, metavar="PICTURE"
    )
    loss = pictures.add_parser("loss", help="the loss of trainings, epoch by epoch")
    loss.add_argument(
        "runs", metavar="RUN", nargs="+", help="a saved network, or what textdl train --json prints"
    )
    loss.set_defaults(run=draw_losses)

    boundary = pictures.add_parser("boundary", help="what a classifier says of the whole plane")
    boundary.add_argument("model", metavar="MODEL", help="a saved MLPClassifier of two features")
    _takes_points(boundary)
    boundary.set_defaults(run=draw_boundary)

    rates = pictures.add_parser("rates", help="train once per learning rate, and compare the loss")
    _takes_points(rates)
    _takes_training(rates)
    rates.set_defaults(run=draw_rates)
    for picture in (loss, boundary, rates):
        picture.add_argument("-o", "--output", metavar="FILE", required=True, help=PICTURE_HELP)


def _takes_points(picture: argparse.ArgumentParser) -> None:
    picture.add_argument(
        "points", metavar="POINTS", help="CSV: a header, then two numbers and a label a line"
    )


def _takes_training(picture: argparse.ArgumentParser) -> None:
    add = picture.add_argument
    add("--rates", metavar="RATE", nargs="+", type=rate, required=True, help="learning rates")
    add("--epochs", type=whole_number, default=100, metavar="N", help="(default 100)")
    add(
        "--hidden", type=whole_number, nargs="+", default=[16, 16], metavar="UNITS",
        help="of every hidden layer (default 16 16)",
    )  # fmt: skip
    add("--optimizer", default="sgd", metavar="NAME", help="sgd, adam, ... (default sgd)")
    add("--seed", type=int, default=0, metavar="N", help="of every random draw (default 0)")


def rate(text: str) -> float:
    """Read a learning rate."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no learning rate, a number above 0")
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
    points, model = read_points(options.points), _load_classifier(options.model)
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
