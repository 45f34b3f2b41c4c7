"""What the documentation says of the program, made from the program: it cannot go stale.

A page asks for it in a block, which `fill_in` replaces by Markdown before Sphinx reads the page:

    ```{generated} parameters textdl.Word2Vec
    ```

`GENERATORS` maps the first word to a function of the others.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import textdl
from textdl.cli.main import build_parser, loaded_verbs
from textdl.parameters import Parameter, parameters_of

PACKAGE = Path(textdl.__file__).parent
WORKED = Path(__file__).resolve().parents[1] / "worked"
BLOCK = re.compile(r"^```\{generated\} (.+)\n```$", re.MULTILINE)
# Whose methods are documented elsewhere.
FOREIGN_BASES = "BaseEstimator, ABC, tuple, dict, Exception"


def fill_in(page: str) -> str:
    """Replace the blocks of a page by what they ask for.

    Raises:
        KeyError: a block asks for what is not among the `GENERATORS`.
    """

    def made(block: re.Match[str]) -> str:
        name, *arguments = block[1].split()
        return GENERATORS[name](*arguments)

    return BLOCK.sub(made, page)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )


# The map of the package


def module_map() -> str:
    """A table per package: its files, and what each says that it owns."""
    single = sorted(path for path in PACKAGE.glob("*.py") if not path.stem.startswith("__"))
    sections = ["## `textdl/`: leaves, which everything may use", _map_of_files(single)]
    for name in ("io", *_in_order_of_use(package_arrows())):
        folder = PACKAGE / name
        sections += [f"## `textdl/{name}/`", _summary(folder / "__init__.py")]
        files = sorted(folder.rglob("*.py"), key=lambda path: (path.parent, path.name))
        sections.append(
            _map_of_files(
                path for path in files if path.parent != folder or path.stem != "__init__"
            )
        )
    return "\n\n".join(sections)


def arrow_table() -> str:
    """Which packages each package imports, as the code is."""
    arrows = package_arrows()
    rows = [
        [f"`{name}`", ", ".join(f"`{other}`" for other in sorted(arrows[name])) or "only leaves"]
        for name in _in_order_of_use(arrows)
    ]
    return table(["package", "imports"], rows)


def package_arrows() -> dict[str, set[str]]:
    """The packages that each package imports; `io` is one of the leaves, which are left aside."""
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - {"io"}
    arrows: dict[str, set[str]] = {}
    for name in packages:
        files = (PACKAGE / name).rglob("*.py")
        imported = {module.split(".")[1] for path in files for module in _imported_modules(path)}
        arrows[name] = (imported & packages) - {name}
    return arrows


def _imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "textdl":
            yield from (f"textdl.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("textdl."):
            yield node.module or ""


def _in_order_of_use(arrows: Mapping[str, set[str]]) -> list[str]:
    """Packages, each after those that it imports."""
    sorter = TopologicalSorter({name: sorted(arrows[name]) for name in sorted(arrows)})
    return list(sorter.static_order())


def _map_of_files(paths: Iterable[Path]) -> str:
    rows = [[f"`{path.relative_to(PACKAGE.parent).as_posix()}`", _summary(path)] for path in paths]
    return table(["file", "what it owns"], rows)


def _summary(path: Path) -> str:
    """The first paragraph of the docstring of a file."""
    documentation = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(documentation.split("\n\n")[0].split())


# Parameters


def parameter_table(name: str) -> str:
    """The parameters of a class: default, range, description."""
    rows = [
        [f"`{it.name}`", f"`{_shown(it.default)}`", _range(it), _code_safe(it.description)]
        for it in parameters_of(_resolve(name)).values()
    ]
    return table(["parameter", "default", "may be", "what it is"], rows)


def _range(known: Parameter) -> str:
    if known.choices:
        expected = ", ".join(f"`{choice}`" for choice in known.choices)
    elif known.type in (int, float):
        expected = "whole number" if known.type is int else "number"
        if known.minimum > -math.inf:
            expected += f" from {known.minimum:,}"
            expected += f" to {known.maximum:,}" if known.maximum < math.inf else ""
    else:
        expected = {bool: "`True`, `False`", str: "text"}.get(known.type, "see the description")
    expected += ", or a function" if known.allows_callable else ""
    return f"{expected}, or `None`" if known.is_optional else expected


def _shown(default: Any) -> str:
    return default.__name__ if isinstance(default, type) else repr(default)


# Names of other programs


def peer_names(peer: str, name: str) -> str:
    """What to write in place of another program's names.

    Args:
        peer: the program.
        name: of a table in `textdl.gensim_names`.
    """
    names: Mapping[str, str] = getattr(import_module("textdl.gensim_names"), name)
    rows = [[f"`{theirs}`", _code_safe(ours)] for theirs, ours in names.items()]
    return table([peer, "textdl"], rows)


# The command line


def command_line() -> str:
    """A section per verb, made from the parser itself."""
    return "\n\n".join(_verb(parser) for _, parser in loaded_verbs(build_parser()))


def _verb(parser: argparse.ArgumentParser) -> str:
    usage = parser.format_usage().removeprefix("usage: ").rstrip()
    rows = [
        [_names(action), (parser._get_formatter()._expand_help(action) if action.help else "")]
        for action in parser._actions
        if not isinstance(action, argparse._HelpAction)
    ]
    parts = [
        f"## {parser.prog}",
        _code_safe(parser.description or ""),
        f"```text\n{usage}\n```",
        f"```text\n{parser.epilog}\n```",
        table(["argument", "what it is"], [[name, _code_safe(text)] for name, text in rows]),
    ]
    return "\n\n".join(parts)


def _names(action: argparse.Action) -> str:
    value = "" if action.nargs == 0 else _metavar(action)
    if not action.option_strings:
        return f"`{value}`"
    return ", ".join(
        f"`{option} {value}`" if value else f"`{option}`" for option in action.option_strings
    )


def _metavar(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    if action.choices is not None:
        return "|".join(map(str, action.choices))
    return action.dest.upper()


def _code_safe(text: str) -> str:
    """Text of the terminal as Markdown: nothing in it is markup."""
    return re.sub(r"([\\`*_{}\[\]<>#])", r"\\\1", text)


# Worked examples

EXAMPLE = """\
## {title}

{summary}

```{{code-cell}}
from scripts.worked import {name}

{name}.show(pictures)
```
{picture}
<details><summary>Source: <code>scripts/worked/{name}.py</code></summary>

```{{literalinclude}} ../../worked/{name}.py
:language: python
```

</details>
"""
PICTURE = """
```{{code-cell}}
:tags: [remove-input]
Image(pictures / "{name}.png")
```
"""


def example(name: str) -> str:
    """A worked example: what it prints, its picture if it draws one, and its source."""
    path = WORKED / f"{name}.py"
    summary = _summary(path)
    draws = "keep(" in path.read_text(encoding="utf-8")
    return EXAMPLE.format(
        name=name,
        title=re.split("[:.]", summary)[0],
        summary=summary,
        picture=PICTURE.format(name=name) if draws else "",
    )


# Reference


def api(module: str, *names: str) -> str:
    """The documentation of exported names, from their docstrings."""
    return "\n\n".join(_documented(f"{module}.{name}") for name in names)


def errors() -> str:
    """The documentation of every other error of the family."""
    members = vars(import_module("textdl.errors")).values()
    found = [it for it in members if inspect.isclass(it) and issubclass(it, textdl.TextdlError)]
    return api("textdl.errors", *(it.__name__ for it in found if it is not textdl.TextdlError))


def _documented(name: str) -> str:
    value = _resolve(name)
    if inspect.isclass(value):
        lines = [
            f".. autoclass:: {name}",
            "   :members:",
            f"   :inherited-members: {FOREIGN_BASES}",
        ]
    elif isinstance(value, ModuleType):
        lines = [f".. automodule:: {name}"]
    elif callable(value):
        lines = [f".. autofunction:: {name}"]
    else:
        lines = [f".. py:data:: {name}", "", f"   {_content(value)}"]
    return "\n".join(["```{eval-rst}", *lines, "```"])


def _content(value: Any) -> str:
    """A registry by its names, anything else as it is."""
    shown = (
        list(value)
        if isinstance(value, Mapping | Sequence) and not isinstance(value, str)
        else [value]
    )
    return ", ".join(f"``{it}``" for it in shown)


def _resolve(name: str) -> Any:
    """What a dotted name of a module's attribute stands for."""
    module, _, attribute = name.rpartition(".")
    return getattr(import_module(module), attribute)


GENERATORS: Mapping[str, Callable[..., str]] = {
    "api": api,
    "arrows": arrow_table,
    "command-line": command_line,
    "errors": errors,
    "example": example,
    "map": module_map,
    "parameters": parameter_table,
    "peer-names": peer_names,
}
