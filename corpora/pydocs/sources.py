"""Which files make the corpus: the standard library and the dependencies of textdl.

The rule does not look at what else is installed, so that unrelated packages in an environment do
not change the corpus: the modules that `sys.stdlib_module_names` lists, and the distributions
reached from ``dependencies`` in the repository's ``pyproject.toml`` through the requirements of
each (extras left aside).
"""

from __future__ import annotations

import re
import sys
import sysconfig
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"

# Folders without documentation: tests, and programs that some installations leave out.
TESTS = {"test", "tests", "testing", "idle_test", "conftest.py"}
SKIPPED = frozenset(TESTS | {"idlelib", "lib2to3", "turtledemo", "ensurepip"})
TOPICS = "pydoc_data/topics.py"


class Source(NamedTuple):
    """Python files whose words are counted together."""

    name: str  # "python", "python-topics" or a normalised distribution name
    files: tuple[Path, ...]  # in the order in which they are read


def all_sources() -> list[Source]:
    """Return every source of the corpus, the standard library first, then by name."""
    distributions = requirement_closure(declared_requirements())
    return [*standard_library(), *map(distribution_source, distributions)]


def standard_library(modules: Iterable[str] = sys.stdlib_module_names) -> list[Source]:
    """Return the sources ``python`` (these modules) and ``python-topics`` (pydoc's topics)."""
    folder = Path(sysconfig.get_path("stdlib"))
    files: list[Path] = []
    for module in sorted(set(modules) - {"pydoc_data"}):
        found = [folder / f"{module}.py", *(folder / module).rglob("*.py")]
        files += sorted(file for file in found if file.is_file() and is_wanted(file, folder))
    return [Source("python", tuple(files)), Source("python-topics", (folder / TOPICS,))]


def distribution_source(name: str) -> Source:
    """Return the Python files that the installed distribution `name` lists as its own."""
    distribution = metadata.distribution(name)
    listed = sorted(str(file) for file in distribution.files or () if file.suffix == ".py")
    files = (Path(str(distribution.locate_file(file))) for file in listed)
    root = Path(str(distribution.locate_file("")))
    return Source(name, tuple(file for file in files if is_wanted(file, root)))


def is_wanted(file: Path, root: Path) -> bool:
    """Tell whether no folder between `root` and `file`, nor its own name, is to be skipped."""
    return SKIPPED.isdisjoint(file.relative_to(root).parts)


def declared_requirements(pyproject: Path = PYPROJECT) -> list[str]:
    """Return the core dependencies of textdl, as its ``pyproject.toml`` declares them."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    return list(project["dependencies"])


def requirement_closure(requirements: Iterable[str]) -> list[str]:
    """Return the sorted names of the installed distributions that `requirements` lead to.

    A requirement that is not installed (a marker excluded it) leads nowhere; one that belongs to
    an extra is not followed, so the ``cuda`` extra of textdl changes nothing.

    Example:
        >>> requirement_closure(["tqdm>=4.66"])
        ['tqdm']
    """
    pending, reached = list(requirements), set[str]()
    while pending:
        name = distribution_name(pending.pop())
        if name in reached:
            continue
        try:
            required = metadata.distribution(name).requires
        except metadata.PackageNotFoundError:
            continue
        reached.add(name)
        pending += [text for text in required or () if not re.search(r";.*\bextra\s*==", text)]
    return sorted(reached)


def distribution_name(requirement: str) -> str:
    """Return the normalised name of the distribution that a PEP 508 requirement asks for.

    Example:
        >>> distribution_name("Opt_Einsum[all]>=3; python_version > '3'")
        'opt-einsum'
    """
    name = re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()
