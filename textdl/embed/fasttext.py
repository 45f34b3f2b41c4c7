"""The estimator `FastText`: word vectors that are made of subwords, and so exist for any word."""

from __future__ import annotations

from dataclasses import dataclass

from textdl.embed.estimator import EmbeddingEstimator
from textdl.embed.model_parameters import FastTextParameters
from textdl.gensim_names import FASTTEXT_ATTRIBUTES, FASTTEXT_PARAMETERS, explain_parameters
from textdl.parameters import document_parameters


@document_parameters
@explain_parameters(FASTTEXT_PARAMETERS)
@dataclass(kw_only=True, eq=False, repr=False)
class FastText(EmbeddingEstimator, FastTextParameters):
    """Word vectors from subwords: each is the mean of its own and those of its character n-grams.

    Words that share n-grams learn from each other, and a word that the text does not have is
    answered from its n-grams: `vectors_` takes any word of which an n-gram is known. With `max_n=0`
    this is `Word2Vec`.

    The same corpus, parameters and versions give the same bits, on one core or many.

    Args:
        {parameters}

    Attributes:
        vectors_: the `Vectors`, with `subwords`.
        seed_vectors_: the `Vectors` of every seed, by seed; one with n_seeds=1. Each is what a fit
            with that seed alone learns. All other attributes are those of the first.
        loss_curve_: mean loss of every epoch, per prediction.
        corpus_words_: words of the corpus, as the tokenizer cut it.
        fit_seconds_: how long `fit` took, from reading the corpus to the vectors.

    Raises:
        ParameterError: from `fit`, where a parameter is out of range, or `max_n` below `min_n`.
        CorpusError, CorpusReadError: from `fit`, where the corpus cannot be used.
        CheckpointError: from `fit`, where the checkpoint is of another corpus or parameters.
        DivergenceError: from `fit`, where the learning rate is much too large.

    References:
        Bojanowski et al. 2017, "Enriching word vectors with subword information".
        Mikolov et al. 2018, "Advances in pre-training distributed word representations" (position
        weights).

    Example:
        >>> text = ["a cat sat on a mat", "a dog sat on a log"] * 20
        >>> model = FastText(vector_size=8, epochs=2, tokenizer="whitespace").fit(text)
        >>> "cats" in model.vectors_, "cats" in model.vectors_.key_to_index
        (True, False)
        >>> model.vectors_["cats"].shape
        (8,)
    """

    _gensim_parameters = FASTTEXT_PARAMETERS
    _gensim_names = FASTTEXT_ATTRIBUTES
