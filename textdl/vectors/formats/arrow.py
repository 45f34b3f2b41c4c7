"""Arrow IPC: files (also known as Feather, version 2) and streams of record batches.

A file is a stream between two marks, with a footer that says where its batches are. Both are read
as streams, batch by batch, after a look at what each batch claims to expand to.

Reference: https://arrow.apache.org/docs/format/Columnar.html, "Serialization and Interprocess
Communication (IPC)"; its tables are flatbuffers, https://flatbuffers.dev/internals.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, NamedTuple

from textdl.errors import FileFormatError
from textdl.io.atomic import atomic_write
from textdl.vectors.formats.precision import FLOAT32
from textdl.vectors.formats.record_batches import (
    ROWS_PER_BATCH,
    build_from_batches,
    decoding,
    find_columns,
    make_table,
)
from textdl.vectors.formats.rows import Format, ReadOptions, VectorData

_FILE_MARK = b"ARROW1\0\0"
_STREAM_MARK = b"\xff\xff\xff\xff"
_LONGEST_SCHEMA = 1 << 24  # bytes
_END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"
_LARGEST_EXPANSION = 50  # times the file, beside `_ALWAYS_EXPANDED` bytes
_ALWAYS_EXPANDED = 1 << 25
_DICTIONARY_BATCH = 2  # kinds of messages
_RECORD_BATCH = 3


def matches(head: bytes) -> bool:
    """Whether a file begins as one of Arrow, or as a stream: a mark, and the length of a schema."""
    if head.startswith(_FILE_MARK):
        return True
    length = int.from_bytes(head[4:8], "little")
    return head.startswith(_STREAM_MARK) and 0 < length <= _LONGEST_SCHEMA and length % 8 == 0


def read(path: Path, options: ReadOptions) -> VectorData:
    """Read the labels and the vectors, a batch of rows at a time.

    Raises:
        FileFormatError: the file is damaged, or lacks such columns, or pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # an extra, and slow to load
    except ImportError:
        raise FileFormatError(
            f"{str(path)!r} is a file of Arrow, which needs pyarrow; pip install 'textdl[parquet]'"
        ) from None
    with decoding(path), pa.memory_map(str(path)) as source:
        begin = len(_FILE_MARK) if source.read(len(_FILE_MARK)) == _FILE_MARK else 0
        _check_messages(source, begin, path)
        source.seek(begin)
        schema = pa.ipc.open_stream(source).schema
        columns = find_columns(schema, path)
        chosen = sorted(map(schema.get_field_index, columns.names))
        source.seek(begin)
        batches = pa.ipc.open_stream(source, options=pa.ipc.IpcReadOptions(included_fields=chosen))
        return build_from_batches(batches, columns, path, options)


def _check_messages(source: Any, begin: int, path: Path) -> None:
    """Look through a stream: it is complete, and no batch expands to far more than the file has.

    Args:
        source: a mapped file.
        begin: where its stream begins; 0 if it is nothing else.
        path: of the file, for messages.

    Raises:
        FileFormatError: it is cut short, or a batch claims too much.
    """
    import pyarrow as pa

    if begin:
        promised = pa.ipc.open_file(source).num_record_batches
    elif source.read_at(len(_END_OF_STREAM), max(0, source.size() - 8)) != _END_OF_STREAM:
        raise FileFormatError(
            f"{str(path)!r} is a stream of Arrow without its end; it is truncated: make it again"
        )
    source.seek(begin)
    found = 0
    for message in pa.ipc.MessageReader.open_stream(source):
        expanded = _expanded_bytes(message)
        if expanded > source.size() * _LARGEST_EXPANSION + _ALWAYS_EXPANDED:
            raise FileFormatError(
                f"{str(path)!r} has {source.size():,} bytes, but a batch of it claims to expand to "
                f"{expanded:,}; write it again uncompressed"
            )
        found += message.type == "record batch"
    if begin and found != promised:
        raise FileFormatError(
            f"{str(path)!r} promises {promised:,} batches, but holds {found:,}; copy or make it "
            "again"
        )


class _FlatTable(NamedTuple):
    """A table of a flatbuffer, whose fields are found by their numbers."""

    data: bytes
    place: int

    def field(self, number: int) -> int:
        """Where a field is; 0 if it is left out."""
        fields = self.place - self._unpack("<i", self.place)
        at = 4 + 2 * number
        known = at < self._unpack("<H", fields)
        offset = self._unpack("<H", fields + at) if known else 0
        return self.place + offset if offset else 0

    def table(self, number: int) -> _FlatTable:
        """The table that a field refers to."""
        return _FlatTable(self.data, self.target(number))

    def target(self, number: int) -> int:
        """What a field refers to."""
        at = self.field(number)
        return at + self._unpack("<I", at)

    def byte(self, number: int) -> int:
        """A field of a byte."""
        at = self.field(number)
        return self._unpack("<B", at) if at else 0

    def _unpack(self, form: str, at: int) -> int:
        (value,) = struct.unpack_from(form, self.data, at)
        return int(value)


def _expanded_bytes(message: Any) -> int:
    """What the buffers of a message claim to have once they are decompressed; 0: they are as is."""
    metadata = message.metadata.to_pybytes()
    (root,) = struct.unpack_from("<I", metadata)
    header = _FlatTable(metadata, root)  # version, type of the header, header, ...
    kind = header.byte(1)
    if kind not in (_DICTIONARY_BATCH, _RECORD_BATCH):
        return 0
    batch = header.table(2)  # length, nodes, buffers, compression
    if kind == _DICTIONARY_BATCH:
        batch = batch.table(1)  # id, data
    if not batch.field(3):
        return 0
    buffers = batch.target(2)
    (count,) = struct.unpack_from("<I", metadata, buffers)
    total = 0
    for number in range(count):
        place, length = struct.unpack_from("<qq", metadata, buffers + 4 + 16 * number)
        if length:
            (size,) = struct.unpack_from("<q", message.body, place)  # -1: not compressed
            total += length if size == -1 else max(size, 0)
    return total


def write(table: VectorData, path: Path, dtype: str) -> None:
    """Write `table` as a file, uncompressed, so that other programs can map it.

    Args:
        table: to be written.
        path: of the file.
        dtype: of the numbers, float32 or float16.

    Raises:
        OutputError: the folder is missing or not writable, the disk is full, or pyarrow missing.
        ParameterError: a number is too large for `dtype`.
    """
    rows = make_table(table, path, dtype)
    from pyarrow import ipc  # an extra, and slow to load

    with atomic_write(path) as temporary, ipc.new_file(str(temporary), rows.schema) as file:
        file.write_table(rows, max_chunksize=ROWS_PER_BATCH)


FORMAT = Format(
    matches,
    read,
    write,
    suffixes=(".arrow", ".feather"),
    dtypes=(FLOAT32, "float16"),
    is_compressible=False,  # its buffers are compressed by themselves
)
