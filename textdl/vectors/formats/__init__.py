"""Files of vectors: read by content, written by name.

`MODULES` maps the name of a format to its module, which is imported when the format is asked for: a
lookup in a native file needs no other. To add a format, write a module that ends in
``FORMAT = Format(...)``, and add a line to `MODULES`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

from textdl.errors import FileFormatError, ParameterError
from textdl.io.compression import SUFFIXES, compression_of, open_decompressed
from textdl.io.safetensors import open_verified, without_checksums
from textdl.parameters import lookup
from textdl.vectors.formats.precision import FLOAT32
from textdl.vectors.formats.rows import Format, ReadOptions, VectorData

_BYTES_TO_DETECT = 1 << 20
_VERIFIABLE = "safetensors"  # the format that has checksums


# In the order they are tried: word2vec binary takes what has its header line and is not text.
MODULES: Mapping[str, str] = {
    "safetensors": "native",
    "fasttext": "fasttext_model",
    "parquet": "parquet",
    "arrow": "arrow",
    "npz": "npz",
    "model2vec": "static_embedding",
    "projector": "projector",
    "word2vec text": "word2vec_text",
    "glove": "glove",
    "word2vec binary": "word2vec_binary",
}

# What other programs write, and how a user gets from there to here.
_PICKLED = (
    "holds pickled Python objects, which are never loaded, because loading them runs whatever code "
    "they carry; open it in the program that wrote it and export word2vec text or binary"
)
_REFUSED: Mapping[bytes, str] = {
    b"\x80": _PICKLED,
    b"\x93NUMPY": (
        "is a bare NumPy array without words; build Vectors(labels, matrix) from it and save those"
    ),
}


def known_format(name: str) -> Format:
    """The format of a name in `MODULES`.

    Raises:
        ParameterError: there is none of that name.
    """
    module = lookup("format", name, MODULES)
    found: Format = import_module(f"{__name__}.{module}").FORMAT
    return found


def detect_format(path: Path) -> str:
    """The name in `MODULES` of the file at `path`, detected by its content.

    Raises:
        FileFormatError: it is missing, empty, or of no known format.
    """
    head = b""
    if not path.is_dir():
        with open_decompressed(path, FileFormatError, "vectors") as file:
            head = file.read(_BYTES_TO_DETECT)
        if not head:
            raise FileFormatError(f"{str(path)!r} is empty; copy or make it again")
    for name, known in _known_formats():
        if known.matches(head) and known.accepts(path):
            if head and not known.is_compressible and compression_of(path) is not None:
                raise FileFormatError(
                    f"{str(path)!r} is a compressed {name} file, which cannot be read in place; "
                    "decompress it first"
                )
            return name
    if path.is_dir():
        raise FileFormatError(
            f"cannot read the vectors {str(path)!r}: it is a folder, and not of model2vec or "
            "sentence-transformers; pass a file"
        )
    for magic, reason in _REFUSED.items():
        if head.startswith(magic):
            raise FileFormatError(f"{str(path)!r} {reason}")
    if path.suffix == ".safetensors":
        return "safetensors"  # whose reader says what is wrong with it
    raise FileFormatError(
        f"{str(path)!r} begins with {head[:20]!r}, which no known format does; expected "
        f"{', '.join(MODULES)}"
    )


def load(path: Path, options: ReadOptions) -> VectorData:
    """Read the file at `path`, whatever its name: its rows are mapped if the format allows it.

    Raises:
        FileFormatError: it is missing, damaged, truncated or of no known format; or is to be
            verified, but is of a format without checksums.
    """
    form = detect_format(path)
    if options.verify and form != _VERIFIABLE:
        raise without_checksums(path)
    return known_format(form).read(path, options)


def verify_checksums(path: Path, form: str) -> None:
    """Compare all of a file, of the format `form`, with its checksums.

    Raises:
        FileFormatError: it is not what was written, or has no checksums.
    """
    if form != _VERIFIABLE or not open_verified(path).digests:
        raise without_checksums(path)


def save(table: VectorData, path: Path, form: str | None = None, dtype: str = FLOAT32) -> None:
    """Write `table` in a format, complete or not at all.

    Args:
        table: to be written.
        path: of the file.
        form: a name in `MODULES`; None: what the name of `path` asks for.
        dtype: of its numbers, a name in `precision.DTYPES`.

    Raises:
        OutputError: the file cannot be written.
        ParameterError: the format is unknown, or cannot hold a label or numbers of that type.
    """
    known = format_for(path, form)
    if dtype not in known.dtypes:
        raise ParameterError(
            f"cannot write {str(path)!r} with dtype={dtype!r}; expected {', '.join(known.dtypes)} "
            "in this format, or a name that ends in .safetensors"
        )
    known.write(table, path, dtype)


def format_for(path: Path, form: str | None = None) -> Format:
    """The format of a name in `MODULES`, else that which the name of `path` asks for.

    Worth asking before hours of work.

    Raises:
        ParameterError: it asks for none.
    """
    if form is not None:
        return known_format(form)
    is_packed = path.suffix.lower() in SUFFIXES
    suffix = path.with_suffix("").suffix if is_packed else path.suffix
    for _, known in _known_formats():
        if suffix in known.suffixes and (known.is_compressible or not is_packed):
            return known
    suffixes = " ".join(suffix for _, known in _known_formats() for suffix in known.suffixes)
    raise ParameterError(
        f"cannot write vectors to {str(path)!r}: its name ends in {path.suffix or 'nothing'!r}, "
        f"expected one of {suffixes}; rename it"
    )


def _known_formats() -> Iterator[tuple[str, Format]]:
    for name in MODULES:
        yield name, known_format(name)
