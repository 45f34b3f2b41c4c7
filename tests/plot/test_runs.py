"""Histories of saved networks and reports, and files that are neither."""

import json

import numpy as np
import pytest

from tests.plot.conftest import POINTS
from textdl import MLPClassifier, MLPRegressor, Vectors
from textdl.errors import DataError, FileFormatError
from textdl.plot.runs import read_history


def test_histories_of_saved_networks(tmp_path):
    y = np.arange(5) % 2
    for kind in (MLPClassifier, MLPRegressor):
        network = kind((3,), max_iter=4).fit(POINTS, y)
        network.save(tmp_path / "network.safetensors")
        history = read_history(tmp_path / "network.safetensors")
        assert history["loss"] == network.loss_curve_


def test_a_report_is_the_last_line(tmp_path):
    file = tmp_path / "run.json"
    file.write_text('{"loss": [9]}\n' + json.dumps({"loss": [2.0, None]}) + "\n\n")
    assert read_history(file) == {"loss": [2.0, None]}


@pytest.mark.parametrize(
    "content",
    ["", "\n", "word", "[1.0]", '{"loss": 3}', '{"loss": []}', '{"loss": ["a"]}',
     '{"loss": [true]}', "[" * 10_000, "\0" * 7, "\xff\xfe", '{"loss": [1%s]}' % ("0" * 400)],
)  # fmt: skip
def test_other_files_are_no_runs(tmp_path, content):
    file = tmp_path / "run"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(FileFormatError, match="neither a saved network nor JSON"):
        read_history(file)


def test_a_report_that_is_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr("textdl.plot.runs.LONGEST_REPORT", 20)
    file = tmp_path / "run"
    file.write_text(json.dumps({"loss": [1.0] * 10}))
    with pytest.raises(FileFormatError, match="more than 20 bytes"):
        read_history(file)


def test_word_vectors_and_damaged_networks_are_no_runs(tmp_path):
    vectors, cut = tmp_path / "v.safetensors", tmp_path / "cut.safetensors"
    Vectors(["a"], [[1.0]]).save(vectors)
    with pytest.raises(FileFormatError, match="is a file of Vectors, expected MLPClassifier or"):
        read_history(vectors)
    MLPRegressor((), max_iter=1).fit([[1.0], [2.0]], [1.0, 2.0]).save(cut)
    cut.write_bytes(cut.read_bytes()[:-4])
    with pytest.raises(FileFormatError, match=r"cut\.safetensors"):
        read_history(cut)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="none' cannot be read"):
        read_history(tmp_path / "none")
    with pytest.raises(DataError, match="Is a directory"):
        read_history(tmp_path)
