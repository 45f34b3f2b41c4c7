"""From one file format to another: convert."""

from __future__ import annotations

import argparse
from typing import Any

from textdl.cli.output import print_json


def add_verbs(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verb of this module."""
    convert = verbs.add_parser(
        "convert",
        help="write vectors in another format",
        description="The input is recognised by its content, the output named by its suffix: "
        ".safetensors (textdl), .bin (word2vec binary), .txt or .vec (word2vec text).",
    )
    convert.add_argument("input", metavar="IN")
    convert.add_argument("output", metavar="OUT")
    convert.set_defaults(run=convert_file)


def convert_file(options: argparse.Namespace) -> None:
    """Load, save, say what was written."""
    from textdl.vectors.vectors import Vectors

    vectors = Vectors.load(options.input)
    vectors.save(options.output)
    if options.json:
        facts = {"vocab": len(vectors), "vector_size": vectors.vector_size}
        print_json(facts | {"output": options.output})
    else:
        print(f"{len(vectors):,} vectors of size {vectors.vector_size} in {options.output}")
