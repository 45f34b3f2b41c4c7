"""What all embedding estimators share: how `fit` runs, and how its corpus is understood."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np

from textdl.embed.checkpoint import CheckpointConfig
from textdl.embed.config import EmbeddingConfig, EmbeddingParameters
from textdl.embed.document_tags import DocumentOptions
from textdl.embed.model import ModelState, SavedModel, read_model, write_model
from textdl.embed.model_parameters import RunParameters
from textdl.embed.progress import (
    TrainingLog,
    all_callbacks,
    as_callbacks,
    training_progress_bar,
)
from textdl.embed.seeds import train_seeds
from textdl.embed.trainer import RunOptions, TrainingResult
from textdl.embed.validation import read_validation
from textdl.embed.warm_start import read_warm_start
from textdl.errors import ParameterError, UnknownParameterError
from textdl.gensim_names import ExplainedNames, missing_attribute, unknown_parameter
from textdl.io.checkpoints import CheckpointInterval
from textdl.io.safetensors import damaged
from textdl.parameters import ParameterMethods, check_parameters, parameters_of
from textdl.text.corpus import Corpus
from textdl.text.phrases import load_phrases
from textdl.text.source import CorpusConfig, TextParameters
from textdl.text.store import TokenStore

_UNSAVED = "unsaved"  # in a file, in place of a parameter


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
    _model = cast("ModelState | None", None)  # not annotated, or it would be a parameter

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
        return self._train(corpus, None)

    def partial_fit(
        self, corpus: Corpus | CorpusConfig | TokenStore | None, y: object = None
    ) -> Self:
        """Train on: with more epochs on the same corpus, or with new text.

        The words that the model has keep their rows. Their counts add up over all texts, a text
        that was counted before counting once; new words that now occur `min_count` times are
        appended. The learning rate starts at `learning_rate` again and falls over `epochs` more
        epochs, whose random draws are others than those of the epochs before. A model that has
        learned nothing is fitted.

        Args:
            corpus: as `fit` takes it.
            y: ignored, for scikit-learn's pipelines.

        Returns:
            The estimator.

        Raises:
            ParameterError: the parameters make tables of another shape, or hierarchical softmax
                would have to grow its tree.
        """
        if not hasattr(self, "vectors_"):
            return self.fit(corpus)
        return self._train(corpus, self._require_model("train on"))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a `.safetensors` file, complete or not at all.

        It holds what `partial_fit` goes on from: all tables, the counts of all words, the
        parameters of the model and of its text, and the history. `vectors_.save` writes vectors
        alone; `Vectors.load` reads the vectors of either.

        Args:
            path: of the file.
        """
        state = self._require_model("save")
        parameters = {name: _writable(name, getattr(self, name)) for name in self._kept_names()}
        # Not how long it took: the same model is to be the same bytes.
        history = {name: values for name, values in self.history_.items() if name != "seconds"}
        write_model(
            path, type(self).__name__, SavedModel(parameters, state, self.vectors_, history)
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a model that `save` wrote.

        Raises:
            FileFormatError: the file is missing, damaged, or holds something else, such as vectors
                alone.
        """
        saved = read_model(path, cls.__name__)
        known = cls._kept_names()
        parameters = {name: it for name, it in saved.parameters.items() if name in known}
        model = cls(**{name: _read(name, it) for name, it in parameters.items()})
        try:
            check_parameters(model, ["seed"])  # the others are checked when they are used
        except ParameterError as error:
            raise damaged(Path(path), f"its parameters do not fit ({error})") from None
        model.vectors_ = saved.vectors
        model.seed_vectors_ = {model.seed: saved.vectors}
        model.corpus_words_ = saved.words
        model.history_ = dict(saved.history)
        model.loss_curve_ = list(saved.history.get("loss", []))
        model.n_iter_ = saved.state.epochs
        model._model = saved.state
        return model

    @classmethod
    def _kept_names(cls) -> list[str]:
        """The parameters that a file of the model holds: not those of a single run."""
        of_runs = parameters_of(RunParameters).keys() - parameters_of(TextParameters).keys()
        return [it for it in parameters_of(cls) if it not in of_runs or it == "phrases"]

    def _require_model(self, purpose: str) -> ModelState:
        model: ModelState | None = self.__dict__.get("_model")
        seeds = len(self.__dict__.get("seed_vectors_", ()))
        if seeds > 1:
            raise ParameterError(
                f"the models of {seeds} seeds leave their vectors, and none of them to {purpose}; "
                "save seed_vectors_, or fit with n_seeds=1"
            )
        if model is None:
            raise ParameterError(
                f"there is no model to {purpose}: {type(self).__name__} has learned nothing that "
                "could be trained on; call fit first"
            )
        return model

    def _train(
        self,
        corpus: Corpus | CorpusConfig | TokenStore | None,
        model: ModelState | None,
        documents: DocumentOptions | None = None,
    ) -> Self:
        began = time.perf_counter()
        check_parameters(self)
        self._refuse_with_several_seeds(model)
        callbacks = as_callbacks(self.callbacks)
        if self.log is not None:
            callbacks = (TrainingLog(self.log), *callbacks)  # first, for the others may fail
        config = self._embedding_config()
        options = self._run_options(config, model)._replace(documents=documents)
        source = self._corpus_config(corpus)
        with training_progress_bar(self.verbose) as drawing:
            results = train_seeds(
                source,
                config,
                self.n_seeds,
                checkpoints=self._checkpoint_config(),
                callbacks=all_callbacks(drawing, callbacks),
                options=options,
            )
        result = results[0]
        before: Mapping[str, list[float]] = {} if model is None else self.__dict__["history_"]
        self._keep(result)
        self.seed_vectors_ = {config.seed + i: it.vectors for i, it in enumerate(results)}
        self.history_ = _joined(before, result.history)
        self.loss_curve_ = list(self.history_.get("loss", result.loss_curve))
        self.fit_seconds_ = time.perf_counter() - began
        return self

    def _refuse_with_several_seeds(self, model: ModelState | None) -> None:
        """Refuse what is about one model where several are trained."""
        if self.n_seeds == 1:
            return
        refused = {
            "partial_fit (--continue)": model,
            "callbacks": as_callbacks(self.callbacks),
            "log": self.log,
        }
        for name, value in refused.items():
            if value is not None and value != ():
                raise ParameterError(
                    f"n_seeds={self.n_seeds} with {name}, which is about one model; leave one of "
                    "the two out, or fit with one seed after the other"
                )

    def _keep(self, result: TrainingResult) -> None:
        """Make the learned attributes of what the trainer returns."""
        self.vectors_ = result.vectors
        self.loss_curve_ = list(result.loss_curve)
        self.corpus_words_ = result.words
        self._model = result.model
        self.n_iter_ = len(result.loss_curve) if result.model is None else result.model.epochs

    def _run_options(self, config: EmbeddingConfig, model: ModelState | None) -> RunOptions:
        """What the run begins with, and what is measured on the way; read before any text is."""
        return RunOptions(
            read_warm_start(model, self.init_vectors, self.freeze, config.vector_size),
            read_validation(
                self.validation_fraction, self.early_stopping, self.patience, self.evaluation
            ),
        )

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


class _Unsaved:
    """Stands for a parameter that no file can hold, until it is set again."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<the {self.name} of the saved model, an object that no file holds; set it again>"


def _writable(name: str, value: object) -> object:
    """A parameter as a file can hold it; None for one that it cannot hold."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return {_UNSAVED: name}


def _read(name: str, value: Any) -> Any:
    return _Unsaved(name) if value == {_UNSAVED: name} else value


def _joined(
    before: Mapping[str, list[float]], after: Mapping[str, list[float]]
) -> dict[str, list[float]]:
    """Two histories, one after the other; NaN where one of them has not measured something."""
    sizes = [max(map(len, it.values()), default=0) for it in (before, after)]
    columns: dict[str, list[float]] = {name: [] for name in {**before, **after}}
    for history, size in zip((before, after), sizes, strict=True):
        for name, values in columns.items():
            values += history.get(name, [math.nan] * size)
    return columns
