"""From a paragraph with inline markup to plain prose, or to nothing where it is no prose."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

# Stands for what was code or mathematics, until the share of it has been judged.
HOLE = "\0"
Replacement = str | Callable[[re.Match[str]], str]


def code(match: re.Match[str]) -> str:
    """Return the words that a piece of code reads as: a name, a quoted word, else a hole.

    A dotted name reads as its last part: ``numpy.linalg.solve()`` as "solve".
    """
    text = match[match.lastindex or 0].strip()
    if name := re.fullmatch(r"[~!.@]*(?:\w+\.)*(\w+)(?:\([^()]*\))?", text):
        return f" {name[1]} "
    if quoted := re.fullmatch(r"'([A-Za-z][\w-]*)'|\"([A-Za-z][\w-]*)\"", text):
        return f" {quoted[1] or quoted[2]} "
    return text if re.fullmatch(r"[A-Za-z][\w-]*(?: [a-z][\w-]*)+", text) else f" {HOLE} "


# In this order: what is removed first would otherwise match a later pattern.
MARKUP: list[tuple[re.Pattern[str], Replacement]] = [
    (re.compile(r":math:`[^`]*`|\$[^$]+\$"), f" {HOLE} "),
    (re.compile(r"\[([^\]]+)\]\(\S+\)"), r"\1"),  # Markdown link
    (re.compile(r"(?::[\w:+.-]+:)?`([^`<]+?)\s*<[^`>]*>`_{0,2}"), r"\1"),  # link with a title
    (re.compile(r"<?\b(?:https?|ftp)://\S+|\bwww\.\S+|\S+@\S+\.\S+"), " "),
    (re.compile(r"\[[\w.#*]+\]_"), " "),  # citation
    (re.compile(r"(?::[\w:+.-]+:)`([^`]+)`"), code),  # role
    (re.compile(r"``(.+?)``"), code),
    (re.compile(r"`([^`]+)`_{0,2}"), code),
    (re.compile(r"\"([^\s\"]+)\""), code),  # pydoc's topics show code between quotes
    (re.compile(r"\|(\w+)\|"), r"\1"),  # substitution
    (re.compile(r"\\?(\*{1,3})(\w[^*]*?)\1(?!\w)"), r"\2"),  # emphasis
    (re.compile(r"\\([*_`|])"), r"\1"),
    (re.compile(r"(?<![/\w.])([A-Za-z]{2,})/([A-Za-z]{2,})(?![/\w])"), r"\1 \2"),  # input/output
]

MARKED = re.compile(r"[`$\[\"|*\\/@]|www\.")  # what every pattern above needs to match

TOKEN = re.compile(r"([\"'(\[]*)\*{0,2}(.*?(?:\(\))?)([)\]\"',.;:!?]*)$", re.DOTALL)
# A word, "e.g", an integer, "2-D": with the punctuation around it taken off.
PLAIN = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*|[A-Za-z](?:\.[A-Za-z])+|\d{1,4}(?:-[A-Za-z]+)?")
NAME = re.compile(
    r"(?:\w+\.)*?((?:\w+\.(?=(?:py|txt|cfg|ini|toml|json|html|xml)$))?[A-Za-z_]\w*)(?:\(\))?"
)
DASH = re.compile(r"[-–—]+|&")

GLUE = """
    a an and are as at be by can for from has if in into is it its may not of on or that the this
    to use used was when which will with you
"""
FUNCTION_WORDS = frozenset(GLUE.split())


def prose(paragraph: str) -> str:
    """Return `paragraph` as plain words and punctuation, or "" where it is not prose.

    Example:
        >>> prose("The :func:`~numpy.sum` of ``x``, see https://numpy.org for *all* of it.")
        'The sum of x, see for all of it.'
        >>> prose("x = f(a[0]) + 1; return x")
        ''
    """
    if MARKED.search(paragraph):
        for pattern, replacement in MARKUP:
            paragraph = pattern.sub(replacement, paragraph)
    tokens = [plain(token) for token in re.sub(r"\s+([.,;:!?)])", r"\1", paragraph).split()]
    return " ".join(filter(None, tokens)) if is_prose(tokens) else ""


@lru_cache(maxsize=1 << 16)
def plain(token: str) -> str:
    """Return `token` if it is a word of prose, the name it ends in, or "" if it is neither."""
    match = TOKEN.match(token)
    if match is None or DASH.fullmatch(token):
        return token
    before, core, after = match.groups()
    if PLAIN.fullmatch(core):
        return f"{before}{core}{after}"
    if name := NAME.fullmatch(core):
        return f"{before}{name[1]}{after}"
    return ""


def is_prose(tokens: list[str]) -> bool:
    """Tell whether enough of `tokens` are words, and enough of those hold sentences together."""
    words = [token.strip("\"'()[].,;:!?").lower() for token in tokens]
    words = [word for word in words if word.isalpha()]
    glue = sum(word in FUNCTION_WORDS for word in words)
    return len(words) >= 4 and len(words) >= 0.7 * len(tokens) and glue >= 0.12 * len(words)
