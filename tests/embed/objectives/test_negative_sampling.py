"""Scores of blocks: their loss against a loop over pairs, derivatives against automatic ones."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.embed.objectives.reference import softplus
from textdl.embed.objectives.contexts import context_mask
from textdl.embed.objectives.negative_sampling import FACTORS
from textdl.embed.objectives.skipgram_negative_sampling import block_loss_and_gradients


def pairwise_loss(center, context, noise, left, right, negative):
    """The definition: every center with every token in its window, every noise word weighted."""
    halo = (len(context) - len(center)) // 2
    total = 0.0
    for i in range(len(center)):
        near = [j for j in range(i - left[i], i + right[i] + 1) if j != i]
        total += sum(softplus(-float(center[i] @ context[j + halo])) for j in near)
        for vector in noise:
            total += len(near) * negative / len(noise) * softplus(float(center[i] @ vector))
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


def loss_of_blocks(center, around, noise, left, right):
    """With 5 noise words per pair."""
    weight = jnp.float32(5.0 / noise.shape[1])
    return jax.jit(block_loss_and_gradients)(center, around, noise, left, right, weight)


def some_blocks(count, length, strip, halo, noise_size, seed, scale=1.0):
    draw = np.random.default_rng(seed)
    center, context, noise = (
        (scale * draw.normal(size=(count, size, 4))).astype(np.float32)
        for size in (length, length + 2 * halo, noise_size)
    )
    left, right = draw.integers(0, halo + 1, (2, count, length)).astype(np.int32)
    span = np.arange(0, length, strip)[:, None] + np.arange(strip + 2 * halo)
    return center, context, context[:, span], noise, left, right


@settings(deadline=None, max_examples=40)
@given(blocks())
def test_loss_is_the_sum_over_pairs(shape):
    center, context, around, noise, left, right = some_blocks(*shape)
    loss = loss_of_blocks(center, around, noise, left, right).loss
    expected = [
        pairwise_loss(center[b], context[b], noise[b], left[b], right[b], 5.0)
        for b in range(shape[0])
    ]
    np.testing.assert_allclose(loss, expected, rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize("scale", [0.0, 0.3, 3.0, 30.0])
def test_score_gradients_are_the_derivatives_by_the_scores(scale):
    center, _, around, noise, left, right = some_blocks(2, 8, 4, 3, 5, 0, scale)
    found = loss_of_blocks(center, around, noise, left, right)
    strips = (2, 2, 4)
    mask = context_mask(left.reshape(strips), right.reshape(strips), 3)
    scores = jnp.einsum("bsmd,bsrd->bsmr", around, center.reshape(*strips, 4))
    noise_scores = jnp.einsum("bkd,bld->bkl", noise, center)
    derive = jax.grad(autodiff_loss, argnums=(0, 1))
    positive, negative = derive(scores, noise_scores, mask, (left + right) * 5.0 / 5)
    np.testing.assert_allclose(found.positive, positive, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.negative, negative, rtol=1e-5, atol=1e-6)


def test_scores_beyond_the_range_of_exp_stay_finite():
    center, context, around, noise, left, right = some_blocks(1, 8, 4, 3, 5, 1, 1e3)
    found = loss_of_blocks(center, around, noise, left, right)
    assert all(np.isfinite(x).all() for x in found)
    expected = pairwise_loss(center[0], context[0], noise[0], left[0], right[0], 5.0)
    np.testing.assert_allclose(found.loss, [expected], rtol=1e-4)


@pytest.mark.parametrize("noise_size", [FACTORS, FACTORS + 1, 3 * FACTORS, 1000])
def test_sum_softplus_product_never_overflows(noise_size):
    center, context, around, noise, left, right = some_blocks(1, 200, 1, 2, noise_size, 2, 0.01)
    loss = loss_of_blocks(center, around, noise, left, right).loss
    expected = pairwise_loss(center[0], context[0], noise[0], left[0], right[0], 5.0)
    np.testing.assert_allclose(loss, [expected], rtol=1e-5)
