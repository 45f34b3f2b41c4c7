"""Vectors whose answers are known, for the tests of evaluation."""

import numpy as np
import pytest

from textdl.vectors.vectors import Vectors


@pytest.fixture
def family():
    words = ["king", "queen", "man", "woman", "boy", "girl", "Paris"]
    gender, age = np.float32([1, 0, 0, 0]), np.float32([0, 1, 0, 0])
    royal, rest = np.float32([0, 0, 1, 0]), np.float32([0, 0, 0, 1])
    rows = [royal + gender, royal - gender, gender, -gender, age + gender, age - gender, rest]
    return Vectors(words, rows)


@pytest.fixture
def scored(tmp_path):
    """Vectors, and pairs that people score as their cosines do, but for some noise."""
    rng = np.random.default_rng(0)
    vectors = Vectors([f"w{number}" for number in range(60)], rng.standard_normal((60, 5)))
    pairs = rng.integers(60, size=(150, 2))
    path = tmp_path / "pairs.txt"
    path.write_text(
        "\n".join(
            f"w{a} w{b} {vectors.similarity(f'w{a}', f'w{b}') + 0.3 * rng.standard_normal()}"
            for a, b in pairs
        )
    )
    return vectors, path


@pytest.fixture(scope="module")
def random_vectors():
    rng = np.random.default_rng(3)
    matrix = rng.standard_normal((300, 20)).astype(np.float32)
    matrix[17] = 0
    return Vectors([f"w{i}" for i in range(300)], matrix, np.arange(300)[::-1])


@pytest.fixture(scope="module")
def gensim_vectors(random_vectors):
    # Only where gensim is installed; its zero row would divide by zero, so it is left out.
    models = pytest.importorskip("gensim.models")
    keyed = models.KeyedVectors(vector_size=20)
    keep = [i for i in range(300) if i != 17]
    keyed.add_vectors([random_vectors.labels[i] for i in keep], random_vectors.matrix[keep])
    return keyed
