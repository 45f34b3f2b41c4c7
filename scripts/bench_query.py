"""How fast the nearest words of many words are found, against gensim, faiss and usearch.

All but the index search exhaustively, and answers are compared with ours. Vectors are random,
unless a file is given: the time of an exhaustive search does not depend on them. How many neighbors
an index finds, its recall, does: take a file for that. gensim is asked word by word, as it has no
other way; faiss (IndexFlatIP, unit vectors) and usearch (exact search) get all queries at once; the
index (`ApproximateIndex`, where usearch is installed) both ways. Rounds alternate, and the best of
each counts. Prints a Markdown table and writes ``bench/query.json``.

    python scripts/bench_query.py                                # 100,000 x 100, 1,000 queries
    python scripts/bench_query.py --rows 1000000 --dimensions 300 --queries 1 --rounds 7
    python scripts/bench_query.py --vectors v.safetensors        # of any known format
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from measuring import headline, installed, write_results
from numpy.typing import NDArray

from textdl import Vectors
from textdl.vectors.approximate import ApproximateIndex

TOPN = 10
Search = Callable[[list[int]], list[list[int]]]  # rows to the rows of their neighbors


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dimensions", type=int, default=100)
    parser.add_argument("--vectors", help="a file, in place of random numbers")
    parser.add_argument("--queries", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    draw = np.random.default_rng(0)
    if options.vectors is None:
        matrix = draw.standard_normal((options.rows, options.dimensions), dtype=np.float32)
    else:
        matrix = np.array(Vectors.load(options.vectors).matrix)
        options.rows, options.dimensions = matrix.shape
    asked = draw.integers(options.rows, size=options.queries).tolist()
    searches = {"textdl": textdl_search(matrix), "one product": product(matrix)}
    for package in installed("gensim", "faiss", "usearch"):
        searches[package] = PEERS[package](matrix)
    if "usearch" in searches:
        searches |= index_searches(matrix)
    seconds: dict[str, list[float]] = {name: [] for name in searches}
    cpu_seconds: dict[str, list[float]] = {name: [] for name in searches}
    answers: dict[str, list[list[int]]] = {}
    for _ in range(options.rounds):
        for name, search in searches.items():
            processor_time = time.process_time()
            began = time.perf_counter()
            answers[name] = search(asked)
            seconds[name].append(time.perf_counter() - began)
            cpu_seconds[name].append(time.process_time() - processor_time)
    print(headline())
    print(f"{options.queries:,} queries, {options.rows:,} x {options.dimensions}, top {TOPN}")
    print("| program | seconds | times textdl | CPU seconds | same neighbors |")
    print("|---|---|---|---|---|")
    results = []
    for name, times in seconds.items():
        ratio = min(times) / min(seconds["textdl"])
        same = agreement(answers["textdl"], answers[name])
        cpu = min(cpu_seconds[name])
        row = {"program": name, "rounds": times, "ratio": ratio, "cpu": cpu, "same": same}
        results.append(row)
        shown = "" if name == "one product" else f"{same:.4f}"
        print(f"| {name} | {min(times):.4f} | {ratio:.2f} | {cpu:.4f} | {shown} |")
    write_results("query", {**vars(options), "results": results})


def agreement(ours: list[list[int]], theirs: list[list[int]]) -> float:
    """The share of our neighbors that another program names, too."""
    shared = sum(len(set(one) & set(other)) for one, other in zip(ours, theirs, strict=False))
    return shared / sum(map(len, ours))


def textdl_search(matrix: NDArray[np.float32]) -> Search:
    """Our `most_similar_batch`, or `most_similar` of one word."""
    vectors = Vectors([str(row) for row in range(len(matrix))], matrix)
    vectors.norms  # noqa: B018  # as faiss is given unit vectors

    def search(rows: list[int]) -> list[list[int]]:
        words = [str(row) for row in rows]
        if len(words) == 1:
            found = [vectors.most_similar(words[0], topn=TOPN)]
        else:
            found = vectors.most_similar_batch(words, topn=TOPN)
        return [[int(word) for word, _ in some] for some in found]

    return search


def product(matrix: NDArray[np.float32]) -> Search:
    """The product alone, which every exact search has to make."""

    def search(rows: list[int]) -> list[list[int]]:
        queries = matrix[rows]
        _ = matrix @ (queries[0] if len(rows) == 1 else queries.T)
        return []

    return search


def gensim_search(matrix: NDArray[np.float32]) -> Search:
    """Ask `KeyedVectors.most_similar` of gensim, word by word."""
    from gensim.models import KeyedVectors

    vectors = KeyedVectors(matrix.shape[1])
    vectors.add_vectors([str(row) for row in range(len(matrix))], matrix)
    vectors.fill_norms()

    def search(rows: list[int]) -> list[list[int]]:
        found = [vectors.most_similar(str(row), topn=TOPN) for row in rows]
        return [[int(word) for word, _ in some] for some in found]

    return search


def faiss_search(matrix: NDArray[np.float32]) -> Search:
    """Ask the flat index of faiss; the word itself is the first answer, and left out."""
    import faiss

    units = unit_rows(matrix)
    index = faiss.IndexFlatIP(matrix.shape[1])
    index.add(units)
    return lambda rows: without(rows, index.search(units[rows], TOPN + 1)[1])


def usearch_search(matrix: NDArray[np.float32]) -> Search:
    """Ask the exact search of usearch; the word itself is the first answer, and left out."""
    from usearch.index import search

    def find(rows: list[int]) -> list[list[int]]:
        found = search(matrix, matrix[rows], TOPN + 1, "cos", exact=True)
        return without(rows, np.atleast_2d(found.keys))

    return find


def index_searches(matrix: NDArray[np.float32]) -> dict[str, Search]:
    """Our `ApproximateIndex`, asked for all words at once, and word by word."""
    vectors = Vectors([str(row) for row in range(len(matrix))], matrix)
    began = time.process_time()
    index = ApproximateIndex(vectors)
    print(
        f"index: {time.process_time() - began:.1f} s of processor time, recall {index.recall():.4f}"
    )

    def at_once(rows: list[int]) -> list[list[int]]:
        found = vectors.most_similar_batch([str(row) for row in rows], TOPN, indexer=index)
        return [[int(word) for word, _ in some] for some in found]

    def one_by_one(rows: list[int]) -> list[list[int]]:
        found = [vectors.most_similar(str(row), topn=TOPN, indexer=index) for row in rows]
        return [[int(word) for word, _ in some] for some in found]

    return {"index": at_once, "index, word by word": one_by_one}


def unit_rows(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row divided by its length."""
    units: NDArray[np.float32] = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    return units


def without(rows: list[int], found: NDArray[Any]) -> list[list[int]]:
    """The neighbors of rows without the rows themselves."""
    return [
        [other for other in some if other != row][:TOPN]
        for row, some in zip(rows, found.tolist(), strict=True)
    ]


PEERS = {"gensim": gensim_search, "faiss": faiss_search, "usearch": usearch_search}

if __name__ == "__main__":
    main()
