"""From one file format to another: convert."""

from __future__ import annotations

import argparse

from textdl.cli.options import describe, positive_int
from textdl.cli.output import note_on_subwords, print_json
from textdl.vectors.formats import MODULES
from textdl.vectors.formats.precision import DTYPES, FLOAT32


def add_convert(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl convert``."""
    describe(
        parser,
        "Write vectors in another format. The format of IN is detected by its content (textdl, "
        "word2vec text and binary, GloVe, fastText .vec, .bin and .ftz, .npz, Parquet, Arrow, "
        "projector .tsv, model2vec folders), that of OUT by its suffix, or by --format: "
        ".safetensors (textdl), .bin (word2vec binary), .txt or .vec (word2vec text), .npz, "
        ".parquet, .arrow or .feather, .tsv. "
        "Subwords are kept by .safetensors and fasttext alone.",
        "textdl convert vectors.safetensors vectors.bin",
        "9,505 vectors of size 100 in vectors.bin",
    )
    parser.add_argument("input", metavar="IN", help="a file of vectors, of any known format")
    parser.add_argument("output", metavar="OUT", help="the file to write")
    parser.add_argument(
        "--format",
        choices=list(MODULES),
        help="the format of OUT, where its suffix does not say it",
    )
    parser.add_argument(
        "--limit", type=positive_int, metavar="N", help="the first N vectors alone, in place of all"
    )
    parser.add_argument(
        "--dtype",
        choices=list(DTYPES),
        default=FLOAT32,
        help="of the numbers in OUT; .safetensors holds all of these, .npz, .parquet, .arrow and "
        "model2vec float16, too (default %(default)s)",
    )
    parser.set_defaults(run=convert_file)


def convert_file(options: argparse.Namespace) -> None:
    """Load, save, say what was written."""
    from textdl.vectors.vectors import Vectors

    vectors = Vectors.load(options.input, limit=options.limit)
    vectors.save(options.output, format=options.format, dtype=options.dtype)
    if options.json:
        facts = {"vocab": len(vectors), "vector_size": vectors.vector_size}
        print_json(facts | {"output": options.output})
    else:
        note = note_on_subwords(vectors, options.output, options.format)
        print(f"{len(vectors):,} vectors of size {vectors.vector_size} in {options.output}{note}")
