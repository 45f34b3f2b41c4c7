"""Word maps: the plane of the principal components, labels that do not cover one another."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from tests.plot.conftest import draw_words, labels_of
from textdl import Vectors, plot
from textdl.errors import DataError, UnknownWordError
from textdl.plot.words import LINE_HEIGHT, WORD_WIDTH, _label_places

WORDS = [f"w{i}" for i in range(30)]
MATRIX = np.random.default_rng(0).normal(size=(30, 7)).astype(np.float32)


def test_word_map_points_are_two_principal_components():
    (axes,) = plot.word_map(Vectors(WORDS, MATRIX), {"": WORDS}).axes
    (points,) = (c.get_offsets() for c in axes.collections)
    directions = MATRIX / np.linalg.norm(MATRIX, axis=1, keepdims=True)
    expected = PCA(2).fit_transform(directions.astype(float))
    signs = np.sign((points * expected).sum(0))
    np.testing.assert_allclose(points, signs * expected, atol=1e-6)
    assert axes.get_legend() is None


def test_word_map_shows_every_word_and_group():
    figure = draw_words()
    assert [text.get_text() for text in figure.axes[0].texts] == ["up", "down", "left"]
    assert labels_of(figure) == ["vertical", "horizontal"]


def test_word_map_labels_do_not_overlap():
    """Also where all points are nearly one."""
    draw = np.random.default_rng(1)
    points = np.vstack([draw.normal(0, 1e-3, (12, 2)), draw.normal(1, 0.1, (8, 2))])
    labels = _label_places(points)
    width, height = np.ptp(points, axis=0)
    for i in range(20):
        for j in range(i):
            across, up = np.abs(labels[i] - labels[j])
            assert across > WORD_WIDTH * width or up > 0.99 * LINE_HEIGHT * height


def test_word_map_of_one_dimensional_vectors():
    vectors = Vectors(["a", "b", "c"], [[1.0], [2.0], [-1.0]])
    (axes,) = plot.word_map(vectors, {"": ["a", "b", "c"]}).axes
    assert (np.concatenate([c.get_offsets() for c in axes.collections])[:, 1] == 0).all()


def test_word_map_input_errors():
    vectors = Vectors(WORDS, MATRIX)
    with pytest.raises(DataError, match="2 words are too few for a map; give three or more"):
        plot.word_map(vectors, {"": WORDS[:2]})
    with pytest.raises(UnknownWordError):
        plot.word_map(vectors, {"": ["w1", "w2", "nothing"]})
