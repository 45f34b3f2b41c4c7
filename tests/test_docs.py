"""The documentation: nothing is missing, and what it names is there (`scripts/docs/build`)."""

import dataclasses
import inspect
import re
import shlex
import sys
import threading
from importlib import import_module
from pathlib import Path

import pytest

import textdl
from scripts.docs import generated
from scripts.worked.__main__ import EXAMPLES
from textdl import TfidfVectorizer, Word2Vec, nn, plot
from textdl.cli.main import build_parser
from textdl.parameters import parameters_of

ROOT = Path(textdl.__file__).parents[1]
DOCS = ROOT / "scripts" / "docs"
README = ROOT / "README.md"
PAGES = sorted(it for it in DOCS.rglob("*.md") if "_build" not in it.relative_to(DOCS).parts)
TEXTS = [README, *PAGES]
NAME = re.compile(r"`(textdl(?:\.\w+)+)`")
TRAINING_WALK = ("## A text is trained on", "## Documents become a matrix")
VECTORIZER_WALK = ("## Documents become a matrix", "## Two seams")


def name_of(path):
    return str(path.relative_to(ROOT))


def blocks(text, *languages):
    """The fenced blocks of a page that are in one of some languages."""
    found = re.findall(r"^```(\S+)[^\n]*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [body for language, body in found if language in languages]


def documented_names():
    """The exported names in the blocks of the API reference."""
    for page in PAGES:
        for block in generated.BLOCK.findall(page.read_text()):
            generator, *arguments = block.split()
            if generator == "api":
                yield from (f"{arguments[0]}.{name}" for name in arguments[1:])


def resolve(name):
    """The module that a dotted name is in, its name within the module, and what it stands for."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            module = import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        found = module
        for part in parts[end:]:
            found = getattr(found, part)
        return module, ".".join(parts[end:]), found
    raise AssertionError(name)


def section(start, end):
    text = (DOCS / "architecture.md").read_text()
    return text[text.index(start) : text.index(end)]


def executed_functions(function):
    """The functions of the package that a call executes, in any thread, by file."""
    package = str(ROOT / "textdl")
    found = set()

    def trace(frame, event, argument):
        code = frame.f_code
        if code.co_filename.startswith(package):
            found.add((code.co_filename, code.co_qualname))

    before = sys.gettrace()
    threading.settrace(trace)
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
        threading.settrace(before)
    return found


def not_executed(names, executed):
    """Which of some dotted names are functions, or classes with methods, that were not executed."""
    for name in names:
        module, qualified, found = resolve(name)
        own = {it for file, it in executed if file == module.__file__}
        if inspect.isclass(found):
            is_generated = dataclasses.is_dataclass(found) or issubclass(found, tuple)
            if not is_generated and not any(it.startswith(f"{qualified}.") for it in own):
                yield name
        elif callable(found) and qualified not in own:
            yield name


# Pages


def test_every_page_is_in_a_toctree():
    def pages_below(page):
        yield page
        for body in blocks(page.read_text(), "{toctree}"):
            for line in body.splitlines():
                if line.strip() and not line.startswith(":"):
                    yield from pages_below((page.parent / line.strip()).with_suffix(".md"))

    assert sorted(pages_below(DOCS / "index.md")) == PAGES


@pytest.mark.parametrize("page", TEXTS, ids=name_of)
def test_links_lead_to_files(page):
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    missing = [it for it in targets if "://" not in it and not (page.parent / it).exists()]
    assert missing == []


@pytest.mark.parametrize("page", TEXTS, ids=name_of)
def test_named_files_and_names_exist(page):
    text = page.read_text()
    paths = re.findall(r"`((?:textdl|scripts|corpora)/[\w./]*)`", text)
    paths = [it for it in paths if not it.startswith("scripts/docs/_build")]
    assert [it for it in paths if not (ROOT / it).exists()] == []
    for name in NAME.findall(text):
        resolve(name)


@pytest.mark.parametrize("page", TEXTS, ids=name_of)
def test_python_compiles_and_command_lines_parse(page):
    text = page.read_text()
    for body in blocks(text, "python", "{code-cell}"):
        if body.startswith("%%sh"):
            continue
        lines = (line for line in body.splitlines() if not line.startswith((":tags:", "%")))
        compile("\n".join(lines), name_of(page), "exec")
    for line in "\n".join(blocks(text, "sh", "{code-cell}")).splitlines():
        if line.startswith("textdl "):
            build_parser().parse_args(shlex.split(line, comments=True)[1:])


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_generated_parts_are_filled_in(page):
    assert "{generated}" not in generated.fill_in(page.read_text())


# What is documented


@pytest.mark.parametrize("module", [textdl, nn, plot], ids=lambda module: module.__name__)
def test_exported_names_are_in_the_reference(module):
    exported = {f"{module.__name__}.{name}" for name in module.__all__}
    assert exported - set(documented_names()) == set()


def test_names_of_the_reference_exist():
    for name in documented_names():
        resolve(name)


def test_parameters_of_every_estimator_are_in_a_table():
    text = (DOCS / "reference" / "parameters.md").read_text()
    for name in textdl.__all__:
        kind = getattr(textdl, name)
        if dataclasses.is_dataclass(kind) and parameters_of(kind):
            assert f"{{generated}} parameters textdl.{name}\n" in text, name


def test_command_line_reference_has_every_verb_and_option():
    text = generated.command_line()
    for option in ("## textdl train\n", "## textdl bow fit\n", "`--vector-size N`", "`--json`"):
        assert option in text
    assert "==SUPPRESS==" not in text


def test_examples_of_the_gallery_are_pages():
    text = "".join(page.read_text() for page in (DOCS / "gallery").glob("*.md"))
    assert sorted(re.findall(r"\{generated\} example (\w+)", text)) == sorted(EXAMPLES)


def test_tables_of_the_readme_are_those_of_the_benchmarks():
    readme = README.read_text()
    tables = readme[readme.index("## Benchmarks") : readme.index("## Limits")]
    rows = [line for line in tables.splitlines() if line.startswith("|")]
    known = (DOCS / "benchmarks.md").read_text().splitlines()
    assert len(rows) == 21
    assert [row for row in rows if row not in known] == []


def test_readme_is_one_page():
    assert README.read_text().count("\n") <= 190


# The walks of the architecture page


def test_training_goes_where_the_walk_says(tmp_path):
    (tmp_path / "a.txt").write_text("a cat sat on a mat\na dog sat on a log\n" * 50)
    (tmp_path / "b.csv").write_text("text\na cat and a dog\n")
    model = Word2Vec(
        vector_size=7, min_count=1, epochs=1, verbose=False, checkpoint=tmp_path / "run"
    )
    executed = executed_functions(
        lambda: model.fit([tmp_path / "a.txt", tmp_path / "b.csv"]).vectors_.save(
            tmp_path / "v.safetensors"
        )
    )
    names = NAME.findall(section(*TRAINING_WALK))
    assert len(names) > 30
    assert list(not_executed(names, executed)) == []


def test_vectorizing_goes_where_the_walk_says():
    vectorizer = TfidfVectorizer()
    texts = ["the cat sat", "the dog sat on the log"] * 3
    executed = executed_functions(lambda: vectorizer.fit_transform(texts))
    names = NAME.findall(section(*VECTORIZER_WALK))
    assert list(not_executed(names, executed)) == []
    assert {resolve(name)[0].__file__ for name in names} == {file for file, _ in executed}
