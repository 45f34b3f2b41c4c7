"""The estimator `Phrases`: collocations learned from text, and joined in any other."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TextIO, TypeAlias, cast

from textdl.errors import CorpusError, ParameterError, UnknownAttributeError
from textdl.gensim_names import (
    PHRASES_ATTRIBUTES,
    PHRASES_PARAMETERS,
    ExplainedNames,
    explain_parameters,
    missing_attribute,
)
from textdl.io.archive import Archive, ArchiveContent, open_archive, write_archive
from textdl.io.atomic import scratch_folder
from textdl.parameters import ParameterMethods, document_parameters
from textdl.progress import progress_bar
from textdl.text.collocation_scores import add_up_same_spelling, find_phrases, has_delimiter
from textdl.text.collocations import CollocationCounter, CollocationCounts
from textdl.text.corpus import Corpus
from textdl.text.encode import EncodedChunk
from textdl.text.phrase_files import PHRASES_KIND, decode_counts, encode_counts
from textdl.text.phrase_joining import PhraseTable, SentenceLines, WrittenText, sentences
from textdl.text.phrase_parameters import ENGLISH, PhraseParameters
from textdl.text.source import CorpusConfig, encode_source
from textdl.text.store import TokenStore

PhraseCorpus: TypeAlias = Corpus | CorpusConfig | TokenStore


@document_parameters
@explain_parameters(PHRASES_PARAMETERS)
@dataclass(kw_only=True, eq=False, repr=False)
class Phrases(ParameterMethods, PhraseParameters, metaclass=ExplainedNames):
    """Words that belong together, such as "new_york" or "bank_of_america".

    Two words that stand beside each other much more often than by chance are a phrase; connector
    words between them do not matter. `transform` joins the phrases of any text, from left to right.
    Phrases and scores are those of gensim's `Phrases`, applied `rounds` times; a word is never
    dropped, and no phrase has more than 50 connector words in a row.

    Args:
        {parameters}

    Attributes:
        phrases_: every phrase with its score, by falling score.
        corpus_words_: words of the corpus.

    Raises:
        ParameterError: from `fit`, where a parameter is out of range.
        CorpusError, CorpusReadError: from `fit`, where the corpus cannot be used.

    References:
        Mikolov et al. 2013, "Distributed representations of words and phrases"; Bouma 2009,
        "Normalized (pointwise) mutual information in collocation extraction".

    Example:
        >>> text = ["the bank of america", "a bank of america", "new york has a bank", "new york"]
        >>> phrases = Phrases(min_count=1, threshold=1, connector_words="english").fit(text)
        >>> phrases.phrases_
        {'new_york': 2.25, 'bank_of_america': 1.5}
        >>> next(phrases.transform(["the bank of america in new york"]))
        ['the', 'bank_of_america', 'in', 'new_york']
    """

    _gensim_names = PHRASES_ATTRIBUTES
    # Cast, not annotated, or they would be parameters.
    _counter = cast("CollocationCounter | None", None)  # what more text is counted on top of
    _rounds = cast("tuple[PhraseTable, ...] | None", None)
    _rounds_are_for = cast("tuple[Any, ...]", ())  # the parameters that decided what is a phrase

    def fit(self, corpus: PhraseCorpus, y: object = None) -> Self:
        """Learn the phrases of a corpus.

        Args:
            corpus: a path, glob, folder or ``-``; an iterable of texts, of token lists or of
                `Path`; a token store; or a `CorpusConfig`, which has a tokenizer of its own. With
                several `rounds` it is kept in a temporary token store.
            y: ignored, for scikit-learn's pipelines.
        """
        self._check()
        counter: CollocationCounter | None
        if self.rounds == 1:
            counter = self._count(self._encode(corpus))
            counts = counter.result()
            _require_pairs(counts)
            rounds = [self._table(counts)]
        else:
            counter = None
            with self._store(corpus) as store:
                rounds = self._learn_rounds(store)
        self._counter = counter
        self._keep(rounds)
        return self

    def partial_fit(self, corpus: PhraseCorpus, y: object = None) -> Self:
        """Learn from more text; the result is that of one `fit` to all of it.

        Args:
            corpus: as `fit` takes it.
            y: ignored, for scikit-learn's pipelines.

        Raises:
            ParameterError: `rounds` is not 1: the second round needs all text of the first.
        """
        self._check()
        counter = self._require_counts("learn from more text")
        counter.add_counts(self._count(self._encode(corpus)).result())
        self._counter = counter
        self._rounds = None
        return self

    def merge(self, *others: Self) -> Self:
        """New phrases, learned from what these and all `others` were; the order does not matter.

        Raises:
            ParameterError: their parameters differ, or `rounds` is not 1.
            UnknownAttributeError: one has learned nothing.
        """
        merged = type(self)(**self.get_params())
        counter = merged._new_counter()
        for part in (self, *others):
            _require_same_parameters(self, part)
            part._tables()
            counter.add_counts(part._require_counts("be merged").result())
        merged._counter = counter
        return merged

    def transform(self, corpus: PhraseCorpus) -> Iterator[list[str]]:
        """The sentences of a corpus, as tokens, with phrases joined.

        Args:
            corpus: as `fit` takes it; it is read as the sentences are asked for.
        """
        self._check()
        self._tables()
        return sentences(self.join_chunks(self._encode(corpus)))

    def write(self, corpus: PhraseCorpus, file: TextIO) -> WrittenText:
        """Write the sentences of a corpus with phrases joined, one per line, words with spaces.

        That is faster than to write what `transform` yields.

        Args:
            corpus: as `fit` takes it.
            file: open for writing text.
        """
        self._check()
        self._tables()
        lines = SentenceLines()
        for chunk in self.join_chunks(self._encode(corpus)):
            file.write(lines.add(chunk))
        file.write(lines.end())
        return lines.written

    def join_chunks(self, chunks: Iterable[EncodedChunk]) -> Generator[EncodedChunk]:
        """Join the phrases of a text that is on its way into a token store.

        Args:
            chunks: of the text; a generator is closed in the end.

        Yields:
            The chunks, with words of their own.
        """
        with ExitStack() as stack:
            for table in self._tables():
                if isinstance(chunks, Generator):  # it may have started processes
                    stack.callback(chunks.close)
                chunks = table.join_chunks(chunks)
            yield from chunks

    @property
    def phrases_(self) -> dict[str, float]:
        """Every phrase with its score, by falling score."""
        found: dict[str, float] = {}
        for table in self._tables():
            found |= table.named_scores()
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    @property
    def corpus_words_(self) -> int:
        """Words of the corpus, as the tokenizer cut it."""
        return self._tables()[0].counts.corpus_words

    @property
    def has_counts(self) -> bool:
        """Whether the counts of all pairs are here, on which `partial_fit` and `merge` build."""
        return self._counter is not None

    @property
    def fingerprint(self) -> str:
        """A digest of all that decides how a text is joined."""
        said = b"".join(table.fingerprint() for table in self._tables())
        return hashlib.blake2b(said, digest_size=16).hexdigest()

    def save(self, path: str | os.PathLike[str], *, counts: bool = True) -> None:
        """Write parameters and what was learned to one file.

        Args:
            path: of the file.
            counts: keep those of all pairs, which `partial_fit` and `merge` need; without, the file
                holds the phrases alone and is small. With several `rounds` it always does.

        Raises:
            OutputError: the file cannot be written.
            ParameterError: a parameter, such as a tokenizer that is a function, cannot be saved.
        """
        rounds = [table.counts for table in self._tables()]
        if counts and self._counter is not None:
            rounds = [self._counter.result()]
        parameters = self.get_params()
        if parameters["connector_words"] not in (None, ENGLISH):
            parameters["connector_words"] = self._connectors()
        parts = {f"round_{number}": encode_counts(it) for number, it in enumerate(rounds)}
        write_archive(path, ArchiveContent(PHRASES_KIND, parameters, parts=parts))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote.

        Raises:
            FileFormatError: the file is missing, damaged, or holds something else.
        """
        archive = open_archive(Path(path), expected="phrases")
        archive.require(PHRASES_KIND)
        with archive.decoding():
            phrases = cls(**archive.parameters)
            phrases._check()
            phrases._restore(archive)
        return phrases

    def _restore(self, archive: Archive) -> None:
        """Take what was learned.

        Raises:
            ValueError: it does not fit.
        """
        found = [decode_counts(archive.part(f"round_{row}")) for row in range(self.rounds)]
        if len(archive.part_headers) > self.rounds:
            raise ValueError(f"it has parts for more than {self.rounds} rounds")
        if self.rounds == 1 and found[0].is_complete:
            self._counter = CollocationCounter(found[0].connectors, self.max_vocab_size)
            self._counter.add_counts(found[0])
        else:
            self._keep([self._table(replace(counts, is_complete=False)) for counts in found])

    def __sklearn_is_fitted__(self) -> bool:
        return self._counter is not None or self._rounds is not None

    # What was learned.

    def _tables(self) -> tuple[PhraseTable, ...]:
        """What is joined in each pass; made anew where parameters say something else by now.

        Raises:
            UnknownAttributeError: nothing was learned.
        """
        if not self.__sklearn_is_fitted__():
            raise UnknownAttributeError("this Phrases has learned nothing yet; call fit first")
        is_stale = self._rounds is None or self._rounds_are_for != self._settings()
        if self._counter is not None and is_stale:
            self._check()
            self._keep([self._table(self._counter.result())])
        assert self._rounds is not None
        return self._rounds

    def _keep(self, rounds: list[PhraseTable]) -> None:
        self._rounds = tuple(rounds)
        self._rounds_are_for = self._settings()

    def _settings(self) -> tuple[Any, ...]:
        return (self.min_count, self._threshold(), self.scoring, self.delimiter)

    def _table(
        self, counts: CollocationCounts, *, may_be_spelled_alike: bool = True
    ) -> PhraseTable:
        if counts.is_complete and may_be_spelled_alike:
            counts = add_up_same_spelling(counts, self.delimiter)
        rows, scores = find_phrases(counts, self.scoring, self.min_count, self._threshold())
        return PhraseTable(counts.select(rows), scores, self.delimiter)

    def _learn_rounds(self, store: TokenStore) -> list[PhraseTable]:
        """Learn from a text, then from what it is with phrases joined, and so on."""
        # What is joined of a run of words depends on these alone: without the delimiter in a word,
        # each joined one is spelled in a way of its own.
        words = [*store.vocabulary.words, *self._connectors()]
        is_marked = bool(has_delimiter(words, self.delimiter).any())
        rounds: list[PhraseTable] = []
        for _ in range(self.rounds):
            chunks: Iterable[EncodedChunk] = store.chunks()
            for table in rounds:
                chunks = table.join_chunks(chunks)
            counts = self._count(chunks).result()
            if not rounds:
                _require_pairs(counts)
            rounds.append(self._table(counts, may_be_spelled_alike=is_marked))
        return rounds

    def _require_counts(self, purpose: str) -> CollocationCounter:
        """The counts of all pairs, none of them where nothing was learned yet.

        Raises:
            ParameterError: phrases alone were kept; the message names the purpose.
        """
        if self.rounds > 1:
            raise ParameterError(
                f"rounds={self.rounds}; phrases of one round alone can {purpose}: learn the next "
                "from what transform makes of the text"
            )
        if self._counter is None and self._rounds is not None:
            raise ParameterError(
                f"these phrases were saved without the counts of all pairs and cannot {purpose}; "
                "learn them again, and save with counts=True (--counts)"
            )
        return self._counter or self._new_counter()

    def _new_counter(self) -> CollocationCounter:
        return CollocationCounter(self._connectors(), self.max_vocab_size)

    def _count(self, chunks: Iterable[EncodedChunk]) -> CollocationCounter:
        counter = self._new_counter()
        with ExitStack() as stack:
            if isinstance(chunks, Generator):  # it may have started processes
                stack.callback(chunks.close)
            stack.enter_context(counter.counting_in_background())
            bar = stack.enter_context(progress_bar("words", show=self.verbose, scale=True))
            for chunk in chunks:
                counter.add(chunk)
                bar.update(counter.corpus_words)
        counter.end_sentence()
        return counter

    def _encode(self, corpus: PhraseCorpus) -> Generator[EncodedChunk]:
        if isinstance(corpus, TokenStore):
            return corpus.chunks()
        if not isinstance(corpus, CorpusConfig):
            settings = (self.tokenizer, self.lowercase, self.errors, self.encoding)
            corpus = CorpusConfig(corpus, *settings)
        return encode_source(corpus)

    @contextmanager
    def _store(self, corpus: PhraseCorpus) -> Iterator[TokenStore]:
        """The corpus as a token store, which is gone afterwards unless it was given."""
        if isinstance(corpus, TokenStore):
            yield corpus
            return
        with scratch_folder(Path(tempfile.gettempdir()), "textdl") as folder:
            yield TokenStore.build(self._encode(corpus), folder / "store", sync="nothing")

    if not TYPE_CHECKING:  # a type checker is to find what is missing by itself

        def __getattr__(self, name: str) -> object:
            raise missing_attribute(self, name, PHRASES_ATTRIBUTES)


def load_phrases(phrases: Phrases | str | os.PathLike[str]) -> Phrases:
    """Phrases that were learned, or that a file holds.

    Raises:
        FileFormatError: the file is missing, damaged, or holds something else.
        ParameterError: they are neither.
        UnknownAttributeError: they have learned nothing.
    """
    if isinstance(phrases, str | os.PathLike):
        return Phrases.load(phrases)
    if not isinstance(phrases, Phrases):
        raise ParameterError(
            f"phrases={phrases!r}; expected a fitted Phrases, or the path of a file of one"
        )
    phrases._tables()  # an error now, not while the text is read
    return phrases


def _require_pairs(counts: CollocationCounts) -> None:
    if not counts.corpus_words:
        raise CorpusError("the corpus is empty; expected text with at least two words")
    if not len(counts.counts):
        raise CorpusError(
            f"no two of the {counts.corpus_words:,} words of the corpus stand beside each other in "
            "a sentence; expected text, a document per line"
        )


def _require_same_parameters(one: Phrases, other: Phrases) -> None:
    ours = one.get_params()
    for name, value in other.get_params().items():
        if name != "verbose" and value != ours[name]:
            both = f"Phrases({name}={ours[name]!r}) with Phrases({name}={value!r})"
            raise ParameterError(f"cannot merge {both}; fit both alike")
