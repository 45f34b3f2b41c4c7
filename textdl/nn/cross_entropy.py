"""Cross-entropies: what it costs, in nats, to have given the truth too little probability.

From logits (the output of a linear layer) they are exact for every float32. From probabilities
they are infinite where the truth was given the probability 0, as the formula says.

Reference:
    Bishop 2006, "Pattern Recognition and Machine Learning", section 5.2.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from numpy.typing import ArrayLike

from textdl.errors import DataError, ParameterError
from textdl.nn.activations import log_softmax, softplus
from textdl.nn.losses import same_shape


def binary_cross_entropy(
    predictions: ArrayLike,
    targets: ArrayLike,
    *,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
) -> Array:
    """-t log p - (1 - t) log(1 - p), entry by entry; p = sigmoid(z) for logits z.

    Args:
        predictions: `(...,)` float, probabilities p or logits z.
        targets: `(...,)` 0, 1 or between.
        from_logits: whether predictions are z.
        label_smoothing: ε; t becomes (1 - ε) t + ε / 2.

    Returns:
        `(...,)` nats.

    Raises:
        DataError: the shapes differ.
        ParameterError: ε is not between 0 and 1.

    Example:
        >>> print(binary_cross_entropy([0.5, 0.0], [1, 0]))
        [0.6931472 0.       ]
        >>> binary_cross_entropy([1e4, -1e4], [1, 1], from_logits=True).tolist()
        [0.0, 10000.0]
    """
    p, t = same_shape(predictions, targets)
    t = _smooth(t, label_smoothing, classes=2)
    if from_logits:
        return t * softplus(-p) + (1 - t) * softplus(p)  # -log σ(z) and -log(1 - σ(z))
    return _times_log(t, p) + _times_log(1 - t, 1 - p)


def categorical_cross_entropy(
    predictions: ArrayLike,
    targets: ArrayLike,
    *,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
) -> Array:
    """-Σ_k t_k log p_k over the last axis; p = softmax(z) for logits z.

    Args:
        predictions: `(..., K)` float, probabilities p or logits z.
        targets: `(...,)` int classes from 0 to K - 1, or `(..., K)` one-hot or probabilities.
        from_logits: whether predictions are z.
        label_smoothing: ε; t becomes (1 - ε) t + ε / K.

    Returns:
        `(...,)` nats.

    Raises:
        DataError: the shapes do not fit, or classes are no integers.
        ParameterError: ε is not between 0 and 1.

    Example:
        >>> print(categorical_cross_entropy([[0.5, 0.25, 0.25]], [0]))
        [0.6931472]
        >>> categorical_cross_entropy([[0.0, 1e4]], [[1, 0]], from_logits=True).tolist()
        [10000.0]
    """
    p = jnp.asarray(predictions)
    p = p.astype(jnp.result_type(p, float))  # targets are cast to its type
    t = _smooth(one_hot(targets, p), label_smoothing, classes=p.shape[-1])
    if from_logits:
        # log p overflows to -inf where logits are further apart than float32 reaches.
        return jnp.where(t != 0, -t * log_softmax(p), 0).sum(-1)
    return _times_log(t, p).sum(-1)


def one_hot(targets: ArrayLike, predictions: Array) -> Array:
    """Targets in the shape of predictions `(..., K)`: classes become rows of 0 with one 1."""
    t = jnp.asarray(targets)
    if t.shape == predictions.shape:
        return t.astype(predictions.dtype)
    if t.shape == predictions.shape[:-1] and jnp.issubdtype(t.dtype, jnp.integer):
        rows = (t[..., None] == jnp.arange(predictions.shape[-1])).astype(predictions.dtype)
        known = (t >= 0) & (t < predictions.shape[-1])
        return jnp.where(
            known[..., None], rows, jnp.nan
        )  # a class there is none of is no loss of 0
    raise DataError(
        f"targets {t.dtype}{list(t.shape)} do not fit predictions of shape {predictions.shape}; "
        f"expected integer classes of shape {predictions.shape[:-1]}, or one-hot rows of the "
        "predictions' shape"
    )


def _smooth(targets: Array, smoothing: float, *, classes: int) -> Array:
    """(1 - ε) t + ε / K (Szegedy et al. 2016, section 7)."""
    if not 0 <= smoothing <= 1:
        raise ParameterError(f"label_smoothing={smoothing} is out of range; expected 0 to 1")
    return (1 - smoothing) * targets + smoothing / classes


def _times_log(t: Array, p: Array) -> Array:
    """-t log p, and 0 with gradient 0 where t = 0, whatever p is."""
    used = t != 0
    return jnp.where(used, -t * jnp.log(jnp.where(used, p, 1)), 0)
