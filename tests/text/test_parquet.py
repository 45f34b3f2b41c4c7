"""A column of a Parquet file as a corpus."""

import subprocess
import sys
from pathlib import Path

import pytest

from textdl.classify.examples import ExampleFormat, read_examples
from textdl.errors import CorpusReadError
from textdl.text.corpus import read_corpus, read_documents
from textdl.text.files import TextColumn, find_files
from textdl.text.parquet import read_batches

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

TEXTS = ["a cat", "", "Éire ☘\nof two lines", "the dog " * 300_000]


@pytest.fixture
def write(tmp_path):
    def write(name="docs.parquet", **columns):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        parquet.write_table(pyarrow.table(columns), path, row_group_size=3)
        return path

    return write


@pytest.mark.parametrize(
    "type_",
    [
        pyarrow.string(),
        pyarrow.large_string(),
        pyarrow.dictionary(pyarrow.int32(), pyarrow.string()),
    ],
    ids=str,
)
def test_parquet_row_is_document(write, type_):
    path = write(text=pyarrow.array(TEXTS).cast(type_), id=[1, 2, 3, 4])
    assert list(read_documents(path)) == list(read_documents([path])) == TEXTS
    assert max(len(text) for chunk in read_corpus(path) for text in chunk.documents) < 1 << 21


def test_parquet_column_behind_path_is_read(write):
    path = write(body=["one", "two"], title=["x", "y"])
    assert list(read_documents(f"{path}::body")) == ["one", "two"]
    assert list(read_documents(Path(f"{path}::title"))) == ["x", "y"]
    assert list(read_documents([Path(f"{path}::title")])) == ["x", "y"]


def test_columns_of_folders_and_globs(write, tmp_path):
    for name in "ab":
        write(f"sub/{name}.PARQUET" if name == "a" else f"sub/{name}.parquet", body=[name])
    (tmp_path / "sub" / "readme.txt").write_text("no Parquet")
    for source in (tmp_path / "sub", f"{tmp_path}/sub/*"):
        assert list(read_documents(f"{source}::body")) == ["a", "b"]
    assert [path.name for path in find_files(f"{tmp_path}/sub::body")] == [
        "a.PARQUET::body", "b.parquet::body"
    ]  # fmt: skip


def test_folder_of_text_and_parquet_gives_both(write, tmp_path):
    write("c/b.parquet", text=["from Parquet"])
    (tmp_path / "c" / "a.txt").write_text("from text")
    assert list(read_documents(tmp_path / "c")) == ["from text", "from Parquet"]


def test_file_of_that_very_name_is_read(write, tmp_path):
    write("odd::text.parquet", text=["one"])
    assert list(read_documents(tmp_path / "odd::text.parquet")) == ["one"]
    (tmp_path / "a::b").write_text("plain")
    assert list(read_documents(tmp_path / "a::b")) == ["plain"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.parquet", ("a.parquet", "text")),
        ("a.parquet::b c", ("a.parquet", "b c")),
        ("d::e/a.parquet::b", ("d::e/a.parquet", "b")),
        ("a.parquet::", ("a.parquet::", "text")),
        ("::b", ("::b", "text")),
        ("", ("", "text")),
    ],
)
def test_text_column_parse(name, expected):
    assert TextColumn.parse(name) == expected


def test_parquet_empty_table_has_no_documents(write):
    assert list(read_corpus(write(text=pyarrow.array([], pyarrow.string())))) == []


def test_parquet_null_errors_unless_ignored(write):
    path = write(text=["a", "b", "c", "d", None])
    with pytest.raises(CorpusReadError, match=r"row 5 of column 'text' of .* is null; drop"):
        list(read_corpus(path))
    assert list(read_documents(path, errors="ignore")) == ["a", "b", "c", "d", ""]


def refused(corpus, says):
    with pytest.raises(CorpusReadError, match=says) as caught:
        list(read_corpus(corpus))
    assert "\n" not in str(caught.value)


def test_parquet_unreadable_column_errors(write, tmp_path):
    path = write(body=["one"], id=[1])
    refused(path, r"has no column 'text', only body, id; name one as docs.parquet::body")
    refused(f"{path}::no", "has no column 'no'")
    refused(f"{path}::id", "column 'id' of .* holds int64, not text")
    refused(f"{tmp_path}/none.parquet::id", "does not exist")
    refused([tmp_path / "none.parquet"], "cannot be read as Parquet")
    refused(f"{tmp_path}::id", "holds int64")
    (tmp_path / "notes.txt").write_text("text")
    refused(f"{tmp_path}/notes.txt::id", "does not exist")


def test_damaged_parquet_errors(write):
    path = write(text=["one", "two"] * 100)
    whole = path.read_bytes()
    for content in (b"", b"PAR1", b"text, not Parquet", whole[:-20], whole[20:]):
        path.write_bytes(content)
        refused(path, "cannot be read as Parquet .*; copy or make it again")


@pytest.mark.parametrize("type_", [pyarrow.string(), pyarrow.large_string()], ids=str)
@pytest.mark.parametrize(
    "rows", [[b"cat", b"d\xc3\xa9", b"cat\xff"], [b"cat", None, b"cat\xff"] * 2]
)
def test_read_bad_utf8_names_the_row(write, type_, rows):
    binary = pyarrow.large_binary() if type_ == pyarrow.large_string() else pyarrow.binary()
    path = write(text=pyarrow.array(rows, binary).view(type_))
    refused(path, "row 3 of column 'text' of .* is not UTF-8: byte 0xff at position 3")
    expected = [(raw or b"").decode("utf-8", "replace") for raw in rows]
    assert list(read_documents(path, errors="replace")) == expected


def test_read_records_bad_utf8_names_the_row(write):
    raw = pyarrow.array([b"cat", b"cat\xff"]).view(pyarrow.string())
    path = write(label=["a", "b"], text=raw)
    with pytest.raises(CorpusReadError, match=r"row 2 of column 'text' .* is not UTF-8"):
        read_examples(path)
    assert read_examples(path, ExampleFormat(errors="ignore")).texts == ["cat", "cat"]


def test_read_dictionary_bomb_bounded_memory(tmp_path):
    """A file of a few kilobytes that stands for 8 GB is read in small pieces."""
    path = tmp_path / "bomb.parquet"
    texts = pyarrow.DictionaryArray.from_arrays(
        pyarrow.array([0] * 8_000, pyarrow.int32()), ["word " * 200_000]
    )
    parquet.write_table(pyarrow.table({"text": texts}), path, compression="zstd")
    assert path.stat().st_size < 10_000
    program = """
import resource, sys
from itertools import islice
from textdl.text.corpus import read_corpus
from textdl.text.parquet import read_text
from pathlib import Path

for _ in read_text(Path(sys.argv[1]), "text"):  # pyarrow itself
    break
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
pieces = sum(len(chunk.documents) for chunk in islice(read_corpus(sys.argv[1]), 2_000))
print(pieces, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    pieces, megabytes = map(int, done.stdout.split())
    assert pieces >= 2_000
    assert megabytes < 250


def test_batches_hold_all_columns(write):
    rows = [
        row
        for batch in read_batches(write(text=["a", "b"], id=[1, 2]))
        for row in batch.to_pylist()
    ]
    assert rows == [{"text": "a", "id": 1}, {"text": "b", "id": 2}]


def test_parquet_without_pyarrow_errors(write, monkeypatch):
    path = write(text=["one"])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    refused(path, r"needs pyarrow; pip install 'textdl\[parquet\]'")


def test_import_corpus_does_not_load_pyarrow():
    program = "import sys, textdl.text.corpus; sys.exit('pyarrow' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
