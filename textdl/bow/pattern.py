"""Token patterns that need no regular expression engine: runs of characters of one class.

Which characters belong to the class is asked of Python's own `re`, once for every character there
is, so that the answer is Python's to the last of them.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# A class, perhaps the same again, and a quantifier: (?u)\b\w\w+\b  \w{3,}  \S+  [a-z0-9]+
_RUNS = re.compile(
    r"(?:\(\?u\))?(?P<begin>\\b)?"
    r"(?P<kind>\\[wWsSdD]|\[\^?(?:[^\[\]\\&~|-]|[a-zA-Z0-9]-[a-zA-Z0-9]|\\[wWsSdD])+\])"
    r"(?P<again>(?P=kind)*)"
    r"(?:\+|\{(?P<least>[0-9]{1,3}),\})(?P<end>\\b)?"
)


class Runs(NamedTuple):
    """Maximal runs of characters of a class, of some least length."""

    members: NDArray[np.bool_]  # (1114112,) whether a character belongs to the class
    least: int  # characters
    outside: str  # two ASCII characters that are not of the class, nor are they in lower case


def runs(token_pattern: str) -> Runs | None:
    r"""What `token_pattern` finds in every text, if that is the maximal runs of a class.

    Example:
        >>> found = runs(r"(?u)\b\w\w+\b")
        >>> found.least, bool(found.members[ord("½")]), bool(found.members[ord("-")])
        (2, True, False)
        >>> runs(r"(?<=#)\w+") is None
        True
    """
    match = _RUNS.fullmatch(token_pattern)
    if match is None:
        return None
    if (match["begin"] or match["end"]) and match["kind"] != r"\w":
        return None  # a boundary may lie within a run of another class
    least = len(match["again"]) // len(match["kind"]) + int(match["least"] or 1)
    table = members(match["kind"])
    outside = [chr(c) for c in range(128) if not (table[c] or table[ord(chr(c).lower())])]
    return Runs(table, least, "".join(outside[:2])) if least > 0 and len(outside) > 1 else None


@cache
def members(kind: str) -> NDArray[np.bool_]:
    """`(1114112,)` whether each character matches the class `kind`, read-only."""
    points = np.arange(sys.maxunicode + 1, dtype="<u4")
    every = points.tobytes().decode("utf-32-le", "surrogatepass")
    table = np.zeros(len(every), np.bool_)
    for run in re.finditer(f"{kind}+", every):
        table[run.start() : run.end()] = True
    table.flags.writeable = False
    return table
