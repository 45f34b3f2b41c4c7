"""How a text becomes numbers: one maker of a transformer for every kind of features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.preprocessing import normalize

from textdl.bow.count import CountVectorizer
from textdl.bow.tfidf import TfidfVectorizer
from textdl.classify.averages import AveragedVectors

TEXT = (
    "analyzer",
    "tokenizer",
    "lowercase",
    "stop_words",
    "ngram_range",
    "min_df",
    "max_df",
    "max_features",
    "n_jobs",
)


def make_counts(settings: Mapping[str, Any]) -> CountVectorizer:
    """Counts of terms."""
    return CountVectorizer(dtype=np.float32, **_text(settings))


def make_tfidf(settings: Mapping[str, Any]) -> TfidfVectorizer:
    """TF-IDF with a logarithm of the count: what a text says twice is not twice as true."""
    return TfidfVectorizer(dtype=np.float32, sublinear_tf=True, **_text(settings))


def make_averages(settings: Mapping[str, Any]) -> AveragedVectors:
    """Averages of word vectors."""
    return AveragedVectors(
        **{name: settings[name] for name in ("vectors", "tokenizer", "lowercase", "n_jobs")}
    )


FEATURES: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "tfidf": make_tfidf,
    "counts": make_counts,
    "vectors": make_averages,
    "bag": make_counts,
}


def learn(transformer: Any, texts: Any) -> Any:
    """Fit the transformer and make the matrix `(N, F)`.

    A network takes larger weights for more certain ones, so rare terms, which tell most, are given
    more: idf² in place of idf, as when a query and a document are both weighed and multiplied.
    """
    matrix = transformer.fit_transform(texts)
    if isinstance(transformer, TfidfVectorizer):
        idf = transformer.idf_
        transformer.idf_ = idf**2
        matrix = normalize(matrix.multiply(idf[None, :]).tocsr())
    return matrix


def single_term_inputs(transformer: Any) -> Any:
    """What texts of one term each are, for every term: `(V, F)`."""
    if isinstance(transformer, AveragedVectors):
        return transformer.words_alone_
    return sparse.eye_array(len(transformer.vocabulary_), dtype=np.float32, format="csr")


def terms_of(transformer: Any) -> NDArray[np.object_]:
    """`(V,)` the terms."""
    names: NDArray[np.object_] = _counter(transformer).get_feature_names_out()
    return names


def document_frequencies(transformer: Any) -> NDArray[np.int64]:
    """`(V,)` how many texts each term was in."""
    frequency: NDArray[np.int64] = _counter(transformer).document_frequency_
    return frequency


def _counter(transformer: Any) -> Any:
    return transformer.counter_ if isinstance(transformer, AveragedVectors) else transformer


def _text(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a vectorizer of terms."""
    found = {name: settings[name] for name in TEXT}
    if settings["tokenizer"] is not None:
        found["token_pattern"] = None
    elif settings["analyzer"] == "word":
        found["token_pattern"] = settings["token_pattern"]
    return found
