"""Vectors of new documents, from a model of documents."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from textdl.cli.options import Option, add_corpus, add_parameter, describe, named_corpus
from textdl.cli.output import check_output, print_json, printed_warnings
from textdl.embed.model_parameters import Doc2VecParameters
from textdl.interruption import interruptible
from textdl.parameters import parameters_of

_OPTIONS = ("epochs", "empty_documents", "encoding", "errors")


def add_infer(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl infer``."""
    describe(
        parser,
        "Infer vectors of new documents, one per line, with a model that textdl train --model "
        "doc2vec --save-model wrote, and write them to a file; they are called by their numbers, "
        "from 0. Tokenizer and phrases are those of MODEL. The vector of a document depends on "
        "its text alone.",
        "textdl infer model.safetensors new.txt -o new.safetensors",
        "1,200 vectors in new.safetensors: 10 epochs in 1.3 s",
    )
    parser.add_argument(
        "model", metavar="MODEL", help="what textdl train --model doc2vec --save-model wrote"
    )
    add_corpus(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="VECTORS",
        required=True,
        help="the file to write: .safetensors, .bin, .txt or .vec",
    )
    known = parameters_of(Doc2VecParameters)
    for name in _OPTIONS:  # the defaults are those of the model
        add_parameter(parser, known[name], Option(), show_default=False)
    parser.set_defaults(run=infer_documents)


def infer_documents(options: argparse.Namespace) -> None:
    """Infer, save, and report."""
    with interruptible(), printed_warnings():
        # JAX, which few other verbs need.
        from textdl.io.compilation_cache import enable_compilation_cache

        enable_compilation_cache()  # before JAX is imported
        from textdl import Doc2Vec, Vectors
        from textdl.vectors.formats import format_for

        format_for(Path(options.output))
        check_output(options.output, options.corpus)
        model = Doc2Vec.load(options.model)
        model.set_params(**{name: getattr(options, name) for name in _OPTIONS if name in options})
        began = time.perf_counter()
        matrix = model.infer(named_corpus(options.corpus))
        seconds = time.perf_counter() - began
        Vectors(list(map(str, range(len(matrix)))), matrix).save(options.output)
    facts = {
        "documents": len(matrix),
        "vector_size": matrix.shape[1],
        "epochs": model.epochs,
        "seconds": round(seconds, 3),
        "output": options.output,
    }
    if options.json:
        print_json(facts)
        return
    print(f"{len(matrix):,} vectors in {options.output}: {model.epochs} epochs in {seconds:.1f} s")
