"""What `nn` exports, and that importing it is cheap."""

import subprocess
import sys

import pytest

from textdl import nn


def test_exported_names_can_be_imported():
    for name in nn.__all__:
        assert getattr(nn, name) is not None
    assert set(dir(nn)) == set(nn.__all__)
    with pytest.raises(AttributeError, match="no attribute 'perceptrn'"):
        nn.perceptrn  # noqa: B018


def test_import_loads_no_heavy_package():
    program = (
        "import sys, textdl; from textdl import nn;"
        "heavy = {'jax', 'optax', 'sklearn', 'scipy', 'matplotlib'} & set(sys.modules);"
        "sys.exit(','.join(heavy) or 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
