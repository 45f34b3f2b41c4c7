"""Text that comes from a generator, as long as it likes: words per second and memory, by model.

wiki17m is given to every model once, and then many times over through one generator, which is read
once; one epoch each, in processes of their own. Words per second should stay, and so should memory:
the pages of the mapped token store, which the system can take back, are not counted. Prints a
Markdown table and writes ``bench/generator.json``.

    python scripts/bench_generator.py                       # 340 M words: two hours on two cores
    python scripts/bench_generator.py --passes 20 --models skipgram-ns,cbow-ns
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import bench_models
from measuring import find_data, headline, run_child, write_results
from scaling_jobs import AnonymousMemory

MODELS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    **{name: model.textdl for name, model in bench_models.MODELS.items()},
    "PV-DBOW": ("Doc2Vec", {"arch": "dbow"}),
    "PV-DM": ("Doc2Vec", {"arch": "dm"}),
}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", type=int, default=20, help="times 17 million words")
    parser.add_argument("--models", default=",".join(MODELS))
    options = parser.parse_args()
    print(headline())
    print("| model | words, M | s | CPU s | M words/s | M words per CPU s | MB without the map |")
    print("|---|---|---|---|---|---|---|")
    results = []
    for model in options.models.split(","):
        for passes in (1, options.passes):
            row = run_child(__file__, model, str(passes))
            results.append({"model": model, "passes": passes, **row})
            words = row["words"] / 1e6
            print(
                f"| {model} | {words:.0f} | {row['seconds']:.1f} | {row['cpu_seconds']:.1f} "
                f"| {words / row['seconds']:.2f} | {words / row['cpu_seconds']:.2f} "
                f"| {row['anonymous_mb']:.0f} |",
                flush=True,
            )
    write_results("generator", results)


def train(model: str, passes: int) -> None:
    """Train a model on a generator, and print what it took."""
    import textdl

    name, parameters = MODELS[model]
    memory = AnonymousMemory()
    memory.start()
    words = 0

    def texts() -> Iterator[str]:
        nonlocal words
        for _ in range(passes):
            with gzip.open(find_data("wiki17m.txt.gz"), "rt", encoding="utf-8") as lines:
                for line in lines:
                    words += line.count(" ") + 1
                    yield line

    wall = time.perf_counter()
    processor = time.process_time()
    getattr(textdl, name)(tokenizer="whitespace", epochs=1, **parameters).fit(texts())
    found = {
        "words": words,
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - processor,
    }
    memory.done.set()
    print(json.dumps({**found, "anonymous_mb": memory.peak}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        train(sys.argv[2], int(sys.argv[3]))
    else:
        main()
