"""Parameters of embedding models: checked in one place, declared once."""

from dataclasses import asdict

import numpy as np
import pytest

from textdl import Word2Vec
from textdl.embed.config import EmbeddingConfig, EmbeddingParameters, Word2VecParameters
from textdl.embed.objectives import LEARNING_RATES
from textdl.errors import ParameterError
from textdl.parameters import parameters_of
from textdl.text.source import CorpusConfig, TextParameters


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"vector_size": 65_537}, "vector_size=65537; expected a whole number from 1 to 65,536"),
        ({"window": 0}, "window=0; expected a whole number from 1 to 1,000"),
        ({"negative": True}, "negative=True; expected a whole number"),
        ({"min_count": 0}, "min_count=0; expected a whole number from 1 up"),
        ({"max_vocab_size": 0}, "max_vocab_size=0; expected a whole number from 1 up, or None"),
        ({"sample": float("nan")}, "sample=nan; expected a number from 0.0 to 1.0"),
        ({"seed": -1}, "seed=-1"),
        ({"learning_rate": -0.1}, "learning_rate=-0.1"),
        ({"workers": 2.0}, "workers=2.0"),
        ({"step_tokens": "many"}, "step_tokens='many'"),
        ({"block_tokens": 100}, "block_tokens=100; expected a multiple of 16"),
        ({"block_noise": 0}, "block_noise=0"),
        ({"arch": "glove"}, "arch='glove'; expected one of skipgram, cbow"),
        ({"loss": "full"}, "loss='full'; expected one of ns, hs"),
        ({"ns_exponent": 11}, "ns_exponent=11; expected a number from -10.0 to 10.0"),
        ({"window_side": "up"}, "window_side='up'; expected one of both, left, right"),
        ({"shrink_windows": 1}, "shrink_windows=1; expected True or False"),
        ({"arch": "cbow", "cbow": "max"}, "cbow='max'; expected one of mean, sum"),
        (
            {"arch": "cbow", "context_gradient": "half"},
            "context_gradient='half'; expected one of divided, whole, or None",
        ),
    ],
)
def test_config_refuses_values_out_of_range(changed, says):
    with pytest.raises(ParameterError) as caught:
        EmbeddingConfig(**changed)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            {"loss": "hs", "negative": 5},
            "negative=5 with loss='hs'; hierarchical softmax has no noise words: leave negative "
            "out, or choose loss='ns'",
        ),
        ({"loss": "hs", "negative": 5, "arch": "cbow"}, "negative=5 with loss='hs'"),
        ({"cbow": "sum"}, "cbow='sum' with arch='skipgram'; it is of use with arch='cbow'"),
        (
            {"context_gradient": "whole", "loss": "hs"},
            "context_gradient='whole' with arch='skipgram'; it is of use with arch='cbow'",
        ),
        (
            {"position_weights": True},
            "position_weights=True with arch='skipgram'; it is of use with arch='cbow'",
        ),
    ],
)
def test_contradictory_options_are_errors(options, says):
    with pytest.raises(ParameterError) as caught:
        EmbeddingConfig(**options)
    assert str(caught.value).startswith(says)
    with pytest.raises(ParameterError) as caught:
        Word2Vec(**options).fit([["a", "b"]])
    assert str(caught.value).startswith(says)


def test_config_chooses_what_is_left_to_the_objective():
    assert EmbeddingConfig().negative == 5
    assert EmbeddingConfig(negative=7).negative == 7
    assert EmbeddingConfig(loss="hs").negative is None
    assert EmbeddingConfig(loss="hs").noise_per_prediction == 0
    for (arch, loss), rate in LEARNING_RATES.items():
        assert EmbeddingConfig(arch=arch, loss=loss).start_rate == rate
        assert EmbeddingConfig(arch=arch, loss=loss, learning_rate=0.7).start_rate == 0.7


@pytest.mark.parametrize(
    ("options", "divides"),
    [
        ({}, True),
        ({"cbow": "sum"}, False),
        ({"context_gradient": "whole"}, False),
        ({"cbow": "sum", "context_gradient": "divided"}, True),
    ],
)
def test_context_gradient_is_that_of_the_loss_unless_chosen(options, divides):
    assert EmbeddingConfig(arch="cbow", **options).divides_gradient is divides


def test_config_of_a_checkpoint_is_a_config_again():
    """What was chosen contradicts nothing."""
    for arch, loss in LEARNING_RATES:
        config = EmbeddingConfig(arch=arch, loss=loss)
        assert EmbeddingConfig(**asdict(config)) == config


def test_config_takes_numpy_numbers():
    config = EmbeddingConfig(vector_size=np.int64(7), sample=np.float32(0.5))
    assert (config.vector_size, config.sample) == (7, 0.5)


def test_noise_words_are_eight_per_negative_unless_chosen():
    assert EmbeddingConfig(negative=5).noise_words == 40
    assert EmbeddingConfig(block_noise=3).noise_words == 3


def test_word2vec_has_the_parameters_of_model_text_and_run():
    names = [*parameters_of(EmbeddingParameters), *parameters_of(TextParameters)]
    names += ["phrases", "checkpoint", "checkpoint_every", "resume", "verbose"]
    assert list(parameters_of(Word2VecParameters)) == names
    assert list(Word2Vec().get_params()) == names
    text = CorpusConfig("corpus.txt")
    for name, known in parameters_of(TextParameters).items():
        assert getattr(text, name) == known.default == getattr(Word2Vec(), name)
