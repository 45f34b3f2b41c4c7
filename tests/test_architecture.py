"""The structure of the package: arrows between its parts, names, sizes, and what is documented."""

import ast
import importlib
from collections import Counter
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
    "table": set(),
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
    "language_model": {"text", "nn"},
    "plot": {"vectors", "nn"},
    "serve": {"vectors", "classify"},
    "__main__": {"cli"},
    "cli": {"text", "bow", "embed", "nn", "vectors", "classify", "language_model", "plot", "serve"},
}
LEAVES = {
    "errors",
    "keyed_random",
    "string_array",
    "parallel",
    "progress",
    "table",
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
            assert name_of(path).startswith("text/tokenizers/")
        if "jax" in roots:
            is_cache = name_of(path) == "io/compilation_cache.py"
            assert is_cache or part_of(path) in {
                "jax_settings",
                "embed",
                "nn",
                "classify",
                "language_model",
            }


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


def definitions(path):
    """The functions and classes of a module and of its classes, but for private ones."""
    nodes = [ast.parse(path.read_text())]
    while nodes:
        for node in nodes.pop().body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                yield node
                if isinstance(node, ast.ClassDef):
                    nodes.append(node)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_says_what_it_owns(path):
    documentation = ast.get_docstring(ast.parse(path.read_text()))
    assert documentation
    assert documentation.splitlines()[0].endswith((".", ":", "?"))


def test_class_names_stand_once():
    found = Counter(
        node.name
        for path in MODULES
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, times in found.items() if times > 1] == []


def wanted_sections(function):
    """What the docstring of a function has to have: Args and Returns from three parameters on."""
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    names = [it.arg for it in arguments if it.arg not in ("self", "cls")]
    returned = ast.unparse(function.returns) if function.returns else "None"
    if len(names) >= 3:
        yield ("Args:",)
        if returned not in ("None", "NoReturn", "Self"):
            yield ("Returns:", "Yields:")
    if raises(function):
        yield ("Raises:",)


def raises(function):
    """Whether the body of a function raises an error of its own."""
    nodes = list(function.body)
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Raise) and node.exc is not None:
            return True
        if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            nodes += ast.iter_child_nodes(node)
    return False


def test_functions_say_what_they_take_return_and_raise():
    lacking = [
        f"{name_of(path)}: {node.name} lacks {' or '.join(sections)}"
        for path in MODULES
        for node in definitions(path)
        if isinstance(node, ast.FunctionDef) and not is_setter(node)
        for sections in wanted_sections(node)
        if not any(section in (ast.get_docstring(node) or "") for section in sections)
    ]
    assert lacking == []


def is_setter(function):
    """Whether a function sets a property, which its getter documents."""
    return any(ast.unparse(it).endswith(".setter") for it in function.decorator_list)


@pytest.mark.parametrize("package", ["textdl", "textdl.nn", "textdl.plot"])
def test_every_exported_name_has_an_example(package):
    module = importlib.import_module(package)
    exported = {name: getattr(module, name) for name in module.__all__}
    lacking = [
        name for name, it in exported.items() if callable(it) and ">>>" not in (it.__doc__ or "")
    ]
    assert lacking == []


def test_statements_stand_alone():
    """Parallel assignment only swaps, or unpacks one value."""
    parallel = []
    assignments = 0
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Assign):
                assignments += 1
                target, value = node.targets[0], node.value
                if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                    parallel.append(f"{name_of(path)}:{node.lineno}")
    assert len(parallel) < 0.01 * assignments, parallel


def test_few_modules_have_one_importer():
    """Verbs, formats and other entries of a registry are among them; the bar is a fifth."""
    importers = {module: set() for module in map(module_of, MODULES)}
    for path in [*MODULES, *PACKAGE.rglob("*.pyi")]:  # a stub exports by importing
        for target in imports_of(path):
            importers.get(target, set()).add(module_of(path))
    plain = {name: them for name, them in importers.items() if not is_package(name)}
    single = sorted(name for name, them in plain.items() if len(them - {name}) == 1)
    assert len(single) < 0.2 * len(plain), single


def module_of(path):
    parts = ("textdl", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts).removesuffix(".__init__")


def is_package(name):
    return PACKAGE.parent.joinpath(*name.split(".")).is_dir() or name.endswith("__main__")
