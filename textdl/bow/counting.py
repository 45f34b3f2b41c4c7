"""From occurrences to rows of counts."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from textdl.bow.tokens import Entries

# Transposing goes over all terms there are.
_TERMS_AN_ENTRY = 16


def count(entries: Entries, documents: int, terms: int | None = None) -> sparse.csr_array:
    """How often each term occurs in each document: `(documents, terms)`.

    Two transpositions sort and add up in linear time, which is several times as fast as sorting.

    Args:
        entries: occurrences.
        documents: rows of the result.
        terms: columns of the result; by default as many as are needed.
    """
    terms = int(entries.ids.max(initial=0)) + 1 if terms is None else terms
    if terms <= _TERMS_AN_ENTRY * len(entries.ids):
        return _transposed_twice(entries, documents, terms)
    present, ids = np.unique(entries.ids, return_inverse=True)
    local = Entries(entries.rows, ids.astype(np.int32))
    counts = _transposed_twice(local, documents, len(present))
    shape = (documents, terms)
    return sparse.csr_array((counts.data, present[counts.indices], counts.indptr), shape=shape)


def _transposed_twice(entries: Entries, documents: int, terms: int) -> sparse.csr_array:
    ones = np.ones(len(entries.ids), np.int32)
    shape = (documents, terms)
    counts = sparse.coo_array((ones, (entries.rows, entries.ids)), shape).tocsc()  # adds up
    most = int(counts.data.max(initial=0))
    return counts.astype(np.uint16 if most < 1 << 16 else np.int32).tocsr()
