"""Training data: features behind one protocol, and the batches drawn from them.

    features.py   the protocol (`size`, `take`, `select` ...), and `as_features`, which chooses
    dense.py      rows of numbers
    sparse.py     the rows of a sparse matrix, of which only the non-zeros are touched; BCOO
    sequences.py  integer ids with lengths
    dataset.py    features with targets and weights, and how they are split
    batching.py   the order of the examples in an epoch

A new kind of features is a new file here and a line in `as_features`.
"""
