"""The output side of negative sampling: noise words that a block shares, and stable losses.

A pair with score s costs -log σ(s), and each of its noise words, with score t, -log σ(-t). A block
of L centers draws K noise words once, and each center meets them all, weighted so that in
expectation every pair meets `negative` of them, as if it had drawn its own.

Noise words are never left out. word2vec drops one that equals the pair's context; to drop one that
equals the center instead, which would be cheap here, leaves the score of a word with itself free to
grow, and costs word similarity (SimLex) what it gains in relatedness (MEN).

References:
    Mikolov et al. 2013, "Distributed representations of words and phrases" (negative sampling).
    Ji et al. 2016, "Parallelizing Word2Vec in shared and distributed memory" (shared noise words).
"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives.objective import Sampler
from textdl.embed.sampling import NoiseSampler
from textdl.keyed_random import NOISE
from textdl.text.vocabulary import Vocabulary

NOISE_IDS = "noise"  # (S, B, K) int32
NOISE_WEIGHT = "noise_weight"  # (S,) float32, how many noise words of a pair each stands for

FACTORS = 64  # from 1 to 2 each, so that their product is finite in float32


def make_noise_sampler(vocabulary: Vocabulary, config: EmbeddingConfig) -> Sampler:
    """A sampler of noise words: K for each block.

    Args:
        vocabulary: words are drawn in proportion to count^0.75.
        config: has the seed, `negative`, and K.

    Returns:
        A function from the tokens, epoch and number of a chunk to `noise` `(S, B, K)` int32 and
        `noise_weight` `(S,)` float32.
    """
    draw = NoiseSampler(vocabulary.counts)
    weight = np.float32(config.negative / config.noise_words)

    def sample(tokens: NDArray[np.int32], epoch: int, number: int) -> dict[str, NDArray[Any]]:
        shape = (*tokens.shape[:2], config.noise_words)
        ids = draw(math.prod(shape), config.seed, NOISE, epoch, number).reshape(shape)
        return {NOISE_IDS: ids, NOISE_WEIGHT: np.full(len(tokens), weight)}

    return sample


def initial_loss(vocabulary: Vocabulary, config: EmbeddingConfig) -> float:
    """The mean loss of a pair before training.

    With output vectors at zero a pair and each of its noise words cost log 2.
    """
    return (1 + config.negative) * math.log(2)


def sigmoid(x: Array, exp_neg_abs: Array, mask: Array | bool = True) -> Array:
    """σ(x) where the mask is set and 0 elsewhere.

    The numerator is masked, and not the quotient: XLA would mask that again for each of its uses.

    Args:
        x: of any shape.
        exp_neg_abs: exp(-|x|).
        mask: of the shape of x.

    Returns:
        Of the shape of x.

    Example:
        >>> x = jnp.array([0.0, 0.0])
        >>> sigmoid(x, jnp.exp(-jnp.abs(x)), jnp.array([True, False])).tolist()
        [0.5, 0.0]
    """
    return jnp.where(mask, jnp.where(x > 0, 1, exp_neg_abs), 0) / (1 + exp_neg_abs)


def sum_softplus(x: Array, exp_neg_abs: Array, mask: Array | bool = True) -> Array:
    """Σ log(1 + exp x) along axis 1, over what the mask has set.

    It is Σ max(x, 0) + log Π (1 + exp(-|x|)): one logarithm does for many terms.

    Args:
        x: of any shape with an axis 1.
        exp_neg_abs: exp(-|x|).
        mask: of the shape of x.

    Returns:
        Of the shape of x without its axis 1.

    Example:
        >>> x = jnp.zeros((1, 3))
        >>> round(float(sum_softplus(x, jnp.exp(-jnp.abs(x)))[0]), 4)  # 3 log 2
        2.0794
    """
    above = jnp.where(mask & (x > 0), x, 0).sum(1)
    factors = jnp.where(mask, 1 + exp_neg_abs, 1)
    if (terms := x.shape[1]) <= FACTORS:
        return above + jnp.log(factors.prod(1))
    padding = [(0, -terms % FACTORS if axis == 1 else 0) for axis in range(x.ndim)]
    groups = jnp.pad(factors, padding, constant_values=1)
    groups = groups.reshape(x.shape[0], -1, FACTORS, *x.shape[2:])
    return above + jnp.log(groups.prod(2)).sum(1)
