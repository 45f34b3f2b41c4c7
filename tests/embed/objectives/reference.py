"""What objectives are compared with: loops over predictions, one after the other, in float64."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from textdl.embed.batches import context_extents
from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives.huffman import huffman_tree
from textdl.embed.objectives.objective import Blocks, TrainingText, make_objective
from textdl.embed.sampling import keep_probability
from textdl.embed.tables import Batches
from textdl.text.vocabulary import Vocabulary


def some_text(words=9):
    """A vocabulary of falling counts."""
    counts = np.arange(words, 0, -1) ** 2 * 10
    kept = keep_probability(counts, 1e-1) * counts
    return TrainingText(Vocabulary([f"w{i}" for i in range(words)], counts), kept / kept.sum())


def some_objective(words=9, **options):
    """An objective, its text and its config."""
    config = EmbeddingConfig(**{"vector_size": 4, "window": 3, **options})
    text = some_text(words)
    return make_objective(text, config), text, config


def random_tables(objective, scale=1.0, seed=3):
    """Tables of random rows, of the shapes that an objective begins with."""
    keys = iter(jax.random.split(jax.random.key(seed), 9))
    return {
        name: scale * jax.random.normal(next(keys), table.shape)
        for name, table in objective.init().items()
    }


def random_chunk(objective, config, words=9, blocks=2, length=16, seed=0, rate=0.1):
    """A chunk of one step: random words in short sentences, so that contexts end at borders."""
    draw = np.random.default_rng(seed)
    halo = config.window
    sentences = np.sort(draw.integers(0, length // 2, (blocks, length + 2 * halo)))
    windows = draw.integers(1, halo + 1, (blocks, length))
    extents = [
        context_extents(*block, config.window_side)
        for block in zip(sentences, windows, strict=True)
    ]
    left, right = (np.stack(side)[None].astype(np.int32) for side in zip(*extents, strict=True))
    tokens = draw.integers(0, words, (1, blocks, length + 2 * halo)).astype(np.int32)
    draws = objective.draw(Blocks(tokens, left, right, 0, seed))
    return Batches(draws.rows, draws.values, np.full(1, rate, np.float32)), tokens[0]


def random_batch(objective, config, **options):
    """One step of random words, without the axis of steps."""
    chunk, tokens = random_chunk(objective, config, **options)
    return jax.tree.map(lambda array: jnp.asarray(array[0]), chunk), tokens


def stack(batches):
    """Batches of single steps as one of many."""
    return jax.tree.map(lambda *columns: jnp.stack(columns), *batches)


def summed_gradients(tables, found):
    """The gradient of every row of every table, from what an objective returns."""
    summed = {name: np.zeros(table.shape) for name, table in tables.items()}
    for name, gradients in found.gradients.items():
        for gradient in gradients:
            scaled = gradient.scaled(jnp.ones(gradient.ids.shape))
            values = np.asarray(scaled.times(jnp.ones(gradient.ids.size)))
            np.add.at(summed[name], np.asarray(gradient.ids).reshape(-1), values)
    return summed


def softplus(x):
    """-log σ(-x), in float64."""
    return max(x, 0.0) + np.log1p(np.exp(-abs(x)))


def sigmoid(x):
    """In float64."""
    return np.exp(-softplus(-x))


class Prediction(NamedTuple):
    """A vector, what it is made of, and the word that it predicts."""

    block: int
    vector: np.ndarray  # (D,)
    # Of each row that it is made of: table, row, and by what its gradient is multiplied: a number,
    # or one for each dimension.
    parts: list
    word: int


def windows(batch, tokens):
    """Of every center: its block, its place, and the places of its context."""
    left, right = (np.asarray(batch.values[name]) for name in ("left", "right"))
    halo = (tokens.shape[1] - left.shape[1]) // 2
    for b, i in np.ndindex(left.shape):
        near = [j + halo for j in range(i - left[b, i], i + right[b, i] + 1) if j != i]
        yield b, i + halo, near


def skipgram_predictions(tables, batch, tokens, config):
    for b, center, near in windows(batch, tokens):
        word = tokens[b, center]
        for place in near:
            yield Prediction(b, tables["input"][word], [("input", word, 1.0)], tokens[b, place])


def cbow_predictions(tables, batch, tokens, config):
    divided = {"divided": True, "whole": False, None: config.cbow == "mean"}[
        config.context_gradient
    ]
    for b, center, near in windows(batch, tokens):
        if not near:
            continue
        share = 1 / len(near)
        forward = share if config.cbow == "mean" else 1.0
        backward = share if divided else 1.0
        vector = 0.0
        parts = []
        for place in near:
            row = tables["input"][tokens[b, place]]
            weight = 1.0
            if config.position_weights:
                offset = place - center
                slot = offset + config.window - (offset > 0)
                weight = tables["positions"][slot]
                parts.append(("positions", slot, forward * row))
            vector = vector + forward * weight * row
            parts.append(("input", tokens[b, place], backward * weight))
        yield Prediction(b, vector, parts, tokens[b, center])


def noise_terms(batch, text, prediction):
    """Of every score of a prediction: its row, its weight, its sign."""
    weight = float(batch.values["noise_weight"])
    yield prediction.word, 1.0, 1.0
    noise = np.asarray(batch.rows["output"]["noise"])  # (B, K), or (1, K) where blocks share it
    for word in noise[prediction.block % len(noise)]:
        yield word, weight, -1.0


def path_terms(batch, text, prediction):
    tree = huffman_tree(text.vocabulary.counts)
    node, is_left = tree.parent[prediction.word], tree.is_left[prediction.word]
    while node >= 0:
        yield node, 1.0, 1.0 if is_left else -1.0
        node, is_left = tree.node_parent[node], tree.node_is_left[node]


PREDICTIONS = {"skipgram": skipgram_predictions, "cbow": cbow_predictions}
TERMS = {"ns": ("output", noise_terms), "hs": ("nodes", path_terms)}


def by_loop(tables, batch, tokens, text, config):
    """Loss and predictions of every block, and the gradient of every row."""
    tables = {name: np.asarray(table, np.float64) for name, table in tables.items()}
    gradients = {name: np.zeros_like(table) for name, table in tables.items()}
    loss, count = np.zeros((2, len(tokens)))
    table, terms = TERMS[config.loss]
    for prediction in PREDICTIONS[config.arch](tables, batch, tokens, config):
        hidden_gradient = np.zeros_like(prediction.vector)
        for row, share, sign in terms(batch, text, prediction):
            score = sign * (prediction.vector @ tables[table][row])
            slope = -sign * share * sigmoid(-score)
            hidden_gradient += slope * tables[table][row]
            gradients[table][row] += slope * prediction.vector
            loss[prediction.block] += share * softplus(-score)
        for name, row, factor in prediction.parts:
            gradients[name][row] += factor * hidden_gradient
        count[prediction.block] += 1
    return loss, count, gradients
