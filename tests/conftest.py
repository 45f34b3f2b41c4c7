"""What tests of several parts share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# No test asserts a time: on a busy machine an example may take a second.
settings.register_profile("textdl", deadline=None)
settings.load_profile("textdl")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def data_folder():
    """The folder of third-party texts, which is no part of the repository."""
    folder = Path(os.environ.get("TEXTDL_DATA", ROOT.parent / "shared" / "data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no test data in {folder}; set TEXTDL_DATA")
    return folder


@pytest.fixture(scope="session", autouse=True)
def skip_sync():
    """Files of tests need not survive a power cut, and thousands of them are written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def share_compiled_programs(tmp_path_factory):
    """Every `fit` compiles its steps, and hundreds of tests fit models of the same few shapes.

    The folder is of this process alone: JAX does not lock it.
    """
    with pytest.MonkeyPatch.context() as patch:
        # XLA reads it when JAX is imported (textdl/io/compilation_cache.py).
        patch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
        import jax
    folder = tmp_path_factory.mktemp("compiled")
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
