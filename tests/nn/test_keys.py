"""Keys of random draws, and what is no key."""

import jax
import numpy as np
import pytest

from textdl.errors import ParameterError
from textdl.nn.keys import check_key


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
