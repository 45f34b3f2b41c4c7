"""Pictures are files, complete or absent, and the same files twice."""

import builtins
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.plot.conftest import DRAWINGS, HISTORIES, KINDS, POINTS, draw_losses, draw_rates
from textdl import plot
from textdl.errors import OutputError, ParameterError


@DRAWINGS
def test_save_png_has_signature_and_size(tmp_path, draw):
    figure = draw()
    plot.save(figure, tmp_path / "picture.png")
    content = (tmp_path / "picture.png").read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    size = [int.from_bytes(content[start : start + 4], "big") for start in (16, 20)]
    np.testing.assert_allclose(size, figure.get_size_inches() * 120, atol=1)
    assert min(size) > 400


@DRAWINGS
def test_save_svg_is_xml_without_date(tmp_path, draw):
    plot.save(draw(), tmp_path / "picture.SVG")
    root = ET.parse(tmp_path / "picture.SVG").getroot()
    assert root.tag.endswith("svg")
    assert b"dc:date" not in (tmp_path / "picture.SVG").read_bytes()


@DRAWINGS
@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_save_equal_figures_gives_equal_bytes(tmp_path, draw, suffix):
    first, second = (tmp_path / f"{name}{suffix}" for name in "ab")
    plot.save(draw(), first)
    plot.save(draw(), second)
    assert first.read_bytes() == second.read_bytes()


def test_save_in_another_process_gives_equal_bytes(tmp_path):
    code = (
        "from textdl import plot\n"
        f"plot.save(plot.loss_curves({HISTORIES}), {str(tmp_path / 'there.svg')!r})"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    plot.save(draw_losses(), tmp_path / "here.svg")
    assert (tmp_path / "there.svg").read_bytes() == (tmp_path / "here.svg").read_bytes()


def test_drawing_leaves_pyplot_and_settings_unchanged(tmp_path):
    code = (
        "import sys\n"
        "from matplotlib import rcParams\n"
        # Reading the backend would choose one, with pyplot.
        "settings = lambda: {name: rcParams[name] for name in rcParams if name != 'backend'}\n"
        "before = settings()\n"
        "from textdl import plot\n"
        f"plot.save(plot.loss_curves({HISTORIES}), {str(tmp_path / 'loss.svg')!r})\n"
        "assert settings() == before\n"
        "assert 'matplotlib.pyplot' not in sys.modules and 'jax' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_drawing_on_given_axes(model):
    figure, (left, right) = plot.new_figure(2)
    assert plot.loss_curves(HISTORIES, axes=left) is figure
    assert plot.decision_boundary(model, POINTS, KINDS, axes=right) is figure
    assert len(figure.axes) == 2


@pytest.mark.parametrize("name", ["picture.pdf", "picture", "picture.png.txt", ".png"])
def test_save_other_suffixes_are_refused(tmp_path, name):
    with pytest.raises(ParameterError, match=r"expected one of \.png, \.svg; rename it"):
        plot.save(draw_losses(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_save_is_complete_or_absent(tmp_path, monkeypatch):
    target = tmp_path / "picture.png"
    plot.save(draw_losses(), target)
    before = target.read_bytes()

    def fail(self, path, **options):
        path.write_bytes(b"half")
        raise RuntimeError("stopped")

    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(RuntimeError, match="stopped"):
        plot.save(draw_losses(), target)
    assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]
    assert target.read_bytes() == before


def test_save_unwritable_output_is_named(tmp_path):
    with pytest.raises(OutputError, match="does not exist; create it first"):
        plot.check_picture(tmp_path / "none" / "picture.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutputError, match="Is a directory"):
        plot.save(draw_losses(), tmp_path / "folder.png")


def test_missing_matplotlib_names_the_remedy(tmp_path, monkeypatch, model):
    figure, really = draw_losses(), builtins.__import__

    def without(name, *rest):
        if name.split(".")[0] == "matplotlib":
            raise ModuleNotFoundError(name)
        return really(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    for draw in (
        draw_losses,
        draw_rates,
        lambda: plot.decision_boundary(model, POINTS, KINDS),
        lambda: plot.save(figure, tmp_path / "picture.png"),
        lambda: plot.check_picture(tmp_path / "picture.png"),
    ):
        with pytest.raises(OutputError, match=r"matplotlib; pip install 'textdl\[plot\]'"):
            draw()
