"""The scan of a recurrent layer, and backpropagation through time.

The scan has its own rule of differentiation: the gradient of the recurrent weights is one product
over all steps, where that of `lax.scan` would be a small one at each.

Reference:
    Werbos 1990, "Backpropagation through time: what it does and how to do it".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jax import Array, lax

State: TypeAlias = tuple[Array, ...]  # the hidden state (B, H), and for LSTM the cell (B, H)
Update: TypeAlias = Callable[[State, Array, Array], State]
Recurrence: TypeAlias = tuple[Array, Array]  # U (H, G H), and c (G H,) or a zero
Saved: TypeAlias = tuple[Recurrence, Array, Array, State, Array]


@partial(jax.custom_vjp, nondiff_argnums=(0, 1, 2))
def scan_steps(
    update: Update,
    reverse: bool,
    unroll: int,
    recurrence: Recurrence,
    sums: Array,
    mask: Array,
    state: State,
) -> tuple[Array, State]:
    """The hidden states of all steps `(T, B, H)`, and the last state.

    Args:
        update: of the cell.
        reverse: from the last step to the first.
        unroll: steps per turn of the loop.
        recurrence: U and c.
        sums: `(T, B, G H)`, x_t W + b.
        mask: `(T, B)` bool, the steps that are real.
        state: before the first step.

    Returns:
        The hidden state after every step, and the state after the last.
    """
    result, _ = _forward(update, reverse, unroll, recurrence, sums, mask, state)
    return result


def _forward(
    update: Update,
    reverse: bool,
    unroll: int,
    recurrence: Recurrence,
    sums: Array,
    mask: Array,
    state: State,
) -> tuple[tuple[Array, State], Saved]:
    """`scan_steps`, and what its gradient needs of every step."""
    weights, bias = recurrence

    def step(state: State, inputs: tuple[Array, Array]) -> tuple[State, tuple[Array, State, Array]]:
        x, is_real = inputs
        h = state[0] @ weights + bias
        after = _where(is_real, update(state, x, h), state)
        return after, (after[0], state, h)

    last, (hidden, states, h) = lax.scan(step, state, (sums, mask), reverse=reverse, unroll=unroll)
    return (hidden, last), (recurrence, sums, mask, states, h)


def _backward(
    update: Update,
    reverse: bool,
    unroll: int,
    saved: Saved,
    gradient: tuple[Array, State],
) -> tuple[Recurrence, Array, None, State]:
    """Backpropagation through time; products over all steps stand behind the scan."""
    (weights, bias), sums, mask, states, h = saved
    hidden_gradient, last_gradient = gradient

    def step(
        gradient: State, inputs: tuple[Array, Array, State, Array, Array]
    ) -> tuple[State, tuple[Array, Array]]:
        x, is_real, state, h, hidden = inputs
        gradient = (gradient[0] + hidden, *gradient[1:])
        zero = tuple(map(jnp.zeros_like, gradient))
        pull_back = jax.vjp(update, state, x, h)[1]
        before, x_gradient, h_gradient = pull_back(_where(is_real, gradient, zero))
        before = (before[0] + h_gradient @ weights.T, *before[1:])
        through = _where(is_real, zero, gradient)
        return tuple(map(jnp.add, before, through)), (x_gradient, h_gradient)

    inputs = (sums, mask, states, h, hidden_gradient)
    first, (sums_gradient, h_gradient) = lax.scan(
        step, last_gradient, inputs, reverse=not reverse, unroll=unroll
    )
    # As matrices: XLA takes twice the time on a CPU where it sums over two axes.
    rows = h_gradient.shape[0] * h_gradient.shape[1]  # T B
    weights_gradient = states[0].reshape(rows, -1).T @ h_gradient.reshape(rows, -1)
    bias_gradient = h_gradient.sum((0, 1)) if bias.ndim else jnp.zeros_like(bias)
    return (weights_gradient, bias_gradient), sums_gradient, None, first


scan_steps.defvjp(_forward, _backward)


def _where(is_real: Array, new: State, old: State) -> State:
    pairs = zip(new, old, strict=True)
    return tuple(jnp.where(is_real[:, None], *pair) for pair in pairs)
