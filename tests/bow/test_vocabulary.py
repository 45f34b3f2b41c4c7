"""Statistics of terms, their pruning and their columns, against loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textdl.bow.engine.counting import DroppedTokens
from textdl.bow.vocabulary import Columns, Pruning, add_part, make_statistics, merge
from textdl.errors import CorpusError, ParameterError
from textdl.string_array import StringArray

COUNTS = st.dictionaries(
    st.text("abc", min_size=1, max_size=2),
    st.tuples(st.integers(1, 9), st.integers(0, 5)).map(lambda n: (n[0], sum(n))),
    max_size=9,
)


def statistics_of(counts, documents=9):
    """Statistics of a map of terms to document frequency and term frequency."""
    terms = sorted(counts)
    frequencies = np.array([counts[term] for term in terms], np.int64).reshape(-1, 2).T
    return make_statistics(
        StringArray.from_strings(terms), frequencies, documents, DroppedTokens(short=1)
    )


@given(st.lists(COUNTS, min_size=1, max_size=4))
def test_merge_any_order_adds_up(parts):
    expected = {}
    for counts in parts:
        for term, (documents, occurrences) in counts.items():
            before = expected.get(term, (0, 0))
            expected[term] = (before[0] + documents, before[1] + occurrences)
    added = ()
    for counts in parts:
        added = add_part(added, statistics_of(counts))
    for merged in (
        merge([statistics_of(counts) for counts in parts]),
        merge([statistics_of(counts) for counts in reversed(parts)]),
        merge(added),
    ):
        assert list(merged.terms) == sorted(expected)
        pairs = zip(merged.document_frequency.tolist(), merged.term_frequency.tolist(), strict=True)
        assert dict(zip(merged.terms, pairs, strict=True)) == expected
        assert (merged.documents, merged.dropped.short) == (9 * len(parts), len(parts))


@given(
    COUNTS,
    st.sampled_from([1, 2, 4, 0.0, 0.3, 0.5]),
    st.sampled_from([1.0, 0.7, 9, 5]),
    st.none() | st.integers(1, 4),
    st.booleans(),
)
def test_select_against_loop(counts, min_df, max_df, max_features, binary):
    statistics = statistics_of(counts)
    pruning = Pruning(max_df, min_df, max_features, binary)
    least = min_df if isinstance(min_df, int) else min_df * 9
    most = max_df if isinstance(max_df, int) else max_df * 9
    kept = {term: counts[term] for term in sorted(counts) if least <= counts[term][0] <= most}
    if not kept:
        with pytest.raises((CorpusError, ParameterError)):
            pruning.select(statistics, np.dtype(np.int64))
        return
    rows = pruning.select(statistics, np.dtype(np.int64))
    chosen = list(Columns(statistics, rows).terms)
    assert chosen == sorted(chosen)
    if max_features is None:
        assert chosen == list(kept)
        return
    assert len(chosen) == min(max_features, len(kept))
    total = {term: numbers[0 if binary else 1] for term, numbers in kept.items()}
    left_out = [total[term] for term in kept if term not in chosen]
    assert max(left_out, default=0) <= min(total[term] for term in chosen)


def test_columns_place_rows_and_count_what_was_pruned():
    statistics = statistics_of({"a": (1, 4), "b": (2, 2), "c": (3, 3)})
    columns = Columns(statistics, np.array([0, 2]))
    assert columns.of_rows(np.array([2, 1, -1, 0], np.int32)).tolist() == [1, -1, -1, 0]
    assert columns.index == {"a": 0, "c": 1}
    assert columns.document_frequency.tolist() == [1, 3]
    assert columns.term_frequency.tolist() == [4, 3]
    assert columns.dropped == DroppedTokens(short=1, unknown=2)
    assert len(columns) == 2
