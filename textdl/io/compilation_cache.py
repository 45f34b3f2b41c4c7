"""The persistent compilation cache of JAX, in a folder that nobody else can write.

A program of the cache is run as it is, so it has to be what was put there. The cache is used only
where its folder, and every folder above it, belongs to the user or the system and can be written by
nobody else; and each entry has a digest beside it. What has none, or another, is removed before JAX
looks: entries get their digest when a process ends, so those of a process that was killed are lost.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import platform
import stat
import warnings
from pathlib import Path

import platformdirs

from textdl.io.checksums import file_checksum

VARIABLE = "TEXTDL_CACHE"
OFF = ("", "0", "off")
LARGEST_CACHE = 1 << 27  # bytes
MOST_ENTRIES = 500  # a run of its own kind adds about a dozen
ENTRY = "-cache"  # how JAX ends the names of its files
DIGEST = ".blake2b"  # follows them in ours


def cache_folder() -> Path | None:
    """The folder for caches of this package: of ``TEXTDL_CACHE``, or where the platform wants it.

    Returns:
        The folder, which need not exist; None where ``TEXTDL_CACHE`` is empty, ``0`` or ``off``.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen is not None:
        return None if chosen.lower() in OFF else Path(chosen)
    return platformdirs.user_cache_path("textdl", appauthor=False)


def enable_compilation_cache() -> None:
    """Let JAX look for compiled programs in the user's cache folder, and leave new ones there.

    A program is of use again where versions, kind of processor and sizes are the same. This changes
    settings of the whole process, so the library never calls it by itself; the command line does.
    A folder that you chose, by `JAX_COMPILATION_CACHE_DIR` or in JAX's configuration, stays, and is
    not checked; `JAX_ENABLE_COMPILATION_CACHE=0` turns caching off. Where the folder cannot be
    used, programs are compiled anew, and nothing is said.
    """
    # XLA 0.10 reports, as an error, that programs from a cache prefer not to use two instructions.
    # It reads this once, when JAX is imported: call this function first. 1 is what JAX itself sets,
    # and a process that it started inherits.
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL", "1") == "1":
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    # JAX, which the command line imports for some verbs only.
    import jax

    wanted = jax.config.values["jax_enable_compilation_cache"]
    if not wanted or jax.config.values["jax_compilation_cache_dir"] is not None:
        return
    folder = _private_folder()
    if folder is None:
        return
    remove_doubtful(folder)
    atexit.register(write_digests, folder)
    # A disk that is full, or an entry that another process has just removed.
    warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache")
    settings = {
        "jax_compilation_cache_dir": str(folder),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
    }
    for name, value in settings.items():
        jax.config.update(name, value)  # type: ignore[no-untyped-call]


def _private_folder() -> Path | None:
    """The folder for programs of this processor, made if need be; None where it is not safe."""
    base = cache_folder()
    if base is None:
        return None
    try:
        base = base.resolve()
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = (base / f"compiled-{_processor()}").resolve()
        folder.mkdir(mode=0o700, exist_ok=True)
        usable = is_private(folder) and os.access(folder, os.R_OK | os.W_OK | os.X_OK)
    except (OSError, RuntimeError, ValueError):  # a loop of links; no home; a NUL in the name
        return None
    return folder if usable else None


def is_private(folder: Path) -> bool:
    """Whether nobody but the user and the system can change what is in a folder.

    Args:
        folder: an absolute path without symbolic links. Those above it belong to the user or to the
            system, and are writable by others only if these cannot rename what is not theirs, as in
            ``/tmp``.

    Raises:
        OSError: it does not exist.
    """
    if not hasattr(os, "geteuid"):
        return True  # Windows: the folder of a user has its own access list
    user = os.geteuid()
    own = folder.stat()
    if own.st_uid != user or own.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return False
    for above in folder.parents:
        found = above.stat()
        shared = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not found.st_mode & stat.S_ISVTX
        if found.st_uid not in (0, user) or shared:
            return False
    return True


def remove_doubtful(folder: Path) -> None:
    """Remove entries without the right digest, and the oldest where there are too many.

    Args:
        folder: of the cache.
    """
    entries: list[tuple[float, int, Path]] = []
    for path in folder.glob(f"*{ENTRY}"):
        try:
            if _digest_file(path).read_text("ascii") == file_checksum(path):
                found = path.stat()
                entries.append((found.st_mtime, found.st_size, path))
                continue
        except (OSError, ValueError):
            pass
        _remove(path)
    kept = 0
    for number, (_, size, path) in enumerate(sorted(entries, reverse=True), start=1):
        kept += size
        if kept > LARGEST_CACHE or number > MOST_ENTRIES:
            _remove(path)
    for digest in folder.glob(f"*{ENTRY}{DIGEST}"):
        if not digest.with_name(digest.name.removesuffix(DIGEST)).exists():
            _remove(digest)


def write_digests(folder: Path) -> None:
    """Give every new entry its digest.

    Args:
        folder: of the cache.
    """
    for path in folder.glob(f"*{ENTRY}"):
        try:
            if not _digest_file(path).exists():
                _digest_file(path).write_text(file_checksum(path), "ascii")
        except OSError:  # removed by another process, or a full disk: it is compiled anew
            continue


def _digest_file(path: Path) -> Path:
    return path.with_name(path.name + DIGEST)


def _remove(path: Path) -> None:
    for file in (path, _digest_file(path)):
        try:
            file.unlink(missing_ok=True)
        except OSError:  # a folder of that name
            continue


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
