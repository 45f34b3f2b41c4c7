"""Treebank tokens, many times as fast as NLTK: it cuts each kind of run once, which is remembered.

A run stands between spaces. The tokens of a run depend (the module `treebank` shows so, rule by
rule) on

- the run;
- whether it begins a sentence, which matters if its first character is a quote or a period;
- whether it ends one, which depends on what follows: its first characters, and their case.

`TreebankRuns.tokenize` goes through a text as follows. Runs without a candidate for the end of a
sentence, which are most, are looked up at once; then the others, from left to right, each with the
run that follows; where one of them ends a sentence, the next begins one.

A run that was never looked up is mostly a new word in known punctuation. Within a sentence, marks
between words are cut once each (`_cut_mark`). Around candidates, NLTK cuts a `RunShape`, such as
``(xx).``, and the word takes the place of ``xx``. A run with words that a rule may know (`_parts`)
NLTK cuts itself, between neutral neighbors; a text in which a rule reaches further is left to it as
a whole (`NotLocalError`).
"""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Set
from itertools import chain, zip_longest
from typing import NamedTuple, TypeAlias

from nltk.tokenize.destructive import NLTKWordTokenizer
from nltk.tokenize.punkt import PunktSentenceTokenizer

from textdl.text.tokenizers.run_memo import LONGEST_KEY, RunMemo

NEUTRAL = "xx"  # a run that changes nothing in its neighbors
END = ""  # follows the last run
MIDDLE = " "  # what follows is of no importance: the run has no candidate for the end of a sentence
BEGINS = "begins"  # the run is the first of a sentence

MOST_CANDIDATES = 1 << 16  # runs that may end a sentence, before each of the plain followers
MOST_SHAPES = 1 << 14

_MARKS = "!\"#$%&'()*+,-./:;<=>?@[\\]^`{|}~\u2012\u2013\u2014\u2015\u2018\u2019\u201c\u201d\u201e"
_MARKS += "\u00ab\u00bb\u2026"
_MARK_SET = frozenset(_MARKS)
# Where Punkt may end a sentence: within a run, or behind it.
_CANDIDATE = re.compile("[.?!](?:$|[\\s)\";}\\]*:@'({\\[\u2018\u2019\u201c\u201d\u00ab\u00bb?!])")
# Runs in which no sentence ends, or one does where they end.
_FOLLOWER = re.compile(r"[^\w.?!\s]*[^\W_][^.?!\s]*(?:\.[^\W_][^.?!\s]*)*[.?!]?")
# Belongs to the sentence before, although a space is between.
_CLOSING = re.compile("[\"')\\]}\u2018\u2019\u201c\u201d\u00ab\u00bb]+(?:$|\\s|--)")
# Through these, at the end of a sentence, the rule of the final period looks for the period.
_TRAILING = re.compile("[\\s\\])}>\"'\u00bb\u201d\u2019]+")
# First characters of runs that are cut differently where a sentence begins.
_OPENERS = frozenset("\"'.")
# About these, `str.split`, Punkt and the engines of regular expressions do not agree.
_SEPARATORS = re.compile("[\x1c-\x1f]")
_OTHER_SPACE = re.compile("[ \t\n\r\v\f]*[\t\n\r\v\f][ \t\n\r\v\f]*")
# A number, or a word, which may have hyphens.
_WORD = re.compile(r"(\d+(?:[-,.]\d+)+(?![\w-])|[^\W_]+(?:-[^\W_]+)*)")
_PART = re.compile(r"[^\W_]+")
# What rules know of words; that of clitics, which part from the word before them, is not all here.
_CONTRACTIONS = re.compile(
    r"(?i:cannot|gimme|gonna|gotta|lemme|wanna|n't"
    r"|'(?:(?:re|ve|ll|ye|n|tis|twas)(?!\w)|[smdt]-))|'[^\x00-\x7f]"
)
_CLITICS = frozenset("smdtSMDT")
_INNER_PERIOD = re.compile(r"\.[^\W\d_]|[^\W\d_]\.[^\W_]")
ALEF = "א"  # a letter without case
_CONTRACTED = frozenset(["cannot", "gimme", "gonna", "gotta", "lemme", "wanna"])

Tokens: TypeAlias = tuple[str, ...]
Outcome: TypeAlias = tuple[Tokens, bool]  # of a run: whether it ends a sentence


class NotLocalError(Exception):
    """In this text, a rule reaches beyond a run and the one that follows it."""


class RunShape(NamedTuple):
    """What becomes of any words in the same punctuation."""

    template: str  # tokens between spaces, each word a ``%s``
    ends_sentence: bool

    def fill(self, words: tuple[str, ...]) -> Tokens:
        """The tokens with these words."""
        return tuple((self.template % words).split(" "))


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
        self._known = _CONTRACTED.union(abbreviations)
        self._words = words
        self._middle = RunMemo(self._cut_middle)
        self._marks = RunMemo(self._cut_mark, MOST_SHAPES)
        self._first = RunMemo(self._cut_first, MOST_SHAPES)
        self._followers = RunMemo(_follower, MOST_CANDIDATES)
        self._outcomes = RunMemo(self._cut, MOST_CANDIDATES)
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
        if run.isalpha() and run.isascii() and run.lower() not in _CONTRACTED:
            return (run,)
        if _CANDIDATE.search(run):
            return None
        parts = None if "'" in run else _parts(run, _CONTRACTED)
        return self._cut((run, MIDDLE))[0] if parts is None else self._cut_marks(parts)

    def _cut_marks(self, parts: list[str]) -> Tokens:
        """Cut the marks around words; the words stay whole, and rules do not look past them."""
        tokens: list[str] = []
        token = ""  # the last one, which is not complete
        left = ""
        for mark, word in zip_longest(parts[::2], parts[1::2], fillvalue=""):
            if mark:
                kind = "0" if word[:1].isdigit() else word and "x"
                before, between, behind = self._marks[left + mark + kind]
                if between is None:
                    token += mark
                else:
                    if left:
                        tokens.append(token + before)
                    tokens += between
                    token = behind
            token += word
            left = "x"
        return (*tokens, token) if token else tuple(tokens)

    def _cut_mark(self, key: str) -> tuple[str, Tokens | None, str]:
        """What becomes of marks; `key` has a letter, or a digit, where a word is beside them.

        Returns:
            The characters that the word before keeps in its token, the tokens between, and the
            characters in the token of the word behind. No tokens are None if nothing is cut.
        """
        tokens = self._words.tokenize(f"{NEUTRAL} {key} {NEUTRAL}")[1:-1]
        if tokens == [key] and key[0] == "x" and key[-1] in "x0":
            return "", None, ""
        before = tokens.pop(0)[1:] if key[0] == "x" else ""
        behind = tokens.pop()[:-1] if key[-1] in "x0" else ""
        return before, tuple(tokens), behind

    def _cut_first(self, run: str) -> Tokens:
        """The tokens of a run that begins a sentence, and does not end it."""
        return self._cut((run, MIDDLE, BEGINS))[0]

    def _cut(self, key: tuple[str, ...]) -> Outcome:
        """What becomes of a run, before a kind of follower, perhaps as the first of a sentence."""
        run, *context = key
        parts = _parts(run, self._known)
        if parts is not None and not _INNER_PERIOD.search(run):  # that may be in an abbreviation
            words = tuple(parts[1::2])
            parts[1::2] = _instances(parts)
            shape = self._shapes["".join(parts), *context]
            if shape is not None:
                return shape.fill(words), shape.ends_sentence
        return self._cut_by_nltk(*key)

    def _shape(self, key: tuple[str, ...]) -> RunShape | None:
        """What NLTK makes of instances of words; None unless it keeps each of them."""
        tokens, ends = self._cut_by_nltk(*key)
        parts = _WORD.split(" ".join(tokens).replace("%", "%%"))
        if parts[1::2] != _WORD.findall(key[0]):
            return None
        parts[1::2] = ["%s"] * (len(parts) // 2)
        return RunShape("".join(parts), ends)

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
            found = self._words.tokenize(f"{before}{run} {NEUTRAL}")
            return tuple(found[not begins : -1]), False
        if follower[:1].isspace() or (follower == END and _TRAILING.fullmatch(run)):
            raise NotLocalError
        behind = {END: ""}.get(follower, f" {follower} {NEUTRAL}")
        text = f"{before}{run}{behind}"
        if _CLOSING.match(follower) and self._ends_sentence(text, end):
            raise NotLocalError
        tokens: list[str] = []
        ends = False
        for start, stop in self._sentences.span_tokenize(text):
            if start >= end:
                ends = start == end + 1
                break
            goes_on = stop > end
            sentence = f"{text[start:end]} {NEUTRAL}" if goes_on else text[start:stop]
            found = self._words.tokenize(sentence)
            tokens += found[start < begin : len(found) - goes_on]
        return tuple(tokens), ends

    def _ends_sentence(self, text: str, end: int) -> bool:
        """Whether a sentence begins one character further, before what closes the one before."""
        spans = self._sentences.span_tokenize(text, realign_boundaries=False)
        return any(start == end + 1 for start, _ in spans)


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
    is_before_quote = text[match.end()] in "\"'"
    is_behind_quote = text[match.start() - 1] == "'"
    if is_before_quote and is_behind_quote and len(match[0]) > 1:
        raise NotLocalError
    is_asked_for = (is_before_quote and match[0][-1] != " ") or (
        is_behind_quote and match[0][0] != " "
    )
    return "\n" if is_asked_for else " "


def _follower(run: str) -> str:
    """A run that means the same to Punkt where it follows a candidate: it asks for the case."""
    if not _FOLLOWER.fullmatch(run) or run[0] in ",:;" or _CLOSING.match(run):
        return run
    if run[0].islower():
        return NEUTRAL
    return "Xx" if run[0].isupper() else "00"


def _parts(run: str, known: Set[str]) -> list[str] | None:
    """The words of a run, between what is around them; None if a rule may know one of them."""
    if len(run) > LONGEST_KEY:
        return None
    word = run.strip(_MARKS)
    if word.isalpha() and word.isascii() and "'" not in run:  # as most are
        if word.lower() in known:
            return None
        before, _, behind = run.partition(word)
        return [before, word, behind]
    parts = _WORD.split(run)
    words = parts[1::2]
    is_ascii = run.isascii()
    if (
        not words
        or not known.isdisjoint(_PART.findall(run.lower()))
        # The engines do not agree which characters are of words, but about letters they do.
        or not (is_ascii or all(it.isascii() or it.replace("-", "").isalpha() for it in words))
        or ("'" in run and not _MARK_SET.issuperset("".join(parts[::2])))
        or (("'" in run or not is_ascii) and _CONTRACTIONS.search(run))
    ):
        return None
    return parts


def _instances(parts: list[str]) -> list[str]:
    """Words for others of their kinds; a clitic is its own."""
    return [
        word if word in _CLITICS and before[-1:] == "'" else _instance(word)
        for before, word in zip(parts[::2], parts[1::2], strict=False)
    ]


def _instance(word: str) -> str:
    """A word that the rules cannot tell from another one of its kind."""
    first = word[0]
    if first.isdigit():
        return "0" if word.replace("-", "").replace(",", "").replace(".", "").isdigit() else "0x"
    if first.islower():
        return "x" if len(word) == 1 else "xx"
    if first.isupper():
        return "X" if len(word) == 1 else "Xx"
    return ALEF if len(word) == 1 else 2 * ALEF
