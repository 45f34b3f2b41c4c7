"""An input side whose table is not a row per word: skip-gram on input vectors that words share.

It stands for those to come (n-gram buckets, documents), and shows that the trainer, the update, the
merges and the checkpoints take it as it is.
"""

import jax.numpy as jnp
import numpy as np

from textdl.embed.objectives import negative_sampling, skipgram
from textdl.embed.objectives.objective import compose

BUCKETS = 61


def bucket_of(words):
    return words * 7 % BUCKETS


def make_bucketed(text, config):
    """What `make_objective` gives, with `buckets` in place of `input`."""
    words = skipgram.input_side(text, config)
    buckets = bucket_of(np.arange(len(text.vocabulary)))

    def draw(blocks):
        draws = words.draw(blocks)
        of_buckets = {use: bucket_of(ids) for use, ids in draws.rows["input"].items()}
        return draws._replace(rows={"buckets": of_buckets})

    def forward(tables, batch):
        renamed = batch._replace(rows=batch.rows | {"input": batch.rows["buckets"]})
        hidden, pullback = words.forward({"input": tables["buckets"]}, renamed)
        return hidden, lambda gradient: {"buckets": pullback(gradient)["input"]}

    side = words._replace(
        init=lambda: {"buckets": words.init()["input"][:BUCKETS]},
        draw=draw,
        forward=forward,
        updates={"buckets": np.bincount(buckets, words.updates["input"], BUCKETS)},
        export=lambda tables: tables["buckets"][jnp.asarray(buckets)],
    )
    return compose(side, negative_sampling.output_side(text, config, side))
