"""A tag for every token: tag train, tag evaluate, tag predict."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from textdl.classify.tagging.config import ColumnFormat, TaggerParameters
from textdl.cli.options import Option, add_parameters, describe, given_parameters, utf8_text
from textdl.cli.output import check_output, print_json, printed_warnings
from textdl.errors import ParameterError
from textdl.interruption import interruptible

if TYPE_CHECKING:
    from textdl.classify.tagging.columns import TaggedSentences

_CHANGED = {"vectors": Option(metavar="FILE"), "comment": Option(metavar="TEXT")}


def add_train(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl tag train``."""
    describe(
        parser,
        "Train a tagger on files in columns (CoNLL): a token and its tag per line, and an empty "
        "line between sentences. Tags may mark entities (BIO, BIOES) or be anything else, such as "
        "parts of speech.",
        "textdl tag train train.conll -o names.safetensors --vectors vectors.safetensors --quiet",
        "2,000 sentences, 12,104 tokens, 5 tags in names.safetensors: lstm, 10 epochs, 14.2 s; ...",
    )
    _add_files(parser)
    parser.add_argument("-o", "--output", metavar="MODEL", required=True, help="the file to write")
    add_parameters(
        parser.add_argument_group("parameters of the tagger"),
        TaggerParameters,
        exclude=["verbose"],
        changed=_CHANGED,
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress on stderr")
    parser.set_defaults(run=train_tagger)


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl tag evaluate``."""
    describe(
        parser,
        "Score a tagger on tagged sentences: accuracy of tokens, and precision, recall and F1 of "
        "entities as conlleval counts them; of tags, where these mark no entities.",
        "textdl tag evaluate names.safetensors test.conll",
        "1,204 tokens, accuracy 0.9942; entities: precision 0.9821, recall 0.9778, F1 0.9799",
        "",
        "entity  precision  recall      f1  support",
        "LOC        0.9880  0.9762  0.9820       84",
        "...",
    )
    parser.add_argument("model", metavar="MODEL", help="what textdl tag train wrote")
    _add_files(parser)
    parser.set_defaults(run=evaluate_tagger)


def add_predict(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl tag predict``."""
    describe(
        parser,
        "Print every token and its tag, one per line with a tab between, and an empty line between "
        "sentences. Of files, only the column of tokens is read.",
        'textdl tag predict names.safetensors --text "Ada met Grace in London"',
        "Ada\tB-PER",
        "met\tO",
        "...",
    )
    parser.add_argument("model", metavar="MODEL", help="what textdl tag train wrote")
    _add_files(parser, "*")
    parser.add_argument(
        "--text",
        metavar="TEXT",
        type=utf8_text,
        help="a sentence to tag, its tokens divided by spaces, in the place of files",
    )
    parser.set_defaults(run=predict_tags)


def train_tagger(options: argparse.Namespace) -> None:
    """Train, save, and report."""
    # JAX and scikit-learn, which other verbs do without.
    from textdl.io.compilation_cache import enable_compilation_cache

    began = time.perf_counter()
    enable_compilation_cache()  # before JAX is imported
    from textdl.classify.tagging.tagger import SequenceTagger

    check_output(options.output, options.files)
    parameters = given_parameters(options, TaggerParameters)
    tagger = SequenceTagger(**parameters, verbose=not options.quiet)
    data = _read(options)
    with interruptible(), printed_warnings():
        tagger.fit(data.sentences, data.tags)
    tagger.save(options.output)
    facts = {
        "sentences": len(data.sentences),
        "tokens": sum(map(len, data.sentences)),
        "tags": len(tagger.classes_),
        "model": tagger.model,
        "epochs": tagger.epochs,
        **{name: values[-1] for name, values in tagger.history_.items()},
        "seconds": round(time.perf_counter() - began, 3),
        "output": options.output,
    }
    if options.json:
        print_json(facts)
        return
    print(
        f"{facts['sentences']:,} sentences, {facts['tokens']:,} tokens, {facts['tags']} tags in "
        f"{options.output}: {tagger.model}, {tagger.epochs} epochs, {facts['seconds']:.1f} s; loss "
        f"{facts['loss']:.4f} and accuracy {facts['accuracy']:.4f} while training"
    )


def evaluate_tagger(options: argparse.Namespace) -> None:
    """Print how good a tagger is."""
    # JAX and scikit-learn, which other verbs do without.
    from textdl.classify.tagging.entities import tagging_report_as_text
    from textdl.classify.tagging.tagger import SequenceTagger

    tagger = SequenceTagger.load(options.model)
    data = _read(options)
    report = tagger.evaluate(data.sentences, data.tags)
    if options.json:
        overall = None if report.overall is None else report.overall._asdict()
        print_json(
            {
                "accuracy": report.accuracy,
                "tokens": report.tokens,
                "entities": overall,
                "macro_f1": report.macro_f1,
                "types": {name: scores._asdict() for name, scores in report.types.items()},
            }
        )
        return
    print(tagging_report_as_text(report))


def predict_tags(options: argparse.Namespace) -> None:
    """Print tokens and tags.

    Raises:
        ParameterError: a text and files are given, or neither.
    """
    # JAX and scikit-learn, which other verbs do without.
    from textdl.classify.tagging.tagger import SequenceTagger

    if bool(options.files) == (options.text is not None):
        raise ParameterError("expected files in columns, or --text TEXT, not both")
    tagger = SequenceTagger.load(options.model)
    if options.text is None:
        sentences = _read(options, has_tags=False).sentences
    else:
        sentences = [options.text.split()]
    tags = tagger.predict(sentences)
    rows = [list(zip(*pair, strict=True)) for pair in zip(sentences, tags, strict=True)]
    if options.json:
        print_json([[{"token": token, "tag": tag} for token, tag in row] for row in rows])
        return
    print("\n\n".join("\n".join("\t".join(pair) for pair in row) for row in rows))


def _add_files(parser: argparse.ArgumentParser, count: str = "+") -> None:
    parser.add_argument("files", metavar="FILE", nargs=count, help="files, folders, globs, or -")
    add_parameters(parser.add_argument_group("format of the files"), ColumnFormat, changed=_CHANGED)


def _read(options: argparse.Namespace, *, has_tags: bool = True) -> TaggedSentences:
    # NumPy, which a help text does without.
    from textdl.classify.tagging.columns import read_columns

    format = ColumnFormat(**given_parameters(options, ColumnFormat))
    return read_columns(options.files, format, has_tags=has_tags)
