"""Which files hold analogies."""

import pytest

from textdl.errors import CorpusError
from textdl.vectors.benchmarks import holds_analogies, read_association


@pytest.mark.parametrize(
    ("text", "is_analogy"),
    [
        (": capitals\na b c d\n", True),
        ("a b c d\n", True),
        ("# comment\nword answer/another\n", True),
        ("a b 3.5\n", False),
        ("word,word two,5\n", False),
        ("word 1\tword 2\tscore\n", False),
        ("", False),
    ],
)
def test_holds_analogies_by_the_first_line(tmp_path, text, is_analogy):
    path = tmp_path / "benchmark.txt"
    path.write_text(text)
    assert holds_analogies(path) is is_analogy


def test_a_folder_holds_analogies(tmp_path):
    assert holds_analogies(tmp_path)


def test_read_association_four_lists(tmp_path):
    path = tmp_path / "weat.txt"
    path.write_text(": flowers\nrose, daisy\ntulip\n: insects\nwasp\n: good\nlove\n: bad\nhate\n")
    found = read_association(path)
    assert found == ((["rose", "daisy", "tulip"], ["wasp"]), (["love"], ["hate"]))


@pytest.mark.parametrize(
    ("content", "says"), [("rose\n: a\n", "line 1: 'rose'"), (": a\nrose\n: b\nwasp\n", "2 lists")]
)
def test_read_association_bad_input_errors(tmp_path, content, says):
    path = tmp_path / "weat.txt"
    path.write_text(content)
    with pytest.raises(CorpusError) as error:
        read_association(path)
    assert says in str(error.value)
