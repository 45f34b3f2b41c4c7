"""Files of vectors: how long loading them takes, and how much memory, beside gensim.

    python scripts/bench_formats.py                      # about 25 minutes on two cores, 6 GB
    python scripts/bench_formats.py --words 40000 --native-words 100000 --bucket 200000 --repeat 1
    python scripts/bench_formats.py --only native "word2vec binary" --repeat 9

Files of random vectors are made in a temporary folder: word2vec text (6 decimals, as word2vec.c
writes) and binary, 300 dimensions; a model of fastText, 100 dimensions, a quarter of the words; and
a native file. Each is loaded by either program in a process of its own, in turn, and the
best of the repetitions counts: seconds on the clock, of the processor, and peak memory beside what
the imports take, in multiples of the matrix. (The best, because filling the matrix takes between
.25 and 1.5 s of system time in runs that are the same, for either program.) A native file is
opened and asked for one similarity, beside reading all of its bytes. Prints Markdown tables; writes
``bench/formats.json``.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from measuring import headline, installed, run_child, write_results

SIZE = 300
FASTTEXT_SIZE = 100
BYTES_AT_ONCE = 1 << 24
FILES = {"word2vec text": "v.txt", "word2vec binary": "v.bin", "fastText model": "m.bin"}
NATIVE = "v.safetensors"


def make_files(folder: Path, options: argparse.Namespace) -> None:
    """Write the files that are loaded."""
    if "native" in options.only:
        make_vectors(options.native_words).save(folder / NATIVE)
    if "fastText model" in options.only:
        make_model(options.words // 4, options.bucket).save(
            folder / FILES["fastText model"], format="fasttext"
        )
    if "word2vec binary" in options.only:
        make_vectors(options.words).save(folder / FILES["word2vec binary"])
    if "word2vec text" in options.only:
        vectors = make_vectors(options.words)
        line = "%s" + " %.6f" * SIZE + "\n"
        with (folder / FILES["word2vec text"]).open("w") as file:
            file.write(f"{options.words} {SIZE}\n")
            for label, row in zip(vectors.labels, vectors.matrix, strict=True):
                file.write(line % (label, *row.tolist()))


def make_vectors(words: int) -> Any:
    """Random vectors, the same every time."""
    from textdl import Vectors

    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((words, SIZE), dtype=np.float32) * np.float32(0.2)
    return Vectors([f"word{number}" for number in range(words)], matrix)


def make_model(words: int, bucket: int) -> Any:
    """Random vectors with n-grams."""
    from textdl import Vectors
    from textdl.vectors.subwords import SubwordVectors

    rng = np.random.default_rng(0)
    ngrams = rng.standard_normal((bucket, FASTTEXT_SIZE), dtype=np.float32)
    return Vectors(
        [f"word{number}" for number in range(words)],
        rng.standard_normal((words, FASTTEXT_SIZE), dtype=np.float32),
        subwords=SubwordVectors(np.arange(bucket, dtype=np.int32), ngrams, 3, 6, bucket),
    )


def load(system: str, form: str, path: str) -> Any:
    """The matrix of a file."""
    if system == "textdl":
        from textdl import Vectors

        return Vectors.load(path).matrix
    if form == "fastText model":
        from gensim.models.fasttext import load_facebook_vectors

        return load_facebook_vectors(path).vectors
    from gensim.models import KeyedVectors

    return KeyedVectors.load_word2vec_format(path, binary=form == "word2vec binary").vectors


def import_all(system: str) -> None:
    """Import what loading takes, which is not measured."""
    if system == "textdl":
        import textdl.vectors.vectors  # noqa: F401
        from textdl.vectors.formats import MODULES, known_format

        for name in MODULES:
            known_format(name)
    else:
        from gensim.models import KeyedVectors, fasttext  # noqa: F401


def child(system: str, form: str, path: str) -> dict[str, float]:
    """Load a file; print what it took."""
    if form == "native":
        return child_native(system, path)
    import_all(system)
    memory_before = peak_memory()
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    matrix = load(system, form, path)
    loaded = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    memory = (peak_memory() - memory_before) / matrix.nbytes
    return {"load": loaded, "cpu": cpu, "memory": memory}


def peak_memory() -> int:
    """The largest memory so far, in bytes; `ru_maxrss` would begin with that of the parent."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


def child_native(system: str, path: str) -> dict[str, float]:
    """Open a native file and ask for one similarity; or read all of it."""
    import_all("textdl")
    from textdl import Vectors

    began = time.perf_counter()
    if system == "textdl":
        Vectors.load(path).similarity("word10", "word1777")
    else:
        with Path(path).open("rb", buffering=0) as file:
            while file.read(BYTES_AT_ONCE):
                pass
    seconds = time.perf_counter() - began
    return {"load": seconds, "cpu": seconds, "memory": 0.0}


def best_of(runs: list[dict[str, Any]]) -> dict[str, float]:
    """The least of every figure."""
    return {name: min(run[name] for run in runs) for name in ("load", "cpu", "memory")}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--words", type=int, default=400_000, help="default %(default)s")
    parser.add_argument("--native-words", type=int, default=1_000_000, help="default %(default)s")
    parser.add_argument("--bucket", type=int, default=2_000_000, help="default %(default)s")
    parser.add_argument("--repeat", type=int, default=3, help="default %(default)s")
    parser.add_argument(
        "--only", nargs="+", choices=[*FILES, "native"], default=[*FILES, "native"], help="formats"
    )
    options = parser.parse_args()
    systems = ["textdl", *installed("gensim")]
    results: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_files(folder, options)
        plan = {form: (systems, folder / file) for form, file in FILES.items()}
        plan["native"] = (["textdl", "all bytes"], folder / NATIVE)
        for form, (names, path) in plan.items():
            if form not in options.only:
                continue
            runs: dict[str, list[dict[str, Any]]] = {system: [] for system in names}
            for _ in range(options.repeat):
                for system in names:
                    runs[system].append(run_child(__file__, system, form, path))
            results[form] = {system: best_of(found) for system, found in runs.items()}
    print(f"{headline()}; {options.words:,} words, {options.bucket:,} buckets")
    print(f"native: {options.native_words:,} words\n")
    print("| format | system | seconds | CPU seconds | memory / matrix | times as fast (CPU) |")
    print("|---|---|---|---|---|---|")
    for form, found in results.items():
        for system, row in found.items():
            factor = row["load"] / found["textdl"]["load"], row["cpu"] / found["textdl"]["cpu"]
            print(
                f"| {form} | {system} | {row['load']:.3g} | {row['cpu']:.3g} | {row['memory']:.2f} "
                f"| {factor[0]:.1f} ({factor[1]:.1f}) |"
            )
    write_results("formats", results)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(child(*sys.argv[2:5])))
    else:
        main()
