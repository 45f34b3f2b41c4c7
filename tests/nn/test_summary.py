"""Networks as tables."""

import jax

from textdl import nn


def test_summaries_line_up_and_add_up():
    network = nn.mlp((1000, 20, 3), "tanh")
    params = network.init(jax.random.key(0))
    lines = nn.summarize(network, params, "softmax").splitlines()
    assert len({len(line) for line in lines}) == 1
    assert [line.split()[-1] for line in lines] == ["parameters", "20,020", "63", "20,083"]
    assert "1,000 x 20" in lines[1]


def test_every_layer_that_does_something_has_a_line():
    network = nn.sequential(
        nn.Embedding(10, 4), nn.Dropout(0.5), nn.MeanPooling(), nn.mlp((4, 3, 2), "tanh")
    )
    shapes = jax.eval_shape(network.init, jax.random.key(0))
    rows = [line.split("  ")[0] for line in nn.summarize(network, shapes).splitlines()]
    assert rows == [
        "layer", "embedding 1", "dropout 1", "mean pooling 1", "dense 1", "dense 2", "total",
    ]  # fmt: skip
    assert nn.summarize(network, shapes).splitlines()[-1].split() == ["total", str(40 + 15 + 8)]
