"""What objectives are compared with: loops over pairs, one after the other, in float64."""

import jax
import jax.numpy as jnp
import numpy as np

from textdl.embed.batches import context_extents
from textdl.embed.objectives.objective import Batches

NEGATIVE = 5.0


def random_tables(rows=9, size=4, scale=1.0, seed=3):
    """Two tables of random rows."""
    drawn = scale * jax.random.normal(jax.random.key(seed), (2, rows, size))
    return {"input": drawn[0], "output": drawn[1]}


def random_batch(rows=9, blocks=2, length=16, halo=3, noise=5, seed=0, rate=0.1):
    """One step of random words in short sentences, so that contexts end at their borders."""
    draw = np.random.default_rng(seed)
    sentences = np.sort(draw.integers(0, length // 2, (blocks, length + 2 * halo)))
    windows = draw.integers(1, halo + 1, (blocks, length))
    extents = [context_extents(*block) for block in zip(sentences, windows, strict=True)]
    left, right = (np.stack(side) for side in zip(*extents, strict=True))
    sampled = {
        "noise": jnp.asarray(draw.integers(0, rows, (blocks, noise)), jnp.int32),
        "noise_weight": jnp.float32(NEGATIVE / noise),
    }
    return Batches(
        jnp.asarray(draw.integers(0, rows, (blocks, length + 2 * halo)), jnp.int32),
        jnp.asarray(left, jnp.int32),
        jnp.asarray(right, jnp.int32),
        sampled,
        jnp.float32(rate),
    )


def stack(batches):
    """Batches of single steps as one of many."""
    return jax.tree.map(lambda *columns: jnp.stack(columns), *batches)


def summed_gradients(tables, found):
    """The gradient of every row of every table, from what an objective returns."""
    summed = {name: np.zeros(table.shape) for name, table in tables.items()}
    for name, gradients in found.gradients.items():
        for gradient in gradients:
            values = np.asarray(gradient.scaled(jnp.ones(gradient.ids.shape)))
            np.add.at(summed[name], np.asarray(gradient.ids), values)
    return summed


def softplus(x):
    """-log σ(-x), in float64."""
    return max(x, 0.0) + np.log1p(np.exp(-abs(x)))


def sigmoid(x):
    """In float64."""
    return np.exp(-softplus(-x))


def contexts(batch):
    """Of every center: its block, its word, the words of its context, the noise words, weights."""
    tokens, left, right = (np.asarray(x) for x in batch[:3])
    noise = np.asarray(batch.sampled["noise"])
    weight = float(batch.sampled["noise_weight"])
    halo = (tokens.shape[1] - left.shape[1]) // 2
    for b, i in np.ndindex(left.shape):
        near = [j + halo for j in range(i - left[b, i], i + right[b, i] + 1) if j != i]
        yield b, tokens[b, i + halo], tokens[b, near], noise[b], weight


def skipgram_by_loop(tables, batch):
    """Loss and pairs of every block, and the gradient of every row."""
    input_, output = (np.asarray(tables[name], np.float64) for name in ("input", "output"))
    gradients = {"input": np.zeros_like(input_), "output": np.zeros_like(output)}
    loss, pairs = np.zeros((2, len(batch.left)))
    for b, center, context, noise, weight in contexts(batch):
        terms = [(word, 1.0, 1.0) for word in context]
        terms += [(word, weight, -1.0) for word in noise for _ in context]
        for word, share, sign in terms:
            score = sign * (input_[center] @ output[word])
            slope = -sign * share * sigmoid(-score)
            gradients["input"][center] += slope * output[word]
            gradients["output"][word] += slope * input_[center]
            loss[b] += share * softplus(-score)
        pairs[b] += len(context)
    return loss, pairs, gradients


def cbow_by_loop(tables, batch):
    """Loss and pairs of every block, and the gradient of every row."""
    input_, output = (np.asarray(tables[name], np.float64) for name in ("input", "output"))
    gradients = {"input": np.zeros_like(input_), "output": np.zeros_like(output)}
    loss, pairs = np.zeros((2, len(batch.left)))
    for b, center, context, noise, weight in contexts(batch):
        if not len(context):
            continue
        mean = sum(input_[word] for word in context) / len(context)
        terms = [(center, 1.0, 1.0), *((word, weight, -1.0) for word in noise)]
        for word, share, sign in terms:
            score = sign * (mean @ output[word])
            slope = -sign * share * sigmoid(-score)
            gradients["output"][word] += slope * mean
            for neighbor in context:
                gradients["input"][neighbor] += slope * output[word] / len(context)
            loss[b] += share * softplus(-score)
        pairs[b] += 1
    return loss, pairs, gradients
