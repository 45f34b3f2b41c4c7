"""What all vectorizers share: scikit-learn's parameters of text, checked, and its methods."""

from __future__ import annotations

import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from textdl.bow import storage
from textdl.bow.analysis import TOKEN_PATTERN, Analysis
from textdl.bow.collecting import Collected, collect
from textdl.bow.counters import make_counter
from textdl.bow.documents import Source
from textdl.bow.matrix import check_width
from textdl.bow.parameters import check_text_parameters, restored_parameters, saved_parameters
from textdl.errors import FileFormatError
from textdl.io.safetensors import damaged
from textdl.parallel import count_jobs

TEXTS_AT_ONCE = 1 << 27  # characters; what was numbered for them is forgotten before the next


@dataclass(kw_only=True, eq=False, repr=False)
class Vectorizer(TransformerMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """Documents in, a sparse matrix out; the base of the vectorizers.

    Documents may also be a `Path` (a file, glob or folder, compressed or not) or an iterable of
    `Path`: then each line is one.

    Args:
        input: ``content``: documents are texts or bytes; ``filename``: names of files; ``file``:
            open files. Only ``content`` can be saved.
        encoding: of documents that are bytes.
        decode_error: ``strict``, ``ignore`` or ``replace``.
        strip_accents: ``ascii``, ``unicode``, a function, or None.
        lowercase: lower-case the text first.
        preprocessor: a function from text to text, in place of lower-casing and accents.
        tokenizer: a function from text to tokens, or ``nltk``, ``whitespace``, ``wordpunct``,
            ``tweet``.
        stop_words: ``english``, a list of words, or None.
        token_pattern: what a token is.
        ngram_range: words (or characters) of the shortest and the longest n-gram, at most 100.
        analyzer: ``word``, ``char``, ``char_wb`` (within words), or a function from document to
            terms.
        binary: count a term once a document.
        dtype: of the matrix.
        n_jobs: threads, or processes where a function of yours cuts the text; None and -1 are every
            core. The result does not depend on it.
    """

    input: Literal["content", "filename", "file"] = "content"
    encoding: str = "utf-8"
    decode_error: Literal["strict", "ignore", "replace"] = "strict"
    strip_accents: Any = None
    lowercase: bool = True
    preprocessor: Any = None
    tokenizer: Any = None
    stop_words: Any = None
    token_pattern: str | None = TOKEN_PATTERN
    ngram_range: tuple[int, int] = (1, 1)
    analyzer: Any = "word"
    binary: bool = False
    dtype: Any = np.float64
    n_jobs: int | None = None

    def decode(self, doc: Any) -> Any:
        """The text of a document: read and decoded, as `input`, `encoding`, `decode_error` say."""
        return self._source().decode(doc)

    def build_preprocessor(self) -> Callable[[str], str]:
        """The function that prepares a text: lower case, accents."""
        return self._analysis().preprocess()

    def build_tokenizer(self) -> Callable[[str], Iterable[str]]:
        """The function that cuts a prepared text into tokens."""
        return self._analysis().tokenize()

    def build_analyzer(self) -> Callable[[Any], list[Any]]:
        """The function that makes the terms of a document, all steps in one."""
        return _Analyzer(self._source(), self._analysis().analyze())

    def get_stop_words(self) -> frozenset[str] | None:
        """The stop words, or None."""
        return self._analysis().stop_list()

    def save(
        self,
        path: str | os.PathLike[str],
        matrix: Any = None,
        files: Iterable[tuple[str, int]] = (),
    ) -> None:
        """Write parameters, what was learnt, and perhaps a matrix to one file.

        Equal content gives equal bytes, whether it was learnt in one go, in parts or merged.

        Args:
            path: of the file.
            matrix: `(documents, columns)` sparse, to be kept beside the vectorizer.
            files: where the documents of the matrix come from: names of files in order, each with
                its number of documents.

        Raises:
            NotFittedError: nothing was learnt.
            OutputError: the file cannot be written.
            ParameterError: a parameter is a function, `input` is not ``content`` (a file must not
                decide that texts are opened as files), or the matrix does not fit.
        """
        arrays, metadata = self._content()
        if matrix is not None:
            check_width(matrix, self._width)
        if came_from := [list(file) for file in files]:
            metadata["files"] = came_from
        storage.write(Path(path), arrays, metadata, matrix)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote.

        Raises:
            FileFormatError: the file is missing, damaged, or holds something else.
        """
        return cls._from(storage.read(Path(path)))

    @classmethod
    def _from(cls, content: storage.Content) -> Self:
        metadata = content.metadata
        if metadata["class"] != cls.__name__:
            raise FileFormatError(
                f"{str(content.path)!r} holds a {metadata['class']}, not a {cls.__name__}; load it "
                "as what it is"
            )
        try:
            vectorizer = cls(**restored_parameters(metadata["parameters"]))
            vectorizer._check_parameters()
            vectorizer._restore(content.arrays, metadata)
        except (AttributeError, LookupError, OverflowError, TypeError, ValueError) as error:
            raise damaged(content.path, f"its parts do not fit together ({error})") from error
        return vectorizer

    @property
    @abstractmethod
    def _width(self) -> int:
        """Columns of its matrices."""

    def _content(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What was learnt, as arrays, and that and the parameters as JSON values."""
        return {}, {"class": type(self).__name__, "parameters": saved_parameters(self)}

    def _restore(self, arrays: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
        """Take what `_content` gave."""

    def _source(self) -> Source:
        any_item = callable(self.analyzer) or self.preprocessor is not None
        return Source(self.input, self.encoding, self.decode_error, only_text=not any_item)

    def _analysis(self) -> Analysis:
        return Analysis(
            strip_accents=self.strip_accents,
            lowercase=self.lowercase,
            preprocessor=self.preprocessor,
            tokenizer=self.tokenizer,
            stop_words=self.stop_words,
            token_pattern=self.token_pattern,
            ngram_range=tuple(self.ngram_range),  # type: ignore[arg-type]  # or a list
            analyzer=self.analyzer,
        )

    def _collect(self, documents: Any, *, keep: bool = True) -> Collected:
        """Count all documents."""
        counter = make_counter(self._analysis())
        chunks = self._source().chunks(documents, counter.size)
        return collect(counter, chunks, count_jobs(self.n_jobs), keep=keep)

    def _collect_parts(self, documents: Any) -> Iterator[Collected]:
        """Count documents a part at a time, so that new terms do not pile up."""
        size = make_counter(self._analysis()).size
        chunks = self._source().chunks(documents, size)
        while part := list(islice(chunks, max(1, TEXTS_AT_ONCE // size))):
            counter = make_counter(self._analysis())
            yield collect(counter, part, count_jobs(self.n_jobs), keep=True)

    def _check(self) -> None:
        """Refuse parameters that are out of range, and warn of those without effect.

        Raises:
            ParameterError: one is.
        """
        self._check_parameters()
        for message in self._oddities():
            warnings.warn(message, UserWarning, stacklevel=4)

    def _check_parameters(self) -> None:
        """Refuse parameters that are out of range.

        Raises:
            ParameterError: one is.
        """
        check_text_parameters(self.get_params(deep=False))
        count_jobs(self.n_jobs)
        self._analysis().stop_list()
        if self.analyzer == "word":
            self._analysis().tokenize()

    def _oddities(self) -> Iterator[str]:
        """Parameters without effect, in scikit-learn's words."""
        other = "'analyzer' is callable" if callable(self.analyzer) else "'analyzer' != 'word'"
        unused = "The parameter {!r} will not be used since {}".format
        default = self.token_pattern in (None, TOKEN_PATTERN)
        if self.tokenizer is not None and self.token_pattern is not None:
            yield unused("token_pattern", "'tokenizer' is not None'")
        if callable(self.analyzer) and self.preprocessor is not None:
            yield unused("preprocessor", other)
        if callable(self.analyzer) and tuple(self.ngram_range) != (1, 1):
            yield unused("ngram_range", other)
        if self.analyzer != "word":
            if self.stop_words is not None:
                yield unused("stop_words", other)
            if not default:
                yield unused("token_pattern", other)
            if self.tokenizer is not None:
                yield unused("tokenizer", other)
        elif lost := self._inconsistent_stop_words():
            yield (
                "Your stop_words may be inconsistent with your preprocessing. Tokenizing the stop "
                f"words generated tokens {lost} not in stop_words."
            )

    def _inconsistent_stop_words(self) -> list[str]:
        analysis = self._analysis()
        stop_words = analysis.stop_list() or frozenset()
        try:
            prepare, cut = analysis.preprocess(), analysis.tokenize()
            tokens = {token for word in stop_words for token in cut(prepare(word))}
        except Exception:  # of a function of the user, which may take no single words
            return []
        return sorted(tokens - stop_words)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


class _Analyzer:
    """A class, not a closure, so that it can be pickled."""

    def __init__(self, source: Source, analyze: Callable[[Any], list[Any]]) -> None:
        self._source, self._analyze = source, analyze

    def __call__(self, document: Any) -> list[Any]:
        return self._analyze(self._source.decode(document))
