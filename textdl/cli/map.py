"""Maps of words: plot map and explore."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from textdl.cli.options import add_vectors, describe, positive_int
from textdl.cli.output import print_json
from textdl.errors import OutputError
from textdl.interruption import interruptible

METHODS = ("pca", "umap", "tsne")
_PROGRAM = "embedding-atlas"


def add_map(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl plot map``."""
    describe(
        parser,
        "Draw the most frequent words, or those that are named, as points of the plane, similar "
        "ones close together. Labels do not overlap: one that finds no place is left out.",
        "textdl plot map vectors.safetensors -n 200 -o map.png",
        "200 words in map.png",
    )
    add_vectors(parser)
    parser.add_argument("--words", metavar="WORD", nargs="+", help="to draw, in place of -n")
    _add_number(parser, 150, "the most frequent words that are drawn")
    _add_method(parser)
    parser.add_argument(
        "-o", "--output", metavar="FILE", required=True,
        help="the file to write; its name ends in .png or .svg",
    )  # fmt: skip
    parser.set_defaults(run=draw_map)


def add_explore(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl explore``."""
    describe(
        parser,
        "Write words, vectors, points of a map, neighbors and counts as Parquet, and open it in "
        "Apple's Embedding Atlas, a viewer in the browser.",
        "textdl explore vectors.safetensors -o atlas.parquet --no-open",
        "20000 words in atlas.parquet",
    )
    add_vectors(parser)
    _add_number(parser, 20_000, "the most frequent words that are written")
    parser.add_argument(
        "--neighbors", type=positive_int, default=10, metavar="N",
        help="of each word (default %(default)s)",
    )  # fmt: skip
    _add_method(parser)
    parser.add_argument(
        "-o", "--output", metavar="FILE", default="atlas.parquet",
        help="the file to write (default %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--open", action=argparse.BooleanOptionalAction, default=True,
        help="start the viewer, which runs until Ctrl-C",
    )  # fmt: skip
    parser.set_defaults(run=explore_vectors)


def _add_number(parser: argparse.ArgumentParser, default: int, meaning: str) -> None:
    parser.add_argument(
        "-n", type=positive_int, default=default, metavar="N",
        help=f"{meaning} (default %(default)s)",
    )  # fmt: skip


def _add_method(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--method", choices=METHODS, default="pca", metavar="NAME",
        help=f"how vectors become points: {', '.join(METHODS)} (default %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N",
        help="seed of umap and tsne (default %(default)s)",
    )  # fmt: skip


def draw_map(options: argparse.Namespace) -> None:
    """Draw a map of words."""
    from textdl import Vectors, plot  # not for a help text

    plot.check_picture(options.output)
    vectors = Vectors.load(options.vectors)
    words = options.words or vectors.labels[: options.n]
    figure = plot.vector_map(vectors, words, method=options.method, seed=options.seed)
    plot.save(figure, options.output)
    labels = len(figure.axes[0].texts)
    _report(options, {"words": len(words), "labels": labels}, len(words))


def explore_vectors(options: argparse.Namespace) -> None:
    """Write an atlas, and open it.

    Raises:
        OutputError: the viewer is not installed, or failed.
    """
    from textdl import Vectors, plot  # not for a help text
    from textdl.plot.atlas import ATLAS_COLUMNS

    program = _find_viewer()
    if options.open and program is None:
        raise OutputError(
            f"the viewer {_PROGRAM} is not installed; pip install 'textdl[explore]', or pass "
            "--no-open"
        )
    words = plot.write_atlas(
        Vectors.load(options.vectors),
        options.output,
        limit=options.n,
        topn=options.neighbors,
        method=options.method,
        seed=options.seed,
    )
    _report(options, {"words": words}, words)
    if options.open and program is not None:
        columns = [part for option, name in ATLAS_COLUMNS.items() for part in (f"--{option}", name)]
        with interruptible():  # or the viewer would outlive a SIGTERM
            done = subprocess.run([program, options.output, *columns], check=False)
        if done.returncode:
            raise OutputError(f"{_PROGRAM} failed with exit code {done.returncode}")


def _find_viewer() -> str | None:
    """The viewer beside this Python, whose environment need not be active, or on the PATH."""
    beside = shutil.which(_PROGRAM, path=str(Path(sys.executable).parent))
    return beside or shutil.which(_PROGRAM)


def _report(options: argparse.Namespace, facts: dict[str, int], words: int) -> None:
    if options.json:
        print_json(facts | {"output": options.output})
    else:
        print(f"{words} words in {options.output}")
