"""The block loss against a loop over pairs, and its gradient against central differences."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from textdl.embed.objective import (
    block_loss,
    positive_mask,
)


def softplus(x: float) -> float:
    """-log σ(-x), in float64."""
    return max(x, 0.0) + np.log1p(np.exp(-abs(x)))


def pairwise_loss(centre, context, noise, sentences, windows, negative):
    """The definition: every centre with every token in its window, every noise word weighted."""
    halo = (len(sentences) - len(windows)) // 2
    total = 0.0
    for i, window in enumerate(windows):
        pairs = 0
        for j in range(len(sentences)):
            distance = abs(i + halo - j)
            if 0 < distance <= window and sentences[j] == sentences[i + halo]:
                pairs += 1
                total += softplus(-float(centre[i] @ context[j]))
        for vector in noise:
            total += pairs * negative / len(noise) * softplus(float(centre[i] @ vector))
    return total


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


@settings(deadline=None, max_examples=40)
@given(blocks())
def test_block_loss_is_the_sum_over_pairs(shape):
    count, length, strip, halo, noise_size, seed = shape
    draw = np.random.default_rng(seed)
    sentences = np.cumsum(draw.integers(0, 6, (count, length + 2 * halo)) == 0, axis=1)
    windows = draw.integers(0, halo + 1, (count, length))
    centre = draw.normal(size=(count, length, 4)).astype(np.float32)
    context = draw.normal(size=(count, length + 2 * halo, 4)).astype(np.float32)
    noise = draw.normal(size=(count, noise_size, 4)).astype(np.float32)

    span = np.arange(0, length, strip)[:, None] + np.arange(strip + 2 * halo)
    mask = positive_mask(jnp.asarray(sentences[:, span]), windows.reshape(count, -1, strip))
    loss = jax.jit(block_loss)(centre, context[:, span], noise, mask, 5.0)

    expected = [
        pairwise_loss(centre[b], context[b], noise[b], sentences[b], windows[b], 5.0)
        for b in range(count)
    ]
    np.testing.assert_allclose(loss, expected, rtol=2e-5, atol=1e-5)


def test_gradient_is_the_closed_form():
    """dC = G O with G = (σ(S) - 1) M on pairs and σ(T) n negative / K on noise."""
    draw = np.random.default_rng(0)
    centre, around, noise = (
        draw.normal(size=shape).astype(np.float32) for shape in ((1, 4, 8), (1, 1, 8, 8), (1, 3, 8))
    )
    mask = draw.random((1, 1, 4, 8)) < 0.5

    def total(centre, around, noise):
        return block_loss(centre, around, noise, mask, 5.0).sum()

    gradients = jax.grad(total, argnums=(0, 1, 2))(centre, around, noise)

    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    c, o, v = (a.astype(np.float64).reshape(-1, 8) for a in (centre, around, noise))
    positive = (sigmoid(c @ o.T) - 1) * mask[0, 0]
    negative = sigmoid(c @ v.T) * mask[0, 0].sum(1, keepdims=True) * 5 / 3
    expected = (positive @ o + negative @ v, positive.T @ c, negative.T @ c)
    for got, want in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(got.reshape(want.shape), want, rtol=1e-4, atol=1e-5)
