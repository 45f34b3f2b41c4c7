"""What the verbs print, and how numbers on the command line are read."""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from textdl.errors import one_line


def prepare_streams() -> bool:
    """Make the standard streams safe to use; False where there is no standard output.

    Characters that an output cannot encode are escaped. A stream that was closed (``2>&-``) is
    opened on nothing: otherwise the next file that is opened would take its place, and `print`
    would send errors to standard output.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115  # for as long as the process lives
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    return sys.stdout is not None


def drop_output() -> None:
    """Let what was printed, but cannot be written, go: Python would complain of it on exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def printed_warnings() -> Iterator[None]:
    """Print the warnings of a block on stderr when it is done, equal ones once, each on a line."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", UserWarning)
        yield
    for message in dict.fromkeys(str(warning.message) for warning in found):
        print(f"textdl: {one_line(message)}", file=sys.stderr)


def print_json(value: object) -> None:
    """Print one JSON document; what is no number becomes null, for NaN is no JSON."""
    document = json.dumps(_finite(value), ensure_ascii=False)
    try:
        document.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        document = json.dumps(_finite(value))
    print(document)


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def print_neighbors(
    found: Sequence[tuple[str | list[str], Sequence[tuple[str, float]]]], *, as_json: bool
) -> None:
    """Print queries and their neighbours, one neighbour a line."""
    if as_json:
        print_json(
            [
                {
                    "query": query,
                    "neighbors": [{"word": word, "similarity": cosine} for word, cosine in words],
                }
                for query, words in found
            ]
        )
        return
    for number, (query, words) in enumerate(found):
        if len(found) > 1:
            print(("\n" if number else "") + f"{query}:")
        width = max((len(word) for word, _ in words), default=0)
        for word, cosine in words:
            print(f"{word:<{width}}  {cosine:.4f}")


def whole_number(text: str) -> int:
    """Read a whole number from 1 up."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 up")
    return number
