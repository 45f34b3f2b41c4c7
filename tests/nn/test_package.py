"""What `nn` exports, and the small parts: predictions for any number of rows, tables, bars."""

import subprocess
import sys

import jax
import numpy as np
import pytest
from scipy.sparse import csr_array

from textdl import nn
from textdl.nn.mlp import Network, init
from textdl.nn.prediction import predict
from textdl.nn.progress import progress_bar
from textdl.nn.summary import summarise
from textdl.nn.training import Report


def test_every_name_is_there():
    for name in nn.__all__:
        assert getattr(nn, name) is not None
    assert set(dir(nn)) == set(nn.__all__)
    with pytest.raises(AttributeError, match="no attribute 'perceptrn'"):
        nn.perceptrn  # noqa: B018


def test_importing_is_cheap():
    program = (
        "import sys, textdl; from textdl import nn;"
        "heavy = {'jax', 'optax', 'sklearn', 'scipy', 'matplotlib'} & set(sys.modules);"
        "sys.exit(','.join(heavy) or 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("rows", [0, 1, 256, 257])
@pytest.mark.parametrize("sparse", [False, True])
def test_predictions_for_any_number_of_rows(rows, sparse):
    params = init(jax.random.key(0), (3, 2))
    x = np.random.default_rng(0).normal(size=(rows, 3)).astype(np.float32)
    got = predict(Network(), params, csr_array(x) if sparse else x)
    assert got.shape == (rows, 2)
    expected = x @ np.asarray(params[0].weights) + np.asarray(params[0].bias)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_predictions_do_not_drop_units():
    params = init(jax.random.key(0), (3, 8, 2))
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(
        predict(Network(dropout=0.9), params, x), predict(Network(), params, x)
    )


def test_summaries_line_up_and_add_up():
    params = init(jax.random.key(0), (1000, 20, 3))
    lines = summarise(params, "tanh", "softmax").splitlines()
    assert len({len(line) for line in lines}) == 1
    assert [line.split()[-1] for line in lines] == ["parameters", "20,020", "63", "20,083"]
    assert "1,000 x 20" in lines[1]


def test_the_bar_shows_epochs_and_measures(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with progress_bar() as draw:
        draw(Report(2, 3, {"loss": 0.25}, ()))
        draw(Report(3, 3, {"loss": 0.125}, ()))
    out, err = capsys.readouterr()
    assert out == ""
    assert "3/3" in err
    assert "loss=0.125" in err
    with progress_bar(show=False) as draw:
        draw(Report(1, 3, {"loss": 0.25}, ()))
    assert capsys.readouterr() == ("", "")
