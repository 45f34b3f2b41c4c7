"""Show all examples, or those that are named; pictures go to a folder."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path

from textdl.errors import TextdlError

EXAMPLES = (
    "perceptron", "flight_delays", "talk", "camera", "sweets", "chain_rule", "hidden_units",
    "network", "text_vectors", "word_map", "series", "spirals", "learning_rates", "batches",
    "gradients", "overfitting", "confusion", "language_model",
)  # fmt: skip


def main() -> None:
    """Read the command line, and show."""
    parser = argparse.ArgumentParser(prog="scripts/gallery", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("gallery"),
                        help="where pictures go (default ./gallery)")  # fmt: skip
    parser.add_argument("--only", nargs="+", choices=EXAMPLES, default=EXAMPLES, metavar="EXAMPLE",
                        help=f"some of {', '.join(EXAMPLES)}")  # fmt: skip
    options = parser.parse_args()
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
        for name in options.only:
            import_module(f"{__package__}.{name}").show(options.folder)
    except TextdlError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"cannot make the folder {str(options.folder)!r} ({error.strerror}); name another")


if __name__ == "__main__":
    main()
