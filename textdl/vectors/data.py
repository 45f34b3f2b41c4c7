"""What a file of vectors holds: the one record every format reads into and writes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.string_array import StringArray


class VectorData(NamedTuple):
    """Labelled rows and what is known about them."""

    labels: StringArray  # V words
    matrix: NDArray[np.float32]  # (V, D)
    counts: NDArray[np.int64] | None = None  # (V,) occurrences in the training corpus
    norms: NDArray[np.float32] | None = None  # (V,) lengths of the rows
    config: Mapping[str, object] | None = None  # how the vectors came about; JSON values only
