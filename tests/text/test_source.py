"""What is known of the text of a store, and what is refused as another."""

import os
import time

import pytest

from textdl.errors import CheckpointError, CorpusReadError
from textdl.text import source as source_module
from textdl.text.source import CorpusConfig, describe_source, require_same_source


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    for name in "abc":
        (folder / name).write_text(f"the text of {name}")
    return folder


def check(stored, tmp_path, **source):
    require_same_source(stored, CorpusConfig(**source), tmp_path / "run")


def refused(stored, tmp_path, **source):
    with pytest.raises(CheckpointError) as caught:
        check(stored, tmp_path, **source)
    message = str(caught.value)
    assert "\n" not in message
    assert f"the text in '{tmp_path}/run' was made from " in message
    return message.replace(str(tmp_path), "")


def test_same_files_are_the_same_however_named(folder, tmp_path, monkeypatch):
    stored = describe_source(CorpusConfig(str(folder)))
    monkeypatch.chdir(tmp_path)
    for corpus in (folder, "texts", "texts/*", [folder / name for name in "abc"]):
        check(stored, tmp_path, corpus=corpus)


def test_require_same_source_touched_and_moved_files_pass(folder, tmp_path):
    stored = describe_source(CorpusConfig(folder))
    os.utime(folder / "a", ns=(1, 1))
    check(stored, tmp_path, corpus=folder)
    folder.rename(tmp_path / "moved")
    check(stored, tmp_path, corpus=tmp_path / "moved")


def test_require_same_source_untouched_files_are_not_read_again(folder, tmp_path, monkeypatch):
    stored = describe_source(CorpusConfig(folder))
    read = []
    monkeypatch.setattr(source_module, "file_checksum", lambda path: read.append(path.name))
    check(stored, tmp_path, corpus=folder)
    assert read == []


def test_changed_files_are_refused(folder, tmp_path):
    stored = describe_source(CorpusConfig(folder))
    then = (folder / "b").stat()
    (folder / "b").write_text("the text of c")
    os.utime(folder / "b", ns=(time.time_ns(), then.st_mtime_ns + 1))
    message = refused(stored, tmp_path, corpus=folder)
    assert "'/texts/b' of 13 bytes (digest " in message
    assert message.endswith("leave out CORPUS (corpus=None) to go on with that text")
    (folder / "b").write_text("more text")
    assert "not '/texts/b' of 9 bytes" in refused(stored, tmp_path, corpus=folder)


def test_gained_and_lost_files_are_refused(folder, tmp_path):
    stored = describe_source(CorpusConfig(folder))
    (folder / "d").write_text("more")
    message = refused(stored, tmp_path, corpus=folder)
    assert "made from 3 files, not 4 files ('/texts/d' among them); start in another" in message
    (folder / "d").unlink()
    (folder / "a").unlink()
    message = refused(stored, tmp_path, corpus=folder)
    assert "made from 3 files ('/texts/a' among them), not 2 files;" in message


def test_missing_corpus_is_an_error(folder, tmp_path):
    stored = describe_source(CorpusConfig(folder))
    with pytest.raises(CorpusReadError, match="does not exist"):
        check(stored, tmp_path, corpus=tmp_path / "gone")


def test_require_same_source_other_order_of_files_errors(folder, tmp_path):
    stored = describe_source(CorpusConfig([folder / "a", folder / "b"]))
    assert "/texts/a" in refused(stored, tmp_path, corpus=[folder / "b", folder / "a"])


TEXTS = ["a cat", "a dog"]


def test_require_same_source_texts_in_memory_are_compared(tmp_path):
    stored = describe_source(CorpusConfig(TEXTS))
    check(stored, tmp_path, corpus=tuple(TEXTS))
    others = [["a cat", "a do"], ["a cat", "a", " dog"], ["a cata dog"], [["a", "cat"], ["dog"]]]
    for other in others:
        refused(stored, tmp_path, corpus=other)
    tokens = describe_source(CorpusConfig([["ab", "c"], ["d"]]))
    check(tokens, tmp_path, corpus=(("ab", "c"), ("d",)))
    refused(tokens, tmp_path, corpus=[["a", "bc"], ["d"]])


def test_describe_source_one_shot_iterable_is_known_by_kind(folder, tmp_path):
    stored = describe_source(CorpusConfig(iter(TEXTS)))
    given = iter(TEXTS)
    check(stored, tmp_path, corpus=given)
    assert next(given) == "a cat", "it is not read"
    refused(stored, tmp_path, corpus=(text for text in TEXTS))
    refused(stored, tmp_path, corpus=TEXTS)
    pipe = describe_source(CorpusConfig("-"))
    check(pipe, tmp_path, corpus="-")
    assert "made from '-', not '/texts/a'" in refused(pipe, tmp_path, corpus=folder / "a")


def test_require_same_source_other_settings_error(tmp_path):
    stored = describe_source(CorpusConfig(TEXTS, "whitespace"))
    same = {"corpus": TEXTS, "tokenizer": "whitespace"}
    check(stored, tmp_path, **same)
    message = refused(stored, tmp_path, **same | {"tokenizer": "nltk"})
    assert "tokenizer='whitespace', not tokenizer='nltk'; resume with the same" in message
    assert "lowercase=True, not" in refused(stored, tmp_path, **same, lowercase=False)
    assert "errors='strict', not" in refused(stored, tmp_path, **same, errors="ignore")
    # Without a corpus, only what is said.
    check(stored, tmp_path, corpus=None, tokenizer=None, lowercase=None, errors=None)
    refused(stored, tmp_path, corpus=None, tokenizer="nltk", lowercase=None, errors=None)


def test_describe_source_tokenizer_is_known_by_its_code(tmp_path):
    def splitting(mark):
        return lambda text: text.split(mark)

    stored = describe_source(CorpusConfig(TEXTS, splitting(" ")))
    check(stored, tmp_path, corpus=TEXTS, tokenizer=splitting(" "))
    assert "splitting" in refused(stored, tmp_path, corpus=TEXTS, tokenizer=splitting(","))


def test_require_same_source_incomparable_tokenizer_errors(tmp_path):
    def holding(lock):
        return lambda text: [text, repr(lock)]

    tokenizer = holding(memoryview(b"ab"))
    stored = describe_source(CorpusConfig(TEXTS, tokenizer))
    with pytest.raises(CheckpointError, match=r"cannot be compared .* leave out CORPUS"):
        check(stored, tmp_path, corpus=TEXTS, tokenizer=tokenizer)
    check(stored, tmp_path, corpus=None, tokenizer=None, lowercase=None, errors=None)


def test_parquet_column_is_part_of_the_source(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "t.parquet"
    parquet.write_table(pyarrow.table({"text": ["a"], "body": ["b"]}), path)
    stored = describe_source(CorpusConfig(f"{path}::body"))
    check(stored, tmp_path, corpus=f"{path}::body")
    refused(stored, tmp_path, corpus=path)
