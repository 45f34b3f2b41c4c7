"""Keys of random draws: refused where something else was given in their place."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from textdl.errors import ParameterError


def check_key(key: Any) -> None:
    """Refuse what is not a key of JAX, such as the integer that one is made of.

    Raises:
        ParameterError: it is not.

    Example:
        >>> check_key(7)
        Traceback (most recent call last):
            ...
        textdl.errors.ParameterError: key=7 is an int, not a key; pass jax.random.key(7)
    """
    dtype = getattr(key, "dtype", None)
    if dtype is not None:
        is_key = jnp.issubdtype(dtype, jax.dtypes.prng_key)
        is_raw_key = dtype == jnp.uint32 and getattr(key, "ndim", 0) == 1  # jax.random.PRNGKey
        if is_key or is_raw_key:
            return
    kind = type(key).__name__
    article = "an" if kind[0] in "aeiou" else "a"
    seed = key if isinstance(key, int) else "seed"
    raise ParameterError(f"key={key!r} is {article} {kind}, not a key; pass jax.random.key({seed})")
