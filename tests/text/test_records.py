"""Tables as corpora: a column of TSV, CSV and JSON lines is text."""

import csv
import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textdl.errors import CorpusReadError, DataError
from textdl.text.corpus import read_documents
from textdl.text.files import TextColumn, find_files, is_table
from textdl.text.records import ColumnNames, read_records

TEXTS = ["a cat", "", 'she said "no", twice', "é\u2028è"]


def as_csv(texts, delimiter=","):
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    writer.writerows([("id", "body"), *enumerate(texts)])
    return file.getvalue()


def as_tsv(texts):
    return "".join(f"{number}\t{text}\n" for number, text in [("id", "body"), *enumerate(texts)])


def as_json_lines(texts):
    rows = ({"id": number, "body": text} for number, text in enumerate(texts))
    return "".join(json.dumps(row) + "\n\n" for row in rows)


WRITERS = {"csv": as_csv, "tsv": as_tsv, "jsonl": as_json_lines, "ndjson": as_json_lines}


@pytest.mark.parametrize("suffix", WRITERS)
def test_named_column_is_read(tmp_path, suffix):
    path = tmp_path / f"reviews.{suffix}"
    path.write_text(WRITERS[suffix](TEXTS), "utf-8")
    assert list(read_documents(f"{path}::body")) == TEXTS
    packed = tmp_path / f"packed.{suffix}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert list(read_documents(f"{packed}::body")) == TEXTS
    assert list(read_documents(f"{tmp_path}/*.{suffix}*::body")) == TEXTS * 2
    assert find_files(f"{tmp_path}::body") == [Path(f"{it}::body") for it in (packed, path)]


@pytest.mark.parametrize("suffix", WRITERS)
def test_column_without_name_is_text(tmp_path, suffix):
    path = tmp_path / f"reviews.{suffix}"
    path.write_text(WRITERS[suffix](TEXTS).replace("body", "text"), "utf-8")
    assert list(read_documents(path)) == TEXTS


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"))))
def test_csv_any_text_round_trip(tmp_path_factory, texts):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(as_csv(texts).encode())
    assert list(read_documents(f"{path}::body")) == texts


def test_csv_of_other_encoding_is_decoded(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text(as_csv(["caf\u00e9"]), "latin-1")
    assert list(read_documents(f"{path}::body", encoding="latin-1")) == ["caf\u00e9"]


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_missing_column_names_those_there_are(tmp_path, suffix):
    path = tmp_path / f"reviews.{suffix}"
    path.write_text(WRITERS[suffix](TEXTS), "utf-8")
    says = rf"names no column 'text', only 'id, body'; name one as reviews.{suffix}::id"
    with pytest.raises(CorpusReadError, match=says):
        list(read_documents(path))


def test_json_without_column_errors(tmp_path):
    path = tmp_path / "reviews.jsonl"
    path.write_text('{"body": "a"}\n{"body": null}\n{"other": 1}\n{"body": 3}\n')
    with pytest.raises(CorpusReadError, match=r"line 2 of .* has None in 'body'; expected text"):
        list(read_documents(f"{path}::body"))
    with pytest.raises(CorpusReadError, match=r"line 4 of .* has 3 in 'body'"):
        list(read_documents(f"{path}::body", errors="ignore"))
    path.write_text('{"body": "a"}\n{"body": null}\n{"other": 1}\n')
    assert list(read_documents(f"{path}::body", errors="ignore")) == ["a", "", ""]
    with pytest.raises(CorpusReadError, match=r"line 1 of .* has only \['body'\], not 'text'"):
        list(read_documents(path))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", 'text\n"open', "line 2 of .*unexpected end of data"),
        ("a.csv", "text,id\nb\n", "line 2 of .* has 1 columns; expected 2"),
        ("a.jsonl", "[1]\n", "line 1 of .* is a JSON list; expected an object with 'text'"),
        ("a.jsonl", "{\n", "line 1 of .* is not valid JSON"),
    ],
)
def test_malformed_lines_are_named(tmp_path, name, content, says):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=says):
        list(read_documents(tmp_path / name))


def test_empty_table_has_no_documents(tmp_path):
    for name, content in (("a.csv", "text\n"), ("b.jsonl", ""), ("c.csv", "")):
        (tmp_path / name).write_text(content)
        assert list(read_documents(tmp_path / name)) == []


def test_is_table_by_name():
    tables = ("a.parquet", "a.PARQUET::b", "a.csv", "a.tsv.gz", "b.jsonl::text", "c.ndjson.zst")
    assert all(map(is_table, map(Path, tables)))
    others = ("-", "a.txt", "parquet", "a.parquet.gz", "a.txt::b", "csv", "a.json")
    assert not any(map(is_table, map(Path, others)))


def test_file_of_that_very_name_comes_before_column(tmp_path):
    path = tmp_path / "a.csv::text"
    path.write_text("text\nx\n")
    assert TextColumn.of(path) == TextColumn(str(path), "text")


def test_headerless_columns_are_those_required(tmp_path):
    path = tmp_path / "mail.tsv"
    path.write_text("spam\tbuy\n")
    records = read_records(path, ColumnNames(("label", "text")))
    assert list(records) == [(1, {"label": "spam", "text": "buy"})]
