"""Maps of many words and atlases: points, labels without overlap, files."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from sklearn.decomposition import PCA

from textdl import Vectors, plot
from textdl.cli.main import main
from textdl.cli.map import METHODS
from textdl.errors import DataError, OutputError, ParameterError, UnknownWordError
from textdl.nn.principal_components import principal_components
from textdl.plot.map import place_labels
from textdl.plot.projection import PROJECTIONS, project

INWARD = np.array([0.01, 0.01, -0.01, -0.01])  # labels may touch
WORDS = [f"w{i}" for i in range(60)]
MATRIX = np.random.default_rng(0).normal(size=(60, 7)).astype(np.float32)
VECTORS = Vectors(WORDS, MATRIX, np.arange(60)[::-1])


def test_principal_components_equal_sklearn():
    expected = PCA(2).fit_transform(MATRIX.astype(float))
    found = principal_components(MATRIX, 2)
    signs = np.sign((found * expected).sum(0))
    np.testing.assert_allclose(found, signs * expected, atol=1e-4)
    assert (found[np.abs(found).argmax(0), [0, 1]] > 0).all()


def test_principal_components_of_one_dimension_are_padded():
    found = principal_components(np.array([[1.0], [2.0], [6.0]]), 2)
    np.testing.assert_allclose(found, [[-2, 0], [-1, 0], [3, 0]], atol=1e-5)


@pytest.mark.full
def test_project_tsne_is_deterministic():
    found = project(MATRIX[:20], "tsne", seed=1)
    assert found.shape == (20, 2)
    np.testing.assert_array_equal(found, project(MATRIX[:20], "tsne", seed=1))


def test_project_umap_keeps_shape():
    pytest.importorskip("umap", reason="umap-learn is not installed")
    assert project(MATRIX[:20], "umap").shape == (20, 2)
    assert project(MATRIX[:4], "umap").shape == (4, 2)
    with pytest.raises(DataError, match="3 words are too few for umap; give four or more"):
        project(MATRIX[:3], "umap")


def test_project_errors():
    with pytest.raises(DataError, match="2 words are too few"):
        project(MATRIX[:2])
    with pytest.raises(ParameterError, match="expected one of pca, umap, tsne"):
        project(MATRIX, "lda")


def overlap(first, second):
    return (np.maximum(first[:2], second[:2]) < np.minimum(first[2:], second[2:])).all()


def test_place_labels_never_overlap_nor_leave_the_frame():
    draw = np.random.default_rng(1)
    points = draw.uniform(0, 100, (80, 2))
    sizes = draw.uniform(2, 20, (80, 2))
    frame = np.array([0.0, 0.0, 100.0, 100.0])
    places = place_labels(points, sizes, frame, 1.0)
    boxes = [
        np.concatenate([point + place, point + place + size])
        for point, place, size in zip(points, places, sizes, strict=True)
        if place is not None
    ]
    assert 10 < len(boxes) < 80
    for number, box in enumerate(boxes):
        assert (box >= 0).all()
        assert (box <= 100).all()
        assert not any(overlap(box, other) for other in boxes[:number])


def test_vector_map_labels_do_not_overlap_when_drawn():
    figure = plot.vector_map(VECTORS, WORDS)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent().extents for text in figure.axes[0].texts]
    assert len(boxes) > 30
    for number, box in enumerate(boxes):
        assert not any(overlap(box + INWARD, it) for it in boxes[:number])


def test_vector_map_dollar_signs_are_text(tmp_path):
    vectors = Vectors(["$a", "$_^", "c$"], np.eye(3))
    plot.save(plot.vector_map(vectors, vectors.labels[:3]), tmp_path / "map.svg")


def test_vector_map_unknown_word():
    with pytest.raises(UnknownWordError):
        plot.vector_map(VECTORS, ["w1", "w2", "none"])


def test_write_atlas_holds_neighbors_and_counts(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    assert plot.write_atlas(VECTORS, tmp_path / "a.parquet", limit=40, topn=3) == 40
    table = parquet.read_table(tmp_path / "a.parquet")
    assert table.column_names == ["word", "count", "x", "y", "neighbors", "vector"]
    rows = table.to_pylist()
    first = Vectors(WORDS[:40], MATRIX[:40])
    for number, row in enumerate(rows):
        assert row["word"] == WORDS[number]
        assert row["count"] == 59 - number
        expected = first.most_similar(row["word"], topn=3)
        assert [WORDS[place] for place in row["neighbors"]["ids"]] == [it[0] for it in expected]
        cosines = [1 - distance for distance in row["neighbors"]["distances"]]
        np.testing.assert_allclose(cosines, [it[1] for it in expected])
        np.testing.assert_array_equal(np.float32(row["vector"]), MATRIX[number])


def test_write_atlas_errors(tmp_path):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    for wrong in ({"limit": 0}, {"topn": 0}, {"method": "lda"}):
        with pytest.raises(ParameterError):
            plot.write_atlas(VECTORS, tmp_path / "a.parquet", **wrong)
    with pytest.raises(ParameterError, match=r"a Parquet file, got .*a.csv'; name it x.parquet"):
        plot.write_atlas(VECTORS, tmp_path / "a.csv")
    with pytest.raises(OutputError):
        plot.write_atlas(VECTORS, tmp_path / "none" / "a.parquet")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    VECTORS.save("v.safetensors")
    return tmp_path


def test_methods_of_the_verbs_are_those_of_the_registry():
    assert tuple(PROJECTIONS) == METHODS


def test_map_verb_draws(saved, capsys):
    assert main(["plot", "map", "v.safetensors", "-n", "9", "-o", "m.png", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["words"] == 9
    assert 3 <= found["labels"] <= 9
    assert (saved / "m.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("place", ["PATH", "beside Python"])
def test_explore_verb_writes_and_opens(saved, capsys, monkeypatch, place):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    viewer = saved / "bin" / "embedding-atlas"
    viewer.parent.mkdir()
    viewer.write_text('#!/bin/sh\necho "$@" > opened\n')
    viewer.chmod(0o755)
    if place == "PATH":
        monkeypatch.setattr(sys, "executable", str(saved / "python"))
        monkeypatch.setenv("PATH", f"{viewer.parent}:/bin:/usr/bin")
    else:
        monkeypatch.setattr(sys, "executable", str(viewer.parent / "python"))
    assert main(["explore", "v.safetensors"]) == 0
    assert capsys.readouterr().out == "60 words in atlas.parquet\n"
    opened = "atlas.parquet --text word --x x --y y --neighbors neighbors\n"
    assert (saved / "opened").read_text() == opened


def test_explore_stopped_by_a_signal_ends_its_viewer(saved):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    viewer = saved / "bin" / "embedding-atlas"
    viewer.parent.mkdir()
    viewer.write_text("#!/bin/sh\necho $$ > started\nexec sleep 60\n")
    viewer.chmod(0o755)
    program = (
        f"import sys; sys.executable = {str(viewer.parent / 'python')!r}; "
        "from textdl.cli.main import main; sys.exit(main(['explore', 'v.safetensors']))"
    )
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE) as process:
        while not (started := saved / "started").exists() or not started.read_text():
            assert process.poll() is None
            time.sleep(0.01)
        process.terminate()
        assert process.wait(30) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


def test_explore_without_viewer_one_line(saved, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(saved))
    monkeypatch.setattr(sys, "executable", str(saved / "python"))
    assert main(["explore", "v.safetensors"]) == 1
    assert "is not installed; pip install 'textdl[explore]'" in capsys.readouterr().err
    assert not (saved / "atlas.parquet").exists()
