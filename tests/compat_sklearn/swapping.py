"""scikit-learn's own test files, with classes of textdl in place of scikit-learn's."""

import importlib.util
import sys
from collections.abc import Collection
from pathlib import Path
from unittest import mock

import pytest


def swapped_tests(test_file, package, classes, known_failures):
    """The tests of a file that scikit-learn ships, on other classes; nothing is copied.

    Args:
        test_file: its path within scikit-learn.
        package: the module of scikit-learn that it imports the classes from.
        classes: those to find there instead, by name.
        known_failures: reasons by names of tests, which must fail.

    Returns:
        Functions by name.
    """
    path = Path(importlib.util.find_spec("sklearn").origin).parent / test_file
    if not path.exists():
        pytest.skip("scikit-learn is installed without its tests", allow_module_level=True)
    name = f"swapped_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where a pickle looks for the classes of a test
    with mock.patch.multiple(package, **classes):
        spec.loader.exec_module(module)
    for it in vars(module).values():
        _make_lists_of_iterators(it)
    tests = {name: it for name, it in vars(module).items() if name.startswith("test_")}
    for name, reason in known_failures.items():
        pytest.mark.xfail(reason=reason, strict=True)(tests[name])
    return tests


def _make_lists_of_iterators(test):
    """pytest warns of an iterator as the values of a parameter, and warnings are errors here."""
    marks = getattr(test, "pytestmark", [])
    for number, mark in enumerate(marks):
        if mark.name == "parametrize" and not isinstance(mark.args[1], Collection):
            names, values = mark.args
            marks[number] = getattr(pytest.mark, mark.name)(names, list(values), **mark.kwargs).mark
