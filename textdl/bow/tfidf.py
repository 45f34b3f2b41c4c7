"""TF-IDF: `TfidfTransformer` of counts, and `TfidfVectorizer` of documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from textdl.bow.collecting import Collected
from textdl.bow.counts import CountVectorizer
from textdl.bow.learner import NotFittedError
from textdl.bow.matrix import as_configured
from textdl.bow.parameters import check_choice
from textdl.bow.weighting import FLOATS, Weights, smooth_idf, weigh
from textdl.errors import ParameterError


class TfidfTransformer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Counts to TF-IDF weights, as scikit-learn's.

    Args:
        norm: ``l2``, ``l1`` or None, to which each row is scaled.
        use_idf: weigh terms by their inverse document frequency.
        smooth_idf: as if one more document had every term once.
        sublinear_tf: 1 + log(tf) in place of tf.

    Attributes:
        idf_: `(V,)` weight of each term, if `use_idf`.

    Raises:
        ParameterError: from `fit`, where a parameter is out of range.

    Example:
        >>> TfidfTransformer(norm=None).fit_transform([[1, 1], [0, 2]]).toarray().round(3)
        array([[1.405, 1.   ],
               [0.   , 2.   ]])
    """

    def __init__(
        self,
        *,
        norm: str | None = "l2",
        use_idf: bool = True,
        smooth_idf: bool = True,
        sublinear_tf: bool = False,
    ) -> None:
        self.norm = norm
        self.use_idf = use_idf
        self.smooth_idf = smooth_idf
        self.sublinear_tf = sublinear_tf

    def fit(self, X: Any, y: object = None) -> Self:
        """Learn the weights of terms from a matrix `(documents, terms)` of counts."""
        for name, value in self.get_params(deep=False).items():
            check_choice(name, value)
        counts = sparse.csr_array(validate_data(self, X, accept_sparse=("csr", "csc")))
        if self.use_idf:
            dtype = counts.dtype.type if counts.dtype in FLOATS else np.float64
            frequency = np.bincount(counts.indices, minlength=counts.shape[1])
            documents = counts.shape[0]
            self.idf_ = smooth_idf(frequency, documents, smooth=self.smooth_idf, dtype=dtype)
        return self

    def transform(self, X: Any, copy: bool = True) -> Any:
        """Weigh a matrix of counts; without `copy`, a CSR matrix of floats is changed in place."""
        check_is_fitted(self)
        options = {"accept_sparse": "csr", "dtype": list(FLOATS), "reset": False}
        counts = validate_data(self, X, copy=copy, **options)
        if not sparse.issparse(counts):
            counts = sparse.csr_array(counts)
        idf = getattr(self, "idf_", None)
        return as_configured(weigh(counts, idf, sublinear=self.sublinear_tf, norm=self.norm))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


@dataclass(kw_only=True, eq=False, repr=False)
class TfidfVectorizer(CountVectorizer):
    """Documents to a sparse matrix of TF-IDF weights, entry for entry as scikit-learn's.

    The parameters of `CountVectorizer`, then those of `TfidfTransformer`.

    Attributes:
        idf_: `(V,)` weight of each term; may be set.

    Raises:
        ParameterError, CorpusError, CorpusReadError: as `CountVectorizer` does.

    Example:
        >>> vectorizer = TfidfVectorizer()
        >>> weights = vectorizer.fit_transform(["The cat sat", "The dog sat", "Apple, grape"])
        >>> (weights @ weights.T).toarray().round(3)
        array([[1.   , 0.536, 0.   ],
               [0.536, 1.   , 0.   ],
               [0.   , 0.   , 1.   ]])
    """

    norm: str | None = "l2"
    use_idf: bool = True
    smooth_idf: bool = True
    sublinear_tf: bool = False
    dtype: Any = np.float64

    @property
    def _given_idf(self) -> Weights | None:
        """Weights that were set. No field: the constructor stores parameters only."""
        weights: Weights | None = vars(self).get("_own_idf")
        return weights

    @property
    def idf_(self) -> Weights:
        """`(V,)` weight of each term; may be set, to give weights instead of learning them."""
        if not self.use_idf:
            raise AttributeError("idf_ is not defined, because use_idf is False")
        if self._given_idf is not None:
            return self._given_idf
        if not self._statistics().documents:
            raise NotFittedError(
                f"the idf vector is not fitted: this {type(self).__name__} has learnt from no "
                "document yet; call fit"
            )
        return smooth_idf(
            self.document_frequency_,
            self.n_documents_,
            smooth=self.smooth_idf,
            dtype=self._dtype().type,
        )

    @idf_.setter
    def idf_(self, value: Any) -> None:
        if not self.use_idf:
            raise ParameterError("idf_ cannot be set while use_idf is False; set use_idf=True")
        weights, terms = np.asarray(value, dtype=self._dtype()), len(self._columns.kept)
        if weights.shape != (terms,):
            raise ParameterError(
                f"idf_ has shape {weights.shape}; its length must be equal to the vocabulary size "
                f"{terms:,}"
            )
        self._own_idf: Weights | None = weights

    def _fit_transform(self, raw_documents: Any) -> sparse.csr_array:
        return self._weigh(super()._fit_transform(raw_documents))

    def _transform(self, raw_documents: Any) -> sparse.csr_array:
        if self.use_idf:
            _ = self.idf_  # where there is none, that is known before the documents are read
        return self._weigh(super()._transform(raw_documents))

    def _weigh(self, counts: sparse.csr_array) -> sparse.csr_array:
        idf = self.idf_ if self.use_idf else None
        return weigh(counts, idf, sublinear=self.sublinear_tf, norm=self.norm)

    def _teach(self, found: Collected) -> NDArray[np.int32]:
        self._own_idf = None
        return super()._teach(found)

    def _content(self) -> tuple[dict[str, Any], dict[str, Any]]:
        arrays, metadata = super()._content()
        if self._given_idf is not None and not np.isfinite(self._given_idf).all():
            raise ParameterError("idf_ holds a weight that is not finite, which no file may")
        return arrays | {"idf": self._given_idf}, metadata

    def _restore(self, arrays: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
        super()._restore(arrays, metadata)
        if "idf" in arrays:
            with np.errstate(over="ignore"):
                self.idf_ = arrays["idf"]
            if not np.isfinite(self.idf_).all():  # in the precision it is used in
                raise ValueError("a weight of idf is not finite")

    def _dtype(self) -> np.dtype[Any]:
        """Of the weights: float32 or float64."""
        dtype = np.dtype(self.dtype)
        return dtype if dtype in FLOATS else np.dtype(np.float64)

    def _oddities(self) -> Iterator[str]:
        yield from super()._oddities()
        if np.dtype(self.dtype) not in FLOATS:
            yield f"Only float64 and float32 'dtype' should be used; {self.dtype} becomes float64."
