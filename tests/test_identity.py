"""Functions are the same in two processes if they do the same, and others if they do not."""

import collections
import functools
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from textdl import nn
from textdl.identity import UnidentifiableError, identify
from textdl.text.tokenizers import get_tokenizer

ROOT = Path(__file__).parents[1]
SCALE = 2.0


def power(x, exponent=2):
    return x**exponent


def scaled(x):
    return SCALE * power(x)


def times(factor):
    return lambda x: factor * x


def counting(*names):
    return lambda x: x in set(names)


class Splitter:
    __slots__ = ("mark",)

    def __init__(self, mark):
        self.mark = mark

    def __call__(self, text):
        return text.split(self.mark)


class Plain:
    def __call__(self, text):
        return text.split()


EVERY_KIND = {
    "lambda": lambda x: x**2,
    "other lambda": lambda x: x**3,
    "closure of 2": times(2.0),
    "closure of 3": times(3.0),
    "closure of an array": times(np.arange(3.0)),
    "closure of a jax array": times(jnp.arange(4.0)),
    "closure of a set": counting("a", "b", "c", "d", "e"),
    "function": power,
    "uses a global": scaled,
    "partial": functools.partial(power, exponent=3),
    "other partial": functools.partial(power, exponent=4),
    "jit": jax.jit(power),
    "jit of a closure": jax.jit(times(2.0)),
    "vmap": jax.vmap(power),
    "slots": Splitter("x"),
    "other slots": Splitter("y"),
    "no state": Plain(),
    "method": Splitter("x").__call__,
    "pattern": re.compile(r"\w+").findall,
    "other pattern": re.compile(r"\w").findall,
    "counter": collections.Counter("abca"),
    "deque": collections.deque([1, 2]),
    "cache": functools.lru_cache(times(5.0)),
    "builtin": len,
    "method of a type": str.split,
    "nltk": get_tokenizer("nltk"),
    "tweet": get_tokenizer("tweet"),
    "wordpunct": get_tokenizer("wordpunct"),
    "network": nn.mlp((3, 4, 2), "tanh", 0.3),
    "other network": nn.mlp((3, 4, 2), "tanh", 0.4),
    "relu": jax.nn.relu,
    "gelu": jax.nn.gelu,
    "jnp.tanh": jnp.tanh,
    "jnp.add": jnp.add,
    "np.add": np.add,
    "adam": optax.adam(1e-3),
    "other adam": optax.adam(1e-2),
    "chain": optax.chain(optax.clip(1.0), optax.adamw(optax.cosine_decay_schedule(0.1, 100))),
    "masked": optax.masked(optax.adam(0.1), {"a": True}),
    "multi_transform": optax.multi_transform({"x": optax.sgd(1.0)}, {"a": "x"}),
    "inject": optax.inject_hyperparams(optax.adam)(learning_rate=0.1),
}


def test_identities_differ():
    identities = {name: identify(value) for name, value in EVERY_KIND.items()}
    assert len(set(identities.values())) == len(EVERY_KIND)
    assert all(len(identity) < 200 for identity in identities.values())


def test_identities_are_the_same_in_another_process():
    program = (
        "from tests.test_identity import EVERY_KIND, identify\n"
        "for value in EVERY_KIND.values(): print(identify(value))"
    )
    # Dictionaries and sets of another order, objects at other addresses.
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    here = [identify(value).replace(__name__, "MODULE") for value in EVERY_KIND.values()]
    there = done.stdout.replace("tests.test_identity", "MODULE").splitlines()
    names = [name for name, one, two in zip(EVERY_KIND, here, there, strict=True) if one != two]
    assert names == []


def compiled(source):
    names = {"__name__": "somewhere"}
    exec(source, names)
    return names["f"]


SOURCE = "LIMIT = 3\ndef g(x):\n    return x + 1\ndef f(x, y=2):\n    return g(x) * LIMIT + y"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("y=2", "y=3"),
        ("LIMIT = 3", "LIMIT = 4"),
        ("x + 1", "x + 2"),
        ("+ y", "- y"),
        ("g(x)", "abs(x)"),
        ("def f(x, y=2)", "def f(x, *, y=2)"),
    ],
)
def test_identity_changes_with_behavior(before, after):
    assert before in SOURCE
    assert identify(compiled(SOURCE)) != identify(compiled(SOURCE.replace(before, after)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(1)", "f(2)"),
        ("P = partial(abs, 1)", "P = partial(abs, 2)"),
        ("np.arange(3)", "np.arange(4)"),
        ("x + 1", "x + 2"),
        ("return 5", "return 6"),
    ],
)
def test_identity_changes_with_what_the_module_holds(before, after):
    source = """
import jax, numpy as np
from functools import partial
P = partial(abs, 1)
W = np.arange(3)
@jax.jit
def g(x): return x + 1
class C:
    def m(self): return 5
def f(x): return P, W, g(x), C().m(), (lambda: f(1))
"""
    assert before in source
    assert identify(compiled(source)) != identify(compiled(source.replace(before, after)))


@pytest.mark.parametrize(
    "source",
    [
        "\n\n# a comment\n" + SOURCE,
        SOURCE + "\nOTHER = 5",
        SOURCE + "\nx = [1, 2]",
        SOURCE.replace("def g(x):\n", "def g(x):\n\n"),
    ],
)
def test_identity_stays_where_nothing_is_computed_otherwise(source):
    assert identify(compiled(source)) == identify(compiled(SOURCE))


def test_identity_of_recursive_functions_and_lists():
    names = {"__name__": "somewhere"}
    exec("def f(n):\n    return n and g(n - 1)\ndef g(n):\n    return n and f(n - 1)", names)
    assert identify(names["f"]) != identify(names["g"])
    loop = []
    loop.append(loop)
    assert identify(times(loop)) == identify(times(loop))


@pytest.mark.parametrize(
    "value", [threading.Lock(), (i for i in "ab"), times(threading.Lock()), jax.random.key(0)]
)
def test_unidentifiable_state_is_refused(value):
    with pytest.raises(UnidentifiableError, match="cannot be compared with one of another process"):
        identify(value)
