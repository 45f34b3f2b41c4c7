"""Parameters of embedding models: checked in one place, declared once."""

from dataclasses import asdict

import numpy as np
import pytest

from textdl import Word2Vec
from textdl.embed.config import EmbeddingConfig, EmbeddingParameters
from textdl.embed.model_parameters import QUALITIES, Word2VecParameters, word2vec_config
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
    names += [
        "n_seeds",
        "phrases",
        "init_vectors",
        "freeze",
        "validation_fraction",
        "early_stopping",
    ]
    names += ["patience", "evaluation", "callbacks", "log"]
    names += ["checkpoint", "checkpoint_every", "resume", "verbose", "quality"]
    assert list(parameters_of(Word2VecParameters)) == names
    assert list(Word2Vec().get_params()) == names
    text = CorpusConfig("corpus.txt")
    for name, known in parameters_of(TextParameters).items():
        assert getattr(text, name) == known.default == getattr(Word2Vec(), name)


def test_quality_default_is_the_config_of_the_parameters():
    assert word2vec_config(Word2VecParameters()) == EmbeddingConfig()
    parameters = Word2VecParameters(arch="cbow", epochs=3, seed=7)
    assert word2vec_config(parameters) == EmbeddingConfig(arch="cbow", epochs=3, seed=7)


def test_quality_best_takes_the_place_of_defaults_only():
    best = QUALITIES["best"]
    config = word2vec_config(Word2VecParameters(quality="best"))
    assert config.members == best.members
    for name, value in best.values.items():
        assert getattr(config, name) == value != getattr(EmbeddingConfig(), name)
    chosen = Word2VecParameters(quality="best", epochs=2, window=7, vector_size=50)
    config = word2vec_config(chosen)
    assert (config.epochs, config.window, config.vector_size) == (2, 7, 50)
    assert all("window" not in member for member in config.members)
    assert len(config.members) == len(best.members)


@pytest.mark.parametrize(("arch", "loss"), LEARNING_RATES)
def test_quality_best_context_share_only_where_it_was_measured(arch, loss):
    config = word2vec_config(Word2VecParameters(quality="best", arch=arch, loss=loss))
    shares = [member.context_share for member in config.of_members()]
    assert all(shares) == any(shares) == ((arch, loss) == ("skipgram", "ns"))
    assert config.start_rate == LEARNING_RATES[arch, loss]


def test_quality_of_no_known_name_is_an_error():
    with pytest.raises(ParameterError, match="quality='good'; expected one of default, best"):
        Word2Vec(quality="good").fit([["a", "b"]])


def test_context_share_without_output_vectors_is_an_error():
    with pytest.raises(ParameterError, match=r"context_share=0\.2 with loss='hs'"):
        EmbeddingConfig(loss="hs", context_share=0.2)


def test_config_of_members_have_seeds_of_their_own():
    config = EmbeddingConfig(seed=5, members=({"window": 3}, {}, {"sample": 0.0}))
    members = list(config.of_members())
    assert [it.window for it in members] == [3, 5, 5]
    assert [it.sample for it in members] == [1e-3, 1e-3, 0]
    seeds = [it.seed for it in members]
    assert seeds[0] == 5
    assert len(set(seeds)) == 3
    assert seeds == [it.seed for it in config.of_members()]
    assert list(EmbeddingConfig().of_members()) == [EmbeddingConfig()]
