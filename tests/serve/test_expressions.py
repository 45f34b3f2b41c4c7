"""The questions of a shell: what is read, what is refused, and that quoting is undone."""

from contextlib import suppress

import pytest
from hypothesis import given, strategies

from textdl.errors import ParameterError, TextdlError
from textdl.serve.expressions import (
    LONGEST_EXPRESSION,
    OddQuestion,
    PairQuestion,
    SumQuestion,
    parse_expression,
    quote_word,
)


@pytest.mark.parametrize(
    ("expression", "positive", "negative"),
    [
        ("king", ("king",), ()),
        ("  king\t", ("king",), ()),
        ("king - man + woman", ("king", "woman"), ("man",)),
        ("- man + king", ("king",), ("man",)),
        ("- man", (), ("man",)),
        ("positive-definite + c++", ("positive-definite", "c++"), ()),
        ('"new york" - "+"', ("new york",), ("+",)),
        (r'"a \"b\" \\ c"', ('a "b" \\ c',), ()),
        ('"odd:" + odd', ("odd:", "odd"), ()),
        ('5" + 日本', ('5"', "日本"), ()),
    ],
)
def test_parse_sum(expression, positive, negative):
    assert parse_expression(expression) == SumQuestion(positive, negative)


def test_parse_pair_and_odd():
    assert parse_expression("cat ~ dog") == PairQuestion("cat", "dog")
    assert parse_expression('"~" ~ "a b"') == PairQuestion("~", "a b")
    assert parse_expression("odd: a b c d") == OddQuestion(("a", "b", "c", "d"))
    assert parse_expression('odd: a "b c" "-"') == OddQuestion(("a", "b c", "-"))


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("", "the question is empty"),
        (" \n ", "the question is empty"),
        ("new york", "'york' follows a word"),
        ("king - man +", "no word follows the last +"),
        ("+", "no word follows the last +"),
        ("king + - man", "- stands where a word is expected"),
        ("king ~", "~ stands between two words"),
        ("a ~ b ~ c", "~ stands between two words"),
        ("~ ~ ~", "~ stands where a word is expected"),
        ("a + b ~ c", "~ stands between two words"),
        ("odd: a b", "odd: got 2 words"),
        ("odd: a b +", r"\+ stands where a word is expected"),
        ('"new york', "a quote is not closed"),
        ('"new"york', "a quote is not closed, or not followed by a space"),
        ('"a\\"', "a quote is not closed"),
        ("x" * (LONGEST_EXPRESSION + 1), "has 10,001 characters"),
    ],
)
def test_parse_errors_name_the_remedy(expression, says):
    with pytest.raises(ParameterError, match=says):
        parse_expression(expression)


@given(strategies.text(strategies.sampled_from('ab ~+-":\\\n'), max_size=12))
def test_parse_any_text_is_read_or_refused(expression):
    with suppress(TextdlError):
        parse_expression(expression)


@given(strategies.lists(strategies.text(), min_size=3, max_size=5))
def test_quoted_words_are_read_back(words):
    quoted = list(map(quote_word, words))
    assert parse_expression(" - ".join(quoted)) == SumQuestion((words[0],), tuple(words[1:]))
    assert parse_expression(" ".join(["odd:", *quoted])) == OddQuestion(tuple(words))
