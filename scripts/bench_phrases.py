"""Phrases: textdl against gensim, speed, memory and equality in one table.

Both learn the phrases of the same file of one paragraph per line, then write it with phrases
joined. Each runs in a process of its own, one system after the other; the steps are timed by
themselves, also in seconds of processor time, which a busy machine changes less: its ratio is the
speed-up on one core. gensim joins with its `Phrases`, and again with the `FrozenPhrases` that
`freeze` makes of it. Prints a Markdown table and writes ``bench/phrases.json``.

    python scripts/bench_phrases.py            # wiki17m, 3 rounds: about 8 minutes
    python scripts/bench_phrases.py --quick    # a tenth of it, 1 round
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from measuring import find_data, headline, installed, run_child, write_results

CORPUS = "wiki17m.txt.gz"
SYSTEMS = ("gensim", "textdl")
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "connector words": {"connector_words": "english"},
    "NPMI": {"scoring": "npmi", "threshold": 0.5},
}
LONGEST = 1 << 30  # words of a line that gensim does not cut


class Stopwatch:
    """Seconds of steps, and seconds of all threads of the process in them."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = (time.perf_counter(), time.process_time())

    def lap(self, name: str) -> None:
        """Note the step that ends."""
        now = (time.perf_counter(), time.process_time())
        self.laps[name] = now[0] - self._last[0]
        self.laps[f"{name}_cpu"] = now[1] - self._last[1]
        self._last = now


def measure_textdl(corpus: Path, settings: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """Learn, then apply."""
    from textdl import Phrases

    watch = Stopwatch()
    phrases = Phrases(tokenizer="whitespace", lowercase=False, **settings).fit(corpus)
    watch.lap("learn")
    with out.open("w", encoding="utf-8") as file:
        phrases.write(corpus, file)
    watch.lap("apply")
    return {
        **watch.laps,
        "phrases": len(phrases.phrases_),
        "scores": digest_scores(phrases.phrases_),
    }


def measure_gensim(corpus: Path, settings: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """Learn, apply, freeze, apply what was frozen."""
    from gensim.models.phrases import ENGLISH_CONNECTOR_WORDS, Phrases
    from gensim.models.word2vec import LineSentence

    given = dict(settings)
    if "connector_words" in given:
        given["connector_words"] = ENGLISH_CONNECTOR_WORDS
    lines = LineSentence(str(corpus), max_sentence_length=LONGEST)
    watch = Stopwatch()
    phrases = Phrases(lines, **given)
    watch.lap("learn")
    write_sentences(map(phrases.__getitem__, lines), out)
    watch.lap("apply")
    frozen = phrases.freeze()
    write_sentences(map(frozen.__getitem__, lines), out.with_name("frozen"))
    watch.lap("frozen")
    return {
        **watch.laps,
        "phrases": len(frozen.phrasegrams),
        "scores": digest_scores(frozen.phrasegrams),
    }


STEPS = {  # the names of the times of both
    "learn": ("learn", "learn"),
    "apply": ("apply", "apply"),
    "apply (gensim: freeze, and apply that)": ("frozen", "apply"),
}
MEASURES: Mapping[str, Callable[..., dict[str, Any]]] = {
    "gensim": measure_gensim,
    "textdl": measure_textdl,
}


def write_sentences(sentences: Iterable[list[str]], out: Path) -> None:
    """Write sentences, one per line."""
    with out.open("w", encoding="utf-8") as file:
        for sentence in sentences:
            file.write(" ".join(sentence) + "\n")


def digest_scores(scores: Mapping[str, float]) -> str:
    """A digest of phrases and scores, to the last bit."""
    return hashlib.sha256(json.dumps(sorted(scores.items())).encode()).hexdigest()


def measure(system: str, setting: str, corpus: str) -> dict[str, Any]:
    """Measure a system, and describe what it made by digests."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "joined")
        found = MEASURES[system](Path(corpus), SETTINGS[setting], out)
        return {**found, "text": hashlib.sha256(out.read_bytes()).hexdigest()}


def table(runs: list[dict[str, Any]]) -> str:
    """Lay out one row per step: medians, and the speed-up of each alternation."""
    lines = [
        "| setting | step | gensim | textdl | speed-up (each round) | processor time | "
        "peak MB, gensim | textdl | equal |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for setting in dict.fromkeys(run["setting"] for run in runs):
        some = [run for run in runs if run["setting"] == setting]
        theirs, ours = ([run for run in some if run["system"] == system] for system in SYSTEMS)
        peaks = [f"{max(run['peak_mb'] for run in side):.0f}" for side in (theirs, ours)]
        made = {(run["phrases"], run["scores"], run["text"]) for run in some}
        equal = "yes" if len(made) == 1 else "NO"
        for step, (their_name, our_name) in STEPS.items():
            cells = [
                f"{setting}: {ours[0]['phrases']:,} phrases",
                step,
                f"{median_of(theirs, their_name):.1f} s",
                f"{median_of(ours, our_name):.1f} s",
                speed_ups(theirs, ours, their_name, our_name),
                speed_ups(theirs, ours, f"{their_name}_cpu", f"{our_name}_cpu"),
            ]
            lines.append(f"| {' | '.join([*cells, *peaks, equal])} |")
    return "\n".join(lines)


def median_of(runs: list[dict[str, Any]], name: str) -> float:
    """The median of a time."""
    return float(median(run[name] for run in runs))


def speed_ups(
    theirs: list[dict[str, Any]], ours: list[dict[str, Any]], their_name: str, our_name: str
) -> str:
    """The median of the ratios of two times, and each of them."""
    ratios = sorted(a[their_name] / b[our_name] for a, b in zip(theirs, ours, strict=True))
    return f"{median(ratios):.1f} ({', '.join(f'{ratio:.1f}' for ratio in ratios)})"


def unpack(path: Path, lines: int | None) -> None:
    """Write the corpus, or its first lines, as plain text."""
    with gzip.open(find_data(CORPUS), "rb") as packed, path.open("wb") as plain:
        plain.writelines(islice(packed, lines))


def main() -> None:
    """Run every setting of both systems in turn, and print the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="a tenth of the corpus, 1 round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--setting", nargs="*", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(*options.child)))
        return
    if not installed("gensim"):
        return
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus.txt")
        unpack(corpus, 20_000 if options.quick else None)
        for setting in options.setting:
            for _ in range(1 if options.quick else options.rounds):
                for system in SYSTEMS:
                    found = run_child(__file__, system, setting, corpus)
                    runs.append({"system": system, "setting": setting} | found)
                    print(json.dumps(runs[-1]), file=sys.stderr)
    print(f"{headline()}\n\n{table(runs)}")
    write_results("phrases", {"runs": runs})


if __name__ == "__main__":
    main()
