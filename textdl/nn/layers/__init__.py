"""Layers: one protocol, one layer per file.

    layer.py       the protocol: `init(key) -> params`, `apply(params, x, key=None) -> y`
    dense.py       z = x W + b, and an activation
    dropout.py     units left out at random
    embedding.py   a vector per id
    pooling.py     the mean of a sequence
    sequential.py  layers one after another; `mlp` is one of dense layers and dropout

A layer is a frozen dataclass that describes it (sizes, activation); its parameters are a NamedTuple
of arrays beside it. Training, prediction, checkpoints, files and summaries know the protocol only,
so a new layer is a new file here.
"""
