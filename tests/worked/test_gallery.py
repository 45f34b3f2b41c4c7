"""Every example explains itself and draws what it says."""

import doctest
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from scripts.worked.__main__ import EXAMPLES, main
from textdl.plot import canvas

ROOT = Path(__file__).resolve().parents[2]
PICTURES = {name: [f"{name}.png"] for name in EXAMPLES} | {"chain_rule": []}
# What the printed page must say.
SAYS = {
    "perceptron": ["= 0.002", "3.2; g(z) = 0.96", "1 + 3 x1 - 2 x2 = 0"],
    "flight_delays": ["0.33175", "0.41500", "1.02664"],
    "talk": ["0.100", "2.3026"],
    "camera": ["1.75", "3.25", "32 of 32"],
    "sweets": ["the mean is 55.222", "the median is 54.000"],
    "chain_rule": ["de/dw1 = de/dy · dy/dw1 = w2 x"],
    "confusion": ["8      1          8"],
    "network": ["dense 1  4 x 8    tanh             40"],
    "word_map": ["most similar"],
    "text_vectors": ["teddy: a, cute, bear, is", "teddy_bear    0.00  1.00"],
    "language_model": ["GRU of 128", "7-grams, Kneser-Ney"],
    "learning_rates": ["(1 - 2η)^t"],
}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Pictures of few pixels: they are looked at by people, not here."""
    monkeypatch.setattr(canvas, "DOTS_PER_INCH", 20)


@pytest.mark.full  # the documentation executes every example whenever it is built, as CI does
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_prints_and_draws(capsys, tmp_path, name):
    import_module(f"scripts.worked.{name}").show(tmp_path)
    out, err = capsys.readouterr()
    assert err == ""
    assert re.match(r"\n(.+)\n(=+)\n\n", out)
    assert max(map(len, out.splitlines())) <= 110 + len(str(tmp_path))
    for text in SAYS.get(name, []):
        assert text in out
    assert sorted(path.name for path in tmp_path.iterdir()) == PICTURES[name]
    for path in tmp_path.iterdir():
        assert path.read_bytes().startswith(b"\x89PNG")
        assert str(path) in out


def test_every_file_of_examples_is_shown():
    files = {path.stem for path in (ROOT / "scripts" / "worked").glob("*.py")}
    assert files == {*EXAMPLES, "__init__", "__main__", "ngrams", "page", "points"}


def test_some_examples_can_be_chosen(capsys, monkeypatch, tmp_path):
    folder = tmp_path / "new" / "folder"
    monkeypatch.setattr(sys, "argv", ["gallery", str(folder), "--only", "perceptron"])
    main()
    assert [path.name for path in folder.iterdir()] == ["perceptron.png"]
    assert "A perceptron" in capsys.readouterr().out


def test_a_folder_that_cannot_be_made_is_one_line(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(sys, "argv", ["gallery", str(tmp_path / "file" / "folder")])
    with pytest.raises(SystemExit, match="cannot make the folder"):
        main()


def test_a_picture_that_cannot_be_written_is_one_line(capsys, monkeypatch, tmp_path):
    (tmp_path / "perceptron.png").mkdir()
    monkeypatch.setattr(sys, "argv", ["gallery", str(tmp_path), "--only", "perceptron"])
    with pytest.raises(SystemExit, match="could not write"):
        main()


@pytest.mark.parametrize("name", [*EXAMPLES, "ngrams", "page", "points"])
def test_doctests(name):
    assert doctest.testmod(import_module(f"scripts.worked.{name}")).failed == 0


def test_the_gallery_script_is_sound():
    subprocess.run(["bash", "-n", str(ROOT / "scripts" / "gallery")], check=True)
