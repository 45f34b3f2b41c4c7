"""Training data: features behind one protocol, and the batches drawn from them.

    dataset.py    the protocol (`size`, `take`, `select` ...), and `as_features`, which chooses;
                  examples with targets and weights, how they are split, the order of an epoch
    dense.py      rows of numbers
    sparse.py     the rows of a sparse matrix, of which only the non-zeros are touched; BCOO
    sequences.py  integer ids with lengths

A new kind of features is a new file here and a line in `as_features`.
"""
