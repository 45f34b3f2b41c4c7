"""The estimator: word vectors with scikit-learn's conventions and gensim's names."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import Self

from sklearn.base import BaseEstimator

from textdl.embed.checkpoint import Every
from textdl.embed.config import Config
from textdl.embed.progress import run_progress
from textdl.embed.run import Resumable, train_corpus
from textdl.text.corpus import Corpus, DecodeErrors
from textdl.text.source import Source
from textdl.text.tokenize import Tokenizer, TokenizerName
from textdl.vectors.vectors import Vectors


class Word2Vec(BaseEstimator):  # type: ignore[misc]
    """Skip-gram word vectors with negative sampling (Mikolov et al. 2013).

    The same corpus, parameters and versions give the same bits, on one core or many.

    Args:
        vector_size: dimensions D of a vector.
        window: largest distance of two words that make a pair.
        negative: noise words a pair.
        min_count: words that occur less often are dropped.
        max_vocab_size: keep at most so many words, the most frequent.
        sample: words above this share of the text are thinned out; 0 keeps all.
        epochs: passes over the corpus.
        seed: of every random draw.
        learning_rate: at the start; it falls linearly.
        min_learning_rate: where it ends.
        workers: parts of the text that are trained side by side; part of the result.
        step_tokens: centres that are trained at once; fewer are steadier, more are faster on a GPU.
        tokenizer: ``nltk``, ``whitespace``, ``wordpunct``, ``tweet`` or a function.
        lowercase: lower-case the text first.
        errors: what to do with bytes that are not UTF-8: ``strict``, ``replace`` or ``ignore``.
        checkpoint: a folder to write checkpoints to.
        checkpoint_every: how often, such as ``60s`` or ``5000steps``.
        resume: go on from the checkpoint in that folder, if there is one, with the text there.
        verbose: show a progress bar on stderr.

    Attributes:
        vectors_: the `Vectors`.
        loss_curve_: mean loss of every epoch, per positive pair with its noise words.

    Raises:
        ParameterError: from `fit`, where a parameter is out of range.
        CorpusError, CorpusReadError: from `fit`, where the corpus cannot be used.
        CheckpointError: from `fit`, where the checkpoint is of another corpus or parameters.

    Example:
        >>> text = ["a cat sat on a mat", "a dog sat on a log"] * 20
        >>> model = Word2Vec(vector_size=8, epochs=2, tokenizer="whitespace").fit(text)
        >>> model.vectors_["cat"].shape
        (8,)
    """

    def __init__(
        self,
        vector_size: int = 100,
        window: int = 5,
        negative: int = 5,
        min_count: int = 5,
        max_vocab_size: int | None = None,
        sample: float = 1e-3,
        epochs: int = 5,
        seed: int = 1,
        learning_rate: float = 0.03,
        min_learning_rate: float = 1e-4,
        workers: int = 2,
        step_tokens: int = 128,
        tokenizer: TokenizerName | Tokenizer = "nltk",
        lowercase: bool = True,
        errors: DecodeErrors = "strict",
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: str = "60s",
        resume: bool = False,
        verbose: bool = False,
    ) -> None:
        self.vector_size = vector_size
        self.window = window
        self.negative = negative
        self.min_count = min_count
        self.max_vocab_size = max_vocab_size
        self.sample = sample
        self.epochs = epochs
        self.seed = seed
        self.learning_rate = learning_rate
        self.min_learning_rate = min_learning_rate
        self.workers = workers
        self.step_tokens = step_tokens
        self.tokenizer = tokenizer
        self.lowercase = lowercase
        self.errors = errors
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every
        self.resume = resume
        self.verbose = verbose

    def fit(self, corpus: Corpus | None, y: object = None) -> Self:
        """Train on a corpus: a path, an iterable of texts, or an iterable of token lists.

        With `resume`, the corpus, `tokenizer`, `lowercase` and `errors` must be those of the run
        that is gone on with; a corpus that can be read only once, such as a generator, is not read
        again, and cannot be compared. None is the text that the checkpoint folder holds, however it
        was made.
        """
        parameters = {field.name for field in fields(Config)} & set(self.get_params(deep=False))
        config = Config(**{name: getattr(self, name) for name in parameters})
        resumable = None
        if self.checkpoint is not None:
            every = Every.parse(self.checkpoint_every)
            resumable = Resumable(Path(self.checkpoint), every, self.resume)
        if corpus is None:
            source = Source(None, None, None, None)
        else:
            source = Source(corpus, self.tokenizer, self.lowercase, self.errors)
        with run_progress(self.verbose) as bar:
            outcome = train_corpus(
                source, config, resumable=resumable, report=bar.report, reading=bar.reading
            )
        self.vectors_: Vectors = outcome.vectors
        self.loss_curve_ = list(outcome.history)
        return self
