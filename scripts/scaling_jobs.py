"""What the scaling benchmark runs in separate processes: make a text, read it, train on it."""

from __future__ import annotations

import json
import math
import os
import tempfile
import threading
import time
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from synthetic_text import make_chunks

Point = Mapping[str, int]  # what a process measures: the parameters of text, machine and training
Run = dict[str, Any]  # what it found


def build(point: Point, folder: Path) -> Run:
    """Write the token store that training is measured on."""
    from textdl.text.store import TokenStore

    TokenStore.build(make_chunks(point["tokens"], point["vocabulary"]), folder)
    return {}


def write(point: Point, path: Path) -> Run:
    """Write the text that reading is measured on, one sentence per line."""
    with path.open("w") as stream:
        for chunk in make_chunks(point["tokens"], point["vocabulary"]):
            words = map(chunk.words.__getitem__, chunk.ids.tolist())
            stream.writelines(
                " ".join(islice(words, length)) + "\n" for length in chunk.lengths.tolist()
            )
    return {}


def train(point: Point, folder: Path) -> Run:
    """Train one epoch; time it without compilation."""
    import jax

    from textdl import Word2Vec
    from textdl.embed.sampling import keep_probability
    from textdl.text.store import TokenStore

    model = Word2Vec(epochs=1, min_count=1)
    known = model.get_params()
    model.set_params(**{name: value for name, value in point.items() if name in known})
    store = TokenStore.open(folder)
    compiling = Compiling()
    jax.devices()  # JAX starts here, not while the clock runs
    began = time.perf_counter()
    model.fit(store)
    elapsed = time.perf_counter() - began
    compiled = compiling.seconds()
    counts = store.vocabulary.counts
    return {
        "run": elapsed - compiled,
        "compile": compiled,
        "kept": float(keep_probability(counts, model.sample) @ counts),
    }


def read(point: Point, path: Path) -> Run:
    """Tokenize a text and build its store."""
    from textdl.text.corpus import read_corpus
    from textdl.text.encode import encode
    from textdl.text.store import TokenStore
    from textdl.text.tokenizers import get_tokenizer

    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        began = time.perf_counter()
        tokens = encode(read_corpus(path), get_tokenizer("whitespace"))
        TokenStore.build(tokens, Path(folder) / "store")
        return {"run": time.perf_counter() - began, "compile": 0.0, "kept": point["tokens"]}


class Compiling:
    """When JAX traced, lowered and compiled in this process."""

    def __init__(self) -> None:
        import jax

        self.spans: list[tuple[float, float]] = []
        jax.monitoring.register_event_duration_secs_listener(self._note)

    def _note(self, event: str, duration_secs: float, **_: str | int) -> None:
        if event.startswith("/jax/core/compile/"):
            now = time.perf_counter()
            self.spans.append((now - duration_secs, now))

    def seconds(self) -> float:
        """The time that the spans cover: they nest, and those of threads overlap."""
        total = 0.0
        reached = -math.inf
        for begin, end in sorted(self.spans):
            total += max(0.0, end - max(begin, reached))
            reached = max(reached, end)
        return total


class AnonymousMemory(threading.Thread):
    """Samples the anonymous memory of this process, without the memory-mapped store."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.status = Path("/proc/self/status")
        self.done = threading.Event()
        self.peak: float | None = None  # MB; None where the system does not say

    def run(self) -> None:
        """Sample 20 times per second."""
        while self.status.exists() and not self.done.wait(0.05):
            for line in self.status.read_text().splitlines():
                if line.startswith("RssAnon:"):
                    self.peak = max(self.peak or 0.0, int(line.split()[1]) / 1024)


def child(job: str, encoded: str, path: str) -> None:
    """Do one job in this process and print what it found."""
    point: Point = json.loads(encoded)
    if "cores" in point:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: point["cores"]])
    memory = AnonymousMemory()
    memory.start()
    found = {"build": build, "write": write, "train": train, "read": read}[job](point, Path(path))
    memory.done.set()
    print(json.dumps({**found, "anonymous_mb": memory.peak}))
