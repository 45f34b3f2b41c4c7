"""From text to vectors: train."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from textdl.cli.options import Option, add_parameter, describe, given_parameters, named_corpus
from textdl.cli.output import note_on_subwords, print_json, printed_warnings
from textdl.embed.config import MODELS
from textdl.errors import CheckpointError, CorpusReadError, ParameterError
from textdl.interruption import interruptible
from textdl.io.atomic import check_writable
from textdl.parameters import Parameter, parameters_of

if TYPE_CHECKING:
    from textdl.embed.estimator import EmbeddingEstimator
    from textdl.text.corpus import Corpus
    from textdl.text.source import CorpusConfig

_CHANGED = {
    "phrases": Option(metavar="PHRASES"),
    "checkpoint": Option(metavar="DIR"),
    "checkpoint_every": Option(metavar="60s|5000steps"),
}


def add_train(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl train``."""
    describe(
        parser,
        "Train word vectors on text (skip-gram or CBOW, with negative sampling or hierarchical "
        "softmax; with --model fasttext from character n-grams, so that unseen words have vectors "
        "too), and write them to a file. The same corpus, parameters and seed give the same "
        "vectors. With --checkpoint, a run that was interrupted is resumed with --resume, and ends "
        "in the same vectors.",
        "textdl train corpus.txt -o vectors.safetensors --epochs 15 --quiet",
        "9,505 vectors in vectors.safetensors: 15 epochs of 1,563,605 words ...",
    )
    parser.add_argument(
        "corpus",
        metavar="CORPUS",
        nargs="*",
        help="files, folders, globs, or - for stdin; with --resume it may be left out",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="VECTORS",
        required=True,
        help="the file to write: .safetensors, .bin, .txt or .vec",
    )
    parser.add_argument(
        "--model",
        metavar="NAME",
        choices=MODELS,
        default=next(iter(MODELS)),
        help=f"what is trained: {', '.join(MODELS)} (default %(default)s)",
    )
    for name, known in _parameters().items():
        if name != "verbose":
            add_parameter(parser, known, _CHANGED.get(name, Option()))
    parser.add_argument("--quiet", action="store_true", help="show no progress on stderr")
    parser.set_defaults(run=train_vectors)


def train_vectors(options: argparse.Namespace) -> None:
    """Train, save, and report."""
    with interruptible(), printed_warnings():
        # JAX, which few other verbs need.
        from textdl.io.compilation_cache import enable_compilation_cache

        enable_compilation_cache()  # before JAX is imported
        import textdl
        from textdl.vectors.formats import format_for

        format_for(Path(options.output))
        check_writable(options.output)
        kind = MODELS[options.model]
        _refuse_foreign_options(options)
        parameters = given_parameters(options, kind.parameters)
        model = getattr(textdl, kind.name)(**parameters, verbose=not options.quiet)
        model.fit(_corpus(options))
        model.vectors_.save(options.output)
        _summarize(options, model)


def _parameters() -> dict[str, Parameter]:
    """The parameters of all models, those of the first as they are."""
    found: dict[str, Parameter] = {}
    for kind in MODELS.values():
        found = {**parameters_of(kind.parameters), **found}
    return found


def _refuse_foreign_options(options: argparse.Namespace) -> None:
    """Refuse what other models than the chosen one have."""
    own = parameters_of(MODELS[options.model].parameters)
    for name in _parameters():
        if name in options and name not in own:
            others = [
                model for model, kind in MODELS.items() if name in parameters_of(kind.parameters)
            ]
            raise ParameterError(
                f"--{name.replace('_', '-')} is no option of --model {options.model}; it is of use "
                f"with --model {' or '.join(others)}"
            )


def _corpus(options: argparse.Namespace) -> Corpus | CorpusConfig:
    """What to train on; without a CORPUS, only what is said of the text is compared."""
    from textdl.text.source import CorpusConfig, TextParameters

    if options.corpus:
        return _given_corpus(options)
    if not getattr(options, "resume", False):
        raise ParameterError("CORPUS is missing; only --resume goes on without it")
    unsaid = dict.fromkeys(parameters_of(TextParameters))  # phrases are those of the model
    return CorpusConfig(None, **(unsaid | given_parameters(options, TextParameters)))


def _given_corpus(options: argparse.Namespace) -> Corpus:
    try:
        return named_corpus(options.corpus)
    except CorpusReadError as error:
        if not getattr(options, "resume", False):
            raise
        raise CheckpointError(
            f"{error}; or leave out CORPUS to go on with the text in {options.checkpoint!r}"
        ) from error


def _summarize(options: argparse.Namespace, model: EmbeddingEstimator) -> None:
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
        f"{note_on_subwords(model.vectors_, options.output)}"
    )
