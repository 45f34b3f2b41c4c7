"""Phrases: textdl against gensim, speed, memory and equality in one table.

Both learn the phrases of the same file of one paragraph per line, then write it with phrases
joined. Each runs in a process of its own, one system after the other; the steps are timed by
themselves. gensim joins with its `Phrases`, and again with the `FrozenPhrases` that `freeze` makes
of it. Prints a Markdown table and writes ``bench/phrases.json``.

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


def measure_textdl(corpus: Path, settings: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """Learn, then apply."""
    from textdl import Phrases

    began = time.perf_counter()
    phrases = Phrases(tokenizer="whitespace", lowercase=False, **settings).fit(corpus)
    learned = time.perf_counter()
    with out.open("w", encoding="utf-8") as file:
        phrases.write(corpus, file)
    applied = time.perf_counter()
    return {
        "learn": learned - began,
        "apply": applied - learned,
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
    began = time.perf_counter()
    phrases = Phrases(lines, **given)
    learned = time.perf_counter()
    write_sentences(map(phrases.__getitem__, lines), out)
    applied = time.perf_counter()
    frozen = phrases.freeze()
    frozen_at = time.perf_counter()
    write_sentences(map(frozen.__getitem__, lines), out.with_name("frozen"))
    return {
        "learn": learned - began,
        "apply": applied - learned,
        "freeze": frozen_at - applied,
        "apply_frozen": time.perf_counter() - frozen_at,
        "phrases": len(frozen.phrasegrams),
        "scores": digest_scores(frozen.phrasegrams),
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
    """Lay out one row per setting: medians, and the speed-up of each alternation."""
    lines = [
        "| setting | phrases | gensim: learn | apply | freeze + apply | textdl: learn | apply | "
        "learn, speed-up (each round) | apply, speed-up (each round) | against freeze + apply | "
        "peak MB, gensim | textdl | equal |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for setting in dict.fromkeys(run["setting"] for run in runs):
        some = [run for run in runs if run["setting"] == setting]
        theirs, ours = ([run for run in some if run["system"] == system] for system in SYSTEMS)
        for run in theirs:
            run["frozen"] = run["freeze"] + run["apply_frozen"]
        seconds = [median_of(theirs, name) for name in ("learn", "apply", "frozen")]
        seconds += [median_of(ours, name) for name in ("learn", "apply")]
        ratios = [speed_ups(theirs, ours, *names) for names in RATIOS]
        peaks = [f"{max(run['peak_mb'] for run in side):.0f}" for side in (theirs, ours)]
        made = {(run["phrases"], run["scores"], run["text"]) for run in some}
        equal = "yes" if len(made) == 1 else "NO"
        cells = [setting, f"{ours[0]['phrases']:,}", *(f"{it:.1f} s" for it in seconds)]
        lines.append(f"| {' | '.join([*cells, *ratios, *peaks, equal])} |")
    return "\n".join(lines)


RATIOS = (("learn", "learn"), ("apply", "apply"), ("frozen", "apply"))


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
