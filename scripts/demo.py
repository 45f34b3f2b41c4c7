"""The demo: build the pydocs corpus, train on it, show neighbors, print what to type next."""

from __future__ import annotations

import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from corpora.pydocs.build import build  # noqa: E402
from textdl import Vectors, Word2Vec  # noqa: E402

WORDS = (
    "week", "seconds", "polynomial", "server", "complex",
    "decomposition", "gzip", "tuple", "seed", "pandas",
)  # fmt: skip
NEIGHBOURS = 5


def train(corpus: Path, *, verbose: bool = True) -> Vectors:
    """Train on the corpus as a newcomer would, but for more epochs: a million words are few."""
    return Word2Vec(epochs=15, verbose=verbose).fit(corpus).vectors_


def table(vectors: Vectors) -> str:
    """Lay out the nearest words of the demo's words as a Markdown table."""
    answers = vectors.most_similar_batch(WORDS, topn=NEIGHBOURS)
    lines = ["| word | nearest words |", "|---|---|"]
    for word, neighbors in zip(WORDS, answers, strict=True):
        near = ", ".join(f"{other} {cosine:.2f}" for other, cosine in neighbors)
        lines.append(f"| {word} | {near} |")
    return "\n".join(lines)


def main() -> None:
    """Run the demo in the folder ``demo`` of the repository."""
    folder = ROOT / "demo"
    folder.mkdir(exist_ok=True)
    began = time.perf_counter()
    print("Gathering the documentation installed here ...", file=sys.stderr)
    report = build(folder / "pydocs.txt")
    print(f"{report.words:,} words. Training ...", file=sys.stderr)
    vectors = train(folder / "pydocs.txt")
    vectors.save(folder / "pydocs.safetensors")
    print(table(vectors))
    print(f"\n{len(vectors):,} vectors, {time.perf_counter() - began:.0f} s. Now try:\n")
    python = Path(sys.executable).parent
    file = (folder / "pydocs.safetensors").relative_to(ROOT)
    print(f"  cd {ROOT} && source {python / 'activate'}")
    print(f"  textdl similar {file} matrix thread")
    print(f"  textdl analogy {file} row rows column")
    print(f"  textdl odd {file} week month year gzip")
    print("  textdl train YOUR.txt -o yours.safetensors")


if __name__ == "__main__":
    main()
