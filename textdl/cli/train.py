"""From text to vectors: train."""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textdl.cli.output import print_json
from textdl.errors import CheckpointError, CorpusReadError, ParameterError
from textdl.interruption import interruptible
from textdl.io.atomic import check_writable

if TYPE_CHECKING:
    from textdl.embed.run import Outcome, Resumable
    from textdl.text.source import Source

# Options that are parameters of the run by the same name, and what they say of themselves.
_PARAMETERS: dict[str, tuple[type, str]] = {
    "vector_size": (int, "dimensions of a vector (default 100)"),
    "window": (int, "largest distance of a pair (default 5)"),
    "negative": (int, "noise words a pair (default 5)"),
    "min_count": (int, "drop rarer words (default 5)"),
    "max_vocab_size": (int, "keep at most so many words (default: all)"),
    "sample": (float, "thin out words above this share of the text (default 0.001)"),
    "epochs": (int, "passes over the corpus (default 5)"),
    "seed": (int, "of every random draw (default 1)"),
    "learning_rate": (float, "at the start (default 0.03)"),
    "min_learning_rate": (float, "at the end (default 0.0001)"),
    "step_tokens": (int, "centres trained at once (default 128)"),
    "workers": (int, "parts of the text trained side by side; part of the result (default 2)"),
}


def add_verbs(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verb of this module."""
    train = verbs.add_parser("train", help="train word vectors on text")
    train.add_argument(
        "corpus",
        metavar="CORPUS",
        nargs="*",
        help="files, folders, globs, or - for stdin; with --resume it may be left out",
    )
    train.add_argument("-o", "--output", metavar="VECTORS", required=True)
    for name, (kind, text) in _PARAMETERS.items():
        option = "--" + name.replace("_", "-")
        train.add_argument(option, type=kind, default=argparse.SUPPRESS, metavar="X", help=text)
    train.add_argument("--tokenizer", help="nltk, whitespace, wordpunct or tweet (default nltk)")
    train.add_argument("--no-lowercase", action="store_true", help="keep capitals")
    train.add_argument(
        "--errors", help="bytes that are not UTF-8: strict (the default), replace or ignore"
    )
    train.add_argument("--checkpoint", metavar="DIR", help="write checkpoints to this folder")
    train.add_argument(
        "--checkpoint-every", metavar="60s|5000steps", default="60s", help="(default 60s)"
    )
    train.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    train.add_argument("--quiet", action="store_true", help="no progress on stderr")
    train.set_defaults(run=train_vectors)


def train_vectors(options: argparse.Namespace) -> None:
    """Train, save, and report."""
    with interruptible(), _printed_warnings():
        try:
            _train_vectors(options)
        except KeyboardInterrupt as interrupted:
            interrupted.add_note(_advice(options))
            raise


def _train_vectors(options: argparse.Namespace) -> None:
    # JAX, which few other verbs need.
    from textdl.io.compilation_cache import enable_compilation_cache

    began = time.perf_counter()
    enable_compilation_cache()  # before JAX is imported
    from textdl.embed.config import Config
    from textdl.embed.progress import run_progress
    from textdl.embed.run import train_corpus
    from textdl.vectors.formats import format_for

    format_for(Path(options.output))
    check_writable(options.output)
    config = Config(**{name: value for name, value in vars(options).items() if name in _PARAMETERS})
    resumable = _resumable(options)
    source = _source(options)
    with run_progress(not options.quiet) as bar:
        outcome = train_corpus(
            source, config, resumable=resumable, report=bar.report, reading=bar.reading
        )
    outcome.vectors.save(options.output)
    _summarise(options, outcome, config.epochs, time.perf_counter() - began)


def _source(options: argparse.Namespace) -> Source:
    """What to train on; without a CORPUS, only what is said of the text is compared."""
    from textdl.text.source import Source

    tokenizer, errors, lowercase = options.tokenizer, options.errors, not options.no_lowercase
    if not options.corpus:
        if not options.resume:
            raise ParameterError("CORPUS is missing; only --resume goes on without it")
        return Source(None, tokenizer, None if lowercase else False, errors)
    corpus = options.corpus[0] if len(options.corpus) == 1 else _all_files(options)
    return Source(corpus, tokenizer or "nltk", lowercase, errors or "strict")


def _all_files(options: argparse.Namespace) -> list[Path]:
    from textdl.text.corpus import find_files

    try:
        return [path for argument in options.corpus for path in find_files(argument)]
    except CorpusReadError as error:
        if not options.resume:
            raise
        raise CheckpointError(
            f"{error}; or leave out CORPUS to go on with the text in {options.checkpoint!r}"
        ) from error


def _advice(options: argparse.Namespace) -> str:
    """How to go on after an interruption; promises only what is there."""
    from textdl.embed.run import STORE
    from textdl.io.checkpoints import checkpoint_numbers

    if options.checkpoint is None:
        return "nothing was written"
    folder = Path(options.checkpoint)
    if checkpoint_numbers(folder):
        return "--resume goes on from the checkpoint"
    if (folder / STORE).exists():
        return "there is no checkpoint yet; --resume begins anew without reading the text again"
    return "there is no checkpoint yet; start again"


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


def _resumable(options: argparse.Namespace) -> Resumable | None:
    from textdl.embed.checkpoint import Every
    from textdl.embed.run import Resumable

    if options.checkpoint is None:
        if options.resume:
            raise ParameterError("--resume needs --checkpoint DIR, the folder to go on from")
        return None
    every = Every.parse(options.checkpoint_every)
    return Resumable(Path(options.checkpoint), every, options.resume)


def _summarise(options: argparse.Namespace, outcome: Outcome, epochs: int, seconds: float) -> None:
    facts = {
        "words": outcome.words,
        "vocab": len(outcome.vectors),
        "epochs": epochs,
        "seconds": round(seconds, 3),
        "words_per_second": round(outcome.words * epochs / seconds, 1),
        "loss": list(outcome.history),
        "output": options.output,
    }
    if options.json:
        print_json(facts)
        return
    print(
        f"{facts['vocab']:,} vectors in {options.output}: {epochs} epochs of {outcome.words:,} "
        f"words in {seconds:.1f} s, loss {outcome.history[-1]:.4f}"
    )
