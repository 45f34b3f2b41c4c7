"""Tokenizers: textdl against NLTK itself, speed and equality in one table.

Both cut the same documents, lower-cased, on one core, each in a process of its own, one system
after the other; textdl has to check itself and to fill its memory of runs in that time. Only
cutting is timed, in seconds of the processor; importing NLTK is not. "Equal" means every token of
every document. Prints a Markdown table and writes ``bench/tokenizers.json``.

    python scripts/bench_tokenizers.py            # all files and tokenizers, 3 rounds: 40 minutes
    python scripts/bench_tokenizers.py --quick    # 20 MB, Treebank tokens, 1 round: 1 minute
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import sys
import time
from importlib import import_module
from typing import Any

from measuring import find_data, headline, pair, run_child, write_results

from textdl.text.tokenizers import TOKENIZERS

CORPORA = {
    "wiki-raw-20mb": "wiki-raw-20mb.txt.gz",
    "20news": "labelled/20news_stripped.tsv.gz",
    "imdb": "labelled/imdb.tsv.gz",
    "smsspam": "labelled/smsspam.tsv.gz",
    "rtpolarity": "labelled/rtpolarity.tsv.gz",
}
SYSTEMS = {"NLTK": "tokenize_by_nltk", "textdl": "tokenize"}
NAMES = ("nltk", "wordpunct", "tweet")


def read_documents(corpus: str) -> list[str]:
    """Lower-cased lines; of a labeled file, their last column."""
    with gzip.open(find_data(CORPORA[corpus]), "rt", encoding="utf-8", newline="\n") as file:
        return [line.rstrip("\n").rsplit("\t", 1)[-1].lower() for line in file]


def measure(system: str, corpus: str, name: str) -> dict[str, Any]:
    """Cut all documents and describe the tokens by a digest."""
    documents = read_documents(corpus)
    tokenizer = import_module(f"textdl.text.tokenizers.{TOKENIZERS[name].module}")
    cut = getattr(tokenizer, SYSTEMS[system])
    digest = hashlib.sha256()
    tokens = 0
    seconds = 0.0
    for document in documents:
        began = time.process_time()
        found = cut(document)
        seconds += time.process_time() - began
        tokens += len(found)
        digest.update("\0".join(found).encode() + b"\n")
    return {
        "cpu_seconds": seconds,
        "mb": sum(len(document.encode()) for document in documents) / 1e6,
        "documents": len(documents),
        "tokens": tokens,
        "digest": digest.hexdigest(),
    }


def table(runs: list[dict[str, Any]]) -> str:
    """Lay out one row per corpus and tokenizer: medians, and the speed-up of each alternation."""
    lines = [
        "| tokenizer | corpus | MB | NLTK, s | textdl, s | MB/s | speed-up (each round) | "
        "peak MB, NLTK | peak MB, textdl | equal |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, corpus in dict.fromkeys((run["name"], run["corpus"]) for run in runs):
        some = [run for run in runs if (run["name"], run["corpus"]) == (name, corpus)]
        found = pair(some, SYSTEMS, "cpu_seconds")
        megabytes = some[0]["mb"]
        lines.append(
            f"| {name} | {corpus} | {megabytes:.1f} | {found.first:.2f} | {found.second:.2f} | "
            f"{megabytes / found.second:.1f} | {found.speed_up} | {found.peaks[0]:.0f} | "
            f"{found.peaks[1]:.0f} | {found.is_equal} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run both systems in turn on every corpus, and print the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="wiki-raw-20mb and nltk, 1 round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--corpus", nargs="*", default=list(CORPORA), choices=list(CORPORA))
    parser.add_argument("--name", nargs="*", default=list(NAMES), choices=list(NAMES))
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(*options.child)))
        return
    if options.quick:
        options.corpus, options.name, options.rounds = ["wiki-raw-20mb"], ["nltk"], 1
    runs = []
    for name in options.name:
        for corpus in options.corpus:
            find_data(CORPORA[corpus])
            for _ in range(options.rounds):
                for system in SYSTEMS:
                    names = {"system": system, "corpus": corpus, "name": name}
                    runs.append(names | run_child(__file__, *names.values()))
                    print(json.dumps(runs[-1]), file=sys.stderr)
    print(f"{headline()}\n\n{table(runs)}")
    write_results("tokenizers", {"runs": runs})


if __name__ == "__main__":
    main()
