"""Texts and their classes: classify train, classify predict, classify evaluate."""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from textdl.classify.config import TextClassifierParameters
from textdl.classify.examples import ExampleFormat, Examples, make_truth, read_examples
from textdl.cli.bow import CHANGED
from textdl.cli.options import (
    Option,
    add_parameters,
    describe,
    given_parameters,
    positive_int,
    utf8_text,
)
from textdl.cli.output import check_output, print_json, printed_warnings
from textdl.errors import ParameterError
from textdl.text.corpus import read_documents

if TYPE_CHECKING:
    from textdl.classify.report import ClassificationReport
    from textdl.classify.text_classifier import TextClassifier

TEXTS_PER_CHUNK = 4096  # so that predictions of a pipe come as it flows


def hidden_sizes(text: str) -> tuple[int, ...]:
    """Read the units of hidden layers: `256`, or `256,64`.

    Raises:
        ArgumentTypeError: the text says something else.
    """
    try:
        return tuple(map(positive_int, text.split(",")))
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a list of whole numbers such as 256 or 256,64"
        ) from None


def condition(text: str) -> tuple[str, str]:
    """Read which rows to take: `split=train`.

    Raises:
        ArgumentTypeError: the text says something else.
    """
    column, equals, value = text.partition("=")
    if not (column and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not a condition such as split=train")
    return column, value


def class_weight(text: str) -> str | dict[str, float]:
    """Read the weights of classes: `balanced`, or `spam=2,ham=1`.

    Raises:
        ArgumentTypeError: the text says something else.
    """
    if text == "balanced":
        return text
    weights = {}
    for part in text.split(","):
        name, _, weight = part.rpartition("=")
        try:
            weights[name] = float(weight)
        except ValueError:
            weights[name] = -1.0
        if not name or not 0 <= weights[name] < float("inf"):
            raise argparse.ArgumentTypeError(
                f"{text!r} is not balanced, nor a list of weights from 0 such as spam=2,ham=1"
            )
    return weights


def duration(text: str) -> float:
    """Read seconds: `60s`, `5m`, or `60`.

    Raises:
        ArgumentTypeError: the text says something else.
    """
    unit = {"s": 1.0, "m": 60.0}.get(text[-1:])
    try:
        seconds = float(text) if unit is None else float(text[:-1]) * unit
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 60s or 5m")
    return seconds


def column_names(text: str) -> tuple[str, ...]:
    """Read the names of columns: `split,label,text`."""
    return tuple(text.split(","))


# The options that differ from the parameters, by the names of these.
_CHANGED: Mapping[str, Option] = {
    **CHANGED,
    "hidden_layer_sizes": Option("hidden", hidden_sizes, "N,N"),
    "vectors": Option(metavar="FILE"),
    "autotune": Option(type=duration, metavar="60s"),
    "class_weight": Option(type=class_weight, metavar="NAME=X,NAME=X"),
    "label": Option(metavar="NAME"),
    "text": Option(metavar="NAME"),
    "columns": Option(type=column_names, metavar="A,B,C"),
    "where": Option(type=condition, metavar="COLUMN=VALUE"),
}


def add_train(train: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl classify train``."""
    describe(
        train,
        "Train a model on labeled texts, and write it to a file. The files are TSV, CSV, JSON "
        "lines, Parquet, or lines with __label__NAME.",
        "textdl classify train sms.tsv -o spam.safetensors --quiet",
        "5,000 texts, 2 classes, 3,980 terms in spam.safetensors: tfidf linear, 12 epochs ...",
    )
    _add_examples(train)
    train.add_argument("-o", "--output", metavar="MODEL", required=True, help="the file to write")
    parameters = train.add_argument_group("parameters of the classifier")
    add_parameters(parameters, TextClassifierParameters, exclude=["verbose"], changed=_CHANGED)
    train.add_argument("--quiet", action="store_true", help="show no progress on stderr")
    train.set_defaults(run=train_model)


def add_evaluate(evaluate: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl classify evaluate``."""
    describe(
        evaluate,
        "Score a model on labeled texts: accuracy, macro F1, precision, recall and F1 of every "
        "class, and the confusion matrix.",
        "textdl classify evaluate spam.safetensors more.tsv",
        "accuracy 0.9930, macro F1 0.9841",
        "",
        "class  precision  recall      f1  support",
        "ham       0.9921  1.0000  0.9960      500",
        "spam      1.0000  0.9459  0.9722       74",
        "...",
    )
    evaluate.add_argument(
        "model", metavar="MODEL", help="what textdl classify train or fastText wrote"
    )
    _add_examples(evaluate)
    evaluate.set_defaults(run=evaluate_model)


def add_predict(predict: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl classify predict``."""
    describe(
        predict,
        "Print the most probable classes of each text with their probabilities, one text per line.",
        'textdl classify predict spam.safetensors "Claim your free prize" "see you at noon?" -n 2',
        "spam 0.9988\tham 0.0012",
        "ham 0.9985\tspam 0.0015",
    )
    predict.add_argument(
        "model", metavar="MODEL", help="what textdl classify train or fastText wrote"
    )
    predict.add_argument("texts", metavar="TEXT", nargs="*", type=utf8_text, help="to classify")
    predict.add_argument("--input", metavar="FILE", help="texts, one per line; - for stdin")
    predict.add_argument(
        "-n",
        type=positive_int,
        default=1,
        metavar="N",
        help="classes per text (default %(default)s)",
    )
    predict.set_defaults(run=predict_classes)


def _add_examples(verb: argparse.ArgumentParser) -> None:
    """Add the files, and how label and text stand in them."""
    verb.add_argument("files", metavar="FILE", nargs="+", help="files, folders, globs, or -")
    add_parameters(verb.add_argument_group("format of the files"), ExampleFormat, changed=_CHANGED)


def train_model(options: argparse.Namespace) -> None:
    """Train, save, and report."""
    # JAX and scikit-learn, which other verbs do without.
    from textdl.io.compilation_cache import enable_compilation_cache

    began = time.perf_counter()
    enable_compilation_cache()  # before JAX is imported
    from textdl.classify.text_classifier import TextClassifier

    check_output(options.output, options.files)
    parameters = given_parameters(options, TextClassifierParameters)
    model = TextClassifier(**parameters, verbose=not options.quiet)
    model.resolve_settings(1)  # before the texts are read
    examples = _read(options)
    with printed_warnings():
        model.fit(examples.texts, _targets(examples))
    model.save(options.output)
    _report_training(options, model, len(examples.texts), time.perf_counter() - began)


def _report_training(
    options: argparse.Namespace, model: TextClassifier, texts: int, seconds: float
) -> None:
    facts = {
        "texts": texts,
        "classes": len(model.classes_),
        "terms": model.n_terms_,
        "features": model.settings_["features"],
        "model": model.settings_["model"],
        **_training_facts(model.classifier_),
        "seconds": round(seconds, 3),
        "output": options.output,
    }
    if options.json:
        print_json(facts | ({"comparison": model.comparison_} if model.comparison_ else {}))
        return
    said = f"{facts['epochs']} epochs, {seconds:.1f} s"
    if "loss" in facts:
        said += f"; loss {facts['loss']:.4f} and accuracy {facts['accuracy']:.4f} while training"
    elif "held_out_accuracy" in facts:
        said += f"; accuracy {facts['held_out_accuracy']:.4f} on texts that were left out"
    print(
        f"{texts:,} texts, {facts['classes']} classes, {facts['terms']:,} terms in "
        f"{options.output}: {facts['features']} {facts['model']}, {said}"
    )


def _training_facts(classifier: Any) -> dict[str, Any]:
    """How long a classifier was trained, and how well it then knew its texts."""
    facts = {"epochs": classifier.n_iter_}
    if classifier.loss_curve_:
        return facts | {name: classifier.history_[name][-1] for name in ("loss", "accuracy")}
    if math.isnan(classifier.held_out_accuracy_):  # too few texts to leave some out
        return facts
    return facts | {"held_out_accuracy": classifier.held_out_accuracy_}


def _read(options: argparse.Namespace) -> Examples:
    return read_examples(options.files, ExampleFormat(**given_parameters(options, ExampleFormat)))


def _targets(examples: Examples) -> list[Any]:
    """One label per text where all have one, else lists."""
    if all(len(labels) == 1 for labels in examples.labels):
        return [label for (label,) in examples.labels]
    return list(examples.labels)


def evaluate_model(options: argparse.Namespace) -> None:
    """Print how good a model is."""
    # JAX and scikit-learn, which other verbs do without.
    from textdl.classify.loading import load_classifier
    from textdl.classify.report import as_text

    model = load_classifier(options.model)
    examples = _read(options)
    truth = make_truth(examples.labels, model.classes_, multilabel=model.multilabel_)
    with printed_warnings():
        predictions = model.predict_details(examples.texts)
    report = model.score_predictions(truth, predictions)
    unknown = int((~predictions.known).sum())
    if options.json:
        print_json(_as_json(report) | {"texts": len(examples.texts), "unknown": unknown})
        return
    print(as_text(report))
    _note_unknown(unknown, len(examples.texts))


def _as_json(report: ClassificationReport) -> dict[str, Any]:
    return {
        "accuracy": report.accuracy,
        "macro_f1": report.macro_f1,
        "classes": {name: scores._asdict() for name, scores in report.classes.items()},
        "confusion": None if report.confusion is None else report.confusion.tolist(),
    }


def _note_unknown(unknown: int, texts: int) -> None:
    if unknown:
        print(
            f"textdl: {unknown:,} of {texts:,} texts have no term that was learned; their classes "
            "are those of an empty text",
            file=sys.stderr,
        )


def predict_classes(options: argparse.Namespace) -> None:
    """Print the most probable classes of every text, one text per line.

    Raises:
        ParameterError: texts and a file of texts are given, or neither.
    """
    # JAX and scikit-learn, which other verbs do without.
    from textdl.classify.loading import load_classifier

    if bool(options.texts) == (options.input is not None):
        raise ParameterError("expected texts, or --input FILE with one text per line, not both")
    model = load_classifier(options.model)
    answers = []
    texts = 0
    unknown = 0
    for chunk in _chunks(options):
        with printed_warnings():
            found = list(model.most_probable(chunk, options.n))
        for text, (classes, is_known) in zip(chunk, found, strict=True):
            best = [(str(label), p) for label, p in classes]
            texts += 1
            unknown += not is_known
            if options.json:
                labels = [{"label": label, "probability": p} for label, p in best]
                answers.append({"text": text, "labels": labels, "known": is_known})
            else:
                print("\t".join(f"{label} {p:.4f}" for label, p in best))
    if options.json:
        print_json(answers)
    else:
        _note_unknown(unknown, texts)


def _chunks(options: argparse.Namespace) -> Iterator[list[str]]:
    texts = iter(options.texts) if options.input is None else read_documents(options.input)
    while chunk := list(islice(texts, TEXTS_PER_CHUNK)):
        yield chunk
