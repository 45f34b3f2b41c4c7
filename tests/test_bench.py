"""`scripts/bench`: every benchmark is known, and the report has what they print."""

import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"

TABLE = """2026-11-27, 2 cores

| corpus | setting | other, s | textdl, s | speed-up (each round) |
|---|---|---|---|---|
| imdb | words | 4.6 | 0.8 | 5.8 (5.7, 5.8) |
| imdb | TF-IDF | 4.7 | 0.8 | 5.9 (5.9, 5.9) |

| model | system | CPU s | times as fast, by CPU s |
|---|---|---|---|
| skip-gram | textdl | 66 |  |
| skip-gram | gensim | 426 | 6.4 |
"""


@pytest.fixture
def bench(monkeypatch):
    """The module of the script, as it is when it is run."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    for name in ("bench", "measuring"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import bench

    return bench


def test_every_benchmark_is_in_the_registry(bench):
    scripts = {path.stem.removeprefix("bench_") for path in SCRIPTS.glob("bench_*.py")}
    assert set(bench.BENCHMARKS) == scripts


def test_speed_ups_of_every_table(bench):
    assert list(bench.speed_ups(TABLE)) == [
        ("imdb, words", 5.8),
        ("imdb, TF-IDF", 5.9),
        ("skip-gram, gensim", 6.4),
    ]
    assert list(bench.speed_ups("no table\n")) == []


def test_report_has_the_machine_what_was_printed_and_what_failed(bench, tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "OUT", tmp_path)
    about = bench.machine()
    done = {"seconds": 3.2, "results": None}
    runs = [
        {"name": "bow", "command": "python bench_bow.py", "exit_code": 0, "printed": TABLE, **done},
        {"name": "query", "command": "python x.py", "exit_code": 3, "printed": "", **done},
    ]
    bench.write(about, runs)
    text = (tmp_path / "report.md").read_text()
    assert about["processor"] in text
    assert f"jax {about['versions']['jax']}" in text
    assert TABLE.strip() in text
    assert "It failed with exit code 3." in text
    assert (tmp_path / "report.png").stat().st_size > 1000
    assert (tmp_path / "report.json").read_text().startswith("{")


def test_unknown_name_is_refused(bench, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench.py", "nothing"])
    with pytest.raises(SystemExit) as ended:
        bench.main()
    assert ended.value.code == 2
    assert "'nothing' is unknown; expected some of: word2vec" in capsys.readouterr().err
