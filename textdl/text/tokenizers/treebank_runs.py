"""Treebank tokens, many times as fast as NLTK: it cuts each distinct run once, which is remembered.

A run stands between spaces. Punkt decides about the end of a sentence at a run that has a ``. ? !``,
from that run and the one that follows; the word tokenizer is a cascade of substitutions that do not
look beyond a run, but for the ends of a sentence. (``how_it_tokenizes.md`` of the documentation
shows so, rule by rule.) So the tokens of a run depend on

- the run;
- whether it begins a sentence, which matters if its first character is a quote or a period;
- whether it ends one, which depends on what follows: its first characters, and their case.

New runs are mostly new words in known punctuation: NLTK cuts a `Shape`, such as ``(xx).``, and the
word takes the place of ``xx``. What has none NLTK cuts itself, between neutral neighbors; a text in
which a rule reaches further is left to it as a whole (`NotLocalError`).
"""

from __future__ import annotations

import re
import string
from collections.abc import Collection
from itertools import chain
from typing import NamedTuple

from nltk.tokenize.destructive import NLTKWordTokenizer
from nltk.tokenize.punkt import PunktSentenceTokenizer

from textdl.text.tokenizers.run_memo import LONGEST_KEY, RunMemo

NEUTRAL = "xx"  # a run that changes nothing in its neighbors
# What follows a run, as far as Punkt can tell: a word by its case, or the end of the text. Others
# have punctuation before the word, or are themselves.
END = ""
MIDDLE = " "  # what follows is of no importance: the run has no candidate for the end of a sentence
BEGINS = "begins"  # the run is the first of a sentence

MOST_CANDIDATES = 1 << 16  # runs that may end a sentence, before each of the plain followers
MOST_SHAPES = 1 << 14

_MARKS = '-"#$%&()*+,/:;<=>@[\\]^`{|}~\u2012\u2013\u2014\u2015\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb\u2026'
_MARKS = "".join(map(re.escape, _MARKS))
# Where Punkt may end a sentence: within a run, or behind it.
_CANDIDATE = re.compile("[.?!](?:$|[\\s)\";}\\]*:@'({\\[\u2018\u2019\u201c\u201d\u00ab\u00bb?!])")
# Of a word or number in which no sentence ends: what is before it, and its first character.
_FOLLOWER = re.compile(rf"([{_MARKS}']*)([^\W_])[^.?!\s]*(?:\.[^\W_][^.?!\s]*)*[.?!]?")
# Belongs to the sentence before, although a space is between.
_CLOSING = re.compile("[\"')\\]}\u2018\u2019\u201c\u201d\u00ab\u00bb]+(?:$|--)")
# Through these, at the end of a sentence, the rule of the final period looks for the period.
_TRAILING = re.compile("[\\s\\])}>\"'\u00bb\u201d\u2019]+")
# First characters of runs that are cut differently where a sentence begins.
_OPENERS = frozenset("\"'.")
# About these, `str.split`, Punkt and the engines of regular expressions do not agree.
_SEPARATORS = re.compile("[\x1c-\x1f]")
_OTHER_SPACE = re.compile("[ \t\n\r\v\f]*[\t\n\r\v\f][ \t\n\r\v\f]*")
# A word or a number in punctuation; the only apostrophes are behind it.
_SHAPE = re.compile(
    rf"([{_MARKS}.?!]*)"
    r"(?:([^\W\d_](?:[^\W_]|-(?=[^\W_]))+)"
    r"|(\d+(?:[-,.]\d+)*)(?![^\W_])"
    r"|(\d(?:[^\W_]|-(?=[^\W_]))+))"
    rf"((?:'[sS](?!\w))?[{_MARKS}.?!']*)"
)
_CONTRACTIONS = re.compile("(?i)cannot|gimme|gonna|gotta|lemme|wanna")

Tokens = tuple[str, ...]


class NotLocalError(Exception):
    """In this text, a rule reaches beyond a run and the one that follows it."""


class Outcome(NamedTuple):
    """What becomes of a run."""

    tokens: Tokens
    ends_sentence: bool


class Shape(NamedTuple):
    """What becomes of any word in the same punctuation."""

    before: Tokens
    left: str  # of the word, in one token with it
    right: str
    after: Tokens
    ends_sentence: bool

    def fill(self, word: str) -> Outcome:
        """What becomes of a word."""
        token = self.left + word + self.right
        return Outcome((*self.before, token, *self.after), self.ends_sentence)


class ShapedRun(NamedTuple):
    """A word and its punctuation."""

    before: str
    word: str
    instance: str  # of the kind of the word
    behind: str


class TreebankRuns:
    """Cuts texts as NLTK does.

    Args:
        sentences: finds the sentences; all it has learned are abbreviations.
        abbreviations: those, in lower case, without their last period.
        words: cuts a sentence.

    Example:
        >>> runs = TreebankRuns(PunktSentenceTokenizer(), (), NLTKWordTokenizer())
        >>> runs.tokenize("It's a (small) towel. Don't panic!")
        ['It', "'s", 'a', '(', 'small', ')', 'towel', '.', 'Do', "n't", 'panic', '!']
    """

    def __init__(
        self,
        sentences: PunktSentenceTokenizer,
        abbreviations: Collection[str],
        words: NLTKWordTokenizer,
    ) -> None:
        self._sentences = sentences
        self._abbreviations = frozenset(abbreviations)
        self._words = words
        self._middle = RunMemo(self._cut_middle)
        self._first = RunMemo(self._cut_first, MOST_SHAPES)
        self._followers = RunMemo(_follower, MOST_CANDIDATES)
        self._outcomes = RunMemo(self._outcome, MOST_CANDIDATES)
        self._shapes = RunMemo(self._shape, MOST_SHAPES)

    def tokenize(self, text: str) -> list[str]:
        """Cut a text into sentences, then each of them into words."""
        try:
            return self._tokenize(text)
        except NotLocalError:
            return self.tokenize_by_nltk(text)

    def tokenize_by_nltk(self, text: str) -> list[str]:
        """What `tokenize` has to give."""
        cut = self._words.tokenize
        return [word for sentence in self._sentences.tokenize(text) for word in cut(sentence)]

    def _tokenize(self, text: str) -> list[str]:
        if not text.isprintable():  # there may be other white space than spaces
            text = _with_spaces(text)
        begins = text[:1] != " "
        runs = text.split(" ")
        if not begins or "  " in text or text[-1:] in " ":
            runs = list(filter(None, runs))
        if not runs:
            return []
        if not begins and runs[0][0] in ".?!":
            raise NotLocalError  # Punkt overlooks white space that is the first character
        tokens = list(map(self._middle.__getitem__, runs))
        candidates = [place for place, some in enumerate(tokens) if some is None]
        last = len(runs) - 1
        if not candidates or candidates[-1] != last:
            candidates.append(last)
        runs.append(END)
        first = self._begin(0, runs, tokens) if begins else -1
        followers = self._followers
        outcomes = self._outcomes
        for place in candidates:
            run = runs[place]
            follower = followers[runs[place + 1]]
            if place == first:
                tokens[place], ends = outcomes[run, follower, BEGINS]
            else:
                tokens[place], ends = outcomes[run, follower]
            if ends:
                first = self._begin(place + 1, runs, tokens)
        return list(chain.from_iterable(tokens))  # type: ignore[arg-type]  # none is None now

    def _begin(self, place: int, runs: list[str], tokens: list[Tokens | None]) -> int:
        """Begin a sentence at a run; return its place if a candidate is to be cut otherwise."""
        run = runs[place]
        if run[0] not in _OPENERS:
            return -1
        if tokens[place] is not None:
            tokens[place] = self._first[run]
        return place

    # What is remembered of runs is computed here.

    def _cut_middle(self, run: str) -> Tokens | None:
        """The tokens of a run within a sentence; None for a candidate for its end."""
        if run.isalpha() and not _CONTRACTIONS.fullmatch(run):
            return (run,)
        if _CANDIDATE.search(run):
            return None
        return self._cut((run, MIDDLE)).tokens

    def _cut_first(self, run: str) -> Tokens:
        """The tokens of a run that begins a sentence, and does not end it."""
        return tuple(self._words.tokenize(f"{run} {NEUTRAL}")[:-1])

    def _outcome(self, key: tuple[str, ...]) -> Outcome:
        """What becomes of a candidate, before a kind of follower, perhaps as the first run."""
        return self._cut(key)

    def _cut(self, key: tuple[str, ...]) -> Outcome:
        run, *context = key
        shaped = _shaped(run)
        if shaped is not None and shaped.word.rpartition("-")[2].lower() in self._abbreviations:
            shaped = None
        shape = None
        if shaped is not None:
            shape = self._shapes[shaped.before, shaped.instance, shaped.behind, *context]
        return self._cut_by_nltk(*key) if shape is None else shape.fill(shaped.word)

    def _shape(self, key: tuple[str, ...]) -> Shape | None:
        """What NLTK makes of an instance; None unless that is in one token."""
        before, instance, behind, *context = key
        tokens, ends = self._cut_by_nltk(before + instance + behind, *context)
        places = [place for place, token in enumerate(tokens) if instance in token]
        if len(places) != 1:
            return None
        place = places[0]
        left, _, right = tokens[place].partition(instance)
        return Shape(tokens[:place], left, right, tokens[place + 1 :], ends)

    def _cut_by_nltk(self, run: str, follower: str, begins: str = "") -> Outcome:
        """What becomes of a run, by NLTK.

        Args:
            run: any.
            follower: of its kind.
            begins: whether it begins a sentence: `BEGINS`, or empty.

        Returns:
            Its tokens, and whether it ends a sentence.

        Raises:
            NotLocalError: that depends on what is further away.
        """
        before = "" if begins else f"{NEUTRAL} "
        begin = len(before)
        end = begin + len(run)
        if follower == MIDDLE:
            return Outcome(tuple(self._words.tokenize(f"{before}{run} {NEUTRAL}")[1:-1]), False)
        if follower[:1].isspace() or (follower == END and _TRAILING.fullmatch(run)):
            raise NotLocalError
        behind = {END: ""}.get(follower, f" {follower} {NEUTRAL}")
        text = f"{before}{run}{behind}"
        tokens: list[str] = []
        for start, stop in self._sentences.span_tokenize(text):
            if start >= end:
                break
            goes_on = stop > end
            found = self._words.tokenize(
                f"{text[start:end]} {NEUTRAL}" if goes_on else text[start:stop]
            )
            tokens += found[start < begin : len(found) - goes_on]
        raw = self._sentences.span_tokenize(text, realign_boundaries=False)
        ends = any(start == end + 1 for start, _ in raw)
        if ends and _CLOSING.match(follower):
            raise NotLocalError
        return Outcome(tuple(tokens), ends)


def _with_spaces(text: str) -> str:
    """The text with spaces for other white space, except where a rule of quotes wants a space.

    Raises:
        NotLocalError: white space is of the kinds that this module leaves to NLTK.
    """
    if _SEPARATORS.search(text):
        raise NotLocalError
    text = text.rstrip()
    stripped = text.lstrip(string.whitespace)
    before = text[: len(text) - len(stripped)]
    if before:
        if before[-1] != " " and stripped[0] in _OPENERS:
            raise NotLocalError
        text = f" {stripped}"
    return _OTHER_SPACE.sub(_space, text)


def _space(match: re.Match[str]) -> str:
    """A space, or another white space next to a quote that asks for a space there."""
    text = match.string
    is_before_quote = text[match.end()] in "\"'" and text[match.end() - 1] != " "
    is_behind_quote = text[match.start() - 1] == "'" and text[match.start()] != " "
    return "\n" if is_before_quote or is_behind_quote else " "


def _follower(run: str) -> str:
    """A run that means the same to Punkt where it follows a candidate."""
    if run == END:
        return END
    match = _FOLLOWER.fullmatch(run)
    if match is None:
        return run
    marks, first = match.groups()
    if first.islower():
        return marks + NEUTRAL
    return marks + ("Xx" if first.isupper() else "00")


def _shaped(run: str) -> ShapedRun | None:
    """The parts of a run; None if the rules may know its word, or if it has none, or several."""
    if len(run) > LONGEST_KEY:
        return None
    match = _SHAPE.fullmatch(run)
    if match is None:
        return None
    before, word, number, mixed, behind = match.groups()
    if word is not None:
        if _CONTRACTIONS.search(word):
            return None
        instance = NEUTRAL
    else:
        instance = "0" if mixed is None else "0x"
        word = number or mixed
    # The engines do not agree which characters are of words, but about letters they do.
    if not word.isascii() and ("'" in behind or not word.replace("-", "").isalpha()):
        return None
    return ShapedRun(before, word, instance, behind)
