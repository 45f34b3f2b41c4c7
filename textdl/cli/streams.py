"""The standard streams: made safe before a verb runs, let go where nobody reads them."""

from __future__ import annotations

import io
import os
import sys


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
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115  # for as long as the process lives
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    return sys.stdout is not None


def drop_output() -> None:
    """Let what was printed, but cannot be written, go: Python would complain of it on exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
