"""Matching texts: textdl against sparse_dot_topn, the same rows, the same pairs.

Three words of a corpus are a name, and the same name without one of its characters is to be found
among all others. Both multiply the same TF-IDF rows of runs of three characters; both are timed in
seconds of processor time, on one thread, one after the other, best of some rounds. Prints a
Markdown table and writes ``bench/match.json``.

    python scripts/bench_match.py --names 20000
"""

from __future__ import annotations

import argparse
import gzip
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from measuring import find_data, headline, write_results

CORPUS = "wiki17m.txt.gz"
CHARACTERS = 4_000_000  # of the corpus, whose words are drawn
ASKED = ((1, 0.8), (10, 0.8), (10, 0.5), (10, 0.0))  # topn, min_similarity


def draw_names(count: int) -> tuple[list[str], list[str]]:
    """Names of three words, and the same with a character missing."""
    with gzip.open(find_data(CORPUS), "rt", encoding="utf-8") as file:
        words = file.read(CHARACTERS).split()
    draw = np.random.default_rng(0)
    names = [
        " ".join(words[row] for row in rows) for rows in draw.integers(len(words), size=(count, 3))
    ]
    places = draw.integers([len(name) for name in names]).tolist()
    misspelled = [f"{name[:it]}{name[it + 1 :]}" for name, it in zip(names, places, strict=True)]
    return names, misspelled


def best_seconds(work: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """The least processor time of some rounds, and the last result."""
    seconds = []
    for _ in range(rounds):
        begin = time.process_time()
        result = work()
        seconds.append(time.process_time() - begin)
    return min(seconds), result


def compare(count: int, rounds: int) -> list[dict[str, Any]]:
    """A row of the table for each question."""
    from scipy import sparse
    from sparse_dot_topn import sp_matmul_topn

    from textdl.bow.matching import match_rows, spelling_vectorizer

    names, misspelled = draw_names(count)
    rows = spelling_vectorizer().fit_transform([*names, *misspelled])
    first = sparse.csr_matrix(rows[:count])
    second = sparse.csr_matrix(rows[count:])
    by_term = sparse.csr_matrix(second.T)
    table = []
    for topn, least in ASKED:
        ask_ours = partial(match_rows, first, second, topn, least)
        ask_theirs = partial(
            sp_matmul_topn, first, by_term, top_n=topn, threshold=least or None, n_threads=1
        )
        ours, found = best_seconds(ask_ours, rounds)
        theirs, expected = best_seconds(ask_theirs, rounds)
        gap = abs(float(found.similarity.sum()) - float(expected.data.sum()))
        pairs = len(found.first)
        table.append(
            {
                "topn": topn, "min_similarity": least, "textdl": ours, "sparse_dot_topn": theirs,
                "pairs": pairs, "same_pairs": pairs == expected.nnz and gap < 1e-6 * pairs,
            }
        )  # fmt: skip
    return table


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    table = compare(options.names, options.rounds)
    print(headline())
    print("\n| topn | at least | textdl | sparse_dot_topn | speed-up | pairs | the same |")
    print("|---|---|---|---|---|---|---|")
    for row in table:
        speed_up = row["sparse_dot_topn"] / row["textdl"]
        print(
            f"| {row['topn']} | {row['min_similarity']} | {row['textdl']:.2f} s "
            f"| {row['sparse_dot_topn']:.2f} s | {speed_up:.2f} x | {row['pairs']:,} "
            f"| {row['same_pairs']} |"
        )
    write_results("match", table)


if __name__ == "__main__":
    main()
