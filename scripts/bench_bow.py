"""Bag-of-words: textdl against scikit-learn, speed, memory and equality in one table.

Both make a matrix of the same texts with the same parameters, each in a process of its own, one
system after the other. Only `fit_transform` is timed; the peak memory is that of the whole process,
texts included. Prints a Markdown table and writes ``bench/bow.json``.

    python scripts/bench_bow.py            # IMDb and 20 newsgroups, 3 rounds: about 20 minutes
    python scripts/bench_bow.py --quick    # IMDb words and TF-IDF, 1 round
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from measuring import find_data, headline, pair, run_child, write_results

CORPORA = {"imdb": "labelled/imdb.tsv.gz", "20news": "labelled/20news_stripped.tsv.gz"}
SYSTEMS = ("scikit-learn", "textdl")
SETTINGS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "words": ("CountVectorizer", {}),
    "TF-IDF": ("TfidfVectorizer", {}),
    "(1, 2)-grams": ("CountVectorizer", {"ngram_range": (1, 2)}),
    "(1, 2)-grams, min_df=5": ("TfidfVectorizer", {"ngram_range": (1, 2), "min_df": 5}),
    "stop words, 20,000 features": (
        "CountVectorizer",
        {"stop_words": "english", "max_features": 20_000},
    ),
    "char_wb (3, 5)": ("CountVectorizer", {"analyzer": "char_wb", "ngram_range": (3, 5)}),
    "char (2, 3)": ("CountVectorizer", {"analyzer": "char", "ngram_range": (2, 3)}),
    "pattern with look-around": ("CountVectorizer", {"token_pattern": r"(?<![\w'])[\w']+"}),
    "accents stripped": ("CountVectorizer", {"strip_accents": "unicode"}),
    "hashing": ("HashingVectorizer", {}),
}
QUICK = ("words", "TF-IDF")


def read_texts(corpus: str) -> list[str]:
    """Take the last column of a labeled file."""
    with gzip.open(find_data(CORPORA[corpus]), "rt", encoding="utf-8", newline="\n") as file:
        return [line.rstrip("\n").rsplit("\t", 1)[1] for line in file]


def make_vectorizer(system: str, setting: str) -> Any:
    """Make the vectorizer of one system."""
    name, parameters = SETTINGS[setting]
    if system == "scikit-learn":
        from sklearn.feature_extraction import text

        return getattr(text, name)(**parameters)
    from textdl.bow.count import CountVectorizer
    from textdl.bow.hashing import HashingVectorizer
    from textdl.bow.tfidf import TfidfVectorizer

    kinds = (CountVectorizer, HashingVectorizer, TfidfVectorizer)
    return {kind.__name__: kind for kind in kinds}[name](**parameters)


def measure(system: str, corpus: str, setting: str) -> dict[str, Any]:
    """Make the matrix and describe it by a digest of its entries and names."""
    import resource

    texts = read_texts(corpus)
    vectorizer = make_vectorizer(system, setting)
    began = time.perf_counter()
    matrix = vectorizer.fit_transform(texts)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    names = vectorizer.get_feature_names_out() if hasattr(vectorizer, "vocabulary_") else []
    matrix.sort_indices()
    digest = hashlib.sha256("\0".join(names).encode())
    for array in (matrix.indptr, matrix.indices, np.round(matrix.data, 9)):
        digest.update(array.tobytes())
    return {
        "seconds": seconds,
        "peak_mb": peak,
        "mb": sum(len(text.encode()) for text in texts) / 1e6,
        "shape": matrix.shape,
        "entries": matrix.nnz,
        "digest": digest.hexdigest(),
    }


def table(runs: list[dict[str, Any]]) -> str:
    """Lay out one row per setting: medians, and the speed-up of each alternation."""
    lines = [
        "| corpus | setting | scikit-learn, s | textdl, s | MB/s | speed-up (each round) | "
        "peak MB, scikit-learn | peak MB, textdl | equal |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for corpus, setting in dict.fromkeys((run["corpus"], run["setting"]) for run in runs):
        some = [run for run in runs if (run["corpus"], run["setting"]) == (corpus, setting)]
        found = pair(some, SYSTEMS, "seconds")
        lines.append(
            f"| {corpus} | {setting} | {found.first:.2f} | {found.second:.2f} | "
            f"{some[0]['mb'] / found.second:.0f} | {found.speed_up} | {found.peaks[0]:.0f} | "
            f"{found.peaks[1]:.0f} | {found.is_equal} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run every setting of both systems in turn, and print the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="IMDb words and TF-IDF, 1 round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--corpus", nargs="*", default=list(CORPORA), choices=list(CORPORA))
    parser.add_argument("--setting", nargs="*", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(*options.child)))
        return
    if options.quick:
        options.corpus, options.setting, options.rounds = ["imdb"], QUICK, 1
    runs = []
    for corpus in options.corpus:
        find_data(CORPORA[corpus])
        for setting in options.setting:
            for _ in range(options.rounds):
                for system in SYSTEMS:
                    names = {"system": system, "corpus": corpus, "setting": setting}
                    runs.append(names | run_child(__file__, *names.values()))
                    print(json.dumps(runs[-1]), file=sys.stderr)
    print(f"{headline()}\n\n{table(runs)}")
    write_results("bow", {"runs": runs})


if __name__ == "__main__":
    main()
