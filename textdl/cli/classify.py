"""Texts and their classes: classify train, classify predict, classify evaluate."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from textdl.cli.classify_options import PARAMETERS, add_layout, add_term_options, read_layout
from textdl.cli.options import describe, positive_int, utf8_text
from textdl.cli.output import print_json, printed_warnings
from textdl.errors import ParameterError
from textdl.io.atomic import check_writable

if TYPE_CHECKING:
    from textdl.classify.examples import Examples
    from textdl.classify.report import ClassificationReport
    from textdl.classify.text_classifier import TextClassifier

TEXTS_AT_ONCE = 4096  # so that predictions of a pipe come as it flows


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
    evaluate.add_argument("model", metavar="MODEL", help="what textdl classify train wrote")
    add_layout(evaluate)
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
    predict.add_argument("model", metavar="MODEL", help="what textdl classify train wrote")
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


def add_train(train: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl classify train``."""
    describe(
        train,
        "Train a model on labeled texts, and write it to a file. The files are TSV, CSV, JSON "
        "lines, Parquet, or lines with __label__NAME.",
        "textdl classify train sms.tsv -o spam.safetensors --quiet",
        "5,000 texts, 2 classes, 3,980 terms in spam.safetensors: tfidf mlp, 13 epochs ...",
    )
    add_layout(train)
    train.add_argument("-o", "--output", metavar="MODEL", required=True, help="the file to write")
    added = [
        train.add_argument(f"--{option}", default=argparse.SUPPRESS, help=text, **rest)
        for option, (text, rest) in PARAMETERS.items()
    ]
    parameters = [option.dest for option in added] + add_term_options(train)
    train.add_argument("--quiet", action="store_true", help="show no progress on stderr")
    train.set_defaults(run=train_model, parameters=parameters)


def train_model(options: argparse.Namespace) -> None:
    """Train, save, and report."""
    # JAX and scikit-learn, which other verbs do without.
    from textdl.io.compilation_cache import enable_compilation_cache

    began = time.perf_counter()
    enable_compilation_cache()  # before JAX is imported
    from textdl.classify.text_classifier import TextClassifier

    check_writable(options.output)
    parameters = {name: vars(options)[name] for name in options.parameters if name in options}
    model = TextClassifier(**parameters, verbose=not options.quiet)
    model.resolve_settings(1)  # before the texts are read
    examples = _read(options)
    with printed_warnings():
        model.fit(examples.texts, _labels(examples))
    model.save(options.output)
    _report_training(options, model, len(examples.texts), time.perf_counter() - began)


def _report_training(
    options: argparse.Namespace, model: TextClassifier, texts: int, seconds: float
) -> None:
    from textdl.classify.features import document_frequencies

    history = {name: values[-1] for name, values in model.classifier_.history_.items()}
    facts = {
        "texts": texts,
        "classes": len(model.classes_),
        "terms": len(document_frequencies(model.features_)),
        "features": model.settings_["features"],
        "model": model.settings_["model"],
        "epochs": model.classifier_.n_iter_,
        **{name: history[name] for name in ("loss", "accuracy")},
        "seconds": round(seconds, 3),
        "output": options.output,
    }
    if options.json:
        print_json(facts)
        return
    print(
        f"{texts:,} texts, {facts['classes']} classes, {facts['terms']:,} terms in "
        f"{options.output}: {facts['features']} {facts['model']}, {facts['epochs']} epochs, "
        f"{seconds:.1f} s; loss {facts['loss']:.4f} and accuracy {facts['accuracy']:.4f} while "
        "training"
    )


def _read(options: argparse.Namespace) -> Examples:
    from textdl.classify.examples import read_examples

    return read_examples(options.files, read_layout(options), errors=options.errors)


def _labels(examples: Examples) -> list[Any]:
    """One label a text where all have one, else lists."""
    if all(len(labels) == 1 for labels in examples.labels):
        return [label for (label,) in examples.labels]
    return list(examples.labels)


def evaluate_model(options: argparse.Namespace) -> None:
    """Print how good a model is."""
    # JAX and scikit-learn, which other verbs do without.
    from textdl.classify.labels import make_truth
    from textdl.classify.report import as_text
    from textdl.classify.text_classifier import TextClassifier

    model = TextClassifier.load(options.model)
    examples = _read(options)
    truth = make_truth(examples.labels, model.classes_, several=model.multilabel_)
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
            f"textdl: {unknown:,} of {texts:,} texts have no term that was learnt; their classes "
            "are those of an empty text",
            file=sys.stderr,
        )


def predict_classes(options: argparse.Namespace) -> None:
    """Print the most probable classes of every text, one text a line."""
    # JAX and scikit-learn, which other verbs do without.
    from textdl.classify.text_classifier import TextClassifier

    if bool(options.texts) == (options.input is not None):
        raise ParameterError("expected texts, or --input FILE with one text a line, not both")
    model = TextClassifier.load(options.model)
    answers, texts, unknown = [], 0, 0
    for part in _in_parts(options):
        for text, best, known in _best(model, part, options.n):
            texts, unknown = texts + 1, unknown + (not known)
            if options.json:
                labels = [{"label": label, "probability": p} for label, p in best]
                answers.append({"text": text, "labels": labels, "known": known})
            else:
                print("\t".join(f"{label} {p:.4f}" for label, p in best))
    if options.json:
        print_json(answers)
    else:
        _note_unknown(unknown, texts)


def _in_parts(options: argparse.Namespace) -> Iterator[list[str]]:
    from textdl.text.corpus import read_documents

    texts = iter(options.texts) if options.input is None else read_documents(options.input)
    while part := list(islice(texts, TEXTS_AT_ONCE)):
        yield part


def _best(
    model: TextClassifier, texts: list[str], n: int
) -> Iterator[tuple[str, list[tuple[str, float]], bool]]:
    """Each text with its most probable classes, and whether anything of it is known."""
    probabilities, known = model.predict_details(texts)
    order = (-probabilities).argsort(axis=1, kind="stable")[:, :n]
    for text, row, columns, is_known in zip(texts, probabilities, order, known, strict=True):
        best = [(str(model.classes_[k]), float(row[k])) for k in columns]
        yield text, best, bool(is_known)
