"""Files of vectors: read by content, written by name.

`FORMATS` maps a name to what detects, reads and writes it. To add a format, write a module that
ends in ``FORMAT = Format(...)``, and add a line to `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from textdl.errors import FileFormatError, ParameterError
from textdl.io.compression import compression_of, open_decompressed
from textdl.io.safetensors import open_verified
from textdl.vectors.formats import native, word2vec_binary, word2vec_text
from textdl.vectors.formats.rows import Format, VectorData

_BYTES_TO_DETECT = 1 << 20


# In the order they are tried: word2vec binary takes what has its header line and is not text.
FORMATS: Mapping[str, Format] = {
    "safetensors": native.FORMAT,
    "word2vec text": word2vec_text.FORMAT,
    "word2vec binary": word2vec_binary.FORMAT,
}

# What other programs write, and how a user gets from there to here.
_PICKLED = (
    "holds pickled Python objects, which are never loaded, because loading them runs whatever code "
    "they carry; open it in the program that wrote it and export word2vec text or binary"
)
_REFUSED: Mapping[bytes, str] = {
    b"\x80": _PICKLED,
    b"PK\x03\x04": (
        "is a zip archive (.npz, or a PyTorch file, whose pickled objects are never loaded); "
        "export word2vec text or binary from the program that wrote it"
    ),
    b"\x93NUMPY": (
        "is a bare NumPy array without words; build Vectors(labels, matrix) from it and save those"
    ),
    b"\xba\x16\x4f\x2f": "is a fastText model; pass the .vec file that fastText wrote beside it",
}


def detect_format(path: Path) -> str:
    """The name in `FORMATS` of the file at `path`, detected by its content.

    Raises:
        FileFormatError: it is missing, empty, or of no known format.
    """
    with open_decompressed(path, FileFormatError, "vectors") as file:
        head = file.read(_BYTES_TO_DETECT)
    if not head:
        raise FileFormatError(f"{str(path)!r} is empty; copy or make it again")
    for name, known in FORMATS.items():
        if known.matches(head):
            if known.mapped and compression_of(path) is not None:
                raise FileFormatError(
                    f"{str(path)!r} is a compressed {name} file, which cannot be mapped; "
                    "decompress it first"
                )
            return name
    for magic, reason in _REFUSED.items():
        if head.startswith(magic):
            raise FileFormatError(f"{str(path)!r} {reason}")
    if path.suffix == ".safetensors":
        return "safetensors"  # whose reader says what is wrong with it
    raise FileFormatError(
        f"{str(path)!r} begins with {head[:20]!r}, which no known format does; expected "
        f"{', '.join(FORMATS)}, GloVe text or fastText .vec"
    )


def load(path: Path, errors: str = "backslashreplace", *, verify: bool = False) -> VectorData:
    r"""Read the file at `path`, whatever its name.

    Args:
        path: of the file.
        errors: as in `bytes.decode`, for words that are not UTF-8: word2vec.c, fastText and GloVe
            copy the bytes of a corpus, whole characters or not. By default a stray byte is shown
            as `\x97`, "strict" refuses it.
        verify: compare all of the file with its checksums.

    Returns:
        Its rows, mapped if the format allows it.

    Raises:
        FileFormatError: it is missing, damaged, truncated or of no known format; or `verify` was
            asked of a format without checksums.
    """
    form = detect_format(path)
    table = FORMATS[form].read(path, errors)
    if verify:
        verify_checksums(path, form)
    return table


def verify_checksums(path: Path, form: str) -> None:
    """Compare all of a file, of the format `form`, with its checksums.

    Raises:
        FileFormatError: it is not what was written, or has no checksums.
    """
    if not FORMATS[form].mapped or not open_verified(path).digests:
        raise FileFormatError(
            f"{str(path)!r} has no checksums, so nothing to verify; load and save it again as "
            ".safetensors to add them"
        )


def save(table: VectorData, path: Path) -> None:
    """Write `table` in the format that the name of `path` asks for, complete or not at all.

    Raises:
        OutputError: the file cannot be written.
        ParameterError: the name asks for no known format, or the format cannot hold a label.
    """
    format_for(path).write(table, path)


def format_for(path: Path) -> Format:
    """The format that the name of `path` asks for; worth asking before hours of work.

    Raises:
        ParameterError: it asks for none.
    """
    for known in FORMATS.values():
        if path.suffix in known.suffixes:
            return known
    suffixes = " ".join(suffix for known in FORMATS.values() for suffix in known.suffixes)
    raise ParameterError(
        f"cannot write vectors to {str(path)!r}: its name ends in {path.suffix or 'nothing'!r}, "
        f"expected one of {suffixes}; rename it"
    )
