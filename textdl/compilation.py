"""Compiled programs, kept on disk from one run to the next."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from pathlib import Path


def cache_folder() -> Path:
    """The folder for caches of this user and this package, where the platform wants it."""
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "textdl"


def keep_compiled() -> None:
    """Let JAX look for compiled programs in the user's cache folder, and leave new ones there.

    A program is of use again where versions, kind of processor and sizes are the same. This changes
    settings of the whole process, so the library never calls it by itself; the command line does.
    A folder that you chose, by `JAX_COMPILATION_CACHE_DIR` or in JAX's configuration, stays;
    `JAX_ENABLE_COMPILATION_CACHE=0` turns caching off.

    Programs of the cache are run as they are: it belongs to the user alone.
    """
    # XLA 0.10 reports, as an error, that programs from a cache prefer not to use two instructions.
    # It reads this once, when JAX is imported: call this function first.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # JAX, which the command line imports for some verbs only.
    import jax

    if jax.config.values["jax_compilation_cache_dir"] is None:
        folder = cache_folder() / f"compiled-{_processor()}"
        settings = {
            "jax_compilation_cache_dir": str(folder),
            "jax_persistent_cache_min_compile_time_secs": 0.0,
        }
        for name, value in settings.items():
            jax.config.update(name, value)  # type: ignore[no-untyped-call]


def _processor() -> str:
    """What tells processors apart: a home folder may be shared by machines of several kinds."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    known = ("model name", "flags", "Features")
    kind = [line for line in lines if line.startswith(known)][:2]
    text = "\n".join([platform.machine(), platform.processor(), *kind])
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
