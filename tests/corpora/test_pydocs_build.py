"""The whole builder, on a few modules of the standard library."""

import subprocess
import sys
from pathlib import Path

import pytest

from corpora.pydocs import build as pydocs
from corpora.pydocs.sources import (
    Source,
    all_sources,
    declared_requirements,
    distribution_name,
    distribution_source,
    requirement_closure,
    standard_library,
)
from textdl.errors import CorpusError, OutputError

ROOT = Path(__file__).resolve().parents[2]
FEW = ["json", "email", "textwrap"]


def test_two_builds_give_the_same_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    assert pydocs.build(one, standard_library(FEW)) == pydocs.build(
        two, standard_library(FEW[::-1])
    )
    assert one.read_bytes() == two.read_bytes()


def test_report_counts_what_is_in_the_file(tmp_path: Path) -> None:
    report = pydocs.build(tmp_path / "out.txt", standard_library(FEW))
    lines = (tmp_path / "out.txt").read_text(encoding="utf-8").splitlines()
    assert report.paragraphs == len(lines) == len(set(lines))
    assert report.words == sum(len(line.split()) for line in lines)
    assert sum(report.words_by_source.values()) == report.words
    assert list(report.words_by_source) == ["python", "python-topics"]
    assert min(report.words_by_source.values()) > 1000
    assert report.skipped == ()


def test_a_repeated_paragraph_is_written_once(tmp_path: Path) -> None:
    file = tmp_path / "copied.py"
    file.write_text(
        'def f(): "The sum of the two is given."\nclass C(f): "The sum of the two is given."'
    )
    report = pydocs.build(tmp_path / "out.txt", [Source("a", (file,)), Source("b", (file,))])
    assert report.words_by_source == {"a": 7, "b": 0}


def test_unreadable_files_are_skipped_and_counted(tmp_path: Path) -> None:
    contents = {
        "python2.py": b"print 'no'",
        "null.py": b"'''a\0b'''",
        "latin.py": b"'''\xe9'''",
        "deep.py": b"(" * 5000,
        "fine.py": b"'It is the one that is read.'",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    files = [tmp_path / name for name in [*contents, "absent.py"]]
    report = pydocs.build(tmp_path / "out.txt", [Source("mixed", tuple(files))])
    assert [path.name for path in report.skipped] == [
        "python2.py",
        "null.py",
        "latin.py",
        "deep.py",
        "absent.py",
    ]
    assert (tmp_path / "out.txt").read_text() == "It is the one that is read.\n"


def test_nothing_found_is_an_error_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no English prose in 1 files"):
        pydocs.build(tmp_path / "out.txt", [Source("none", (tmp_path / "absent.py",))])
    assert list(tmp_path.iterdir()) == []


def test_missing_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        pydocs.build(tmp_path / "none" / "out.txt", standard_library(FEW))
    assert pydocs.main([str(tmp_path / "none" / "out.txt")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_summary_names_every_source_and_what_was_skipped() -> None:
    report = pydocs.PydocsReport(1234, 5, {"python": 1234}, (Path("bad.py"),))
    assert pydocs.summary(report).splitlines() == [
        "pydocs: skipped bad.py",
        "          python      1,234",
        "pydocs: 1,234 words in 5 paragraphs",
    ]


IMPORTS = """
import sys
from pathlib import Path
from corpora.pydocs import build
from corpora.pydocs.sources import Source, all_sources
some = [Source(name, files[:3]) for name, files in all_sources()]
build.build(Path(sys.argv[1]), some)
print(*sorted(sys.modules))
"""


def test_reading_imports_nothing_of_what_is_read(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", IMPORTS, str(tmp_path / "out.txt")]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    heavy = {
        "numpy",
        "scipy",
        "jax",
        "nltk",
        "sklearn",
        "joblib",
        "safetensors",
        "tqdm",
        "pydoc_data",
    }
    assert heavy.isdisjoint(run.stdout.split())


def test_the_script_runs_by_path_from_anywhere(tmp_path: Path) -> None:
    script = ROOT / "corpora" / "pydocs" / "build.py"
    command = [sys.executable, str(script), "none/out.txt"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.startswith("pydocs: cannot write 'none/out.txt'")


def test_sources_are_the_dependencies_and_no_tests() -> None:
    sources = all_sources()
    names = [source.name for source in sources]
    assert names[:2] == ["python", "python-topics"]
    assert {"numpy", "scipy", "jax", "jaxlib", "nltk", "scikit-learn"} <= set(names)
    assert {"pytest", "ruff", "hypothesis", "pip"}.isdisjoint(names)
    files = [file for source in sources for file in source.files]
    assert not any("tests" in file.parts[-4:] for file in files)


def test_files_of_a_source_are_sorted() -> None:
    files = distribution_source("tqdm").files
    assert len(files) > 10
    assert list(files) == sorted(files, key=str)


def test_requirements_are_followed_but_extras_are_not() -> None:
    reached = requirement_closure(["scikit-learn", "not-installed-anywhere>=1"])
    assert {"scikit-learn", "numpy", "scipy", "threadpoolctl"} <= set(reached)
    assert "pytest" not in reached
    assert reached == sorted(reached)


def test_requirements_are_those_of_the_project() -> None:
    assert "numpy" in map(distribution_name, declared_requirements())
