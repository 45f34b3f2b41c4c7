"""Losses and metrics: one number per entry or per example, never reduced.

Reduction comes after, in `weighted_mean`, so that examples can have weights. Shapes must agree
exactly: a `(N, 1)` prediction against `(N,)` targets would silently broadcast to `(N, N)`, the
classic way for a loss to lie. Cross-entropies are in nats. From logits (the output of a linear
layer) they are exact for every float32; from probabilities they are infinite where the truth was
given the probability 0, as the formula says.

References:
    Hastie, Tibshirani and Friedman 2009, "The Elements of Statistical Learning", section 10.6;
    Bishop 2006, "Pattern Recognition and Machine Learning", section 5.2.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array
from numpy.typing import ArrayLike

from textdl.errors import DataError, ParameterError
from textdl.nn.activations import log_softmax, softplus


def squared_error(predictions: ArrayLike, targets: ArrayLike) -> Array:
    """(p - t)², entry by entry.

    Args:
        predictions: `(...,)` float p.
        targets: `(...,)` t, in the unit of p.

    Returns:
        `(...,)`, in the unit of p squared.

    Raises:
        DataError: the shapes differ.

    Example:
        >>> squared_error([1.0, 2.0], [1.5, 0.0]).tolist()
        [0.25, 4.0]
    """
    p, t = same_shape(predictions, targets)
    return (p - t) ** 2


def half_squared_error(predictions: ArrayLike, targets: ArrayLike) -> Array:
    """(p - t)² / 2, the mean over the outputs: what scikit-learn's MLPRegressor minimizes.

    Args:
        predictions: `(B, O)` float p.
        targets: `(B, O)` t, in the unit of p.

    Returns:
        `(B,)`, in the unit of p squared.

    Raises:
        DataError: the shapes differ.

    Example:
        >>> half_squared_error([[1.0, 3.0]], [[0.0, 0.0]]).tolist()
        [2.5]
    """
    return squared_error(predictions, targets).mean(-1) / 2


def poisson_loss(log_rates: Array, counts: ArrayLike) -> Array:
    """Half the deviance of Poisson counts t at the rates λ = exp(z): mean over the outputs, `(B,)`.

    L = λ - t + t log(t / λ), which is 0 where λ = t.

    Args:
        log_rates: z `(B, K)`.
        counts: t `(B, K)`, not negative.

    Returns:
        `(B,)` float.

    Raises:
        DataError: the shapes differ.

    Example:
        >>> poisson_loss(jnp.log(jnp.array([[2.0]])), jnp.array([[2.0]])).round(6).tolist()
        [0.0]
    """
    z, t = same_shape(log_rates, counts)
    return (jnp.exp(z) - t - _times_log(t, t) - t * z).mean(-1)


def absolute_error(predictions: ArrayLike, targets: ArrayLike) -> Array:
    """`|p - t|`, entry by entry; shapes and errors as in `squared_error`.

    Example:
        >>> absolute_error([1.0, 2.0], [1.5, 0.0]).tolist()
        [0.5, 2.0]
    """
    p, t = same_shape(predictions, targets)
    return absolute_value(p - t)


@jax.custom_jvp
def absolute_value(x: Array) -> Array:
    """|x|, with the sign of x as its derivative: 0 at 0, where JAX's is 1.

    Example:
        >>> float(jax.grad(absolute_value)(0.0))
        0.0
    """
    return jnp.abs(x)


absolute_value.defjvps(lambda dx, _, x: jnp.sign(x) * dx)


def huber(predictions: ArrayLike, targets: ArrayLike, delta: float = 1.0) -> Array:
    """`e²/2` where `|e| <= δ`, else `δ (|e| - δ/2)`, with `e = p - t`.

    Args:
        predictions: `(...,)` float p.
        targets: `(...,)` t, in the unit of p.
        delta: δ, where the parabola becomes a line, in the unit of p.

    Returns:
        `(...,)`, in the unit of p squared.

    Raises:
        DataError: the shapes differ.

    Example:
        >>> huber([0.5, 3.0], [0.0, 0.0]).tolist()
        [0.125, 2.5]

    Reference:
        Huber 1964, "Robust Estimation of a Location Parameter".
    """
    e = absolute_error(predictions, targets)
    inside = jnp.minimum(e, delta)  # both cases in one: δ (e - δ) is 0 inside
    return inside**2 / 2 + delta * (e - inside)


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


def softmax_loss(logits: Array, classes: Array) -> Array:
    """Cross-entropy of one of K classes from logits, `(B,)` nats.

    Example:
        >>> softmax_loss(jnp.array([[0.0, 1e4]]), jnp.array([1])).tolist()
        [0.0]
    """
    return categorical_cross_entropy(logits, classes, from_logits=True)


def logistic_loss(logits: Array, labels: Array) -> Array:
    """Cross-entropy of every label by itself (one against all), summed over them: `(B,)` nats.

    Example:
        >>> logistic_loss(jnp.array([[1e4, -1e4]]), jnp.array([[1, 1]])).tolist()
        [10000.0]
    """
    return binary_cross_entropy(logits, labels, from_logits=True).sum(-1)


def softmax_accuracy(logits: Array, classes: Array) -> Array:
    """1 where the most probable class is the true one, `(B,)`.

    Example:
        >>> softmax_accuracy(jnp.array([[0.0, 2.0], [3.0, 2.0]]), jnp.array([1, 1])).tolist()
        [1.0, 0.0]
    """
    return (logits.argmax(-1) == classes).astype(jnp.float32)


def logistic_accuracy(logits: Array, labels: Array) -> Array:
    """1 where every label is right, `(B,)`.

    Example:
        >>> logistic_accuracy(jnp.array([[1.0, -1.0], [1.0, 1.0]]), jnp.eye(2)).tolist()
        [1.0, 0.0]
    """
    return ((logits > 0) == (labels > 0)).all(-1).astype(jnp.float32)


def weighted_mean(losses: Array, weights: ArrayLike | None = None) -> Array:
    """Σ_i w_i l_i / Σ_i w_i; without weights the mean, and 0 where all weights are 0.

    Args:
        losses: `(N,)` float.
        weights: `(N,)` float, not negative.

    Raises:
        DataError: the shapes differ.

    Example:
        >>> float(weighted_mean(jnp.array([1.0, 4.0]), [2.0, 1.0]))
        2.0
    """
    if weights is None:
        return losses.mean()
    losses, weights = same_shape(losses, weights)
    total = weights.sum()
    return (weights * losses).sum() / jnp.where(total > 0, total, 1)


def sample_weights(labels: ArrayLike, class_weights: ArrayLike) -> Array:
    """The weight of every example, by its class.

    Args:
        labels: `(N,)` int, classes from 0 to K - 1.
        class_weights: `(K,)` float.

    Returns:
        `(N,)` float.

    Example:
        >>> sample_weights([0, 1, 1], [0.5, 2.0]).tolist()
        [0.5, 2.0, 2.0]
    """
    return jnp.asarray(class_weights)[jnp.asarray(labels)]


def same_shape(predictions: ArrayLike, targets: ArrayLike) -> tuple[Array, Array]:
    """Both as float arrays of one type.

    Raises:
        DataError: the shapes differ; nothing is broadcast.

    Example:
        >>> p, t = same_shape([1.0, 2.0], [1, 0])
        >>> t.dtype == p.dtype
        True
    """
    p = jnp.asarray(predictions)
    t = jnp.asarray(targets)
    if p.shape != t.shape:
        raise DataError(
            f"predictions of shape {p.shape} do not fit targets of shape {t.shape}; expected one "
            f"shape, since nothing is broadcast: {reshape_advice(p.shape, t.shape)}"
        )
    dtype = jnp.result_type(p, t, float)
    return p.astype(dtype), t.astype(dtype)


def reshape_advice(predictions: tuple[int, ...], targets: tuple[int, ...]) -> str:
    """What to do about two shapes that differ.

    Example:
        >>> reshape_advice((4, 1), (4,))
        'reshape the targets to (4, 1), such as by targets[:, None]'
    """
    if predictions == (*targets, 1):
        return f"reshape the targets to {predictions}, such as by targets[:, None]"
    return "reshape one of them"


def one_hot(targets: ArrayLike, predictions: Array) -> Array:
    """Targets in the shape of predictions `(..., K)`: classes become rows of 0 with one 1.

    Args:
        targets: `(...,)` int classes from 0 to K - 1, or `(..., K)`, which are only cast.
        predictions: `(..., K)` float, for their shape and type.

    Returns:
        `(..., K)`; NaN for a class that there is none of, which must not look like a loss of 0.

    Raises:
        DataError: the shapes do not fit, or classes are no integers.

    Example:
        >>> one_hot([1, 0], jnp.zeros((2, 3))).tolist()
        [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    t = jnp.asarray(targets)
    if t.shape == predictions.shape:
        return t.astype(predictions.dtype)
    if t.shape == predictions.shape[:-1] and jnp.issubdtype(t.dtype, jnp.integer):
        rows = (t[..., None] == jnp.arange(predictions.shape[-1])).astype(predictions.dtype)
        known = (t >= 0) & (t < predictions.shape[-1])
        return jnp.where(known[..., None], rows, jnp.nan)
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
    """-t log p, and 0 with gradient 0 where t = 0, for every p."""
    used = t != 0
    return jnp.where(used, -t * jnp.log(jnp.where(used, p, 1)), 0)
