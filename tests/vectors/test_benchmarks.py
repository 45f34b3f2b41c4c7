"""Which files hold analogies."""

import pytest

from textdl.vectors.benchmarks import holds_analogies


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
