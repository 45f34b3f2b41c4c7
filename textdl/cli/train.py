"""From text to vectors: train."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textdl.cli.options import add_parameters, given_parameters
from textdl.cli.output import print_json
from textdl.embed.config import Word2VecParameters
from textdl.errors import CheckpointError, CorpusReadError, ParameterError
from textdl.interruption import interruptible
from textdl.io.atomic import check_writable
from textdl.parameters import parameters_of

if TYPE_CHECKING:
    from textdl.embed.word2vec import Word2Vec
    from textdl.text.corpus import Corpus
    from textdl.text.source import CorpusConfig

_METAVARS = {"checkpoint": "DIR", "checkpoint_every": "60s|5000steps"}


def add_verbs(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verb of this module."""
    train = verbs.add_parser(
        "train",
        help="train word vectors on text",
        description="Train word vectors on text, and write them to a file.",
        epilog="example: textdl train corpus.txt -o vectors.safetensors --vector-size 300",
    )
    train.add_argument(
        "corpus",
        metavar="CORPUS",
        nargs="*",
        help="files, folders, globs, or - for stdin; with --resume it may be left out",
    )
    train.add_argument(
        "-o",
        "--output",
        metavar="VECTORS",
        required=True,
        help="the file to write: .safetensors, .bin, .txt or .vec",
    )
    add_parameters(train, Word2VecParameters, exclude=["verbose"], metavars=_METAVARS)
    train.add_argument("--quiet", action="store_true", help="show no progress on stderr")
    train.set_defaults(run=train_vectors)


def train_vectors(options: argparse.Namespace) -> None:
    """Train, save, and report."""
    with interruptible(), _printed_warnings():
        # JAX, which few other verbs need.
        from textdl.io.compilation_cache import enable_compilation_cache

        enable_compilation_cache()  # before JAX is imported
        from textdl.embed.word2vec import Word2Vec
        from textdl.vectors.formats import format_for

        format_for(Path(options.output))
        check_writable(options.output)
        parameters = given_parameters(options, Word2VecParameters)
        model = Word2Vec(**parameters, verbose=not options.quiet)
        model.fit(_corpus(options))
        model.vectors_.save(options.output)
        _summarize(options, model)


def _corpus(options: argparse.Namespace) -> Corpus | CorpusConfig:
    """What to train on; without a CORPUS, only what is said of the text is compared."""
    from textdl.text.source import CorpusConfig, TextParameters

    if len(options.corpus) > 1:
        return _all_files(options)
    if options.corpus:
        corpus: str = options.corpus[0]
        return corpus
    if not getattr(options, "resume", False):
        raise ParameterError("CORPUS is missing; only --resume goes on without it")
    unsaid = dict.fromkeys(parameters_of(TextParameters))
    return CorpusConfig(None, **(unsaid | given_parameters(options, TextParameters)))


def _all_files(options: argparse.Namespace) -> list[Path]:
    from textdl.text.files import find_files

    try:
        return [path for argument in options.corpus for path in find_files(argument)]
    except CorpusReadError as error:
        if not getattr(options, "resume", False):
            raise
        raise CheckpointError(
            f"{error}; or leave out CORPUS to go on with the text in {options.checkpoint!r}"
        ) from error


@contextmanager
def _printed_warnings() -> Iterator[None]:
    """Print a warning about a checkpoint as one line on stderr."""
    from textdl.io.checkpoints import CheckpointWarning

    shown = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if issubclass(category, CheckpointWarning):
            print(f"textdl: warning: {message}", file=sys.stderr)
        else:
            shown(message, category, *place, **more)

    with warnings.catch_warnings():
        warnings.simplefilter("always", CheckpointWarning)
        warnings.showwarning = show
        yield


def _summarize(options: argparse.Namespace, model: Word2Vec) -> None:
    words = model.corpus_words_
    seconds = model.fit_seconds_
    facts = {
        "words": words,
        "vocab": len(model.vectors_),
        "epochs": model.epochs,
        "seconds": round(seconds, 3),
        "words_per_second": round(words * model.epochs / seconds, 1),
        "loss": model.loss_curve_,
        "output": options.output,
    }
    if options.json:
        print_json(facts)
        return
    print(
        f"{facts['vocab']:,} vectors in {options.output}: {model.epochs} epochs of {words:,} words "
        f"in {seconds:.1f} s, loss {model.loss_curve_[-1]:.4f}"
    )
