"""Static embeddings of tokens: folders of model2vec and of sentence-transformers.

A folder has the vectors (`model.safetensors`), the tokenizer (`tokenizer.json`) whose tokens they
belong to, and a description. Written is model2vec's layout, with the `modules.json` by which
sentence-transformers reads it, too. The vector of a text is the mean of those of its tokens.

Where vectors come without a tokenizer, one of words is written, and a row of zeros for unknown
words; such a row is left out again when a folder is read.

Reference: Tulkens and van Dongen 2024, "Model2Vec: Fast State-of-the-Art Static Embeddings".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError
from textdl.io.atomic import atomic_write
from textdl.io.mapped_file import MappedFile
from textdl.io.safetensors import SafetensorsFile, open_mapped, write_safetensors
from textdl.vectors.formats.precision import DTYPES, FLOAT32, CompactMatrix, compact, expand
from textdl.vectors.formats.rows import (
    Format,
    ReadOptions,
    VectorData,
    labeled_matrix,
)
from textdl.vectors.tokenizer_file import UNKNOWN, TokenizerFile, word_tokenizer

_ARRAYS = "model.safetensors"
_TOKENIZER = "tokenizer.json"
_CONFIG = "config.json"
_MODULES = "modules.json"
_MATRICES = ("embeddings", "embedding.weight")  # of model2vec, of sentence-transformers
_MODULE = "sentence_transformers.models.StaticEmbedding"
_LONGEST_JSON = 1 << 28  # bytes


class _Layout(NamedTuple):
    """Where the files of a folder are."""

    config: str
    inner: str  # the folder of the vectors and the tokenizer


_LAYOUTS = (
    _Layout(_CONFIG, "."),
    _Layout("config_sentence_transformers.json", "."),
    _Layout("config_sentence_transformers.json", "0_StaticEmbedding"),
    _Layout(_MODULES, "0_StaticEmbedding"),
)


def find_layout(path: Path) -> _Layout | None:
    """Which of the layouts the folder at `path` has; None if it is no such folder."""
    for layout in _LAYOUTS:
        names = (layout.config, f"{layout.inner}/{_ARRAYS}", f"{layout.inner}/{_TOKENIZER}")
        if all((path / name).is_file() for name in names):
            return layout
    return None


def read(path: Path, options: ReadOptions) -> VectorData:
    """Read the folder at `path`; the vectors are mapped if they are float32 and used as they are.

    Raises:
        FileFormatError: a file is damaged, or the files do not fit each other.
    """
    layout = find_layout(path)
    if layout is None:
        raise FileFormatError(f"{str(path)!r} has changed while it was read; try again")
    inner = path / layout.inner
    try:
        if (inner / _TOKENIZER).stat().st_size > _LONGEST_JSON:
            raise FileFormatError(
                f"{str(inner / _TOKENIZER)!r} has more than 256 MB; copy it again"
            )
        content = (inner / _TOKENIZER).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(f"cannot read {str(inner / _TOKENIZER)!r} ({error})") from None
    tokenizer = TokenizerFile(content)
    tokens = tokenizer.vocabulary
    arrays = open_mapped(inner / _ARRAYS)
    matrix = _token_vectors(arrays, inner / _ARRAYS, len(tokens))
    kept = np.arange(len(tokens))
    if tokenizer.unknown in tokens:
        number = tokens.index(tokenizer.unknown)
        if not matrix[number].any():
            kept = np.delete(kept, number)
    kept = kept[: options.limit]
    is_prefix = len(kept) == 0 or kept[-1] == len(kept) - 1
    rows = matrix[: len(kept)] if is_prefix else matrix[kept]  # a part that stays mapped, or a copy
    labels = [tokens[number] for number in kept.tolist()]
    source = MappedFile(inner / _ARRAYS, arrays.mapped)
    return labeled_matrix(labels, rows, path)._replace(tokenizer=content, source=source)


def _token_vectors(file: SafetensorsFile, path: Path, tokens: int) -> NDArray[np.float32]:
    """A vector for each token: model2vec may let tokens share one, and weigh each."""
    names = [name for name in _MATRICES if name in file.entries]
    if not names or len(file.entries[names[0]].shape) != 2:
        raise FileFormatError(
            f"{str(path)!r} has the arrays {', '.join(file.entries)}; expected a matrix named "
            f"{' or '.join(_MATRICES)}"
        )
    values = file.array(names[0])
    # An int8 matrix of model2vec has no scales: its numbers are all that is left.
    is_bfloat16 = values.dtype == DTYPES["bfloat16"]
    with np.errstate(over="ignore"):
        matrix = expand(CompactMatrix(values)) if is_bfloat16 else np.asarray(values, np.float32)
    rows = _column(file, "mapping", tokens, path)
    if rows is not None:
        if rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= len(matrix):
            raise FileFormatError(f"{str(path)!r} maps tokens to rows that it does not have")
        matrix = matrix[rows]
    weights = _column(file, "weights", tokens, path)
    if weights is not None:
        with np.errstate(over="ignore", invalid="ignore"):
            matrix = (matrix * weights[:, None]).astype(np.float32)
    if len(matrix) != tokens:
        raise FileFormatError(
            f"{str(path)!r} has a matrix of shape {matrix.shape} for {tokens:,} tokens; expected "
            "one row per token"
        )
    return matrix


def _column(file: SafetensorsFile, name: str, tokens: int, path: Path) -> NDArray[Any] | None:
    if name not in file.entries:
        return None
    column = file.array(name)
    if column.shape != (tokens,) or not tokens:
        raise FileFormatError(
            f"{str(path)!r} has {name} of shape {column.shape} for {tokens:,} tokens; expected one "
            "number per token"
        )
    return column


def write(table: VectorData, path: Path, dtype: str) -> None:
    """Write `table` as a folder.

    Args:
        table: to be written.
        path: of the folder, which replaces one that is there.
        dtype: of the vectors, float32 or float16.

    Raises:
        OutputError: the folder around it is missing or not writable, or the disk is full.
        ParameterError: a number is too large for `dtype`.
    """
    matrix = table.matrix
    content = table.tokenizer
    if content is None or TokenizerFile(content).vocabulary != list(table.labels):
        is_lowercase = bool((table.config or {}).get("lowercase"))
        content = word_tokenizer(list(table.labels), lowercase=is_lowercase)
        if UNKNOWN not in table.labels:
            matrix = np.concatenate([matrix, np.zeros((1, matrix.shape[1]), np.float32)])
    values = compact(matrix, dtype).values
    config = {
        "model_type": "model2vec",
        "architectures": ["StaticModel"],
        "normalize": False,
        "hidden_dim": matrix.shape[1],
        "embedding_dtype": dtype,
    }
    with atomic_write(path) as folder:
        folder.mkdir()
        with (folder / _ARRAYS).open("wb") as file:
            write_safetensors(file, {_MATRICES[0]: values}, {})
        (folder / _TOKENIZER).write_text(content, "utf-8")
        _write_json(folder / _CONFIG, config)
        _write_json(folder / _MODULES, [{"idx": 0, "name": "0", "path": ".", "type": _MODULE}])


def _write_json(path: Path, value: Mapping[str, Any] | list[Any]) -> None:
    path.write_text(json.dumps(value, indent=1), "utf-8")


FORMAT = Format(
    lambda head: not head,
    read,
    write,
    accepts=lambda path: find_layout(path) is not None,
    dtypes=(FLOAT32, "float16"),
    is_compressible=False,
)
