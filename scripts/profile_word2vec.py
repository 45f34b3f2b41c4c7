"""Where the time of training word vectors goes, in nanoseconds per kept token.

One worker trains on the first words of the corpus, under JAX's profiler, pinned to one core so that
its operations follow each other. Profiling costs time itself. Prints a Markdown table, with
--operations every operation of a step by the name that XLA gave it.

    python scripts/profile_word2vec.py                # about 20 seconds; wiki17m
    python scripts/profile_word2vec.py --arch cbow --loss hs    # another objective
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from measuring import find_data, headline

CHUNKS = 8
# What an operation of a step is, by the first of these that its name contains.
KINDS = {
    "scatter": "add rows to the tables",
    "gather": "take rows from the tables",
    "ynn": "products",
    "dot": "products",
    "copy": "turn and lay out",
    "concatenate": "turn and lay out",
}
ELEMENTWISE = "mask, sigmoid, loss"
Value = TypeVar("Value")


def timed(action: Callable[[], Value]) -> tuple[Value, float]:
    """Call, and take the seconds."""
    began = time.perf_counter()
    value = action()
    return value, time.perf_counter() - began


def operations(trace: Path) -> Counter[str]:
    """Seconds of every operation that ran more than a few times."""
    (path,) = trace.rglob("*.trace.json.gz")
    with gzip.open(path) as file:
        events = [event for event in json.load(file)["traceEvents"] if event.get("ph") == "X"]
    calls = Counter(event["name"] for event in events)
    seconds: Counter[str] = Counter()
    for event in events:
        name = event["name"]
        if calls[name] > CHUNKS and name[0].islower() and not name.startswith("end:"):
            seconds[name] += event["dur"] / 1e6
    return seconds


def by_kind(seconds: Counter[str]) -> Counter[str]:
    """Sum the operations of a kind."""
    kinds: Counter[str] = Counter()
    for name, spent in seconds.items():
        kinds[next((kind for part, kind in KINDS.items() if part in name), ELEMENTWISE)] += spent
    return kinds


def profile(chunks: Iterable[Any], workers: Any, folder: Path) -> Counter[str]:
    """Train on some chunks of steps under the profiler."""
    import jax

    with jax.profiler.trace(str(folder)):
        train(chunks, workers)
    return operations(folder)


def train(chunks: Iterable[Any], workers: Any) -> None:
    """Train on some chunks of steps."""
    for round in workers.rounds([chunks]):
        if round is not None:
            workers.round(round)


def main() -> None:
    """Read, prepare, train and save, and print what each took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--operations", action="store_true", help="every operation by name")
    parser.add_argument("--arch", default="skipgram", help="the input side of the objective")
    parser.add_argument("--loss", default="ns", help="its output side")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    from textdl import Vectors
    from textdl.embed.batches import BatchSampler
    from textdl.embed.config import EmbeddingConfig
    from textdl.embed.local_sgd import Workers
    from textdl.embed.trainer import training_problem
    from textdl.text.corpus import read_corpus
    from textdl.text.encode import encode
    from textdl.text.store import TokenStore
    from textdl.text.tokenizers import get_tokenizer

    chunks = islice(read_corpus(find_data("wiki17m.txt.gz")), 20)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        encoded = encode(chunks, get_tokenizer("whitespace"), workers=1)
        store, reading = timed(lambda: TokenStore.build(encoded, folder / "store"))
        config = EmbeddingConfig(workers=1, min_count=1, arch=options.arch, loss=options.loss)
        sampler = BatchSampler(store, config)
        workers = Workers(training_problem(sampler), sampler.objective.init(), 1)
        prepared, preparing = timed(lambda: list(islice(sampler.epoch(0), CHUNKS)))
        with workers:
            warm = list(islice(sampler.epoch(1), 1))
            _, compiling = timed(lambda: train(warm, workers))
            spent = profile(prepared, workers, folder / "trace")
        vectors = Vectors(sampler.vocabulary.words, sampler.objective.export(workers.tables))
        _, saving = timed(lambda: vectors.save(folder / "vectors.safetensors"))
    kept = CHUNKS * sampler.chunk_tokens
    print(f"{headline()}, {options.arch}, {options.loss}, {len(sampler.vocabulary):,} words\n")
    print("| part | ns per kept token |\n|---|---|")
    rows = spent if options.operations else by_kind(spent)
    for part, seconds in [*rows.most_common(), ("prepare batches (other thread)", preparing)]:
        print(f"| {part} | {seconds / kept * 1e9:.0f} |")
    per_token = reading / len(store.tokens) * 1e9
    print(f"\nread and tokenize, one core: {per_token:.0f} ns per token")
    print(f"compile, and a first chunk: {compiling:.2f} s")
    print(f"save {len(vectors):,} vectors: {saving:.3f} s")


if __name__ == "__main__":
    main()
