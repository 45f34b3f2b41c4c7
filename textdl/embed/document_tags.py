"""The tags of documents: what their vectors are called, and which documents share one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from reprlib import repr as short
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textdl.embed.objectives.objective import DocumentRows
from textdl.errors import DataError, ParameterError
from textdl.io.checksums import array_checksums, checksum
from textdl.text.encode import interning_dict
from textdl.text.store import TokenStore

TOKENS_AT_ONCE = 1 << 18  # of a store that is read


@dataclass(frozen=True)
class DocumentTags:
    """Labels, and which of them each document of a corpus has.

    Args:
        labels: R distinct ones, each of a row.
        lengths: `(documents,)` tags of each document.
        rows: `(n,)` their rows, document after document.
        allows_empty: a document may have no known word, and then has no part in training.
    """

    labels: Sequence[str]
    lengths: NDArray[np.int64]
    rows: NDArray[np.int32]
    allows_empty: bool = True

    @classmethod
    def numbers(cls, documents: int) -> DocumentTags:
        """One tag per document: its number, from 0.

        Example:
            >>> DocumentTags.numbers(2).labels
            ['0', '1']
        """
        rows = np.arange(documents, dtype=np.int32)
        return cls(list(map(str, range(documents))), np.ones(documents, np.int64), rows)

    @classmethod
    def read(cls, tags: object) -> DocumentTags:
        """Tags as a user gives them: for each document one, or a list of several.

        Args:
            tags: an iterable. A tag is text or a whole number, which stands for its digits.
                Documents with a tag in common share its vector.

        Raises:
            ParameterError: a tag is empty or of another kind, a document has none, or one twice.

        Example:
            >>> tags = DocumentTags.read(["spam", ["spam", "mail 7"]])
            >>> tags.labels, tags.rows.tolist(), tags.padded_rows().tolist()
            (['spam', 'mail 7'], [0, 0, 1], [[0, -1], [0, 1]])
        """
        if isinstance(tags, str | bytes) or not isinstance(tags, Iterable):
            raise ParameterError(
                f"tags is {short(tags)} ({type(tags).__name__}); expected a list, with a tag or a "
                "list of tags for every document"
            )
        numbers = interning_dict()
        lengths: list[int] = []
        rows: list[int] = []
        for document, given in enumerate(tags):
            own = _tags_of(document, given)
            lengths.append(len(own))
            rows.extend(map(numbers.__getitem__, own))
        return cls(list(numbers), np.array(lengths, np.int64), np.array(rows, np.int32))

    def __len__(self) -> int:
        """The number of documents."""
        return len(self.lengths)

    @property
    def are_numbers(self) -> bool:
        """Whether each document has one tag of its own, in order."""
        return np.array_equal(self.rows, np.arange(len(self), dtype=np.int32))

    def padded_rows(self) -> NDArray[np.int32]:
        """The rows of every document, -1 where it has fewer than others. `-> (documents, T)`."""
        place = np.arange(self.lengths.max(initial=1))
        padded = np.full((len(self), len(place)), -1, np.int32)
        padded[place < self.lengths[:, None]] = self.rows
        return padded

    def fingerprint(self) -> str:
        """A digest of all of it."""
        said = "\n".join([*array_checksums([self.lengths, self.rows]), *self.labels])
        return checksum(said.encode("utf-8", "surrogatepass"))

    def require_documents(self, documents: int) -> None:
        """Refuse tags that are not those of so many documents.

        Raises:
            ParameterError: they are not.
        """
        if len(self) != documents:
            raise ParameterError(
                f"there are tags for {len(self):,} documents, but the corpus has {documents:,}; "
                "expected one tag, or one list of tags, for every document"
            )


@dataclass(frozen=True)
class DocumentOptions:
    """How a run gives documents vectors.

    Args:
        tags: of every document; None: the number of each.
        allows_empty: a document may have no known word.
    """

    tags: DocumentTags | None = None
    allows_empty: bool = False

    def identity(self) -> dict[str, str]:
        """What the bits of a run depend on."""
        return {} if self.tags is None else {"tags": self.tags.fingerprint()}

    def of_store(self, store: TokenStore) -> DocumentTags:
        """The tags of the documents of a store.

        Raises:
            ParameterError: they are not so many.
        """
        documents = len(store.offsets) - 1
        tags = DocumentTags.numbers(documents) if self.tags is None else self.tags
        tags.require_documents(documents)
        return replace(tags, allows_empty=self.allows_empty)


def document_rows(
    tags: DocumentTags, store: TokenStore, keep: NDArray[np.float64], block: int
) -> DocumentRows:
    """The rows of the documents of a store, and how many of their tokens are kept.

    Args:
        tags: of the documents.
        store: whose sentences they are.
        keep: `(V,)` the probability that a token of each word is kept.
        block: L, tokens of a block.

    Returns:
        What an objective needs to know of documents.

    Raises:
        DataError: a document has no known word.
    """
    of_word = np.append(keep, 0.0)
    kept = np.zeros(len(tags))
    for start in range(0, len(store.tokens), TOKENS_AT_ONCE):
        ids = np.asarray(store.tokens[start : start + TOKENS_AT_ONCE])
        documents = store.sentences(start, start + len(ids))
        first = int(documents[0])
        of_segment = np.bincount(documents - first, of_word[np.minimum(ids, len(keep))])
        kept[first : first + len(of_segment)] += of_segment
    if not tags.allows_empty:
        require_known_words(kept)
    return DocumentRows(tags.padded_rows(), kept, len(tags.labels), block)


def require_known_words(tokens: NDArray[Any]) -> None:
    """Refuse documents without a known word.

    Args:
        tokens: `(documents,)` known words of each.

    Raises:
        DataError: there is one.
    """
    empty = np.flatnonzero(tokens == 0)
    if len(empty):
        others = f", and {len(empty) - 1:,} others" if len(empty) > 1 else ""
        raise DataError(
            f"document {empty[0]:,} has no known word{others}; remove it, or pass "
            "empty_documents='zeros' for a vector of zeros"
        )


def _tags_of(document: int, given: object) -> list[str]:
    """The tags of a document as text."""
    several = given if isinstance(given, list | tuple) else [given]
    if not several:
        raise ParameterError(
            f"document {document:,} has no tag; expected at least one, such as its number"
        )
    tags: list[str] = []
    for tag in several:
        is_number = isinstance(tag, Integral) and not isinstance(tag, bool)
        if not (isinstance(tag, str) or is_number):
            raise ParameterError(
                f"document {document:,} has the tag {short(tag)} ({type(tag).__name__}); expected "
                "text, or a whole number"
            )
        tags.append(str(tag))
    if "" in tags:
        raise ParameterError(f"document {document:,} has an empty tag; expected text in it")
    if len(set(tags)) < len(tags):
        twice = next(tag for tag in tags if tags.count(tag) > 1)
        raise ParameterError(
            f"document {document:,} has the tag {short(twice)} twice; name each tag once"
        )
    return tags
