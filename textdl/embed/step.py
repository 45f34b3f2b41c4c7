"""Training on the device: one step, and many of them in one dispatch."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from textdl.embed.bounds import bounded_shares, row_lengths
from textdl.embed.objective import block_slopes
from textdl.keyed_random import INITIAL_VALUES, uniform


class State(NamedTuple):
    """Everything that training changes."""

    centre: Array  # (V, D) float32, the vectors that are kept
    context: Array  # (V, D) float32


class Steps(NamedTuple):
    """The input of `S` steps. A step takes `B` blocks of `L` consecutive centres."""

    tokens: Array  # (S, B, L + 2w) int32, the centres and a halo of `w` tokens on each side
    left: Array  # (S, B, L) int32, how many tokens before each centre are its context
    right: Array  # (S, B, L) int32, how many after it
    noise: Array  # (S, B, K) int32
    rate: Array  # (S,) float32, the learning rate


class Metrics(NamedTuple):
    """What a step reports beside its state."""

    loss: Array  # (S,) float32, summed over the pairs of a step and their noise
    pairs: Array  # (S,) float32, positive pairs of a step


def init_state(seed: int, vocab_size: int, vector_size: int) -> State:
    """Draw word2vec's starting point: centre ~ U(-½, ½)/D, context = 0."""
    drawn = uniform(vocab_size * vector_size, seed, INITIAL_VALUES)
    centre = (drawn - np.float32(0.5)) / np.float32(vector_size)
    return State(
        jnp.asarray(centre.reshape(vocab_size, vector_size)),
        jnp.zeros((vocab_size, vector_size), jnp.float32),
    )


def step(
    state: State, given: Steps, weight: Array, *, negative: float, strip: int
) -> tuple[State, Metrics]:
    """Take one gradient step on `B` blocks; `given` holds one step, without its axis `S`.

    Row r moves by rate · weight_r · Σ g over its occurrences, and by no more than `STEP_LIMIT`.
    """
    (_, length), vector_size = given.left.shape, state.centre.shape[1]
    halo = (given.tokens.shape[1] - length) // 2
    span = jnp.arange(0, length, strip)[:, None] + jnp.arange(strip + 2 * halo)
    centres = given.tokens[:, halo : halo + length]  # (B, L)
    around = given.tokens[:, span]  # (B, L / R, R + 2w)

    C = state.centre[centres]  # (B, L, D)
    O, V = state.context[around], state.context[given.noise]  # noqa: E741
    loss, pull, push = block_slopes(C, O, V, given.left, given.right, negative)

    strips = C.reshape(*around.shape[:2], strip, vector_size)
    own, others, drawn = (given.rate * weight[ids] for ids in (centres, around, given.noise))
    around_change = jnp.einsum("bsmr,bsrd->bsmd", others[..., None] * pull, strips)
    noise_change = jnp.einsum("bkl,bld->bkd", drawn[..., None] * push, C)
    # Turned round here, and not within the product, whose kernels for that are half as fast.
    turned = jnp.swapaxes(pull, 2, 3), jnp.swapaxes(push, 1, 2)
    pull, push = lax.optimization_barrier(turned)  # type: ignore[no-untyped-call]
    to_around = jnp.einsum("bsrm,bsmd->bsrd", pull, O).reshape(C.shape)
    from_noise = jnp.einsum("blk,bkd->bld", push, V)
    centre_change = own[..., None] * (to_around + from_noise)

    # One scatter a table: two in a row would copy it.
    contexts = jnp.concatenate([around.reshape(-1), given.noise.reshape(-1)])
    lengths = jnp.concatenate([row_lengths(around_change), row_lengths(noise_change)])
    shares = bounded_shares(contexts, lengths)
    around_share = shares[: around.size].reshape(*around.shape, 1)
    noise_share = shares[around.size :].reshape(*given.noise.shape, 1)
    context_change = jnp.concatenate(
        [
            (around_share * around_change).reshape(-1, vector_size),
            (noise_share * noise_change).reshape(-1, vector_size),
        ]
    )
    centre_share = bounded_shares(centres.reshape(-1), row_lengths(centre_change))
    moved = State(
        state.centre.at[centres].add(centre_share.reshape(*centres.shape, 1) * centre_change),
        state.context.at[contexts].add(context_change),
    )
    return moved, Metrics(loss.sum(), (given.left + given.right).sum(dtype=jnp.float32))


# On a CPU every worker is a thread of its own. XLA would also split each small operation over a
# pool that the workers share, and wait for it.
COMPILER_OPTIONS = {
    "xla_disable_hlo_passes": "cpu-parallel-task-assigner",
    "xla_cpu_multi_thread_eigen": False,
}


@partial(
    jax.jit,
    static_argnames=("negative", "strip"),
    donate_argnames="state",
    compiler_options=COMPILER_OPTIONS,
)
def run_steps(
    state: State, steps: Steps, weight: Array, *, negative: float, strip: int
) -> tuple[State, Metrics]:
    """Take `S` steps one after the other, in one dispatch; `state` is given away."""

    def body(state: State, given: Steps) -> tuple[State, Metrics]:
        return step(state, given, weight, negative=negative, strip=strip)

    return lax.scan(body, state, steps)


@jax.jit
def copy_state(state: State) -> State:
    """Copy a state, so that a worker can give its copy away."""
    return State(*map(jnp.copy, state))
