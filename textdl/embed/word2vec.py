"""The estimator `Word2Vec`: word vectors with scikit-learn's conventions and gensim's names."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from textdl.embed.checkpoint import CheckpointConfig, CheckpointInterval
from textdl.embed.config import EmbeddingConfig, EmbeddingParameters, Word2VecParameters
from textdl.embed.progress import training_progress_bar
from textdl.embed.trainer import train_corpus
from textdl.errors import ParameterError, UnknownParameterError
from textdl.gensim_names import (
    WORD2VEC_ATTRIBUTES,
    WORD2VEC_PARAMETERS,
    ExplainedNames,
    explain_parameters,
    missing_attribute,
    unknown_parameter,
)
from textdl.parameters import ParameterMethods, check_parameters, document_parameters
from textdl.text.corpus import Corpus
from textdl.text.phrases import load_phrases
from textdl.text.source import CorpusConfig
from textdl.text.store import TokenStore
from textdl.vectors.vectors import Vectors


@document_parameters
@explain_parameters(WORD2VEC_PARAMETERS)
@dataclass(kw_only=True, eq=False, repr=False)
class Word2Vec(ParameterMethods, Word2VecParameters, metaclass=ExplainedNames):
    """Word vectors: skip-gram or CBOW, with negative sampling or hierarchical softmax.

    The same corpus, parameters and versions give the same bits, on one core or many.

    Args:
        {parameters}

    Attributes:
        vectors_: the `Vectors`.
        loss_curve_: mean loss of every epoch, per prediction.
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
    """

    _gensim_names = WORD2VEC_ATTRIBUTES

    def fit(self, corpus: Corpus | CorpusConfig | TokenStore | None, y: object = None) -> Self:
        """Train on a corpus.

        With `resume`, the corpus, `tokenizer`, `lowercase`, `errors` and `encoding` must be those
        of the run that is resumed; a corpus that can be read only once, such as a generator,
        is not read again, and cannot be compared.

        Args:
            corpus: a path, glob, folder or ``-``; an iterable of texts, of token lists or of
                `Path`; a token store; or a `CorpusConfig`, which has a tokenizer of its own. None
                is the text that the checkpoint folder holds, however it was made.
            y: ignored, for scikit-learn's pipelines.

        Example:
            >>> model = Word2Vec(vector_size=8, min_count=1, epochs=2, arch="cbow")
            >>> model.fit([["to", "be", "or", "not"], ["not", "to", "be"]]).corpus_words_
            7
        """
        began = time.perf_counter()
        check_parameters(self)
        config = EmbeddingConfig(
            **{field.name: getattr(self, field.name) for field in fields(EmbeddingParameters)}
        )
        source = self._corpus_config(corpus)
        with training_progress_bar(self.verbose) as callbacks:
            result = train_corpus(
                source, config, checkpoints=self._checkpoint_config(), callbacks=callbacks
            )
        self.vectors_: Vectors = result.vectors
        self.loss_curve_ = list(result.loss_curve)
        self.corpus_words_ = result.words
        self.fit_seconds_ = time.perf_counter() - began
        return self

    def _unknown_parameter(self, name: str) -> UnknownParameterError:
        return unknown_parameter(type(self), name, WORD2VEC_PARAMETERS)

    def _corpus_config(
        self, corpus: Corpus | CorpusConfig | TokenStore | None
    ) -> CorpusConfig | TokenStore:
        phrases = None if self.phrases is None else load_phrases(self.phrases)
        if phrases is not None and isinstance(corpus, TokenStore):
            raise ParameterError(
                "phrases are joined in text, and the corpus is a token store already; pass the "
                "text, or build the store from what join_chunks makes of it"
            )
        if isinstance(corpus, TokenStore):
            return corpus
        if isinstance(corpus, CorpusConfig):
            return corpus if phrases is None else replace(corpus, phrases=phrases)
        if corpus is None:
            return CorpusConfig(None, None, None, None, None, phrases)
        columns = getattr(corpus, "columns", None)
        if columns is not None:
            raise ParameterError(
                f"the corpus is a table ({type(corpus).__name__}), which iterates over the names "
                f"of its columns ({', '.join(map(str, columns))}); pass one column, as in "
                "frame['text']"
            )
        return CorpusConfig(
            corpus, self.tokenizer, self.lowercase, self.errors, self.encoding, phrases
        )

    def _checkpoint_config(self) -> CheckpointConfig | None:
        if self.checkpoint is None:
            if self.resume:
                raise ParameterError(
                    "resume=True (--resume) needs checkpoint=DIR (--checkpoint DIR), the folder to "
                    "go on from"
                )
            return None
        interval = CheckpointInterval.parse(self.checkpoint_every)
        return CheckpointConfig(Path(self.checkpoint), interval, self.resume)

    if not TYPE_CHECKING:  # a type checker is to find what is missing by itself

        def __getattr__(self, name: str) -> object:
            raise missing_attribute(self, name, WORD2VEC_ATTRIBUTES)
