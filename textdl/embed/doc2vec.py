"""The estimator `Doc2Vec`: vectors of documents, of those that it learns from and of new ones."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from textdl.embed.config import DOCUMENT_BLOCK_TOKENS, EmbeddingConfig
from textdl.embed.document_tags import DocumentOptions, DocumentTags, require_known_words
from textdl.embed.estimator import EmbeddingEstimator
from textdl.embed.inference import DocumentInference
from textdl.embed.model_parameters import Doc2VecParameters
from textdl.embed.objectives.word_tables import INPUT
from textdl.embed.trainer import TrainingResult
from textdl.errors import ParameterError
from textdl.gensim_names import DOC2VEC_ATTRIBUTES, DOC2VEC_PARAMETERS, explain_parameters
from textdl.parameters import check_parameters, document_parameters, parameters_of
from textdl.text.corpus import Corpus
from textdl.text.source import CorpusConfig, encode_source
from textdl.text.store import TokenStore
from textdl.vectors.vectors import Vectors


@document_parameters
@explain_parameters(DOC2VEC_PARAMETERS)
@dataclass(kw_only=True, eq=False, repr=False)
class Doc2Vec(Doc2VecParameters, EmbeddingEstimator):
    """Vectors of documents: PV-DBOW or PV-DM, with negative sampling or hierarchical softmax.

    Each document has a vector for each of its tags, by default one, its number from 0. Documents
    with a tag in common share its vector. A line of a file is a document. The same corpus,
    parameters and versions give the same bits, on one core or many.

    New documents get vectors by `infer`: the words of the model stay as they are. What a text
    becomes depends on nothing but the text: neither on the other texts nor on their order.

    Args:
        {parameters}

    Attributes:
        document_vectors_: the `Vectors` of the documents, by tag; without `tags`, row i is that of
            document i.
        vectors_: the same, as other models call what they learn.
        word_vectors_: the `Vectors` of the words, which dm has, and dbow with train_words.
        loss_curve_: mean loss of every epoch, per prediction.
        history_: the loss and `seconds`, epoch by epoch.
        n_iter_: epochs that the model was trained for.
        corpus_words_: words of the corpus, as the tokenizer cut it.
        fit_seconds_: how long `fit` took, from reading the corpus to the vectors.

    Raises:
        ParameterError: from `fit`, where a parameter is out of range, or tags cannot be used.
        DataError: where a document has no known word.
        CorpusError, CorpusReadError: where the corpus cannot be used.
        CheckpointError: from `fit`, where the checkpoint is of another corpus or parameters.
        DivergenceError: from `fit`, where the learning rate is much too large.

    References:
        Le and Mikolov 2014, "Distributed representations of sentences and documents".
        Lau and Baldwin 2016, "An empirical evaluation of doc2vec" (which of the two, and when).

    Example:
        >>> texts = ["a cat sat on a mat", "a dog sat on a log"] * 20
        >>> model = Doc2Vec(vector_size=8, epochs=2, tokenizer="whitespace").fit(texts)
        >>> model.document_vectors_.matrix.shape, model.document_vectors_["39"].shape
        ((40, 8), (8,))
        >>> model.infer(["a cat sat on a log"]).shape
        (1, 8)
        >>> model.fit(texts, tags=["cat", ["dog", "log"]] * 20).document_vectors_.labels[:]
        ['cat', 'dog', 'log']
    """

    _gensim_parameters = DOC2VEC_PARAMETERS
    _gensim_names = DOC2VEC_ATTRIBUTES
    _inference = None  # not annotated, or it would be a parameter

    def fit(
        self,
        corpus: Corpus | CorpusConfig | TokenStore | None,
        y: object = None,
        *,
        tags: Any = None,
    ) -> Self:
        """Train on documents.

        Args:
            corpus: as `EmbeddingEstimator.fit` takes it; of a token store, sentences are documents.
            y: ignored, for scikit-learn's pipelines.
            tags: for every document a tag, or a list of tags; None: its number, from 0.

        Returns:
            The estimator.

        Raises:
            ParameterError: a tag is empty, a document has one twice, or there are tags for more or
                fewer documents.
            DataError: a document has no known word.
        """
        check_parameters(self)
        read = None if tags is None else DocumentTags.read(tags)
        return self._train(corpus, None, DocumentOptions(read, self.empty_documents == "zeros"))

    def partial_fit(
        self, corpus: Corpus | CorpusConfig | TokenStore | None, y: object = None
    ) -> Self:
        """Fit, where nothing is learned yet.

        Args:
            corpus: as `fit` takes it.
            y: ignored, for scikit-learn's pipelines.

        Returns:
            The estimator.

        Raises:
            ParameterError: the model has documents already.
        """
        if hasattr(self, "vectors_"):
            raise ParameterError(
                f"a Doc2Vec of {len(self.vectors_):,} documents cannot be trained on, as others "
                "have no rows in it; use infer for vectors of new documents, or fit on all of them"
            )
        return self.fit(corpus)

    def infer(self, documents: Corpus | CorpusConfig | TokenStore) -> NDArray[np.float32]:
        """Vectors of new documents, learned in `epochs` epochs, two of them in a pass.

        Args:
            documents: as `fit` takes them; a list of one text for one.

        Returns:
            `(n, D)`, a row per document.

        Raises:
            DataError: a document has no known word.
            ParameterError: there is no model yet.
        """
        model = self._require_model("infer with")
        check_parameters(self)
        source = self._corpus_config(documents)
        chunks = source.chunks() if isinstance(source, TokenStore) else encode_source(source)
        row_of = model.vocabulary.key_to_index
        ids: list[NDArray[np.int32]] = []
        lengths: list[int] = []
        goes_on = False
        for chunk in chunks:
            rows = np.fromiter((row_of.get(word, -1) for word in chunk.words), np.int32)
            is_known = rows[chunk.ids] >= 0
            ids.append(rows[chunk.ids][is_known])
            before = np.concatenate([[0], np.cumsum(is_known)])
            known = np.diff(before[np.concatenate([[0], np.cumsum(chunk.lengths)])]).tolist()
            if goes_on and known:
                lengths[-1] += known.pop(0)
            lengths += known
            goes_on = chunk.continues
        counted = np.array(lengths, np.int64)
        if self.empty_documents == "error":
            require_known_words(counted)
        if self._inference is None:
            self._inference = DocumentInference(model, self._trained_config())
        inferred: NDArray[np.float32] = self._inference.infer(
            np.concatenate(ids), counted, self.epochs
        )
        return inferred

    def transform(self, documents: Corpus | CorpusConfig | TokenStore) -> NDArray[np.float32]:
        """`infer`, as scikit-learn calls it. `-> (n, D)`."""
        return self.infer(documents)

    def fit_transform(
        self, corpus: Corpus | CorpusConfig | TokenStore, y: object = None
    ) -> NDArray[np.float32]:
        """Fit, and return the vectors that were learned.

        Args:
            corpus: as `fit` takes it.
            y: ignored, for scikit-learn's pipelines.

        Returns:
            `(n, D)`, a row per document; `transform` of the same would infer others, nearby.
        """
        return self.fit(corpus).vectors_.matrix

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """The names of the dimensions, as scikit-learn asks for them: doc2vec0, doc2vec1, ..."""
        return np.array([f"doc2vec{number}" for number in range(self.vector_size)], object)

    @property
    def document_vectors_(self) -> Vectors:
        """The vectors of the documents that were learned from, by tag."""
        return self.vectors_

    @property
    def word_vectors_(self) -> Vectors:
        """The vectors of the words.

        Raises:
            ParameterError: the model has none.
        """
        model = self._require_model("take words from")
        if INPUT not in model.tables:
            raise ParameterError(
                "dbow alone trains no vectors of words; fit with train_words=True or arch='dm'"
            )
        words = model.vocabulary
        return Vectors(words.words, model.tables[INPUT][: len(words)], words.counts)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a model that `save` wrote; it can infer.

        Raises:
            FileFormatError: the file is missing, damaged, or holds something else, such as vectors
                alone.
        """
        return super().load(path)

    def _embedding_config(self) -> EmbeddingConfig:
        return replace(super()._embedding_config(), block_tokens=DOCUMENT_BLOCK_TOKENS)

    def _keep(self, result: TrainingResult) -> None:
        super()._keep(result)
        self._inference = None

    def _trained_config(self) -> EmbeddingConfig:
        """What was trained, whatever the parameters are by now."""
        said: Mapping[str, Any] = self.vectors_.config
        known = parameters_of(EmbeddingConfig).keys() - {"members"}
        return EmbeddingConfig(**{name: said[name] for name in known})
