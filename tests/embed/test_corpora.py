"""Real training on our own corpora: toyworld's analogies, and the demo's neighbors."""

import re
import sys
from pathlib import Path

import pytest

from textdl import Word2Vec
from textdl.embed.objectives import ARCHITECTURES, LOSSES
from textdl.vectors.evaluate import evaluate_analogies

ROOT = Path(__file__).resolve().parents[2]


MODELS = [  # each side once in the quick tests, all pairs in the full ones
    pytest.param(arch, loss, marks=[] if side == output else [pytest.mark.full])
    for side, arch in enumerate(ARCHITECTURES)
    for output, loss in enumerate(LOSSES)
]


@pytest.mark.parametrize(("arch", "loss"), MODELS)
def test_toyworld_analogies_are_near_perfect(tmp_path, arch, loss):
    from corpora.toyworld.build import build

    build(tmp_path / "toy.txt")
    model = Word2Vec(vector_size=50, tokenizer="whitespace", arch=arch, loss=loss)
    model.fit(tmp_path / "toy.txt")
    found = evaluate_analogies(model.vectors_, tmp_path / "toy.questions.txt")
    assert found.skipped == 0
    assert found.accuracy >= 0.95, found


def neighbors_in_readme():
    """The demo's table: a word, and its nearest words with their cosines."""
    _, table = (ROOT / "README.md").read_text().split("| word | nearest words |\n|---|---|\n")
    rows = re.findall(r"^\| (\S+) \| (.+) \|$", table.split("\n\n")[0], re.MULTILINE)
    return {word: re.findall(r"(\S+) 0\.\d\d", near) for word, near in rows}


@pytest.mark.full  # it trains for half a minute
def test_demo_prints_what_the_readme_shows(tmp_path):
    """Ranks change with the versions of what is installed; 7 in 10 must still be near."""
    sys.path.insert(0, str(ROOT / "scripts"))
    import demo
    from corpora.pydocs.build import build

    expected = neighbors_in_readme()
    assert len(expected) == len(demo.WORDS)
    build(tmp_path / "pydocs.txt")
    vectors = demo.train(tmp_path / "pydocs.txt", verbose=False)
    found = dict(zip(demo.WORDS, vectors.most_similar_batch(demo.WORDS, topn=10), strict=True))
    agree = sum(len({w for w, _ in found[word]} & set(near)) for word, near in expected.items())
    assert agree >= 0.7 * 5 * len(expected), found
