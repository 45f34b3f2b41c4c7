"""`textdl plot`: loss, boundary, rates."""

import json

import numpy as np
import pytest

from textdl import MLPClassifier, MLPRegressor, Vectors
from textdl.cli.main import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Points, a network trained on them, and other files."""
    folder = tmp_path_factory.mktemp("plot")
    draw = np.random.default_rng(0)
    xy = draw.normal(size=(40, 2))
    kinds = (xy[:, 0] > xy[:, 1]).astype(int)
    rows = "".join(f"{x},{y},{kind}\n" for (x, y), kind in zip(xy, kinds, strict=True))
    (folder / "points.csv").write_text(f"width (cm),height (cm),kind\n{rows}")
    (folder / "bad.csv").write_text("a,b,c\n1,2,x\n3,?,y\n")
    (folder / "odd.csv").write_text("a,b,c\n1,2,7\n")
    (folder / "one.csv").write_text("a,b,c\n1,2,x\n3,4,x\n")
    (folder / "run.json").write_text('progress\n{"words": 3, "loss": [2.5, 1.5, null]}\n')
    MLPClassifier((4,), max_iter=3).fit(xy, kinds).save(folder / "two.safetensors")
    three = np.hstack([xy, xy[:, :1]])
    MLPClassifier((), max_iter=1).fit(three, kinds).save(folder / "three.safetensors")
    MLPRegressor((), max_iter=1).fit(xy, xy[:, 0]).save(folder / "number.safetensors")
    many = np.stack([kinds, 1 - kinds], 1)
    MLPClassifier((), max_iter=1).fit(xy, many).save(folder / "many.safetensors")
    Vectors(["a"], [[1.0]]).save(folder / "vectors.safetensors")
    return folder


@pytest.fixture(autouse=True)
def elsewhere(folder, tmp_path, monkeypatch):
    """Each test draws into a folder of its own."""
    for file in folder.iterdir():
        (tmp_path / file.name).symlink_to(file)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys, *arguments):
    code = main(["plot", *arguments])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    return out


def is_png(path):
    return path.read_bytes().startswith(b"\x89PNG")


def test_loss_draws_curves(capsys, elsewhere):
    out = run(capsys, "loss", "two.safetensors", "run.json", "-o", "loss.png")
    assert out == "2 loss curves in loss.png\n"
    assert is_png(elsewhere / "loss.png")


def test_loss_reports_json(capsys, elsewhere):
    network = MLPClassifier.load("two.safetensors")
    out = run(capsys, "loss", "two.safetensors", "run.json", "-o", "loss.svg", "--json")
    assert json.loads(out) == {
        "runs": [
            {"run": "two.safetensors", "epochs": 3, "loss": network.loss_curve_[-1]},
            {"run": "run.json", "epochs": 3, "loss": None},
        ],
        "output": "loss.svg",
    }
    assert (elsewhere / "loss.svg").read_bytes().startswith(b"<?xml")


def test_loss_files_of_one_name_are_named_by_path(capsys, elsewhere):
    (elsewhere / "other").mkdir()
    (elsewhere / "other" / "run.json").write_text('{"loss": [1]}')
    run(capsys, "loss", "run.json", "other/run.json", "-o", "two.svg")
    run(capsys, "loss", "run.json", "-o", "one.svg")
    assert len((elsewhere / "two.svg").read_text()) > len((elsewhere / "one.svg").read_text())


def test_boundary_draws_and_reports_accuracy(capsys, elsewhere):
    out = run(capsys, "boundary", "two.safetensors", "points.csv", "-o", "b.png", "--json")
    found = json.loads(out)
    assert (found["points"], found["classes"], found["output"]) == (40, [0, 1], "b.png")
    assert 0 <= found["accuracy"] <= 1
    assert is_png(elsewhere / "b.png")
    out = run(capsys, "boundary", "two.safetensors", "points.csv", "-o", "b.png")
    assert out == f"40 points, accuracy {found['accuracy']:.4f} in b.png\n"


def test_rates_draws_and_reports_losses(capsys, elsewhere):
    command = ["rates", "points.csv", "--epochs", "3", "--hidden", "4", "-o", "r.png"]
    out = run(capsys, *command, "--rates", "0.001", "0.1", "1e300", "--json")
    found = json.loads(out)
    assert [one["rate"] for one in found["rates"]] == [0.001, 0.1, 1e300]
    assert [one["epochs"] for one in found["rates"][:2]] == [3, 3]
    assert found["rates"][1]["loss"] < found["rates"][0]["loss"]
    assert found["rates"][2]["loss"] is None  # diverged
    assert is_png(elsewhere / "r.png")
    first = (elsewhere / "r.png").read_bytes()
    assert (
        run(capsys, *command, "--rates", "0.1", "0.001", "1e300") == "3 learning rates in r.png\n"
    )
    assert (elsewhere / "r.png").read_bytes() == first  # the order of the rates is not drawn


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["loss", "points.csv", "-o", "x.png"], 1, "'points.csv' is neither"),
        (["loss", "vectors.safetensors", "-o", "x.png"], 1, "expected MLPClassifier"),
        (["loss", "none", "-o", "x.png"], 1, "'none' cannot be read"),
        (["loss", "run.json", "run.json", "-o", "x.png"], 2, "named twice"),
        (["loss", "run.json", "-o", "x.pdf"], 2, "expected one of .png, .svg"),
        (["loss", "run.json", "-o", "none/x.png"], 1, "'none' does not exist"),
        (["loss", "run.json"], 2, "-o/--output"),
        (["loss", "-o", "x.png"], 2, "RUN"),
        (["boundary", "two.safetensors", "bad.csv", "-o", "x.png"], 1, "'bad.csv', line 3: '3,?"),
        (["boundary", "two.safetensors", "odd.csv", "-o", "x.png"], 1, "label '7'"),
        (["boundary", "three.safetensors", "points.csv", "-o", "x.png"], 1, "has 3 features"),
        (["boundary", "number.safetensors", "points.csv", "-o", "x.png"], 1, "no classifier"),
        (["boundary", "many.safetensors", "points.csv", "-o", "x.png"], 1, "of one label"),
        (["boundary", "run.json", "points.csv", "-o", "x.png"], 1, "run.json"),
        (["boundary", "two.safetensors", "-o", "x.png"], 2, "POINTS"),
        (["rates", "points.csv", "-o", "x.png"], 2, "--rates"),
        (["rates", "points.csv", "-o", "x.png", "--rates", "-1"], 2, "--rates"),
        (["rates", "points.csv", "-o", "x.png", "--rates", "0"], 2, "'0' is not a learning rate"),
        (["rates", "points.csv", "-o", "x.png", "--rates", "nan"], 2, "'nan' is not a learning"),
        (["rates", "points.csv", "-o", "x.png", "--rates", "fast"], 2, "'fast' is not a learning"),
        (["rates", "bad.csv", "-o", "x.png", "--rates", "1"], 1, "line 3"),
        (["rates", "one.csv", "-o", "x.png", "--rates", "1"], 1, "one class only"),
        (["rates", "points.csv", "-o", "x.png", "--rates", "1", "--optimizer", "newton"], 2,
         "newton"),
        (["rates", "points.csv", "-o", "x.png", "--rates", "1", "--epochs", "0"], 2, "'0'"),
        (["rates", "points.csv", "-o", "x.png", "--rates", "1", "--hidden", "no"], 2, "'no'"),
        ([], 2, "VERB"),
        (["pie"], 2, "pie"),
    ],
)  # fmt: skip
def test_plot_errors_are_one_line_and_no_picture(refused, elsewhere, arguments, code, says):
    refused(["plot", *arguments], code, says)
    assert not list(elsewhere.glob("*.png"))


def test_rates_unwritable_output_is_refused_before_training(refused, monkeypatch):
    monkeypatch.setattr(MLPClassifier, "fit", None)  # would fail
    refused(["plot", "rates", "points.csv", "--rates", "1", "-o", "no/x.png"], 1, "does not exist")


def test_json_and_debug_are_options_of_the_pictures(capsys, refused):
    refused(["plot", "--json", "loss", "run.json", "-o", "x.png"], 2, "--json")
    with pytest.raises(ValueError, match="expected one of"):
        main(["plot", "loss", "run.json", "-o", "x.pdf", "--debug"])
