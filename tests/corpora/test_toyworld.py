"""The invariants that make the toy world's analogies fair questions."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from corpora.toyworld import build as toyworld
from corpora.toyworld.grammar import RELATIONS, invented
from textdl.errors import OutputError, ParameterError

ROOT = Path(__file__).resolve().parents[2]
COUNT = 8000


@pytest.fixture(scope="module")
def corpus() -> list[list[str]]:
    return [line.split() for line in toyworld.sentences(COUNT, seed=7)]


def subjects() -> list[str]:
    return [subject.word for subject in toyworld.subjects()]


def test_same_seed_same_sentences() -> None:
    assert list(toyworld.sentences(500, 3)) == list(toyworld.sentences(500, 3))
    assert list(toyworld.sentences(500, 3)) != list(toyworld.sentences(500, 4))


def test_fewer_sentences_are_a_prefix() -> None:
    assert list(toyworld.sentences(500, 3))[:100] == list(toyworld.sentences(100, 3))


@pytest.mark.parametrize("count", [0, -1])
def test_at_least_one_sentence(count: int, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=f"sentences is {count}; expected at least 1"):
        toyworld.sentences(count, 1)
    with pytest.raises(ParameterError):
        toyworld.build(tmp_path / "toy.txt", count=count)
    assert list(tmp_path.iterdir()) == []


def test_every_word_of_a_question_is_in_the_corpus(corpus: list[list[str]]) -> None:
    vocabulary = {word for sentence in corpus for word in sentence}
    asked = {word for _, section in toyworld.analogies() for four in section for word in four}
    assert asked == set(subjects())
    assert asked <= vocabulary


def test_subjects_are_distinct_and_used_for_nothing_else(corpus: list[list[str]]) -> None:
    words = subjects()
    assert len(set(words)) == len(words)
    assert all(sum(word in set(words) for word in sentence) == 1 for sentence in corpus)


def test_counts_are_balanced(corpus: list[list[str]]) -> None:
    counts = Counter(word for sentence in corpus for word in sentence)
    of_subjects = [counts[word] for word in subjects()]
    # A deck holds each subject twice, so the cards dealt from the last one may differ by two.
    assert max(of_subjects) - min(of_subjects) <= 2
    assert sum(of_subjects) == COUNT


def test_bonds_belong_to_one_pair() -> None:
    owners = Counter(name for subject in toyworld.subjects() for name in subject.own)
    assert set(owners.values()) == {2}


def test_text_is_lower_case_words_only(corpus: list[list[str]]) -> None:
    assert all(word.isascii() and word.isalpha() and word.islower() for s in corpus for word in s)


def test_invented_names_do_not_repeat() -> None:
    assert len({invented(index) for index in range(1001)}) == 1001


def test_sections_hold_all_ordered_pairs_of_pairs() -> None:
    sections = dict(toyworld.analogies())
    assert list(sections) == ["capital-country", "gender", "gram-plural", "gram-comparative"]
    for relation in RELATIONS:
        pairs = len(relation.pairs)
        assert len(set(sections[relation.section])) == pairs * (pairs - 1)
    assert ("apple", "apples", "mouse", "mice") in sections["gram-plural"]


def test_files(tmp_path: Path) -> None:
    report = toyworld.build(tmp_path / "toy.txt", count=50)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["toy.questions.txt", "toy.txt"]
    text = (tmp_path / "toy.txt").read_bytes()
    assert (text.count(b"\n"), len(text.split())) == (report.sentences, report.words)
    asked = (tmp_path / "toy.questions.txt").read_text().splitlines()
    assert next(line for line in asked if line.startswith(":")) == ": capital-country"
    assert sum(len(line.split()) == 4 for line in asked) == report.questions
    toyworld.build(tmp_path / "again.txt", tmp_path / "asked.txt", count=50)
    assert (tmp_path / "again.txt").read_bytes() == text


def test_corpus_and_questions_are_two_files(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="expected two files"):
        toyworld.build(tmp_path / "a.txt", tmp_path / "a.txt")


def test_a_questions_folder_that_is_missing_leaves_no_corpus(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        toyworld.build(tmp_path / "a.txt", tmp_path / "none" / "b.txt")
    assert list(tmp_path.iterdir()) == []


def test_command_line(tmp_path: Path) -> None:
    script = [sys.executable, "-W", "error", str(ROOT / "corpora" / "toyworld" / "build.py")]
    good = [*script, "toy.txt", "--sentences", "20", "--seed", "2", "--questions", "asked.txt"]
    run = subprocess.run(good, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "words in 20 sentences" in run.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["asked.txt", "toy.txt"]
    bad = subprocess.run(
        [*script, "toy.txt", "--sentences", "0"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (bad.returncode, bad.stderr.count("\n")) == (1, 1)
