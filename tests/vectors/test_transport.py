"""Word mover's distance, against linear programming and gensim."""

import sys

import numpy as np
import pytest
from scipy.optimize import linprog

from textdl.errors import ParameterError


def cheapest_transport(x, y, first, second):
    """The linear program of the paper, by SciPy."""
    costs = np.linalg.norm(x[:, None] - y[None], axis=-1)
    rows = np.kron(np.eye(len(x)), np.ones(len(y)))
    columns = np.kron(np.ones(len(x)), np.eye(len(y)))
    equal = np.concatenate([rows, columns])
    return linprog(costs.ravel(), A_eq=equal, b_eq=np.concatenate([first, second])).fun


@pytest.fixture(scope="module")
def transport():
    pytest.importorskip("ot", reason="needs POT")


@pytest.mark.parametrize("norm", [True, False])
def test_wmdistance_is_cheapest_transport(transport, random_vectors, norm):
    x = random_vectors[["w1", "w2", "w3"]].astype(float)
    y = random_vectors[["w3", "w9"]].astype(float)
    if norm:
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        y /= np.linalg.norm(y, axis=1, keepdims=True)
    expected = cheapest_transport(x, y, np.array([0.5, 0.25, 0.25]), np.array([1 / 3, 2 / 3]))
    found = random_vectors.wmdistance(
        ["w1", "w2", "unheard", "w1", "w3"], ["w9", "w3", "w9"], norm=norm
    )
    assert found == pytest.approx(expected, abs=1e-9)


def test_wmdistance_agrees_with_gensim(transport, random_vectors, gensim_vectors):
    documents = ["w1", "w2", "w3"], ["w3", "w9"]
    expected = gensim_vectors.wmdistance(*documents)
    assert random_vectors.wmdistance(*documents) == pytest.approx(expected, abs=1e-6)
    assert random_vectors.wmdistance(["w1"], ["w1"]) == 0.0


def test_wmdistance_bad_input_errors(transport, random_vectors):
    with pytest.raises(ParameterError, match="none of the 1 words"):
        random_vectors.wmdistance(["unheard"], ["w1"])
    with pytest.raises(ParameterError, match="pass a list of words"):
        random_vectors.wmdistance("w1", ["w1"])


def test_wmdistance_without_pot_says_what_to_install(monkeypatch, random_vectors):
    monkeypatch.setitem(sys.modules, "ot", None)
    with pytest.raises(ParameterError, match=r"textdl\[transport\]"):
        random_vectors.wmdistance(["w1"], ["w2"])
