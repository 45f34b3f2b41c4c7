"""The loss of blocks against a loop over pairs, and its slopes against automatic derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textdl.embed.objective import FACTORS, block_slopes, positive_mask


def softplus(x: float) -> float:
    """-log σ(-x), in float64."""
    return max(x, 0.0) + np.log1p(np.exp(-abs(x)))


def pairwise_loss(centre, context, noise, left, right, negative):
    """The definition: every centre with every token in its window, every noise word weighted."""
    halo = (len(context) - len(centre)) // 2
    total = 0.0
    for i in range(len(centre)):
        near = [j for j in range(i - left[i], i + right[i] + 1) if j != i]
        total += sum(softplus(-float(centre[i] @ context[j + halo])) for j in near)
        for vector in noise:
            total += len(near) * negative / len(noise) * softplus(float(centre[i] @ vector))
    return total


def autodiff_loss(scores, against, mask, weight):
    """The loss as a function of the scores alone."""
    softplus = jax.nn.softplus
    return (mask * softplus(-scores)).sum() + (weight[:, None] * softplus(against)).sum()


@st.composite
def blocks(draw):
    """Shapes and ids of a batch of blocks: (blocks, centres, strip, halo, noise words, seed)."""
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
    centre, context, noise = (
        (scale * draw.normal(size=(count, size, 4))).astype(np.float32)
        for size in (length, length + 2 * halo, noise_size)
    )
    left, right = draw.integers(0, halo + 1, (2, count, length)).astype(np.int32)
    span = np.arange(0, length, strip)[:, None] + np.arange(strip + 2 * halo)
    return centre, context, context[:, span], noise, left, right


@settings(deadline=None, max_examples=40)
@given(blocks())
def test_loss_is_the_sum_over_pairs(shape):
    centre, context, around, noise, left, right = some_blocks(*shape)
    loss = jax.jit(block_slopes)(centre, around, noise, left, right, 5.0).loss
    expected = [
        pairwise_loss(centre[b], context[b], noise[b], left[b], right[b], 5.0)
        for b in range(shape[0])
    ]
    np.testing.assert_allclose(loss, expected, rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize("scale", [0.0, 0.3, 3.0, 30.0])
def test_slopes_are_the_derivatives_by_the_scores(scale):
    centre, _, around, noise, left, right = some_blocks(2, 8, 4, 3, 5, 0, scale)
    slopes = jax.jit(block_slopes)(centre, around, noise, left, right, 5.0)
    strips = (2, 2, 4)
    mask = positive_mask(left.reshape(strips), right.reshape(strips), 3)
    scores = jnp.einsum("bsmd,bsrd->bsmr", around, centre.reshape(*strips, 4))
    against = jnp.einsum("bkd,bld->bkl", noise, centre)
    derive = jax.grad(autodiff_loss, argnums=(0, 1))
    pull, push = derive(scores, against, mask, (left + right) * 5.0 / 5)
    np.testing.assert_allclose(slopes.pull, -pull, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(slopes.push, -push, rtol=1e-5, atol=1e-6)


def test_scores_beyond_the_range_of_exp_stay_finite():
    centre, context, around, noise, left, right = some_blocks(1, 8, 4, 3, 5, 1, 1e3)
    slopes = block_slopes(centre, around, noise, left, right, 5.0)
    assert all(np.isfinite(x).all() for x in slopes)
    expected = pairwise_loss(centre[0], context[0], noise[0], left[0], right[0], 5.0)
    np.testing.assert_allclose(slopes.loss, [expected], rtol=1e-4)


@pytest.mark.parametrize("noise_size", [FACTORS, FACTORS + 1, 3 * FACTORS, 1000])
def test_the_product_under_the_logarithm_never_overflows(noise_size):
    centre, context, around, noise, left, right = some_blocks(1, 200, 1, 2, noise_size, 2, 0.01)
    loss = block_slopes(centre, around, noise, left, right, 5.0).loss
    expected = pairwise_loss(centre[0], context[0], noise[0], left[0], right[0], 5.0)
    np.testing.assert_allclose(loss, [expected], rtol=1e-5)
