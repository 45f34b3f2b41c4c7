"""The settings of JAX change no bit of a result, and a forked process gets an error, not a hang."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
import scipy.sparse

from tests.embed.conftest import zipf_text
from textdl import EmbeddingBagClassifier, MLPClassifier, MLPRegressor, Word2Vec
from textdl.errors import ParameterError, ProcessError
from textdl.jax_settings import check_key, fixed_settings, random_key

SETTINGS = {
    "jax_default_prng_impl": "rbg",
    "jax_threefry_partitionable": False,
    "jax_numpy_dtype_promotion": "strict",
    "jax_numpy_rank_promotion": "raise",
    "jax_enable_x64": True,
    "jax_debug_nans": True,
    "jax_disable_jit": True,
}


def train_all():
    """The numbers that small models learn, one list a model."""
    random = np.random.default_rng(0)
    x = random.random((40, 5))
    y = random.integers(0, 3, 40)
    words = Word2Vec(vector_size=8, min_count=1, epochs=1, tokenizer="whitespace")
    words.fit(zipf_text(600, 30))
    networks = [
        MLPClassifier((4,), max_iter=2, batch_size=16, early_stopping=True, dropout=0.3).fit(x, y),
        MLPClassifier((4,), max_iter=2, batch_size=16).fit(scipy.sparse.csr_array(x), y),
        EmbeddingBagClassifier(vector_size=8, epochs=2).fit(x, y),
    ]
    regressor = MLPRegressor((4,), max_iter=2, batch_size=16).fit(x, x[:, 0])
    return [
        words.vectors_.matrix.tolist(),
        *(network.predict_proba(x).tolist() for network in networks),
        regressor.predict(x).tolist(),
    ]


@pytest.fixture(scope="module")
def expected():
    return train_all()


# Together in the quick tests, without compilation alone; one by one in the full ones.
TOGETHER = [
    [name for name in SETTINGS if name != "jax_disable_jit"],
    ["jax_disable_jit"],
    *(pytest.param([name], marks=pytest.mark.full) for name in SETTINGS),
]


@pytest.mark.parametrize("names", TOGETHER, ids=", ".join)
def test_training_under_any_setting_same_bits(expected, names):
    before = {name: jax.config.values[name] for name in names}
    try:
        for name in names:
            jax.config.update(name, SETTINGS[name])
        assert train_all() == expected
    finally:
        for name, value in before.items():
            jax.config.update(name, value)


@pytest.mark.full
@pytest.mark.parametrize("name", SETTINGS)
def test_training_under_any_environment_same_bits(expected, name):
    program = "from tests.test_jax_settings import train_all; print(train_all())"
    environment = os.environ | {name.upper(): str(SETTINGS[name])}
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, env=environment, capture_output=True, text=True
    )
    assert done.stdout == f"{expected}\n"


FORK = """
import os, signal, sys
import jax.numpy
from textdl import MLPClassifier
from textdl.errors import ProcessError

jax.numpy.ones(2).sum()
process = os.fork()
if process == 0:
    signal.alarm(60)
    try:
        MLPClassifier((2,), max_iter=1).fit([[0.0], [1.0]], [0, 1])
    except ProcessError as error:
        print(error, flush=True)
    os._exit(0)
sys.exit(os.waitpid(process, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_jax_in_forked_process_is_refused():
    root = Path(__file__).parents[1]
    command = [sys.executable, "-W", "ignore", "-c", FORK]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)
    assert done.stdout.startswith("JAX ran before this process was forked")
    assert done.returncode == 0


def test_fixed_settings_in_another_process_raises(monkeypatch):
    monkeypatch.setattr("textdl.jax_settings._process", os.getpid() + 1)
    with pytest.raises(ProcessError, match="'spawn'"), fixed_settings():
        pass


def test_keys_of_jax_are_taken_also_under_jit():
    for key in (jax.random.key(0), jax.random.PRNGKey(0)):
        check_key(key)
        jax.jit(lambda key: check_key(key))(key)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (7, r"key=7 is an int, not a key; pass jax\.random\.key\(7\)"),
        (True, "is a bool"),
        (np.int64(7), r"is an int64, not a key; pass jax\.random\.key\(seed\)"),
        (np.zeros((2, 2), np.uint32), "is a ndarray|is an ndarray"),
        (None, "is a NoneType"),
    ],
)
def test_other_values_name_the_remedy(value, says):
    with pytest.raises(ParameterError, match=says):
        check_key(value)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**32 - 1, 2**32 + 7, 2**63 - 1])
def test_random_key_has_the_bits_of_jax(seed, wide):
    with jax.enable_x64(wide):
        key = jax.random.key(seed, impl="threefry2x32")
        assert (random_key(seed) == key).item()
        for numbers in ((0,), (1,), (2**31 + 3, 5), (2**32 - 1, 0, 9)):
            expected = key
            for number in numbers:
                expected = jax.random.fold_in(expected, np.uint32(number))
            assert (random_key(seed, *numbers) == expected).item()


def test_random_key_is_taken_under_jit():
    draw = jax.jit(lambda: jax.random.bits(random_key(3)))
    assert int(draw()) == int(jax.random.bits(jax.random.key(3)))
