"""Random draws: keyed, and of the distributions they claim."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textdl.embed.sampling import (
    NoiseSampler,
    Subsampler,
    keep_probability,
    noise_probability,
    reduced_windows,
)
from textdl.keyed_random import NOISE, WINDOWS


def within_noise(observed, expected, draws, sigmas=5.0):
    """Whether frequencies agree with probabilities up to what chance allows."""
    spread = np.sqrt(expected * (1 - expected) / draws) + 1e-12
    return (np.abs(observed - expected) < sigmas * spread).all()


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=50), st.floats(1e-6, 1.0))
def test_keep_probability_is_the_word2vec_programs(counts, sample):
    total = sum(counts)
    expected = [
        min(1.0, ((c / (sample * total)) ** 0.5 + 1) * (sample * total) / c) for c in counts
    ]
    np.testing.assert_allclose(keep_probability(np.array(counts), sample), expected, rtol=1e-9)


def test_sample_zero_keeps_everything():
    keep = keep_probability(np.array([10**9, 1]), 0)
    assert keep.tolist() == [1.0, 1.0]


def test_subsampler_keeps_with_the_given_probability_and_drops_rare_words():
    keep = np.array([0.25, 1.0, 0.0])
    ids = np.repeat(np.arange(5, dtype=np.int32), 40_000)
    stays = Subsampler(keep, all_words=5)(ids, 7).reshape(5, -1)
    rates = stays.mean(axis=1)
    assert within_noise(rates[:1], keep[:1], 40_000)
    assert rates[1:].tolist() == [1.0, 0.0, 0.0, 0.0]


# The normal approximation holds where no word is too rare: with 1.0, of few words alone.
@pytest.mark.parametrize(
    ("words", "exponent"),
    [(1, 0.75), (2, 0.75), (3, 0.75), (1000, 0.75), (3, 1.0), (1000, 0.0), (1000, -0.5)],
)
def test_noise_is_proportional_to_count_to_the_exponent(words, exponent):
    counts = np.sort(np.random.default_rng(0).zipf(1.3, words).clip(max=10**9))[::-1]
    sampler = NoiseSampler(counts, exponent)
    draws = sampler(400_000, 1, NOISE, 0, 0)
    expected = counts.astype(float) ** exponent
    expected /= expected.sum()
    np.testing.assert_allclose(sampler.word_probability, expected, rtol=1e-9)
    observed = np.bincount(draws, minlength=words) / len(draws)
    assert draws.dtype == np.int32
    assert within_noise(observed, expected, len(draws))


def test_alias_columns_add_up_to_the_probabilities():
    """The exact check, without chance: each column's own part plus its alias's."""
    counts = np.array([1000, 30, 30, 7, 1, 1, 1])
    sampler = NoiseSampler(counts, 0.75)
    own = sampler.threshold / 2**32
    total = own.copy()
    np.add.at(total, sampler.alias, 1 - own)
    np.testing.assert_allclose(total / len(counts), noise_probability(counts, 0.75), atol=1e-8)


@pytest.mark.parametrize("window", [1, 2, 5, 37])
def test_windows_are_uniform(window):
    drawn = reduced_windows(200_000, window, 3, WINDOWS, 0, 0)
    rates = np.bincount(drawn, minlength=window + 1)[1:] / len(drawn)
    assert drawn.min() == 1
    assert drawn.max() == window
    assert within_noise(rates, np.full(window, 1 / window), len(drawn))
