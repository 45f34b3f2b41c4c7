"""Batches of sequences, and the check that padding changes nothing."""

import jax
import jax.numpy as jnp
import numpy as np

from textdl import nn

LENGTHS = np.array([5, 0, 1, 3])


def batch(width=5, size=3, seed=0, fill=np.nan):
    """Four sequences of vectors; any value in the padding, also NaN."""
    values = np.full((len(LENGTHS), width, size), fill, np.float32)
    draw = np.random.default_rng(seed)
    for b, length in enumerate(LENGTHS):
        values[b, :length] = draw.normal(size=(length, size))
    return nn.SequenceBatch(jnp.asarray(values), jnp.asarray(LENGTHS))


def real(x, b):
    """The vectors of sequence b without padding."""
    return np.asarray(x.values)[b, : int(x.lengths[b])]


def kept(out):
    """What counts of an output: vectors before the padding, with the lengths; or everything."""
    if not isinstance(out, nn.SequenceBatch):
        return [np.asarray(out)]
    return [np.asarray(out.lengths), *(real(out, b) for b in range(len(out.lengths)))]


def assert_padding_changes_nothing(layer, size=3, tolerance=1e-6):
    """Neither outputs nor gradients, with more padding and other values in it."""
    params = layer.init(jax.random.key(1))

    @jax.jit  # outputs and gradients in one program of each width
    def gradients_and_outputs(params, x):
        return jax.grad(total, has_aux=True)(params, x)

    def total(params, x):
        out = layer.apply(params, x)
        if isinstance(out, nn.SequenceBatch):
            return jnp.where(out.mask[:, :, None], out.values, 0).sum(), out
        return (out**2).sum(), out

    results = []
    for width, fill in ((5, np.nan), (16, 3.0), (16, -7.0)):
        gradients, outputs = gradients_and_outputs(params, batch(width, size, fill=fill))
        results.append((kept(outputs), jax.tree.leaves(gradients)))
    for outputs, gradients in results[1:]:
        for one, other in zip(outputs, results[0][0], strict=True):
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
        for one, other in zip(gradients, results[0][1], strict=True):
            assert np.isfinite(one).all()
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def check_layer_gradients(layer, size=3):
    """Autodiff against central differences, for the parameters and the inputs."""
    x = batch(5, size, fill=0.0)
    params = layer.init(jax.random.key(2))

    def outputs(params, values):
        out = layer.apply(params, x._replace(values=values))
        if isinstance(out, nn.SequenceBatch):
            out = jnp.where(out.mask[:, :, None], out.values, 0)
        return jnp.sin(out)

    check = nn.check_gradients(outputs, params, np.asarray(x.values))
    assert check.error < 1e-6, check
