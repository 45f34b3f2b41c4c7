"""Objectives with rows of documents: gradients against a loop over predictions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.embed.objectives.reference import (
    PREDICTIONS,
    Prediction,
    by_loop,
    random_tables,
    skipgram_predictions,
    some_text,
    summed_gradients,
    windows,
)
from textdl.embed.batches import context_extents
from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives import DOCUMENT_ARCHITECTURES
from textdl.embed.objectives.negative_sampling import (
    NOISE_WEIGHT,
    NOISE_WORDS,
    affine_gradient,
    affine_scores,
)
from textdl.embed.objectives.objective import Blocks, DocumentRows, make_objective
from textdl.embed.tables import Batches

TAGS = np.array([[0, -1], [1, 2], [2, -1], [3, 0]], np.int32)  # of four documents
LENGTH = 32
MODELS = [
    {"arch": "dbow"},
    {"arch": "dbow", "loss": "hs"},
    {"arch": "dbow", "train_words": True},
    {"arch": "dm"},
    {"arch": "dm", "loss": "hs"},
    {"arch": "dm", "dm_context": "sum"},
    {"arch": "dm", "dm_context": "mean", "context_gradient": "whole"},
    {"arch": "dm", "dm_context": "sum", "context_gradient": "divided"},
    {"arch": "dm", "dm_context": "concat"},
]


def document_blocks(config, words, seed):
    """Two blocks of short documents, with padding at the end, in one step."""
    draw = np.random.default_rng(seed)
    halo = config.window
    documents = np.sort(draw.integers(0, len(TAGS), (2, LENGTH + 2 * halo)))
    documents[:, -halo - 3 :] = -1
    sizes = draw.integers(1, halo + 1, (2, LENGTH))
    sizes[documents[:, halo : halo + LENGTH] < 0] = 0
    pairs = zip(documents, sizes, strict=True)
    left, right = (
        np.stack(side)[None].astype(np.int32)
        for side in zip(*(context_extents(*block) for block in pairs), strict=True)
    )
    tokens = draw.integers(0, words, (1, 2, LENGTH + 2 * halo)).astype(np.int32)
    own = documents[None, :, halo : halo + LENGTH].astype(np.int32)
    return Blocks(tokens, left, right, 0, seed, own)


def dbow_predictions(blocks, tables, batch, tokens, config):
    if config.train_words:
        yield from skipgram_predictions(tables, batch, tokens, config)
    for b, i in np.ndindex(blocks.left.shape[1:]):
        document = blocks.documents[0, b, i]
        for tag in TAGS[document] if document >= 0 else ():
            if tag >= 0:
                row = tables["documents"][tag]
                yield Prediction(b, row, [("documents", tag, 1.0)], tokens[b, i + config.window])


def dm_predictions(blocks, tables, batch, tokens, config):
    extents = Batches({}, {"left": blocks.left[0], "right": blocks.right[0]}, None)
    for b, center, near in windows(extents, tokens):
        document = blocks.documents[0, b, center - config.window]
        if document < 0:
            continue
        tags = [tag for tag in TAGS[document] if tag >= 0]
        if config.dm_context == "concat":
            yield concatenated(tables, tokens, config, b, center, near, tags)
            continue
        size = len(near) + len(tags)
        rows = [("input", tokens[b, place]) for place in near]
        rows += [("documents", tag) for tag in tags]
        forward = 1 / size if config.dm_context == "mean" else 1.0
        backward = 1 / size if config.divides_gradient else 1.0
        vector = forward * sum(tables[name][row] for name, row in rows)
        yield Prediction(
            b, vector, [(name, row, backward) for name, row in rows], tokens[b, center]
        )


def concatenated(tables, tokens, config, b, center, near, tags):
    """Its parts are those of the whole vector: each factor selects the dimensions of a row."""
    null = len(tables["input"]) - 1
    places = [center + k for k in range(-config.window, config.window + 1) if k]
    words = [tokens[b, place] if place in near else null for place in places]
    rows = [np.mean([tables["documents"][tag] for tag in tags], axis=0)]
    rows += [tables["input"][word] for word in words]
    parts = [("documents", tag, (0, 1 / len(tags))) for tag in tags]
    parts += [("input", word, (number, 1.0)) for number, word in enumerate(words, start=1)]
    return Prediction(b, np.concatenate(rows), parts, tokens[b, center])


class Selected(np.ndarray):
    """A gradient of a concatenation, of which a factor (number, share) takes one vector."""

    def __rmul__(self, factor):
        if not isinstance(factor, tuple):
            return super().__rmul__(factor)
        number, share = factor
        return share * np.asarray(self).reshape(-1, 4)[number]


def test_every_architecture_is_tested():
    assert {model["arch"] for model in MODELS} == set(DOCUMENT_ARCHITECTURES)


SIZES = [  # every model on many words, two of them on few
    pytest.param(words, model, id=f"{words}-{model}", marks=[] if quick else [pytest.mark.full])
    for number, model in enumerate(MODELS)
    for words, quick in ((40, True), (3, number in (1, 3)))
]


@pytest.mark.parametrize(("words", "model"), SIZES)
def test_gradients_equal_a_loop_over_predictions(model, words, monkeypatch):
    config = EmbeddingConfig(vector_size=4, window=3, **model)
    rows = DocumentRows(TAGS, np.full(len(TAGS), 16.0), 4, LENGTH)
    text = some_text(words)._replace(documents=rows)
    objective = make_objective(text, config)
    tables = random_tables(objective)
    blocks = document_blocks(config, words, seed=0)
    draws = objective.draw(blocks)
    batch = Batches(draws.rows, draws.values, np.full(1, 0.1, np.float32))
    batch = jax.tree.map(lambda array: jnp.asarray(array[0]), batch)
    loop = {"dbow": dbow_predictions, "dm": dm_predictions}[config.arch]

    def predictions(*arguments):
        for it in loop(blocks, *arguments):
            if config.dm_context == "concat":
                it = it._replace(vector=it.vector.view(Selected))
            yield it

    monkeypatch.setitem(PREDICTIONS, config.arch, predictions)
    found = jax.jit(objective.loss_and_gradients)(tables, batch)
    loss, count, gradients = by_loop(tables, batch, blocks.tokens[0], text, config)
    np.testing.assert_allclose(found.loss, loss, rtol=1e-5)
    np.testing.assert_array_equal(found.predictions, count)
    for name, summed in summed_gradients(tables, found).items():
        np.testing.assert_allclose(summed, gradients[name], rtol=1e-5, atol=1e-5)


NEGATIVE_SAMPLING = [
    it for it in MODELS if it.get("loss", "ns") == "ns" and not it.get("train_words")
]


@pytest.mark.parametrize("model", NEGATIVE_SAMPLING, ids=str)
def test_affine_gradient_equals_that_of_the_objective(model):
    config = EmbeddingConfig(vector_size=4, window=3, **model)
    rows = DocumentRows(np.arange(2, dtype=np.int32)[:, None], np.full(2, 16.0), 2, LENGTH)
    objective = make_objective(some_text(40)._replace(documents=rows), config)
    tables = random_tables(objective)
    blocks = document_blocks(config, 40, seed=0)
    own = np.where(blocks.documents[0] >= 0, np.arange(2)[:, None], -1).astype(np.int32)
    draws = objective.draw(blocks._replace(documents=own[None]))
    batch = Batches(draws.rows, draws.values, np.full(1, 0.1, np.float32))
    batch = jax.tree.map(lambda array: jnp.asarray(array[0]), batch)
    expected = summed_gradients(tables, objective.loss_and_gradients(tables, batch))["documents"]

    noise = tables["output"][batch.rows["output"][NOISE_WORDS]]
    scores = affine_scores(tables, objective.affine(tables, batch), batch, noise, 4)
    vectors = tables["documents"]
    found = affine_gradient(scores, 0, vectors, noise[0, :, :4], batch.values[NOISE_WEIGHT])
    assert np.abs(expected).min() > 0
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
