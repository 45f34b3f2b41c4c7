"""What JAX is to do whatever the process is set to, and where it cannot do anything."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from textdl.errors import ParameterError, ProcessError

_process: int | None = None  # the one that JAX runs in
_in_loop: ContextVar[bool] = ContextVar("in_loop", default=False)


@contextmanager
def fixed_settings() -> Iterator[None]:
    """A context, or a decorator, in which JAX computes the same whatever its settings are.

    The settings of a process (``JAX_NUMPY_DTYPE_PROMOTION=strict`` and others) are meant for code
    of its own; here they would change weights, or end in an error. They are settings of a thread:
    a thread that traces functions needs a context of its own.

    Raises:
        ProcessError: JAX ran before this process was forked.

    Example:
        >>> import jax.numpy as jnp
        >>> with jax.numpy_dtype_promotion("strict"), fixed_settings():
        ...     (jnp.ones(1, jnp.int32) + jnp.ones(1, jnp.float32)).tolist()
        [2.0]
    """
    check_not_forked()
    with ExitStack() as settings:
        settings.enter_context(jax.numpy_dtype_promotion("standard"))
        settings.enter_context(jax.numpy_rank_promotion("allow"))
        settings.enter_context(jax.threefry_partitionable(True))
        settings.enter_context(jax.disable_jit(False))
        yield


def has_accelerator() -> bool:
    """Whether JAX computes on something else than a CPU, such as a GPU or TPU."""
    return jax.default_backend() != "cpu"


def random_key(seed: int, *numbers: int) -> Array:
    """The key of a seed, of the one kind whose draws are the same on every device.

    It is computed here, since JAX compiles a program for the key and another one for each kind of
    number that is folded in, which takes longer than to train a small network.

    Args:
        seed: any integer from 0.
        numbers: folded in one after the other, as by `jax.random.fold_in`.

    Returns:
        The key, with the bits that JAX gives it.

    Example:
        >>> random_key(1).dtype
        key<fry>
        >>> bool(random_key(1, 2) == jax.random.fold_in(jax.random.key(1), 2))
        True
    """
    high = int(np.int64(seed)) >> 32 if jnp.result_type(int) == jnp.int64 else 0
    words = (high, seed & _WORD)
    for number in numbers:
        words = threefry(words, (0, number & _WORD))
    data: Array = jax.device_put(np.array(words, np.uint32))
    key: Array = jax.random.wrap_key_data(data, impl="threefry2x32")
    return key


_WORD = 2**32 - 1  # the largest number of 32 bits
_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def threefry(key: tuple[int, int], counter: tuple[int, int]) -> tuple[int, int]:
    """Threefry-2x32: 64 bits that a key and a counter determine, 20 rounds.

    Args:
        key: two words of 32 bits.
        counter: two words.

    Returns:
        Two words.

    Reference:
        Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".

    Example:
        >>> [hex(word) for word in threefry((0, 0), (0, 0))]
        ['0x6b200159', '0x99ba4efe']
    """
    schedule = (*key, key[0] ^ key[1] ^ 0x1BD11BDA)
    first = (counter[0] + key[0]) & _WORD
    second = (counter[1] + key[1]) & _WORD
    for block in range(1, 6):
        for rotation in _ROTATIONS[(block - 1) % 2]:
            first = (first + second) & _WORD
            second = first ^ ((second << rotation | second >> (32 - rotation)) & _WORD)
        first = (first + schedule[block % 3]) & _WORD
        second = (second + schedule[(block + 1) % 3] + block) & _WORD
    return first, second


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


def check_not_forked() -> None:
    """Refuse to run JAX where it would wait for ever for threads that were left behind.

    Raises:
        ProcessError: JAX ran before this process was forked.
    """
    global _process
    if _process not in (None, os.getpid()):
        raise ProcessError(
            "JAX ran before this process was forked, so it would wait here for ever; start "
            "processes with multiprocessing.get_context('spawn') or with joblib, or fork before "
            "anything is trained or predicted"
        )
    _process = os.getpid()


def _after_fork() -> None:
    """Note in a new process that JAX ran in the old one, though textdl did not ask it to."""
    global _process
    # JAX has no public name for this. Without it, what textdl itself ran is still known.
    backends = getattr(sys.modules.get("jax._src.xla_bridge"), "backends_are_initialized", None)
    if _process is None and backends is not None and backends():
        _process = os.getppid()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)


@contextmanager
def loop_body() -> Iterator[None]:
    """A context, or a decorator, for tracing the body of a loop, such as that of `lax.scan`."""
    token = _in_loop.set(True)
    try:
        yield
    finally:
        _in_loop.reset(token)


def is_in_loop() -> bool:
    """Whether what is being traced stands in a loop, where XLA runs some operations more slowly.

    Example:
        >>> is_in_loop(), loop_body()(is_in_loop)()
        (False, True)
    """
    return _in_loop.get()
