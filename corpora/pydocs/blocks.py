"""From a docstring to its paragraphs: code, tables, headings and field names taken out.

A docstring is a list of lines. Each step replaces the lines it removes by empty ones, so that what
stood above and below stays apart; what is left is joined into paragraphs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

Lines = list[str]

# Directives whose content is prose; of every other directive nothing is kept.
ADMONITION = re.compile(
    r"(\s*)\.\. (?:note|warning|tip|hint|important|caution|attention|admonition|topic):: *"
)
DIRECTIVE = re.compile(r"\s*\.\. |\s*\.\.$")
UNDERLINE = re.compile(r"\s*([=\-~^*#\"'+_`])\1{2,}\s*$")
# A prompt, or the rule above a table: what it opens ends at an empty line.
SHOWN = re.compile(r"\s*(?:>>>|[$%] \S|In \[|Out\[|[-=]{2,} +[-=]{2,}|\+[-=+]|[|\u2500-\u257f])")
# "x : array_like, optional", "*args : tuple", "n_features_in_ : int" of numpydoc.
FIELD_HEAD = re.compile(r"\s*\S+(?:, \S+){0,5} :(?: |$)")
# ":param x:", "@param x:"; a type says nothing in prose.
TYPE_FIELD = re.compile(r"\s*[:@](?:r?type|var|cvar|ivar)\b[^:]*:")
FIELD = re.compile(r"(\s*)[:@][a-zA-Z]+(?: [^:`]*)?:(?=\s|$)")
# "  axis (int): ", "  *args: " of Google style; only where indented.
ARGUMENT = re.compile(r"(\s+)\*{0,2}[A-Za-z_][\w.]*(?: ?\([^)]*\))?: +(?=\S)")
BULLET = re.compile(r"(\s*)(?:[-*+•]|\(?[0-9a-z][.)]|#\.|\d+[.)])\s+(?=\S)")
MARKERS = (FIELD, ARGUMENT, BULLET)
HIDDEN_SECTIONS = frozenset({"see also", "references", "methods", "examples of use"})


def paragraphs(docstring: str) -> Iterator[str]:
    r"""Yield the paragraphs of `docstring`, each on one line, inline markup still in place.

    Example:
        >>> list(paragraphs("Sum of\nsquares.\n\n>>> sumsq([2])\n4\n\nx : array\n    Data."))
        ['Sum of squares.', 'Data.']
    """
    lines = docstring.expandtabs().splitlines()
    for step in (
        without_displays,
        without_fences,
        without_literals,
        without_sections,
        without_fields,
    ):
        lines = step(lines)
    return joined(lines)


def without_displays(lines: Lines) -> Lines:
    """Blank doctests with their output, sessions of a shell and tables, up to an empty line."""
    kept, hiding = [], False
    for line in lines:
        hiding = bool(line.strip()) and (hiding or SHOWN.match(line) is not None)
        kept.append("" if hiding else line)
    return kept


def without_fences(lines: Lines) -> Lines:
    """Blank the blocks between two lines of three backquotes (Markdown)."""
    kept, hiding = [], False
    for line in lines:
        fence = line.lstrip().startswith("```")
        kept.append("" if hiding or fence else line)
        hiding = hiding != fence
    return kept


def without_literals(lines: Lines) -> Lines:
    """Blank directives and the blocks below ``::``, up to where the indentation falls back."""
    kept, limit = [], -1  # while limit >= 0, deeper lines than it are hidden
    for line in lines:
        depth = indentation(line)
        if limit >= 0 and (not line.strip() or depth > limit):
            kept.append("")
            continue
        limit = depth if is_opening(line) else -1
        line = ADMONITION.sub(r"\1", line)
        kept.append("" if DIRECTIVE.match(line) else line.replace("::", ":"))
    return kept


def is_opening(line: str) -> bool:
    """Tell whether the deeper lines below `line` are code, mathematics or a reference."""
    if DIRECTIVE.match(line):
        return not ADMONITION.match(line)
    return line.rstrip().endswith("::")


def without_sections(lines: Lines) -> Lines:
    """Blank headings and rules, and the sections that only point elsewhere."""
    kept, hiding = [], False
    for line, following in pairwise([*lines, ""]):
        is_title = bool(line.strip()) and UNDERLINE.match(following) is not None
        if is_title:
            hiding = line.strip().lower() in HIDDEN_SECTIONS
        kept.append("" if hiding or is_title or UNDERLINE.match(line) else line)
    return kept


def without_fields(lines: Lines) -> Lines:
    """Blank the names and types of parameters; start a paragraph at each text that follows."""
    kept: Lines = []
    for line, following in pairwise([*lines, ""]):
        if FIELD_HEAD.match(line) or TYPE_FIELD.match(line) or is_term(line, following):
            kept.append("")
            continue
        for marker in MARKERS:
            if match := marker.match(line):
                kept.append("")
                line = match[1] + line[match.end() :]
        kept.append(line)
    return kept


def is_term(line: str, following: str) -> bool:
    """Tell whether `line` is a term (up to four words, unpunctuated) that `following` defines."""
    if not following.strip() or indentation(following) <= indentation(line):
        return False
    marked = any(marker.match(line) for marker in MARKERS)
    return not marked and len(line.split()) <= 4 and line.rstrip()[-1:] not in ".,;!?"


def joined(lines: Lines) -> Iterator[str]:
    """Join neighbouring lines; an empty line or a smaller indentation ends a paragraph."""
    paragraph: Lines = []
    for line in [*lines, ""]:
        text = line.strip()
        if paragraph and (not text or indentation(line) < indentation(paragraph[-1])):
            yield " ".join(part.strip() for part in paragraph)
            paragraph = []
        if text:
            paragraph.append(line)


def indentation(line: str) -> int:
    """Return the number of spaces that `line` begins with."""
    return len(line) - len(line.lstrip())
