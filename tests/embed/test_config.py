"""Parameters of embedding models: checked in one place, declared once."""

import numpy as np
import pytest

from textdl import Word2Vec
from textdl.embed.config import EmbeddingConfig, EmbeddingParameters, Word2VecParameters
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
    ],
)
def test_config_refuses_values_out_of_range(changed, says):
    with pytest.raises(ParameterError) as caught:
        EmbeddingConfig(**changed)
    assert says in str(caught.value)


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
