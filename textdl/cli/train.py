"""From text to vectors: train."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textdl.cli.output import print_json
from textdl.errors import ParameterError
from textdl.files import check_writable

if TYPE_CHECKING:
    from textdl.embed.run import Outcome, Resumable

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
        "corpus", metavar="CORPUS", nargs="+", help="files, folders, globs, or - for stdin"
    )
    train.add_argument("-o", "--output", metavar="VECTORS", required=True)
    for name, (kind, text) in _PARAMETERS.items():
        option = "--" + name.replace("_", "-")
        train.add_argument(option, type=kind, default=argparse.SUPPRESS, metavar="X", help=text)
    train.add_argument(
        "--tokenizer", default="nltk", help="nltk, whitespace, wordpunct or tweet (default nltk)"
    )
    train.add_argument("--no-lowercase", action="store_true", help="keep capitals")
    train.add_argument(
        "--errors", default="strict", help="bytes that are not UTF-8: strict, replace or ignore"
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
    # JAX, which few other verbs need.
    from textdl.compilation import keep_compiled

    began = time.perf_counter()
    keep_compiled()  # before JAX is imported
    from textdl.embed.config import Config
    from textdl.embed.progress import progress_bar
    from textdl.embed.run import Source, train_corpus
    from textdl.vectors.formats import format_for

    format_for(Path(options.output))
    check_writable(options.output)
    config = Config(**{name: value for name, value in vars(options).items() if name in _PARAMETERS})
    corpus = options.corpus[0] if len(options.corpus) == 1 else _all_files(options.corpus)
    source = Source(corpus, options.tokenizer, not options.no_lowercase, options.errors)
    with progress_bar(not options.quiet) as bar:
        outcome = train_corpus(
            source,
            config,
            resumable=_resumable(options),
            report=bar.report,
            reading=bar.reading,
        )
    outcome.vectors.save(options.output)
    _summarise(options, outcome, config.epochs, time.perf_counter() - began)


def _all_files(arguments: list[str]) -> list[Path]:
    from textdl.text.corpus import find_files

    return [path for argument in arguments for path in find_files(argument)]


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
