"""An objective whose tables are not a row per word: skip-gram on input vectors that words share.

It stands for those to come (n-gram buckets, inner nodes, documents), and shows that the trainer,
the update, the merges and the checkpoints take it as it is.
"""

import jax.numpy as jnp
import numpy as np

from textdl.embed.objectives import skipgram_negative_sampling as skipgram

BUCKETS = 61


def init(vocabulary, config):
    tables = skipgram.init(vocabulary, config)
    return {"buckets": tables["input"][:BUCKETS], "output": tables["output"]}


def _word_vectors(tables):
    return tables["buckets"][jnp.arange(len(tables["output"])) * 7 % BUCKETS]


def loss_and_gradients(tables, batch):
    words = {"input": _word_vectors(tables), "output": tables["output"]}
    found = skipgram.loss_and_gradients(words, batch)
    of_buckets = [it._replace(ids=it.ids * 7 % BUCKETS) for it in found.gradients["input"]]
    gradients = {"buckets": of_buckets, "output": found.gradients["output"]}
    return found._replace(gradients=gradients)


def expected_updates(vocabulary, kept_share, config):
    updates = skipgram.expected_updates(vocabulary, kept_share, config)
    buckets = np.arange(len(vocabulary)) * 7 % BUCKETS
    return {
        "buckets": np.bincount(buckets, updates["input"], BUCKETS),
        "output": updates["output"],
    }


OBJECTIVE = skipgram.OBJECTIVE._replace(
    init=init,
    loss_and_gradients=loss_and_gradients,
    expected_updates=expected_updates,
    export=_word_vectors,
)
