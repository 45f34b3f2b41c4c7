"""Text drawn from a language model, one symbol after the other.

References:
    Ackley, Hinton and Sejnowski 1985, "A learning algorithm for Boltzmann machines" (temperature);
    Fan, Lewis and Dauphin 2018, "Hierarchical neural story generation" (the k most probable).
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from textdl.language_model.network import Carry, LanguageNetwork, LanguageParams
from textdl.language_model.symbols import END, UNKNOWN
from textdl.nn.data.sequences import SequenceBatch

SYMBOLS_PER_CALL = 64  # that are read, or drawn: so few programs are compiled


def generate_ids(
    network: LanguageNetwork,
    params: LanguageParams,
    prompt: NDArray[np.int32],
    length: int,
    key: Array,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
) -> NDArray[np.int32]:
    """Draw what follows a prompt: id_t ~ softmax(z / τ) over the k most probable.

    What is unknown is never drawn. Every draw has a key of its own, so a longer text begins as a
    shorter one.

    Args:
        network: of the model.
        params: of the network.
        prompt: `(P,)` ids, behind the end of a document before them.
        length: how many to draw.
        key: of all draws.
        temperature: τ; at 0 the most probable is taken, at 1 the model's own probabilities.
        top_k: k; None: all.

    Returns:
        `(length,)` ids.
    """
    params = jax.device_put(params)
    carry = network.initial_carry(1)
    known = np.append(np.int32(END), prompt)
    for start in range(0, len(known) - 1, SYMBOLS_PER_CALL):
        part = known[start : min(start + SYMBOLS_PER_CALL, len(known) - 1)]
        ids = np.zeros((1, SYMBOLS_PER_CALL), np.int32)
        ids[0, : len(part)] = part
        batch = SequenceBatch(jnp.asarray(ids), jnp.array([len(part)]))
        carry = _read(params, batch, carry, network=network)
    last = jnp.asarray(known[-1:])
    parts = []
    k = network.rows if top_k is None else min(top_k, network.rows)
    for start in range(0, length, SYMBOLS_PER_CALL):
        carry, ids = _draw(params, carry, last, key, start, temperature, network=network, top_k=k)
        parts.append(np.asarray(ids))
        last = ids[-1:]
    return np.concatenate([np.zeros(0, np.int32), *parts])[:length]


@partial(jax.jit, static_argnames="network")
def _read(
    params: LanguageParams, batch: SequenceBatch, carry: Carry, *, network: LanguageNetwork
) -> Carry:
    """The state behind a part of the prompt."""
    return network.run(params, batch, carry)[1]


@partial(jax.jit, static_argnames=("network", "top_k"))
def _draw(
    params: LanguageParams,
    carry: Carry,
    last: Array,
    key: Array,
    start: int,
    temperature: float,
    *,
    network: LanguageNetwork,
    top_k: int,
) -> tuple[Carry, Array]:
    """The next `SYMBOLS_PER_CALL` ids behind the last one, `(1,)`."""

    def step(before: tuple[Carry, Array], number: Array) -> tuple[tuple[Carry, Array], Array]:
        carry, last = before
        batch = SequenceBatch(last[None], jnp.ones(1, jnp.int32))
        hidden, carry = network.run(params, batch, carry)
        logits = network.logits(params, hidden.values[0, 0]).at[UNKNOWN].set(-jnp.inf)  # (V,)
        least = lax.top_k(logits, top_k)[0][-1]
        kept = jnp.where(logits >= least, logits, -jnp.inf)
        noise = jax.random.gumbel(jax.random.fold_in(key, number), kept.shape)
        # The largest of z + τ g is drawn from softmax(z / τ); and at τ = 0 it is the largest z.
        drawn = jnp.argmax(kept + temperature * noise).astype(last.dtype)
        return (carry, drawn[None]), drawn

    numbers = start + jnp.arange(SYMBOLS_PER_CALL)
    (carry, _), ids = lax.scan(step, (carry, last), numbers)
    return carry, ids
