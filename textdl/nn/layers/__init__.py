"""Layers: one protocol, one layer per file.

    sequential.py  the protocol, `init(key) -> params` and `apply(params, x, key=None) -> y`;
                   layers one after another; a network as a table
    dense.py       z = x W + b, and an activation; `mlp` is dense layers with dropout between
    dropout.py     units dropped at random
    embedding.py   a vector per id, learned or given, trained or frozen
    conv.py        convolution over sequences and images
    recurrent.py   vanilla RNN, GRU, LSTM
    bidirectional.py  both directions; layers stacked
    pooling.py     mean, maximum and attention over a sequence; maxima of patches of an image
    normalization.py  layer normalization
    parallel.py    layers side by side, their outputs joined

A layer is a frozen dataclass that describes it (sizes, activation); its parameters are a NamedTuple
of arrays beside it. Training, prediction, checkpoints, files and summaries know the protocol only,
so a new layer is a new file here, and a line in `nn/__init__.pyi` that exports it.
"""
