"""Scores of blocks: their loss against a loop over pairs, derivatives against automatic ones."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.embed.objectives.reference import softplus, some_text
from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives.bands import context_mask
from textdl.embed.objectives.negative_sampling import FACTORS, output_side
from textdl.embed.objectives.objective import Hidden
from textdl.embed.objectives.skipgram import input_side
from textdl.embed.tables import Batches

NEGATIVE = 5


def pairwise_loss(center, context, noise, left, right):
    """The definition: every center with every token in its window, every noise word weighted."""
    halo = (len(context) - len(center)) // 2
    total = 0.0
    for i in range(len(center)):
        near = [j for j in range(i - left[i], i + right[i] + 1) if j != i]
        total += sum(softplus(-float(center[i] @ context[j + halo])) for j in near)
        for vector in noise:
            total += len(near) * NEGATIVE / len(noise) * softplus(float(center[i] @ vector))
    return total


def autodiff_loss(scores, noise_scores, mask, weight):
    """The loss as a function of the scores alone."""
    softplus = jax.nn.softplus
    return (mask * softplus(-scores)).sum() + (weight[:, None] * softplus(noise_scores)).sum()


@st.composite
def blocks(draw):
    """Shapes and ids of a batch of blocks: (blocks, centers, strip, halo, noise words, seed)."""
    strip = draw(st.integers(1, 5))
    return (
        draw(st.integers(1, 3)),
        strip * draw(st.integers(1, 4)),
        strip,
        draw(st.integers(1, 6)),
        draw(st.integers(1, 7)),
        draw(st.integers(0, 2**31)),
    )


def some_blocks(count, length, strip, halo, noise_size, seed, scale=1.0):
    draw = np.random.default_rng(seed)
    center, context, noise = (
        (scale * draw.normal(size=(count, size, 4))).astype(np.float32)
        for size in (length, length + 2 * halo, noise_size)
    )
    left, right = draw.integers(0, halo + 1, (2, count, length)).astype(np.int32)
    return strip, center, context, noise, left, right


def loss_of_blocks(strip, center, context, noise, left, right):
    """With 5 noise words per pair; every token and every noise word has a row of its own."""
    text, config = some_text(), EmbeddingConfig(vector_size=4)
    loss = jax.jit(output_side(text, config, input_side(text, config)).loss)
    count, width = context.shape[:2]
    halo = (width - center.shape[1]) // 2
    rows = np.concatenate([context.reshape(-1, 4), noise.reshape(-1, 4)])
    tokens = np.arange(count * width, dtype=np.int32).reshape(count, width)
    noise_ids = np.arange(len(rows) - tokens.size, dtype=np.int32).reshape(count, -1) + tokens.size
    batch = Batches(
        {"output": {"tokens": tokens, "noise": noise_ids}},
        {"noise_weight": np.float32(NEGATIVE / noise.shape[1])},
        0.1,
    )
    band = context_mask(left, right, halo, strip)
    hidden = Hidden(jnp.asarray(center), (left + right).astype(np.float32), band)
    return loss({"output": jnp.asarray(rows)}, hidden, batch)


@settings(max_examples=8)  # each of another shape is compiled for
@given(blocks())
def test_loss_is_the_sum_over_pairs(shape):
    assert_loss_is_the_sum_over_pairs(shape)


@pytest.mark.full
@settings(max_examples=100)
@given(blocks())
def test_loss_is_the_sum_over_pairs_of_many_shapes(shape):
    assert_loss_is_the_sum_over_pairs(shape)


def assert_loss_is_the_sum_over_pairs(shape):
    strip, *block = some_blocks(*shape)
    loss = loss_of_blocks(strip, *block).loss
    expected = [pairwise_loss(*(array[b] for array in block)) for b in range(shape[0])]
    np.testing.assert_allclose(loss, expected, rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize("scale", [0.0, 0.3, 3.0, 30.0])
def test_score_gradients_are_the_derivatives_by_the_scores(scale):
    strip, center, context, noise, left, right = some_blocks(2, 8, 4, 3, 5, 0, scale)
    found = loss_of_blocks(strip, center, context, noise, left, right)
    mask = context_mask(left, right, 3, strip)
    span = np.arange(0, 8, 4)[:, None] + np.arange(4 + 2 * 3)
    strips = center.reshape(2, 2, 4, 4)
    scores = jnp.einsum("bsmd,bsrd->bsmr", context[:, span], strips)
    noise_scores = jnp.einsum("bkd,bld->bkl", noise, center)
    derive = jax.grad(autodiff_loss, argnums=(0, 1))
    positive, negative = derive(scores, noise_scores, mask, (left + right) * NEGATIVE / 5)
    of_words, of_noise = found.gradients["output"]
    np.testing.assert_allclose(of_words.score_gradients, positive, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(of_noise.score_gradients, negative, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(of_words.vectors, strips)
    np.testing.assert_array_equal(of_noise.vectors, center)


def test_scores_beyond_the_range_of_exp_stay_finite():
    strip, *block = some_blocks(1, 8, 4, 3, 5, 1, 1e3)
    found = loss_of_blocks(strip, *block)
    assert all(np.isfinite(x).all() for x in jax.tree.leaves(found))
    expected = pairwise_loss(*(array[0] for array in block))
    np.testing.assert_allclose(found.loss, [expected], rtol=1e-4)


@pytest.mark.parametrize(
    "noise_size",
    [
        FACTORS,
        FACTORS + 1,
        pytest.param(3 * FACTORS, marks=pytest.mark.full),
        1000,
    ],
)
def test_sum_softplus_product_never_overflows(noise_size):
    strip, *block = some_blocks(1, 200, 1, 2, noise_size, 2, 0.01)
    loss = loss_of_blocks(strip, *block).loss
    expected = pairwise_loss(*(array[0] for array in block))
    np.testing.assert_allclose(loss, [expected], rtol=1e-5)


@pytest.mark.parametrize("exponent", [1.0, 0.0, -0.5])
def test_ns_exponent_is_that_of_the_noise_in_expected_updates(exponent):
    text, config = some_text(), EmbeddingConfig(vector_size=4, ns_exponent=exponent)
    side = output_side(text, config, input_side(text, config))
    share = text.vocabulary.counts**exponent
    expected = text.kept_share + NEGATIVE * share / share.sum()
    np.testing.assert_allclose(side.updates["output"], expected, rtol=1e-12)
