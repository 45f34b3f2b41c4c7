"""The arrows of the design, checked by parsing imports; and the size of files and functions."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "textdl"

# What each part may import of the others; the leaves are open to all.
ALLOWED = {
    "errors": set(),
    "keyed_random": set(),
    "string_array": {"errors"},
    "parallel": {"errors"},
    "progress": set(),
    "parameters": {"errors"},
    "identity": set(),
    "gensim_names": {"errors"},
    "interruption": set(),
    "jax_settings": {"errors"},
    "io": {"errors"},
    "nn": set(),
    "text": set(),
    "vectors": {"text"},
    "bow": {"text"},
    "embed": {"text", "nn", "vectors"},
    "classify": {"text", "bow", "embed", "nn", "vectors"},
    "plot": {"vectors", "nn"},
    "__main__": {"cli"},
    "cli": {"text", "bow", "embed", "nn", "vectors", "classify", "plot"},
}
LEAVES = {
    "errors",
    "keyed_random",
    "string_array",
    "parallel",
    "progress",
    "parameters",
    "identity",
    "gensim_names",
    "interruption",
    "jax_settings",
    "io",
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path):
    return str(path.relative_to(PACKAGE))


def part_of(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports_of(path):
    """Every imported module of the package, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if is_module(name) else node.module for name in inside]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == "textdl")


def is_module(name):
    place = PACKAGE.parent.joinpath(*name.split("."))
    return place.is_dir() or place.with_suffix(".py").is_file()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_arrows_run_one_way(path):
    part = part_of(path)
    if part == "__init__":
        return
    for name in imports_of(path):
        target = name.split(".")[1] if "." in name else None
        if target is None or target == part or (target in LEAVES and part not in LEAVES):
            continue
        assert target in ALLOWED[part], f"{part}: {name}"


def test_nltk_and_jax_are_imported_where_they_belong():
    for path in MODULES:
        roots = {
            (alias.name if isinstance(node, ast.Import) else node.module).split(".")[0]
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        if "nltk" in roots:
            assert name_of(path) == "text/tokenize.py"
        if "jax" in roots:
            is_cache = name_of(path) == "io/compilation_cache.py"
            assert is_cache or part_of(path) in {"jax_settings", "embed", "nn", "classify"}


def test_there_is_no_cycle():
    graph = {}
    for path in MODULES:
        module = ".".join(("textdl", *path.relative_to(PACKAGE).with_suffix("").parts))
        graph[module.removesuffix(".__init__")] = set(imports_of(path))
    graph.pop("textdl")  # its names are lazy

    def visit(module, above):
        assert module not in above, " -> ".join([*above, module])
        for target in graph.get(module, ()):
            visit(target, [*above, module])

    for module in graph:
        visit(module, [])


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_files_and_functions_hold_one_idea(path):
    text = path.read_text()
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.body:
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert lines <= 40, f"{node.name} has {lines} lines"
