"""Files in columns: sentences, comments, and lines that lack a column."""

import gzip

import pytest

from textdl.classify.tagging.columns import read_columns
from textdl.classify.tagging.config import ColumnFormat
from textdl.errors import CorpusError, CorpusReadError, DataError, ParameterError

CONLL = "-DOCSTART- -X- O O\n\nU.N. NNP I-NP B-ORG\nofficial NN I-NP O\n\n\nÉire NNP B-NP B-LOC\n"
CONLL_U = "# text = The cat\n1\tThe\tthe\tDET\n2\tcat\tcat\tNOUN\n\n"


@pytest.fixture
def file(tmp_path):
    def write(text, name="t.conll"):
        (tmp_path / name).write_text(text, "utf-8")
        return tmp_path / name

    return write


def test_sentences_and_tags(file):
    found = read_columns(file(CONLL))
    assert found.sentences == [["U.N.", "official"], ["Éire"]]
    assert found.tags == [["B-ORG", "O"], ["B-LOC"]]
    assert read_columns(file(CONLL), ColumnFormat(tag_column=2)).tags == [["NNP", "NN"], ["NNP"]]


def test_tabs_and_comments(file):
    format = ColumnFormat(word_column=2, tag_column=4, comment="#")
    assert read_columns(file(CONLL_U), format) == ([["The", "cat"]], [["DET", "NOUN"]])
    found = read_columns(file("New York\tB-LOC\r\nis\tO\r\n"))
    assert found == ([["New York", "is"]], [["B-LOC", "O"]])


def test_hash_is_a_token_unless_said_otherwise(file):
    assert read_columns(file("# NN\n1 CD\n")).sentences == [["#", "1"]]


def test_several_compressed_files(file, tmp_path):
    (tmp_path / "more.conll.gz").write_bytes(gzip.compress(b"cat O\n"))
    found = read_columns([file(CONLL), str(tmp_path / "more.conll.gz")])
    assert found.sentences[-1] == ["cat"]


def test_tokens_without_tags(file):
    assert read_columns(file("the\ncat\n\nsat\n"), has_tags=False).sentences == [
        ["the", "cat"],
        ["sat"],
    ]


def test_tag_that_is_missing_on_line_40_000_is_named(file):
    lines = ["word tag"] * 39_999 + ["word"] + ["word tag"] * 10
    with pytest.raises(DataError, match="line 40,000: 'word' has 1 column; expected 2, as in the"):
        read_columns(file("\n".join(lines)))


@pytest.mark.parametrize(
    ("text", "format", "message"),
    [
        ("cat\n", ColumnFormat(), "line 1: 'cat' has 1 column; expected a token and a tag"),
        ("a b c\n\na b\n", ColumnFormat(), "line 3: 'a b' has 2 columns; expected 3"),
        ("a b\n", ColumnFormat(tag_column=3), "expected the tag in column 3"),
        ("a b\n", ColumnFormat(word_column=-3), "expected the token in column -3"),
        ("a\t\n", ColumnFormat(), "line 1: 'a ' has 2 columns; expected the tag in column -1"),
    ],
)
def test_missing_columns_are_named(file, text, format, message):
    with pytest.raises(DataError, match=message):
        read_columns(file(text), format)


def test_nothing_to_read_is_refused(file, tmp_path):
    with pytest.raises(CorpusError, match="has no sentence"):
        read_columns(file("\n\n-DOCSTART- O\n"))
    with pytest.raises(CorpusReadError):
        read_columns(tmp_path / "none")
    with pytest.raises(ParameterError, match="tag_column=0"):
        read_columns(file(CONLL), ColumnFormat(tag_column=0))
