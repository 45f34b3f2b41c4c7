"""The estimator `Word2Vec`: word vectors with scikit-learn's conventions and gensim's names."""

from __future__ import annotations

from dataclasses import dataclass

from textdl.embed.config import EmbeddingConfig
from textdl.embed.estimator import EmbeddingEstimator
from textdl.embed.model import ModelState
from textdl.embed.model_parameters import Word2VecParameters, word2vec_config
from textdl.errors import ParameterError
from textdl.gensim_names import WORD2VEC_ATTRIBUTES, WORD2VEC_PARAMETERS, explain_parameters
from textdl.parameters import document_parameters


@document_parameters
@explain_parameters(WORD2VEC_PARAMETERS)
@dataclass(kw_only=True, eq=False, repr=False)
class Word2Vec(EmbeddingEstimator, Word2VecParameters):
    """Word vectors: skip-gram or CBOW, with negative sampling or hierarchical softmax.

    The same corpus, parameters and versions give the same bits, on one core or many.

    Args:
        {parameters}

    Attributes:
        vectors_: the `Vectors`.
        seed_vectors_: the `Vectors` of every seed, by seed; one with n_seeds=1. Each is what a fit
            with that seed alone learns. All other attributes are those of the first.
        loss_curve_: mean loss of every epoch, per prediction; with quality="best" the mean of the
            models that are averaged.
        history_: the loss and all else that is measured (`val_loss`, the scores of benchmarks,
            `seconds`), epoch by epoch.
        n_iter_: epochs that the model was trained for.
        corpus_words_: words of the corpus, as the tokenizer cut it.
        fit_seconds_: how long `fit` took, from reading the corpus to the vectors.

    Raises:
        ParameterError: from `fit`, where a parameter is out of range.
        CorpusError, CorpusReadError: from `fit`, where the corpus cannot be used.
        CheckpointError: from `fit`, where the checkpoint is of another corpus or parameters.
        DivergenceError: from `fit`, where the learning rate is much too large.

    References:
        Mikolov et al. 2013, "Efficient estimation of word representations in vector space" (the two
        architectures), and "Distributed representations of words and phrases" (negative sampling,
        hierarchical softmax).

    Example:
        >>> text = ["a cat sat on a mat", "a dog sat on a log"] * 20
        >>> model = Word2Vec(vector_size=8, epochs=2, tokenizer="whitespace").fit(text)
        >>> model.vectors_["cat"].shape
        (8,)
        >>> model.partial_fit(["a cow sat on a mat"] * 20).vectors_["cow"].shape
        (8,)
        >>> model.n_iter_
        4
        >>> list(Word2Vec(vector_size=8, epochs=2, n_seeds=3).fit(text).seed_vectors_)
        [1, 2, 3]
        >>> model = Word2Vec(vector_size=8, min_count=1, epochs=2, arch="cbow")
        >>> model.fit([["to", "be", "or", "not"], ["not", "to", "be"]]).corpus_words_
        7
    """

    _gensim_parameters = WORD2VEC_PARAMETERS
    _gensim_names = WORD2VEC_ATTRIBUTES

    def _embedding_config(self) -> EmbeddingConfig:
        return word2vec_config(self)

    def _require_model(self, purpose: str) -> ModelState:
        is_average = len(self.__dict__.get("seed_vectors_", ())) == 1
        if is_average and self.__dict__.get("_model") is None:
            raise ParameterError(
                f"quality={self.quality!r} averages the vectors of several models, and leaves no "
                f"model to {purpose}; save vectors_, or fit with quality='default'"
            )
        return super()._require_model(purpose)
