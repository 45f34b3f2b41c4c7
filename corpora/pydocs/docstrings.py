"""Documentation strings of a Python file, read from its syntax tree: nothing is imported."""

from __future__ import annotations

import ast
import inspect
import warnings
from collections.abc import Iterable, Iterator

Documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def docstrings(source: bytes) -> Iterator[str]:
    r"""Yield the docstrings of a file in the order of the text, indentation removed.

    Those are the docstrings of the module, its classes, functions and methods, and the literal
    strings given to calls of ``add_newdoc``, by which NumPy and SciPy document compiled objects.

    Raises:
        SyntaxError: `source` is no Python of this version.

    Example:
        >>> list(docstrings(b"def area(r):\n    'Area of a circle.'\n    return 3.14 * r * r"))
        ['Area of a circle.']
    """
    return (inspect.cleandoc(text) for text in _texts(parse(source)))


def topics(source: bytes) -> Iterator[str]:
    """Yield the texts of ``pydoc_data/topics.py``, whose one assignment is a dict of strings.

    Example:
        >>> list(topics(b"topics = {'assert': 'Assert statements are convenient.'}"))
        ['Assert statements are convenient.']
    """
    for node in parse(source).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            yield from map(inspect.cleandoc, ast.literal_eval(node.value).values())


def parse(source: bytes) -> ast.Module:
    """Return the syntax tree of `source` without a word about its style."""
    with warnings.catch_warnings():
        # Invalid escapes and the like are the business of those who wrote the files.
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        return ast.parse(source)


def _texts(node: ast.AST) -> Iterator[str]:
    """Yield the raw documentation strings at and below `node`."""
    if isinstance(node, Documented) and (text := ast.get_docstring(node, clean=False)):
        yield text
    for child in _statements(node):
        if isinstance(child, ast.Expr):
            yield from _newdocs(child.value)
        else:
            yield from _texts(child)


def _statements(node: ast.AST) -> Iterable[ast.AST]:
    """Return the statements inside `node`: expressions hold no docstrings, so they are skipped."""
    blocks = (getattr(node, field, ()) for field in ("body", "handlers", "orelse", "finalbody"))
    return (child for block in blocks if isinstance(block, list) for child in block)


def _newdocs(call: ast.expr) -> Iterator[str]:
    """Yield the literal strings of several lines in a call of ``add_newdoc``."""
    if not isinstance(call, ast.Call):
        return
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name.endswith("add_newdoc"):
        literals = (node.value for node in ast.walk(call) if isinstance(node, ast.Constant))
        yield from (text for text in literals if isinstance(text, str) and "\n" in text)
