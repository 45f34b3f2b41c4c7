"""The pipeline: documents are read in chunks, chunks are counted on all cores, counts summed up.

`count_corpus` is the whole of it. What counts a chunk is chosen by `make_counter`: runs of bytes
(`textdl.bow.engine.words`) or characters (`textdl.bow.engine.characters`) wherever the parameters
allow it, else the steps of `textdl.bow.engine.analysis` in other processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.bow.engine.analysis import TextAnalysis, as_list, term_function
from textdl.bow.engine.characters import CharacterScanner, count_within_words
from textdl.bow.engine.matrix import TermCounts, count_terms
from textdl.bow.engine.terms import Lexicon, TermNames, drop_tokens, name_terms, ngrams
from textdl.bow.engine.words import TokenizerLexicon, WordScanner, parse_char_class
from textdl.bow.parameters import Text2Text
from textdl.parallel import ordered_map
from textdl.text.encode import encode
from textdl.text.files import Chunk
from textdl.text.hash_table import HashTable, Ids
from textdl.text.tokenizers import TOKENIZERS

# Characters of text in a chunk. Larger chunks take more memory; of those for tokenizers, each goes
# to another process, and the words in it come back; characters each begin several n-grams.
WORD_CHUNK = 3 << 18
TOKENIZER_CHUNK = 1 << 20
CHARACTER_CHUNK = 1 << 18

Frequencies = NDArray[np.int64]


class DroppedTokens(NamedTuple):
    """Tokens of a corpus that are in no column."""

    short: int = 0  # runs of letters too short for the token pattern, such as single characters
    stop_words: int = 0
    unknown: int = 0  # occurrences of n-grams that are not in the vocabulary


class ChunkCounts(NamedTuple):
    """The terms of a chunk."""

    of_terms: TermCounts
    short: int = 0  # runs of characters too short to be tokens
    stop_words: int = 0  # tokens that were left out


class ChunkCounter(NamedTuple):
    """Counts the terms of chunks; may be called from several threads."""

    lexicon: Lexicon  # knows the names of the terms
    run: Callable[[Any], ChunkCounts]
    separator: bytes  # stands between the words of an n-gram
    longest: int  # words (or characters) of an n-gram
    size: int  # characters of a chunk
    cut: Callable[[Any], list[Any]] | None = None  # done in processes before `run`

    def prepare(self, chunks: Iterable[list[Any]], jobs: int) -> Iterable[Any]:
        """What `run` takes: chunks as they are, or cut into tokens by `jobs` processes."""
        if self.cut is None:
            return chunks
        return encode(_texts(chunks, self.cut), self.cut, workers=jobs)


class CorpusCounts(NamedTuple):
    """What a pass over a corpus found; a term is still an id."""

    counter: ChunkCounter
    chunks: list[TermCounts]  # empty if they were not to be kept
    document_frequency: Frequencies  # (N + 1,) of every id
    term_frequency: Frequencies  # (N + 1,)
    documents: int
    dropped: DroppedTokens

    def present(self) -> Ids:
        """The ids that are terms; others are parts of terms."""
        return np.flatnonzero(self.document_frequency).astype(np.int32)

    def names(self) -> TermNames:
        """The names of the terms."""
        counter = self.counter
        return name_terms(counter.lexicon, counter.separator, counter.longest)


def count_corpus(
    counter: ChunkCounter, chunks: Iterable[list[Any]], jobs: int, *, keep_documents: bool
) -> CorpusCounts:
    """Count all chunks.

    Args:
        counter: counts one of them.
        chunks: of documents, such as `DocumentReader` reads.
        jobs: threads (or processes, where Python code cuts the texts).
        keep_documents: keep the counts of each document, or only the totals of each term.

    Returns:
        The totals of each term, and perhaps the counts of each document.
    """
    kept: list[TermCounts] = []
    totals = np.zeros((2, 0), np.int64)  # document and term frequency of every id
    documents = 0
    short_tokens = 0
    stop_words = 0
    for counted in ordered_map(counter.run, counter.prepare(chunks, jobs), jobs):
        found = counted.of_terms
        totals = _widen(totals, int(found.terms.max(initial=-1)) + 1)
        totals[0, found.terms] += found.document_frequency()
        totals[1, found.terms] += found.term_frequency()
        documents += found.counts.shape[0]
        short_tokens += counted.short
        stop_words += counted.stop_words
        if keep_documents:
            kept.append(found)
    totals = _widen(totals, len(counter.lexicon.table) + 1)
    dropped = DroppedTokens(short_tokens, stop_words)
    return CorpusCounts(counter, kept, totals[0], totals[1], documents, dropped)


def _widen(totals: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    if width <= totals.shape[1]:
        return totals
    return np.pad(totals, ((0, 0), (0, width + width // 2 - totals.shape[1])))


def _texts(chunks: Iterable[list[Any]], cut: Callable[[Any], list[Any]]) -> Iterator[Chunk]:
    """Texts travel to other processes; what else a user's function takes is cut here."""
    for chunk in chunks:
        yield Chunk([text if isinstance(text, str) else cut(text) for text in chunk])


def make_counter(analysis: TextAnalysis) -> ChunkCounter:
    """The fastest way to count what `analysis` says.

    Example:
        >>> counter = make_counter(TextAnalysis())
        >>> sorted(counter.run(["to be or not to be"]).of_terms.counts.data.tolist())
        [1, 1, 2, 2]
    """
    table = HashTable()
    preprocess = _fast_preprocessor(analysis)
    is_plain = analysis.preprocessor is None and not callable(analysis.strip_accents)
    if is_plain and analysis.analyzer == "char":
        return _count_tokens(CharacterScanner(preprocess, table), analysis, b"")
    if is_plain and analysis.analyzer == "char_wb":
        return _count_within_words(CharacterScanner(None, table), analysis, preprocess)
    if is_plain and analysis.analyzer == "word" and analysis.tokenizer is None:
        analysis.build_tokenizer()  # refuses what is not a pattern
        found = parse_char_class(analysis.token_pattern or "")
        is_unigram = tuple(analysis.ngram_range) == (1, 1)
        if found is not None and (is_unigram or not found.mask[ord(" ")]):
            return _count_tokens(WordScanner(found, preprocess, table), analysis, b" ")
    return _count_by_python(TokenizerLexicon(table), analysis)


def _fast_preprocessor(analysis: TextAnalysis) -> Text2Text | None:
    if analysis.strip_accents is None:
        return str.lower if analysis.lowercase else None
    return analysis.build_preprocessor()


def _count_tokens(
    lexicon: WordScanner | CharacterScanner, analysis: TextAnalysis, separator: bytes
) -> ChunkCounter:
    stop_words = analysis.get_stop_words() if analysis.analyzer == "word" else None
    shortest, longest = analysis.ngram_range
    count_chunk = _token_counter(lexicon, (shortest, longest), stop_words)
    # Every chunk goes over all terms there are: the more these are, the larger it should be.
    size = WORD_CHUNK * min(longest, 3)
    if isinstance(lexicon, CharacterScanner):
        size = CHARACTER_CHUNK
    return ChunkCounter(lexicon, count_chunk, separator, longest, size)


def _count_within_words(
    lexicon: CharacterScanner, analysis: TextAnalysis, preprocess: Text2Text | None
) -> ChunkCounter:
    table = lexicon.table
    shortest, longest = analysis.ngram_range

    def count_chunk(documents: Sequence[str]) -> ChunkCounts:
        return ChunkCounts(count_within_words(documents, preprocess, table, (shortest, longest)))

    return ChunkCounter(lexicon, count_chunk, b"", longest, CHARACTER_CHUNK)


def _count_by_python(lexicon: TokenizerLexicon, analysis: TextAnalysis) -> ChunkCounter:
    # A token with a space in it may look like two: then only the names of n-grams tell which are
    # equal, not the ids of their words.
    known = TOKENIZERS.get(analysis.tokenizer) if isinstance(analysis.tokenizer, str) else None
    is_spaceless = known is not None and not known.allows_spaces
    shortest, longest = analysis.ngram_range
    cut: Callable[[Any], list[Any]]
    if analysis.analyzer == "word" and ((shortest, longest) == (1, 1) or is_spaceless):
        tokenize = analysis.build_tokenizer()
        cut = partial(as_list, cut=tokenize, preprocess=analysis.build_preprocessor())
        stop_words = analysis.get_stop_words()
    else:
        cut = term_function(analysis)
        shortest = longest = 1
        stop_words = None
    count_chunk = _token_counter(lexicon, (shortest, longest), stop_words)
    return ChunkCounter(lexicon, count_chunk, b" ", longest, TOKENIZER_CHUNK, cut)


def _token_counter(
    lexicon: WordScanner | CharacterScanner | TokenizerLexicon,
    ngram_range: tuple[int, int],
    stop_words: Iterable[str] | None,
) -> Callable[[Any], ChunkCounts]:
    stopped = lexicon.encode(sorted(stop_words or ()))  # before any other word: low ids
    is_stop = np.zeros(len(lexicon.table) + 2, np.bool_)
    is_stop[stopped] = True

    def count_chunk(chunk: Any) -> ChunkCounts:
        tokens, short_tokens = lexicon.scan(chunk)
        documents = len(tokens.lengths)
        before = len(tokens.ids)
        if len(stopped):
            tokens = drop_tokens(tokens, is_stop.take(tokens.ids, mode="clip"))
        occurrences = ngrams(tokens, lexicon.table, *ngram_range)
        counts = count_terms(occurrences, documents)
        return ChunkCounts(counts, short_tokens, before - len(tokens.ids))

    return count_chunk
