"""The next character or word: lm train, lm perplexity, lm generate."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from textdl.cli.options import (
    Option,
    add_corpus,
    add_parameters,
    describe,
    given_parameters,
    named_corpus,
    positive_int,
    utf8_text,
)
from textdl.cli.output import check_output, print_json, printed_warnings
from textdl.interruption import interruptible
from textdl.language_model.config import UNITS, LanguageModelParameters

if TYPE_CHECKING:
    from textdl.language_model.model import LanguageModel

_CHANGED = {
    "checkpoint": Option(metavar="DIR"),
    "checkpoint_every": Option(metavar="60s|5000steps"),
}


def add_train(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl lm train``."""
    describe(
        parser,
        "Train a recurrent network on text, to predict the next character or word, and write it to "
        "a file. With --checkpoint, a run that was interrupted is resumed with --resume, and ends "
        "in the same file.",
        "textdl lm train corpus.txt -o model.safetensors --epochs 3",
        "112 characters known, 3 epochs, 94.1 s; 1.9734 bits per character in the last, in "
        "model.safetensors",
    )
    add_corpus(parser)
    parser.add_argument("-o", "--output", metavar="MODEL", required=True, help="the file to write")
    add_parameters(parser, LanguageModelParameters, exclude=["verbose"], changed=_CHANGED)
    parser.add_argument("--quiet", action="store_true", help="show no progress on stderr")
    parser.set_defaults(run=train_model)


def add_perplexity(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl lm perplexity``."""
    describe(
        parser,
        "Measure how well a model predicts text: the perplexity, which is 2 to the power of the "
        "bits per character or word. The end of each line is one, too.",
        "textdl lm perplexity model.safetensors held_out.txt",
        "perplexity 3.9271, 1.9735 bits per character; 250,000 characters, 31 unknown",
    )
    _add_model(parser)
    add_corpus(parser)
    parser.set_defaults(run=measure_perplexity)


def add_generate(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl lm generate``."""
    describe(
        parser,
        "Print a prompt, and the text that a model draws behind it. The same seed gives the same "
        "text.",
        'textdl lm generate model.safetensors --prompt "The function " --temperature 0.5 -n 60',
        "The function is a string of the array of the same as the array. If",
    )
    _add_model(parser)
    parser.add_argument(
        "--prompt",
        type=utf8_text,
        metavar="TEXT",
        help="what stands before it; nothing, if left out",
    )
    parser.add_argument(
        "-n",
        type=positive_int,
        default=200,
        metavar="N",
        help="characters or words to draw (default %(default)s)",
    )
    parser.add_argument(
        "--temperature",
        type=float,
        default=1.0,
        metavar="X",
        help="below 1 more likely text, at 0 always the most probable (default %(default)s)",
    )
    parser.add_argument(
        "--top-k", type=positive_int, metavar="N", help="draw from the N most probable only"
    )
    parser.add_argument(
        "--seed", type=int, default=1, metavar="N", help="of the draws (default %(default)s)"
    )
    parser.set_defaults(run=generate_text)


def train_model(options: argparse.Namespace) -> None:
    """Train, save, and report."""
    # JAX, which other verbs do without.
    from textdl.io.compilation_cache import enable_compilation_cache

    began = time.perf_counter()
    enable_compilation_cache()  # before JAX is imported
    from textdl.language_model.model import LanguageModel

    check_output(options.output, options.corpus)
    parameters = given_parameters(options, LanguageModelParameters)
    model = LanguageModel(**parameters, verbose=not options.quiet)
    with interruptible(), printed_warnings():
        model.fit(named_corpus(options.corpus))
    model.save(options.output)
    seconds = time.perf_counter() - began
    bits = model.bits_[-1]
    if options.json:
        print_json(
            {
                "unit": model.unit,
                "vocab": len(model.vocabulary_),
                "epochs": model.epochs,
                "bits": model.bits_,
                "seconds": round(seconds, 3),
                "output": options.output,
            }
        )
        return
    name = UNITS[model.unit].split(",")[0]
    print(
        f"{len(model.vocabulary_):,} {name} known, {model.epochs} epochs, {seconds:.1f} s; "
        f"{bits:.4f} bits per {name.removesuffix('s')} in the last, in {options.output}"
    )


def measure_perplexity(options: argparse.Namespace) -> None:
    """Print how well a model predicts text."""
    model = _load(options)
    with interruptible(), printed_warnings():
        scores = model.evaluate(named_corpus(options.corpus))
    if options.json:
        print_json(
            {"perplexity": scores.perplexity, "bits": scores.bits, "unit": model.unit}
            | scores._asdict()
        )
        return
    name = UNITS[model.unit].split(",")[0]
    print(
        f"perplexity {scores.perplexity:.4f}, {scores.bits:.4f} bits per {name.removesuffix('s')}; "
        f"{scores.tokens:,} {name}, {scores.unknown:,} unknown"
    )


def generate_text(options: argparse.Namespace) -> None:
    """Print the prompt and what follows it."""
    model = _load(options)
    prompt = options.prompt or ""
    text = model.generate(
        options.n,
        prompt,
        temperature=options.temperature,
        top_k=options.top_k,
        seed=options.seed,
    )
    if options.json:
        print_json({"prompt": prompt, "text": text, "seed": options.seed})
        return
    between = model.separator if prompt and not prompt.endswith(" ") else ""
    print(prompt + between + text)


def _load(options: argparse.Namespace) -> LanguageModel:
    # JAX, which a help text does without.
    from textdl.io.compilation_cache import enable_compilation_cache

    enable_compilation_cache()  # before JAX is imported
    from textdl.language_model.model import LanguageModel

    return LanguageModel.load(options.model)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="what textdl lm train wrote")
