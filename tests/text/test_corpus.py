import gzip
import itertools
import os
import re
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.text.reading import ALPHABET, COMPRESS, documents, one_line, small_chunks
from textdl.errors import CorpusError, CorpusReadError, ParameterError
from textdl.text.corpus import read_corpus

PRINT_DOCUMENTS = """
import sys
from textdl.text.corpus import read_corpus
for chunk in read_corpus(sys.argv[1]):
    for document in chunk.documents:
        print(document)
"""


# Kinds of corpora


def test_read_corpus_file_gives_lines(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("a cat\n\na dog\n", "utf-8")
    assert documents(path) == documents(str(path)) == ["a cat", "", "a dog"]


def test_read_corpus_list_of_paths_keeps_order(tmp_path):
    for name in "ab":
        (tmp_path / name).write_text(name, "utf-8")
    assert documents([tmp_path / "b", tmp_path / "a"]) == ["b", "a"]


def test_read_corpus_files_without_final_newline_stay_apart(tmp_path):
    (tmp_path / "a").write_text("one two", "utf-8")
    (tmp_path / "b").write_text("three", "utf-8")
    for size in (1, 3, 1 << 20):
        with small_chunks(size):
            assert documents(tmp_path) == ["one two", "three"]


def test_read_corpus_long_line_that_ends_in_white_space_is_closed_before_next_file(tmp_path):
    (tmp_path / "a").write_text("one two ", "utf-8")
    (tmp_path / "b").write_text("three", "utf-8")
    with small_chunks(4):
        assert documents(tmp_path) == ["one two ", "three"]


@pytest.mark.parametrize(
    "make",
    [list, tuple, iter, lambda items: (item for item in items)],
    ids=["list", "tuple", "iterator", "generator"],
)
@pytest.mark.parametrize(
    "items", [["a cat", "", "a dog"], [["a", "cat"], [], ["a", "dog"]], [("a",), ("b", "c")]]
)
def test_read_corpus_iterables_give_their_items(items, make):
    assert documents(make(items)) == items


def test_read_corpus_generator_is_read_no_further_than_first_chunk():
    def endless():
        for number in itertools.count():
            assert number < 100
            yield "word " * 10

    with small_chunks(100):
        assert len(next(read_corpus(endless())).documents) == 2


def test_read_corpus_pipe_gives_lines(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for data in (b"a cat\na dog\n", gzip.compress(b"a cat\na dog\n")):
        writer = threading.Thread(target=pipe.write_bytes, args=[data])
        writer.start()
        assert documents(pipe) == ["a cat", "a dog"]
        writer.join()


@pytest.mark.parametrize("compress", [bytes, *COMPRESS.values()])
def test_read_corpus_dash_is_standard_input(run_python, compress):
    text = "a cat\nan ocelot é\n"
    assert run_python(PRINT_DOCUMENTS, "-", data=compress(text.encode())) == text


def test_read_corpus_process_substitution_gives_lines(run_python):
    reader, writer = os.pipe()
    os.write(writer, b"a cat\na dog\n")
    os.close(writer)
    printed = run_python(PRINT_DOCUMENTS, f"/dev/fd/{reader}", pass_fds=[reader])
    os.close(reader)
    assert printed == "a cat\na dog\n"


def test_read_corpus_file_named_dash_is_not_standard_input(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("-").write_text("a dash", "utf-8")
    assert documents("./-") == documents(".") == documents("*") == ["a dash"]


# In memory


@given(
    st.lists(st.lists(st.sampled_from(ALPHABET), max_size=40).map("".join), min_size=1),
    st.integers(1, 20),
)
def test_texts_in_memory_same_for_every_chunk_size(texts, size):
    with small_chunks(size):
        assert documents(texts) == texts


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=30), min_size=1), st.integers(1, 20))
def test_tokens_in_memory_same_for_every_chunk_size(token_lists, size):
    with small_chunks(size):
        assert documents(token_lists) == token_lists


@given(
    st.lists(st.sampled_from(ALPHABET), min_size=1).map("".join),
    st.integers(1, 20),
    st.booleans(),
)
def test_long_document_is_cut_between_words_only(tmp_path_factory, text, size, in_memory):
    path = tmp_path_factory.getbasetemp() / "words.txt"
    path.write_bytes(text.encode())
    with small_chunks(size):
        chunks = list(read_corpus([text] if in_memory else path, errors="replace"))
    pieces = [piece for chunk in chunks for piece in chunk.documents]
    assert [word for piece in pieces for word in piece.split()] == text.split()


# Bad input


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        ([None], "item 0 of the corpus is None (NoneType); expected a text, a list of tokens or"),
        ([b"text"], "item 0 of the corpus is b'text' (bytes); expected a text, a list"),
        ([1, 2], "item 0 of the corpus is 1 (int); expected a text"),
        (["a", "b", None], "item 2 of the corpus is None (NoneType); expected a text, like item 0"),
        (["a", b"b"], "item 1 of the corpus is b'b' (bytes); expected a text, like item 0"),
        (["a", ["b"]], "item 1 of the corpus is ['b'] (list); expected a text, like item 0"),
        ([["a"], "b"], "item 1 of the corpus is 'b' (str); expected a list of tokens, like item 0"),
        ([Path("/dev/null"), "b"], "item 1 of the corpus is 'b' (str); expected a path"),
        (b"text", "a corpus cannot be b'text' (bytes)"),
        (3, "a corpus cannot be 3 (int)"),
        (None, "a corpus cannot be None (NoneType)"),
    ],
)
def test_items_of_unknown_kind_error(corpus, message):
    with pytest.raises(ParameterError, match=re.escape(message)) as error_info:
        documents(corpus)
    one_line(error_info)


@pytest.mark.parametrize("corpus", [[], (), iter([])])
def test_empty_iterable_errors(corpus):
    with pytest.raises(CorpusError, match="the corpus is empty"):
        read_corpus(corpus)


@pytest.mark.parametrize("errors", ["replce", None])
def test_unknown_errors_parameter_errors(errors):
    with pytest.raises(ParameterError, match="expected strict, replace or ignore"):
        read_corpus(["a"], errors=errors)


def test_missing_file_or_folder_in_list_of_paths_errors(tmp_path):
    with pytest.raises(CorpusReadError, match=r"missing.txt' \(No such file"):
        documents([tmp_path / "missing.txt"])
    with pytest.raises(CorpusReadError, match="Is a directory"):
        documents([tmp_path])


@pytest.mark.parametrize("encoding", ["utf-9", "gzip", "rot13", "", None, 8])
def test_unknown_encoding_errors(encoding):
    with pytest.raises(ParameterError, match=r"encoding=.* is unknown; expected one such as"):
        read_corpus(["a cat"], encoding=encoding)
