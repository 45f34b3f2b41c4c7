r"""The questions of a shell, as data: sums of words, pairs of words, odd ones out.

    question   = "odd:" word word word ...
               | word "~" word
               | ["+" | "-"] word { ("+" | "-") word }

A word is what stands between spaces, so that `positive-definite` is one; in double quotes it may
hold spaces, be an operator or the name of a question, and have `\"` for a quote and `\\` for a
backslash.
"""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias

from textdl.errors import ParameterError

LONGEST_EXPRESSION = 10_000  # characters
_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"(?!\S)|(\S+))', re.DOTALL)
_ODD = "odd:"
_SIMILARITY = "~"
_SIGNS = ("+", "-")
_OPERATORS = (*_SIGNS, _SIMILARITY)


class SumQuestion(NamedTuple):
    """What is near `positive[0] + positive[1] + ... - negative[0] - ...`?"""

    positive: tuple[str, ...]
    negative: tuple[str, ...]


class PairQuestion(NamedTuple):
    """How similar are two words?"""

    first: str
    second: str


class OddQuestion(NamedTuple):
    """Which word does not belong?"""

    words: tuple[str, ...]


Question: TypeAlias = SumQuestion | PairQuestion | OddQuestion


class _Token(NamedTuple):
    text: str
    is_quoted: bool

    def is_operator(self, *operators: str) -> bool:
        return not self.is_quoted and self.text in operators


def parse_expression(expression: str) -> Question:
    """Read a question.

    Raises:
        ParameterError: it is none.

    Example:
        >>> parse_expression("king - man + woman")
        SumQuestion(positive=('king', 'woman'), negative=('man',))
        >>> parse_expression('cat ~ "guinea pig"')
        PairQuestion(first='cat', second='guinea pig')
        >>> parse_expression("odd: breakfast lunch cat")
        OddQuestion(words=('breakfast', 'lunch', 'cat'))
    """
    if len(expression) > LONGEST_EXPRESSION:
        raise ParameterError(
            f"the question has {len(expression):,} characters; expected {LONGEST_EXPRESSION:,} at "
            "most"
        )
    tokens = _tokens(expression)
    if not tokens:
        raise ParameterError("the question is empty; type a word, as in: king - man + woman")
    if tokens[0].is_operator(_ODD):
        return _odd_question(tokens[1:])
    if any(token.is_operator(_SIMILARITY) for token in tokens):
        return _pair_question(tokens)
    return _sum_question(tokens)


def quote_word(word: str) -> str:
    r"""A word as an expression has it: in quotes where it would be read as something else.

    Example:
        >>> print(quote_word("cat"), quote_word("guinea pig"), quote_word("+"))
        cat "guinea pig" "+"
    """
    is_plain = word and not any(map(str.isspace, word)) and not word.startswith('"')
    if is_plain and word not in (*_OPERATORS, _ODD):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _tokens(expression: str) -> list[_Token]:
    tokens = []
    text = expression.rstrip()
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or (found[2] or "").startswith('"'):
            raise ParameterError(
                f'a quote is not closed, or not followed by a space, in {expression!r}; write "new '
                'york", and \\" for a quote within quotes'
            )
        place = found.end()
        is_quoted = found[1] is not None
        word = re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL) if is_quoted else found[2]
        tokens.append(_Token(word, is_quoted))
    return tokens


def _odd_question(tokens: list[_Token]) -> OddQuestion:
    if len(tokens) < 3:
        raise ParameterError(
            f"odd: got {len(tokens)} words, expected 3 or more, as in: odd: breakfast lunch cat"
        )
    return OddQuestion(tuple(map(_word, tokens)))


def _pair_question(tokens: list[_Token]) -> PairQuestion:
    if len(tokens) != 3 or not tokens[1].is_operator(_SIMILARITY):
        raise ParameterError("~ stands between two words, as in: cat ~ dog")
    return PairQuestion(_word(tokens[0]), _word(tokens[2]))


def _sum_question(tokens: list[_Token]) -> SumQuestion:
    if not tokens[0].is_operator(*_SIGNS):
        tokens = [_Token("+", is_quoted=False), *tokens]
    words: dict[str, list[str]] = {sign: [] for sign in _SIGNS}
    for place in range(0, len(tokens), 2):
        sign = tokens[place]
        if not sign.is_operator(*_SIGNS):
            raise ParameterError(
                f"{sign.text!r} follows a word; expected + or - between words, or quotes around "
                'words with spaces: "new york"'
            )
        if place + 1 == len(tokens):
            raise ParameterError(f"no word follows the last {sign.text}; add one, or remove it")
        words[sign.text].append(_word(tokens[place + 1]))
    return SumQuestion(tuple(words["+"]), tuple(words["-"]))


def _word(token: _Token) -> str:
    if token.is_operator(*_OPERATORS):
        raise ParameterError(
            f"{token.text} stands where a word is expected; put it in quotes if it is one: "
            f'"{token.text}"'
        )
    return token.text
