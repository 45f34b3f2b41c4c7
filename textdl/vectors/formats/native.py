"""The native file of vectors: an archive that is mapped rather than read.

Opening checks what is one number or one word per row: labels, counts, norms and the buckets of
subwords, their values and their checksums. The matrices, which are most of the file, are compared
with their checksums on request, by `formats.load`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textdl.errors import ParameterError
from textdl.io.archive import (
    Archive,
    ArchiveContent,
    ArchiveKind,
    ArraySpec,
    check_offsets,
    open_archive,
    write_archive,
)
from textdl.io.safetensors import is_safetensors
from textdl.string_array import StringArray
from textdl.vectors import query
from textdl.vectors.formats.rows import Format, VectorData
from textdl.vectors.subwords import SubwordVectors

MATRIX = "vectors"
VECTORS = "vectors"  # the part of an archive that has vectors among others, such as a model
SUBWORD_MATRIX = "subword_vectors"
SUBWORD_BUCKETS = "subword_buckets"
SUBWORDS = "subwords"  # in the state: how words are cut, and into how many buckets
KIND = ArchiveKind(
    "Vectors",
    {
        "label_offsets": ArraySpec(("I64",), ("V + 1",)),
        "counts": ArraySpec(("I64",), ("V",), required=False),
        MATRIX: ArraySpec(("F32",), ("V", "D")),
        "norms": ArraySpec(("F32",), ("V",), required=False),
        "labels": ArraySpec(("U8",), ("bytes of labels",)),
        SUBWORD_MATRIX: ArraySpec(("F32",), ("U", "D"), required=False),
        SUBWORD_BUCKETS: ArraySpec(("I32",), ("U",), required=False),
    },
)


def save(table: VectorData, path: Path) -> None:
    """Write `table` to `path`, complete or not at all.

    Raises:
        OutputError: the folder is missing or not writable, or the disk is full.
        ParameterError: the config holds what no file can.
    """
    write_archive(path, content_of(table))


def content_of(table: VectorData) -> ArchiveContent:
    """Vectors as an archive, or as a part of one."""
    subwords = table.subwords
    arrays = {
        "label_offsets": table.labels.offsets,
        "counts": table.counts,
        MATRIX: table.matrix,
        "norms": table.norms,
        "labels": table.labels.blob,
        SUBWORD_MATRIX: None if subwords is None else subwords.matrix,
        SUBWORD_BUCKETS: None if subwords is None else subwords.buckets,
    }
    state = {} if subwords is None else {SUBWORDS: _sizes(subwords)}
    return ArchiveContent(KIND, parameters=table.config or {}, state=state, arrays=arrays)


def load(path: Path) -> VectorData:
    """Map the file at `path`: its arrays are read-only views, read from disk when touched.

    Of a model it is the vectors; the other tables are not looked at.

    Raises:
        FileFormatError: the file is damaged, truncated, or holds something else.
    """
    archive = open_archive(
        path, expected="word vectors", unverified=[MATRIX, SUBWORD_MATRIX], part=VECTORS
    )
    return decode(archive)


def decode(archive: Archive) -> VectorData:
    """The vectors of an archive.

    Raises:
        FileFormatError: it is damaged, or holds something else.
    """
    archive.require(KIND)
    arrays = archive.arrays
    if not arrays[MATRIX].shape[1]:
        raise archive.damaged("its vectors have no dimensions")
    norms = arrays.get("norms")
    if norms is None:
        norms = _norms(archive)
    _check_values(archive, arrays, norms)
    return VectorData(
        labels=StringArray(arrays["labels"], arrays["label_offsets"]),
        matrix=arrays[MATRIX],
        counts=arrays.get("counts"),
        norms=norms,
        config=archive.parameters,
        subwords=_subwords(archive),
    )


def _sizes(subwords: SubwordVectors) -> dict[str, int]:
    return {"min_n": subwords.min_n, "max_n": subwords.max_n, "bucket": subwords.bucket}


def _subwords(archive: Archive) -> SubwordVectors | None:
    """The vectors of n-grams, if the file has some."""
    arrays = archive.arrays
    names = {SUBWORD_MATRIX, SUBWORD_BUCKETS} & arrays.keys() | {SUBWORDS} & archive.state.keys()
    if not names:
        return None
    if len(names) < 3:
        raise archive.damaged(f"of its subwords it only has {', '.join(sorted(names))}")
    with archive.decoding():
        return SubwordVectors(
            arrays[SUBWORD_BUCKETS], arrays[SUBWORD_MATRIX], **archive.state[SUBWORDS]
        )


def _norms(archive: Archive) -> NDArray[np.float32]:
    try:
        return query.row_norms(archive.arrays[MATRIX])
    except ParameterError as error:
        raise archive.damaged(str(error)) from None


def _check_values(
    archive: Archive, arrays: Mapping[str, NDArray[Any]], norms: NDArray[np.float32]
) -> None:
    """What a scan of one number per row can tell; the vectors themselves are not touched."""
    with archive.decoding():
        check_offsets(arrays["label_offsets"], len(arrays["labels"]), "labels")
    is_sound = (norms >= 0) & np.isfinite(norms)
    if not is_sound.all():
        row = int(np.argmin(is_sound))
        raise archive.damaged(f"the norm of row {row:,} is {norms[row]}")
    counts = arrays.get("counts")
    if counts is not None and (counts < 0).any():
        raise archive.damaged(
            f"the word of row {int(np.argmax(counts < 0)):,} has a negative count"
        )


# Its words are UTF-8 by definition; what is not is damage.
FORMAT = Format(
    is_safetensors,
    lambda path, errors: load(path),
    save,
    suffixes=(".safetensors",),
    mapped=True,
    keeps_subwords=True,
)
