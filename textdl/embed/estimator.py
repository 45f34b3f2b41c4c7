"""What all embedding estimators share: how `fit` runs, and how its corpus is understood."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from textdl.embed.checkpoint import CheckpointConfig, CheckpointInterval
from textdl.embed.config import EmbeddingConfig, EmbeddingParameters, RunParameters
from textdl.embed.progress import training_progress_bar
from textdl.embed.trainer import TrainingResult, train_corpus
from textdl.errors import ParameterError, UnknownParameterError
from textdl.gensim_names import ExplainedNames, missing_attribute, unknown_parameter
from textdl.parameters import ParameterMethods, check_parameters, parameters_of
from textdl.text.corpus import Corpus
from textdl.text.phrases import load_phrases
from textdl.text.source import CorpusConfig
from textdl.text.store import TokenStore


@dataclass(kw_only=True, eq=False, repr=False)
class EmbeddingEstimator(
    ParameterMethods, RunParameters, EmbeddingParameters, metaclass=ExplainedNames
):
    """An estimator whose `fit` trains an embedding model on a corpus.

    A subclass is a dataclass of its parameters. Those that `EmbeddingConfig` has too decide what is
    trained; the others are of the run.
    """

    #: gensim's names of parameters and of attributes, and what to write instead.
    _gensim_parameters: ClassVar[Mapping[str, str]] = {}
    _gensim_names: ClassVar[Mapping[str, str]] = {}

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

        Returns:
            The estimator.
        """
        began = time.perf_counter()
        check_parameters(self)
        source = self._corpus_config(corpus)
        with training_progress_bar(self.verbose) as callbacks:
            result = train_corpus(
                source,
                self._embedding_config(),
                checkpoints=self._checkpoint_config(),
                callbacks=callbacks,
            )
        self._keep(result)
        self.fit_seconds_ = time.perf_counter() - began
        return self

    def _keep(self, result: TrainingResult) -> None:
        """Make the learned attributes of what the trainer returns."""
        self.vectors_ = result.vectors
        self.loss_curve_ = list(result.loss_curve)
        self.corpus_words_ = result.words

    def _embedding_config(self) -> EmbeddingConfig:
        shared = parameters_of(type(self)).keys() & parameters_of(EmbeddingConfig).keys()
        return EmbeddingConfig(**{name: getattr(self, name) for name in shared})

    def _unknown_parameter(self, name: str) -> UnknownParameterError:
        return unknown_parameter(type(self), name, self._gensim_parameters)

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
            raise missing_attribute(self, name, self._gensim_names)
