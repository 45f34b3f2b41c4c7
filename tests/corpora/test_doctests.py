"""The examples in the builders' docstrings (pytest collects doctests of `textdl` only)."""

import doctest
from importlib import import_module

import pytest

MODULES = [
    "corpora.pydocs.blocks",
    "corpora.pydocs.docstrings",
    "corpora.pydocs.prose",
    "corpora.pydocs.sources",
    "corpora.toyworld.build",
    "corpora.toyworld.grammar",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    failed, tried = doctest.testmod(import_module(name))
    assert tried > 0
    assert failed == 0
