"""From chunks of documents to counts of numbered terms: the fast ways, and the one by Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from textdl.bow.analysis import Analysis, Text2Text, listed
from textdl.bow.characters import Characters, count_within_words
from textdl.bow.counting import count
from textdl.bow.listed import Listed
from textdl.bow.numbering import Numbering
from textdl.bow.pattern import runs
from textdl.bow.tokens import Lexicon, grams, without
from textdl.bow.words import Words
from textdl.text.corpus import Chunk
from textdl.text.encode import encode

WORDS_A_CHUNK = 3 << 18  # characters of text; larger chunks take more memory
CUT_A_CHUNK = 1 << 20  # each goes to another process, and the words in it come back
SPACELESS = ("nltk", "whitespace", "wordpunct")  # tokenizers whose tokens hold no space
CHARACTERS_A_CHUNK = 1 << 18  # each of them begins several n-grams


class Counted(NamedTuple):
    """The terms of a chunk."""

    rows: sparse.csr_array  # (documents, numbers) int32
    short: int = 0  # runs of characters too short to be tokens
    stop_words: int = 0  # tokens that were left out


class Counter(NamedTuple):
    """Counts the terms of chunks; may be called from several threads."""

    lexicon: Lexicon  # knows the names of the terms
    run: Callable[[Any], Counted]
    joint: bytes  # stands between the words of an n-gram
    longest: int  # words (or characters) of an n-gram
    size: int  # characters of a chunk
    cut: Callable[[Any], list[Any]] | None = None  # done in processes before `run`

    def prepare(self, chunks: Iterable[list[Any]], jobs: int) -> Iterable[Any]:
        """What `run` takes: chunks as they are, or cut into tokens by `jobs` processes."""
        if self.cut is None:
            return chunks
        return encode(_texts(chunks, self.cut), self.cut, workers=jobs)


def _texts(chunks: Iterable[list[Any]], cut: Callable[[Any], list[Any]]) -> Iterator[Chunk]:
    """Texts travel to other processes; what else a user's function takes is cut here."""
    for chunk in chunks:
        yield Chunk([text if isinstance(text, str) else cut(text) for text in chunk])


def make_counter(analysis: Analysis) -> Counter:
    """The fastest way to count what `analysis` says.

    Example:
        >>> counter = make_counter(Analysis())
        >>> sorted(counter.run(["to be or not to be"]).rows.data.tolist())
        [1, 1, 2, 2]
    """
    numbering, unigrams = Numbering(), tuple(analysis.ngram_range) == (1, 1)
    plain = analysis.preprocessor is None and not callable(analysis.strip_accents)
    preprocess = _preprocess(analysis)
    if plain and analysis.analyzer == "char":
        return _by_tokens(Characters(preprocess, numbering), analysis, b"")
    if plain and analysis.analyzer == "char_wb":
        return _within_words(Characters(None, numbering), analysis, preprocess)
    if plain and analysis.analyzer == "word" and analysis.tokenizer is None:
        analysis.tokenize()  # refuses what is no pattern
        found = runs(analysis.token_pattern or "")
        if found is not None and (unigrams or not found.members[ord(" ")]):
            return _by_tokens(Words(found, preprocess, numbering), analysis, b" ")
    return _by_python(Listed(numbering), analysis)


def _preprocess(analysis: Analysis) -> Text2Text | None:
    if analysis.strip_accents is None:
        return str.lower if analysis.lowercase else None
    return analysis.preprocess()


def _by_tokens(lexicon: Words | Characters, analysis: Analysis, joint: bytes) -> Counter:
    stop_words = analysis.stop_list() if analysis.analyzer == "word" else None
    count_chunk = _tokens_counter(lexicon, analysis.ngram_range, stop_words)
    longest = analysis.ngram_range[1]
    # Every chunk goes over all terms there are: the more these are, the larger it should be.
    size = WORDS_A_CHUNK * min(longest, 3)
    if isinstance(lexicon, Characters):
        size = CHARACTERS_A_CHUNK
    return Counter(lexicon, count_chunk, joint, longest, size)


def _within_words(lexicon: Characters, analysis: Analysis, preprocess: Text2Text | None) -> Counter:
    numbering, ngram_range = lexicon.numbering, analysis.ngram_range

    def count_chunk(documents: Sequence[str]) -> Counted:
        return Counted(count_within_words(documents, preprocess, numbering, ngram_range))

    return Counter(lexicon, count_chunk, b"", ngram_range[1], CHARACTERS_A_CHUNK)


def _by_python(lexicon: Listed, analysis: Analysis) -> Counter:
    # A token with a space in it may look like two: then only the names of n-grams tell which are
    # equal, not the numbers of their words.
    spaceless = isinstance(analysis.tokenizer, str) and analysis.tokenizer in SPACELESS
    if analysis.analyzer == "word" and (analysis.ngram_range == (1, 1) or spaceless):
        tokenize, preprocess = analysis.tokenize(), analysis.preprocess()
        cut: Callable[[Any], list[Any]] = partial(listed, cut=tokenize, preprocess=preprocess)
        ngram_range, stop_words = analysis.ngram_range, analysis.stop_list()
    else:
        cut, ngram_range, stop_words = analysis.analyze(), (1, 1), None
    count_chunk = _tokens_counter(lexicon, ngram_range, stop_words)
    return Counter(lexicon, count_chunk, b" ", ngram_range[1], CUT_A_CHUNK, cut)


def _tokens_counter(
    lexicon: Words | Characters | Listed,
    ngram_range: tuple[int, int],
    stop_words: Iterable[str] | None,
) -> Callable[[Any], Counted]:
    stopped = lexicon.spell(sorted(stop_words or ()))  # before any other word: low numbers
    is_stop = np.zeros(len(lexicon.numbering) + 2, np.bool_)
    is_stop[stopped] = True

    def count_chunk(chunk: Any) -> Counted:
        tokens, short = lexicon.tokens(chunk)
        documents, before = len(tokens.lengths), len(tokens.ids)
        if len(stopped):
            tokens = without(tokens, is_stop.take(tokens.ids, mode="clip"))
        entries = grams(tokens, lexicon.numbering, *ngram_range)
        return Counted(count(entries, documents), short, before - len(tokens.ids))

    return count_chunk
