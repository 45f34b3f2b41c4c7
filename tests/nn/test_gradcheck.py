"""The gradient check finds wrong gradients, says where they are, and lets right ones pass."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from textdl import nn
from textdl.errors import DataError
from textdl.nn.layers.dense import DenseParams


@jax.custom_jvp
def wrong(z):
    return z**3


wrong.defjvps(lambda dz, value, z: 3 * z**2 * dz * jnp.where(z > 2, 1.001, 1))


def test_check_gradients_of_a_correct_gradient_passes():
    check = nn.check_gradients(lambda z: z**3, np.array([1.0, -2.0, 3.0]))
    assert check.error < 1e-8
    assert check.analytic == pytest.approx(check.numerical)


def test_check_gradients_finds_an_entry_wrong_by_a_thousandth():
    check = nn.check_gradients(wrong, np.array([[1.0, -2.0], [3.0, 0.5]]))
    assert check.error == pytest.approx(0.001, rel=0.01)
    assert check.entry == "argument[0][1, 0]"
    assert check.analytic == pytest.approx(27 * 1.001)
    assert check.numerical == pytest.approx(27, rel=1e-6)


def test_check_gradients_entry_names_argument_layer_and_index():
    params = (
        DenseParams(np.ones((2, 2)), np.ones(2)),
        DenseParams(np.ones((2, 1)), np.array([3.0])),
    )
    check = nn.check_gradients(lambda a, p: a.sum() + wrong(p[1].bias) + p[0].weights.sum(),
                               np.ones(3), params)  # fmt: skip
    assert check.entry == "argument[1][1].bias[0]"


def test_scalars():
    check = nn.check_gradients(wrong, 3.0)
    assert check.entry == "argument[0][]"
    assert check.error > 5e-4


def test_check_gradients_of_small_gradients_is_absolute():
    """An error far below 1 does not count where the slopes are below 1."""

    @jax.custom_jvp
    def tiny(z):
        return 1e-9 * z

    tiny.defjvps(lambda dz, value, z: 2e-9 * dz)
    assert nn.check_gradients(tiny, np.ones(1)).error < 1e-8


def test_check_gradients_nan_is_the_largest_error():
    def broken(z):  # the branch not taken has an infinite slope at 0
        return jnp.where(z > 0, jnp.sqrt(z), 0) + wrong(z)

    check = nn.check_gradients(broken, np.array([3.0, -1.0]))
    assert not check.error < 1
    assert check.entry == "argument[0][1]"


def test_check_gradients_runs_in_float64_and_restores_float32():
    seen = []

    def watch(z):
        seen.append(z.dtype)
        return z * 2

    nn.check_gradients(watch, jnp.ones(2, jnp.float32))
    assert set(seen) == {jnp.dtype("float64")}
    assert jnp.ones(1).dtype == jnp.float32


def test_nothing_to_check():
    for arguments in [(), (np.ones((0, 3)),)]:
        with pytest.raises(DataError, match="no entries to check"):
            nn.check_gradients(lambda *a: 0.0, *arguments)
