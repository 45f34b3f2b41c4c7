"""Entities and their figures: equal to a loop over all spans, and to seqeval where it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textdl.classify.tagging.entities import (
    find_entities,
    make_tagging_report,
    mark_entities,
    tagging_report_as_text,
)
from textdl.errors import DataError

SCHEMES = {"bio": "BI", "bioes": "BIES"}
TYPES = ["PER", "LOC", "A-B"]


def tag_lists(prefixes):
    tag = st.sampled_from(["O", *(f"{it}-{kind}" for it in prefixes for kind in TYPES)])
    return st.lists(st.lists(tag, max_size=8), min_size=1, max_size=5)


def spans_by_definition(tags):
    """Every (type, start, end) such that an entity begins, goes on and ends there."""

    def parts(position):
        if not 0 <= position < len(tags):
            return "O", ""
        prefix, _, kind = tags[position].partition("-")
        return prefix, kind

    def joined(position):  # to the token before it
        (before, kind), (now, own) = parts(position - 1), parts(position)
        return before in "BI" and now in "IE" and kind == own

    return [
        (parts(start)[1], start, end)
        for start in range(len(tags))
        for end in range(start + 1, len(tags) + 1)
        if parts(start)[0] != "O"
        and not joined(start)
        and all(joined(position) for position in range(start + 1, end))
        and not joined(end)
    ]


@pytest.mark.parametrize("prefixes", SCHEMES.values())
def test_entities_are_those_of_the_definition(prefixes):
    @given(tag_lists(prefixes))
    def check(sentences):
        for tags in sentences:
            assert [tuple(it) for it in find_entities(tags)] == spans_by_definition(tags)

    check()


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("B-P I-P O", [("P", 0, 2)]),
        ("I-P I-P I-L", [("P", 0, 2), ("L", 2, 3)]),  # IOB1
        ("B-P B-P", [("P", 0, 1), ("P", 1, 2)]),
        ("S-P B-P I-P E-P E-P", [("P", 0, 1), ("P", 1, 4), ("P", 4, 5)]),
        ("U-P B-P L-P", [("P", 0, 1), ("P", 1, 3)]),  # BILOU
        ("B I O", [("_", 0, 2)]),
        ("", []),
    ],
)
def test_entities_of_every_scheme(tags, expected):
    assert [tuple(it) for it in find_entities(tags.split())] == expected


def paired(prefixes, seed):
    draw = np.random.default_rng(seed)
    known = ["O", "O", *(f"{it}-{kind}" for it in prefixes for kind in TYPES)]
    lengths = draw.integers(1, 15, 40)
    return [[draw.choice(known, n).tolist() for n in lengths] for _ in range(2)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("prefixes", SCHEMES.values())
def test_figures_are_those_of_seqeval(prefixes, seed):
    metrics = pytest.importorskip("seqeval.metrics")
    truth, predicted = paired(prefixes, seed)
    report = make_tagging_report(truth, predicted)
    expected = metrics.classification_report(truth, predicted, output_dict=True, zero_division=0)
    for name, scores in report.types.items():
        row = expected[name]
        wanted = (row["precision"], row["recall"], row["f1-score"], row["support"])
        assert scores == pytest.approx(wanted)
    assert report.accuracy == pytest.approx(metrics.accuracy_score(truth, predicted))
    assert report.overall.precision == pytest.approx(metrics.precision_score(truth, predicted))
    assert report.overall.recall == pytest.approx(metrics.recall_score(truth, predicted))
    assert report.overall.f1 == pytest.approx(metrics.f1_score(truth, predicted))
    assert report.macro_f1 == pytest.approx(expected["macro avg"]["f1-score"])


@pytest.mark.parametrize("prefixes", SCHEMES.values())
def test_figures_are_those_of_counted_spans(prefixes):
    truth, predicted = paired(prefixes, 7)
    sides = [
        {(row, *span) for row, tags in enumerate(side) for span in spans_by_definition(tags)}
        for side in (truth, predicted)
    ]
    right = len(sides[0] & sides[1])
    overall = make_tagging_report(truth, predicted).overall
    assert overall.precision == right / len(sides[1])
    assert overall.recall == right / len(sides[0])
    assert overall.support == len(sides[0])


def test_tags_that_mark_no_entities_are_scored_one_by_one():
    report = make_tagging_report([["DET", "NOUN", "NOUN"]], [["DET", "NOUN", "VERB"]])
    assert not mark_entities([["DET", "NOUN"]])
    assert report.overall is None
    assert report.types["NOUN"][:3] == pytest.approx((1.0, 0.5, 2 / 3))
    assert report.types["VERB"] == (0.0, 0.0, 0.0, 0)
    assert report.accuracy == pytest.approx(2 / 3)
    assert "tag   precision" in tagging_report_as_text(report)


def test_no_entity_on_either_side_scores_nothing():
    report = make_tagging_report([["O"]], [["O"]])
    assert (report.overall.f1, report.macro_f1, report.types) == (0.0, 0.0, {})


def test_bad_input_is_refused():
    with pytest.raises(DataError, match="differ in their lengths"):
        make_tagging_report([["O"]], [["O", "O"]])
    with pytest.raises(DataError, match="no tag to score"):
        make_tagging_report([[]], [[]])
