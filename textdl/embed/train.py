"""Training on the device: a step, many steps in one dispatch, and the merge of workers."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from textdl.embed.objective import block_loss, positive_mask
from textdl.embed.update import UPDATE_RULES

SETTLING = 3e-3  # κ, the share of its way that a row covers at one push; see merge_weights


class State(NamedTuple):
    """Everything that training changes. A gradient has the shape of what it changes."""

    centre: Array  # (V, D) float32, the vectors that are kept
    context: Array  # (V, D) float32
    centre_accumulator: Array  # of the update rule: (V,) float32, or empty
    context_accumulator: Array


class Steps(NamedTuple):
    """The input of `S` steps. A step takes `B` consecutive blocks of `L` centres, `N = B L`."""

    tokens: Array  # (S, N + 2w) int32, the centres and a halo of `w` tokens on each side
    sentences: Array  # (S, N + 2w) int32, the sentence of every token; -1 is padding
    windows: Array  # (S, N) int32, the reduced window b of each centre; 0 leaves it out
    noise: Array  # (S, B, K) int32
    rate: Array  # (S,) float32, the learning rate


class Metrics(NamedTuple):
    """What a step reports beside its state."""

    loss: Array  # (S,) float32, summed over the pairs of a step and their noise
    pairs: Array  # (S,) float32, positive pairs of a step


def init_state(key: Array, vocab_size: int, vector_size: int, update: str) -> State:
    """Draw word2vec's starting point: centre ~ U(-½, ½)/D, context = 0."""
    shape, rule = (vocab_size, vector_size), UPDATE_RULES[update]
    centre = jax.random.uniform(key, shape, jnp.float32, -0.5, 0.5) / vector_size
    context = jnp.zeros(shape, jnp.float32)
    return State(centre, context, rule.init(vocab_size), rule.init(vocab_size))


def step(
    state: State, given: Steps, *, update: str, negative: float, strip: int
) -> tuple[State, Metrics]:
    """Take one gradient step on `B` blocks; `given` holds one step, without its axis `S`."""
    (blocks, _), (size,) = given.noise.shape, given.windows.shape
    halo = (len(given.tokens) - size) // 2
    windows = given.windows.reshape(blocks, -1, strip)  # (B, L / R, R)
    first = jnp.arange(0, size, strip).reshape(blocks, -1, 1)
    span = first + jnp.arange(strip + 2 * halo)  # (B, L / R, R + 2w)
    mask = positive_mask(given.sentences[span], windows)

    centres = given.tokens[halo : halo + size].reshape(blocks, -1)  # (B, L)
    # One gather and one scatter a table: two scatters in a row would copy it.
    around = given.tokens[span]
    contexts = jnp.concatenate([around.reshape(-1), given.noise.reshape(-1)])

    def loss(centre: Array, context: Array) -> Array:
        tokens, noise = jnp.split(context, [around.size])
        return block_loss(
            centre,
            tokens.reshape(*around.shape, -1),
            noise.reshape(*given.noise.shape, -1),
            mask,
            negative,
        ).sum()

    total, (centre_gradient, context_gradient) = jax.value_and_grad(loss, argnums=(0, 1))(
        state.centre[centres], state.context[contexts]
    )
    apply = UPDATE_RULES[update].apply
    centre, centre_accumulator = apply(
        state.centre, state.centre_accumulator, centres, centre_gradient, given.rate
    )
    context, context_accumulator = apply(
        state.context, state.context_accumulator, contexts, context_gradient, given.rate
    )
    return (
        State(centre, context, centre_accumulator, context_accumulator),
        Metrics(total, mask.sum(dtype=jnp.float32)),
    )


@partial(jax.jit, static_argnames=("update", "negative", "strip"), donate_argnames="state")
def run_steps(
    state: State, steps: Steps, *, update: str, negative: float, strip: int
) -> tuple[State, Metrics]:
    """Take `S` steps one after the other, in one dispatch; `state` is given away."""
    body = partial(step, update=update, negative=negative, strip=strip)
    return lax.scan(body, state, steps)


@jax.jit
def copy_state(state: State) -> State:
    """Copy a state, so that a worker can give its copy away."""
    return State(*map(jnp.copy, state))


def merge_head(
    base: State, workers: tuple[State, ...], weight: Array, *, rows: int
) -> tuple[State, tuple[State, ...]]:
    """Merge the first `rows` rows, the frequent words, and leave the others as they are.

    Two dispatches, because XLA copies the tables when one dispatch both reads and writes them.

    Returns:
        The base and the workers, which are given away and now agree on those rows.
    """
    head = _merged_head(base, workers, weight, rows=rows)
    return _put_head(base, head), tuple(_put_head(worker, head) for worker in workers)


@partial(jax.jit, static_argnames="rows")
def _merged_head(base: State, workers: tuple[State, ...], weight: Array, *, rows: int) -> State:
    def first(state: State) -> State:
        return State(*(x[:rows] for x in state))

    return _sum_changes(first(base), tuple(map(first, workers)), weight[:rows])


@partial(jax.jit, donate_argnames="state")
def _put_head(state: State, head: State) -> State:
    def put(table: Array, rows: Array) -> Array:
        return lax.dynamic_update_slice(table, rows, (0,) * table.ndim)

    return State(*map(put, state, head))


@partial(jax.jit, donate_argnames=("base", "workers"))
def merge(
    base: State, workers: tuple[State, ...], weight: Array
) -> tuple[State, tuple[State, ...]]:
    """Merge every row.

    Returns:
        The base and the workers, which are given away and now agree: every worker starts its next
        round from its own copy, in the memory it had.
    """
    merged = _sum_changes(base, workers, weight)
    return merged, tuple(State(*map(jnp.copy, merged)) for _ in workers)


def _sum_changes(base: State, workers: tuple[State, ...], weight: Array) -> State:
    """Move row r by x <- x + weight_r Σ_w (x_w - x); accumulators are sums, and simply add up."""

    def add(start: Array, *ends: Array) -> Array:
        changes = sum(end - start for end in ends)
        return start + (weight[:, None] * changes if start.ndim == 2 else changes)

    return State(*map(add, base, *workers))


def merge_weights(pushes: Array, workers: int) -> Array:
    """How much of the workers' summed changes a row keeps, from 1 down to 1 / workers.

    A row on its way to where it settles covers 1 - q of the way in `n` pushes, q = exp(-κ n). W
    workers, one after the other, would cover 1 - q^W. Side by side each covers 1 - q from the same
    start, and their sum, W (1 - q), overshoots. The ratio is the weight:

        (1 - q^W) / (W (1 - q)) = (1 + q + ... + q^(W-1)) / W

    So the changes of rare words are summed, for they have far to go, and those of words that settle
    between two merges are averaged; a plain sum would throw these to and fro, ever further.

    Args:
        pushes: `(V,)` pairs n that move each row of a worker between two merges.
        workers: W.
    """
    q = jnp.exp(-SETTLING * pushes)
    return sum((q**k for k in range(workers)), jnp.zeros_like(q)) / workers
