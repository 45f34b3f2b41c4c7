"""A Parquet file of words, vectors, points and neighbors, as Apple's Embedding Atlas reads it.

Reference: https://apple.github.io/embedding-atlas
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from textdl.errors import OutputError, ParameterError
from textdl.io.atomic import atomic_write
from textdl.parameters import check_topn
from textdl.plot.projection import project
from textdl.vectors.nearest import nearest
from textdl.vectors.query import normalize
from textdl.vectors.vectors import Vectors

# The columns, by the options of the program `embedding-atlas`.
ATLAS_COLUMNS = {"text": "word", "x": "x", "y": "y", "neighbors": "neighbors"}


def write_atlas(
    vectors: Vectors,
    path: str | os.PathLike[str],
    *,
    limit: int = 20_000,
    topn: int = 10,
    method: str = "pca",
    seed: int = 0,
) -> int:
    """Write the words of the first rows with their vectors, points, neighbors and counts.

    The columns are `word`, `count` (where it is known), `x`, `y`, `neighbors` (`ids`, the numbers
    of rows, and `distances`, 1 - cosine) and `vector`.

    Args:
        vectors: to look at.
        path: of the Parquet file.
        limit: rows, from the first on.
        topn: neighbors of each, among those rows.
        method: how vectors become points: "pca", "umap" or "tsne".
        seed: of what the method draws at random.

    Returns:
        The number of rows.

    Raises:
        ParameterError: a number is below 1, the method is unknown, or the name does not end in
            .parquet.
        DataError: there are fewer than three words.
        OutputError: the file cannot be written, or a package is not installed.

    Example:
        >>> import tempfile
        >>> vectors = Vectors(["up", "down", "left"], [[0.0, 1.0], [0.0, -1.0], [-1.0, 0.0]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_atlas(vectors, f"{folder}/atlas.parquet")
        3
    """
    if Path(path).suffix != ".parquet":
        raise ParameterError(f"an atlas is a Parquet file, got {str(path)!r}; name it x.parquet")
    limit = check_topn(limit, "limit")
    topn = check_topn(topn)
    try:
        import pyarrow as pa  # an extra, and slow to load
        from pyarrow import parquet
    except ImportError:
        raise OutputError("an atlas needs pyarrow; pip install 'textdl[explore]'") from None
    matrix = vectors.matrix[:limit]
    rows = len(matrix)
    points = project(matrix, method, seed=seed)
    found = nearest(
        matrix, vectors.norms[:limit], normalize(matrix), topn, np.arange(rows)[:, None]
    )
    # In the order in which the viewer's table shows them: vectors, which fill it, are the last.
    columns: dict[str, Any] = {"word": pa.array(vectors.labels[:limit], pa.string())}
    if vectors.counts is not None:
        columns["count"] = pa.array(vectors.counts[:limit])
    columns["x"] = pa.array(points[:, 0])
    columns["y"] = pa.array(points[:, 1])
    columns["neighbors"] = pa.StructArray.from_arrays(
        [pa.array(found.rows.tolist()), pa.array((1 - found.similarities).tolist())],
        ["ids", "distances"],
    )
    columns["vector"] = pa.FixedSizeListArray.from_arrays(
        pa.array(matrix.reshape(-1)), matrix.shape[1]
    )
    with atomic_write(path) as temporary:
        parquet.write_table(pa.table(columns), temporary)
    return rows
