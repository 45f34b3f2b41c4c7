"""Input that expands, or never ends, takes bounded memory, or is refused."""

import gzip
import itertools
import lzma
import subprocess
import sys

import pytest
import zstandard

from textdl.bow.engine.documents import DocumentReader
from textdl.classify.examples import read_examples
from textdl.errors import CorpusError, CorpusReadError, DataError
from textdl.io.compression import open_decompressed
from textdl.text import files
from textdl.text.corpus import read_corpus, read_documents
from textdl.text.files import CHUNK_BYTES

MEGABYTE = b"word " * (1 << 18)
OPEN = {".gz": gzip.open, ".xz": lzma.open}
READ = """
import resource, sys
from pathlib import Path
from textdl.errors import CorpusReadError
from textdl.io.compression import open_decompressed

with open_decompressed(Path(sys.argv[1]), CorpusReadError) as stream:
    stream.read(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = 1
    while block := stream.read(1 << 20):
        size += len(block)
print(size, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


@pytest.mark.parametrize(("suffix", "megabytes"), [(".zst", 300), (".gz", 80), (".xz", 50)])
def test_reading_compressed_bomb_bounded_memory(tmp_path, suffix, megabytes):
    path = tmp_path / f"bomb{suffix}"
    if suffix == ".zst":
        with path.open("wb") as raw, zstandard.ZstdCompressor().stream_writer(raw) as stream:
            for _ in range(megabytes):
                stream.write(MEGABYTE)
    else:
        with OPEN[suffix](path, "wb") as stream:
            for _ in range(megabytes):
                stream.write(MEGABYTE)
    command = [sys.executable, "-c", READ, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    size, grown = map(int, done.stdout.split())
    assert size == megabytes * len(MEGABYTE)
    assert grown < 32


@pytest.mark.parametrize("kind", ["checksum", "single segment", "unknown size", "two frames"])
def test_reading_zstd_frames_of_every_kind_round_trip(tmp_path, kind):
    text = b"".join(b"line %d\n" % number for number in range(100_000))
    compressor = zstandard.ZstdCompressor(write_checksum=kind == "checksum")
    if kind == "unknown size":
        stream = compressor.compressobj()
        data = stream.compress(text) + stream.flush()
    else:
        data = compressor.compress(text)
    times = 2 if kind == "two frames" else 1
    path = tmp_path / "text.zst"
    path.write_bytes(data * times)
    with open_decompressed(path, CorpusReadError) as opened:
        assert opened.read() == text * times
    path.write_bytes(data + b"text")
    with (
        pytest.raises(CorpusReadError, match="truncated or damaged"),
        open_decompressed(path, CorpusReadError) as opened,
    ):
        opened.read()


@pytest.mark.parametrize("empty", ["", []])
def test_corpus_of_empty_documents_is_cut_into_chunks(empty):
    first = next(read_corpus(itertools.repeat(empty)))
    assert len(first.documents) <= CHUNK_BYTES


def test_bow_chunks_of_empty_documents_are_cut():
    assert len(next(DocumentReader().chunks(itertools.repeat(""), 1000))) <= 1000


def test_read_documents_too_long_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(files, "LONGEST_DOCUMENT", 3 * CHUNK_BYTES)
    path = tmp_path / "text.txt"
    path.write_text("ok\n" + "word " * CHUNK_BYTES)
    with pytest.raises(CorpusError, match=r"begins with 'word .* has more than 3,145,728 char"):
        list(read_documents(path))


def test_read_examples_long_csv_field_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr("textdl.text.records.LONGEST_FIELD", 1000)
    path = tmp_path / "mail.csv"
    path.write_text('label,text\nham,short\nspam,"' + "word\n" * 1000)
    with pytest.raises(DataError, match=r"line \d+ of .*mail.csv': field larger than field limit"):
        read_examples(path)


@pytest.mark.parametrize(
    "value", ["[" * 100_000, "1" * 10_000, '{"a":' * 100_000, '"\\ud800'], ids=str.__len__
)
def test_read_examples_odd_json_names_the_line(tmp_path, value):
    path = tmp_path / "mail.jsonl"
    path.write_text(f'{{"label": "a", "text": "b"}}\n{{"label": "a", "text": {value}}}\n')
    with pytest.raises(DataError, match=r"line 2 of .*mail.jsonl' is not valid JSON"):
        read_examples(path)
