"""What the file of a vectorizer holds, and what of it is believed.

The file is an archive (`textdl.io.archive`) of the kind that its class declares: parameters, the
statistics of terms as arrays, and perhaps a part, the matrix of documents. All that SciPy relies on
without looking is checked here: pointers and columns out of range would make it read and write
memory that is not its own. `textdl.bow.loading` opens a file of whatever class.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from textdl.bow.engine.counting import DroppedTokens
from textdl.bow.parameters import MAX_COLUMNS
from textdl.bow.vocabulary import CorpusStatistics
from textdl.errors import ParameterError
from textdl.io.archive import Archive, ArchiveContent, ArchiveKind, ArraySpec, check_offsets

MATRIX = "matrix"  # the part that holds the matrix of documents
MATRIX_KIND = ArchiveKind(
    "DocumentMatrix",
    {
        "row_offsets": ArraySpec(("I64",), ("documents + 1",)),
        "data": ArraySpec(("I64", "F64", "F32", "I32"), ("entries",)),
        "columns": ArraySpec(("I32", "I64"), ("entries",)),
    },
)
VOCABULARY_ARRAYS: Mapping[str, ArraySpec] = {
    "term_offsets": ArraySpec(("I64",), ("V + 1",)),
    "document_frequency": ArraySpec(("I64",), ("V",)),
    "term_frequency": ArraySpec(("I64",), ("V",)),
    "terms": ArraySpec(("U8",), ("bytes of terms",)),
}
MAX_OCCURRENCES = (1 << 62) - 1  # sums of them stay whole numbers of 64 bits

# The number of threads does not change the result; a vocabulary is kept as terms.
_NOT_SAVED = ("n_jobs", "vocabulary")
_SAVED_TYPES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64"),
)

FileSizes: TypeAlias = tuple[tuple[str, int], ...]  # names of files, and documents of each


class DocumentMatrix(NamedTuple):
    """A matrix, and where its rows come from."""

    matrix: sparse.csr_array  # (documents, columns)
    files: FileSizes  # in order; none if they are not known


def encode_parameters(estimator: Any) -> dict[str, Any]:
    """The parameters of a vectorizer that decide its result, as an archive takes them.

    Raises:
        ParameterError: one would open files, or its type is not saved.
    """
    found = {k: v for k, v in estimator.get_params(deep=False).items() if k not in _NOT_SAVED}
    if found["input"] != "content":
        raise ParameterError(
            f"input={found['input']!r} is not saved, for a file must not decide that texts are "
            "opened as files; call set_params(input='content') first, and set it again after load"
        )
    found["dtype"] = np.dtype(found["dtype"]).name
    if found["dtype"] not in _SAVED_TYPES:
        raise ParameterError(
            f"dtype={found['dtype']!r} is not saved; expected one of {', '.join(_SAVED_TYPES)}"
        )
    found["ngram_range"] = tuple(map(int, found["ngram_range"]))
    if found["stop_words"] is not None and not isinstance(found["stop_words"], str):
        found["stop_words"] = sorted(found["stop_words"])
    return found


def decode_parameters(saved: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that `encode_parameters` encoded.

    Raises:
        KeyError, TypeError, ValueError: it did not encode these. One that opens files is refused.
    """
    for name in _NOT_SAVED:
        if name in saved:
            raise ValueError(f"{name}={saved[name]!r} is never read from a file")
    if saved["input"] != "content":
        raise ValueError(
            f"input={saved['input']!r} would open texts as files; save it with input='content'"
        )
    if saved["dtype"] not in _SAVED_TYPES:
        raise ValueError(f"dtype={saved['dtype']!r} is not a type of numbers")
    return {**saved, "dtype": np.dtype(saved["dtype"]).type}


def encode_statistics(
    statistics: CorpusStatistics,
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Statistics as the state and the arrays of an archive."""
    state = {"documents": statistics.documents, "dropped": statistics.dropped._asdict()}
    arrays: dict[str, NDArray[Any]] = {
        "term_offsets": statistics.term_offsets,
        "document_frequency": statistics.document_frequency,
        "term_frequency": statistics.term_frequency,
        "terms": statistics.term_bytes,
    }
    return state, arrays


def decode_statistics(archive: Archive) -> CorpusStatistics:
    """The statistics that `encode_statistics` encoded.

    Raises:
        KeyError, TypeError, ValueError: they are not what it encoded.
    """
    arrays = archive.arrays
    statistics = CorpusStatistics(
        term_bytes=arrays["terms"],
        term_offsets=arrays["term_offsets"],
        document_frequency=arrays["document_frequency"],
        term_frequency=arrays["term_frequency"],
        documents=archive.state["documents"],
        dropped=DroppedTokens(**archive.state["dropped"]),
    )
    numbers = {"documents": statistics.documents, **statistics.dropped._asdict()}
    for name, number in numbers.items():
        if type(number) is not int or not 0 <= number <= MAX_OCCURRENCES:
            raise ValueError(f"{name} is {number!r}, expected 0 to {MAX_OCCURRENCES:,}")
    _check_terms(statistics)
    _check_frequencies(statistics)
    return statistics


def encode_matrix(matrix: Any, width: int, files: Iterable[tuple[str, int]]) -> ArchiveContent:
    """The part of an archive that holds a matrix.

    Args:
        matrix: `(documents, width)` sparse.
        width: columns of its vectorizer.
        files: where its documents come from: names, each with its number of documents.

    Returns:
        The content of that part.

    Raises:
        ParameterError: the matrix has other columns, or holds a number that is not finite; or the
            files have other documents.
    """
    if np.shape(matrix)[1:] != (width,):
        raise ParameterError(
            f"the matrix has the shape {np.shape(matrix)}, the vectorizer {width:,} columns; pass "
            "the matrix that it made"
        )
    rows = sparse.csr_array(matrix)
    if not np.isfinite(rows.data).all():
        raise ParameterError(
            "the matrix holds a number that is not finite, which no file may; drop it"
        )
    try:
        sizes = _checked_files(files, rows.shape[0])
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"{error}; expected files=[(name, number of documents), ...]"
        ) from None
    return ArchiveContent(
        MATRIX_KIND,
        state={"columns": width, "files": [list(file) for file in sizes]},
        arrays={"row_offsets": rows.indptr, "data": rows.data, "columns": rows.indices},
    )


def decode_matrix(archive: Archive, width: int) -> DocumentMatrix | None:
    """The matrix that is kept beside a vectorizer, or None.

    Args:
        archive: of the vectorizer.
        width: its columns.

    Raises:
        FileFormatError: the matrix is damaged.
    """
    if MATRIX not in archive.part_headers:
        return None
    part = archive.part(MATRIX)
    part.require(MATRIX_KIND)
    with part.decoding():
        arrays = part.arrays
        columns = arrays["columns"]
        offsets = arrays["row_offsets"]
        saved_width = part.state["columns"]
        if type(saved_width) is not int or not 0 <= saved_width <= MAX_COLUMNS:
            raise ValueError(f"its matrix has {saved_width!r} columns, at most {MAX_COLUMNS:,}")
        if saved_width != width:
            raise ValueError(f"its matrix has {saved_width:,} columns, its vectorizer {width:,}")
        check_offsets(offsets, len(columns), "rows of the matrix")
        if len(columns) and not 0 <= columns.min() <= columns.max() < width:
            found = f"{columns.min():,} to {columns.max():,}"
            raise ValueError(f"its matrix has entries in columns {found}, but {width:,} columns")
        if not np.isfinite(arrays["data"]).all():
            raise ValueError("its matrix holds a number that is not finite")
        shape = (len(offsets) - 1, width)
        matrix = sparse.csr_array((arrays["data"], columns, offsets), shape=shape)
        return DocumentMatrix(matrix, _checked_files(part.state["files"], shape[0]))


def _checked_files(files: Iterable[Any], documents: int) -> FileSizes:
    """Files as pairs of a name and a number of documents.

    Raises:
        TypeError, ValueError: they are not, or have not as many documents as the matrix.
    """
    pairs = tuple((name, size) for name, size in files)
    for name, size in pairs:
        if not isinstance(name, str) or type(size) is not int or size < 0:
            raise ValueError(f"the list of files says that {name!r} has {size!r} documents")
    total = sum(size for _, size in pairs)
    if pairs and total != documents:
        raise ValueError(f"the files have {total:,} documents, not {documents:,}")
    return pairs


def _check_frequencies(statistics: CorpusStatistics) -> None:
    """Raise `ValueError` if no corpus has these frequencies."""
    document_frequency = statistics.document_frequency
    term_frequency = statistics.term_frequency
    documents = statistics.documents
    if (document_frequency < 0).any() or (document_frequency > documents).any():
        raise ValueError(f"a term is in less than no or more than all {documents:,} documents")
    total = term_frequency.sum(dtype=np.float64)
    if (term_frequency < document_frequency).any() or total > MAX_OCCURRENCES:
        raise ValueError("a term occurs in more documents than times, or too often")


def _check_terms(statistics: CorpusStatistics) -> None:
    """Raise `ValueError` if the bytes of terms are not text, each of it once."""
    blob = statistics.term_bytes
    offsets = statistics.term_offsets
    check_offsets(offsets, len(blob), "terms")
    try:
        blob.tobytes().decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        row = int(np.searchsorted(offsets, error.start, side="right")) - 1
        raise ValueError(f"term {row:,} is not UTF-8") from None
    begins = offsets[:-1][np.diff(offsets) > 0]
    if (blob[begins] & 0xC0 == 0x80).any():  # continues a character that began before
        raise ValueError("a term begins within a character")
    terms = statistics.terms
    if len(set(terms.encoded())) != len(terms):
        raise ValueError("a term stands twice")
