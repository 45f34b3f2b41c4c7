"""What is wrong with files and questions is said in one line, whatever the format."""

import struct
import warnings

import numpy as np
import pytest

from tests.io.safetensors_files import put_together, seal, take_apart
from tests.vectors.formats import fasttext_files
from textdl import evaluate_analogies, evaluate_word_pairs
from textdl.errors import FileFormatError, ParameterError, UnknownWordError
from textdl.io.archive import ArchiveContent, write_archive
from textdl.io.safetensors import write_safetensors
from textdl.vectors.formats.native import KIND
from textdl.vectors.tokenizer_file import word_tokenizer
from textdl.vectors.vectors import Vectors

LABELS = ["up", "down", "north"]
ROWS = [[1.0, 2], [3, 4], [5, 6]]
NOT_FINITE = r"not finite|not a finite number|stored norms are wrong"


def write_native(path, labels, rows):
    raw = "".join(labels).encode()
    lengths = [len(label.encode()) for label in labels]
    arrays = {
        "label_offsets": np.concatenate([[0], np.cumsum(lengths)]),
        "vectors": np.float32(rows),
        "norms": np.linalg.norm(np.nan_to_num(rows, posinf=1, neginf=1), axis=1),
        "labels": np.frombuffer(raw, np.uint8),
    }
    write_archive(path, ArchiveContent(KIND, arrays=arrays))


def write_text(path, labels, rows, *, header=True):
    lines = [f"{len(rows)} {len(rows[0])}"] if header else []
    lines += [" ".join([label, *map(str, row)]) for label, row in zip(labels, rows, strict=True)]
    path.write_text("\n".join(lines) + "\n")


def write_binary(path, labels, rows):
    body = b"".join(
        label.encode() + b" " + struct.pack(f"<{len(row)}f", *row)
        for label, row in zip(labels, rows, strict=True)
    )
    path.write_bytes(f"{len(rows)} {len(rows[0])}\n".encode() + body)


def write_fasttext(path, labels, rows):
    path.write_bytes(fasttext_files.model(labels, np.float32(rows), minn=0, maxn=0, bucket=0))


def write_npz(path, labels, rows):
    with path.open("wb") as file:
        np.savez(file, labels=np.array(labels), vectors=np.float32(rows))


def write_table(path, labels, rows, form):
    pa = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    from pyarrow import feather, parquet

    table = pa.table({"word": labels, "vector": pa.array(rows, pa.list_(pa.float32()))})
    (parquet.write_table if form == "parquet" else feather.write_feather)(table, path)


def write_projector(path, labels, rows):
    path = path.with_name("vectors.tsv")
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    path.with_name("metadata.tsv").write_text("".join(f"{label}\n" for label in labels))
    return path


def write_folder(path, labels, rows):
    """Tokens are keys of a JSON object, so that none can be there twice."""
    path.mkdir()
    with (path / "model.safetensors").open("wb") as file:
        write_safetensors(file, {"embeddings": np.float32([*rows, [0, 0]])}, {})
    (path / "tokenizer.json").write_text(word_tokenizer(labels, lowercase=False))
    (path / "config.json").write_text("{}")


WRITERS = {
    "native": write_native,
    "text": write_text,
    "glove": lambda path, labels, rows: write_text(path, labels, rows, header=False),
    "binary": write_binary,
    "fasttext": write_fasttext,
    "npz": write_npz,
    "parquet": lambda path, labels, rows: write_table(path, labels, rows, "parquet"),
    "arrow": lambda path, labels, rows: write_table(path, labels, rows, "arrow"),
    "projector": write_projector,
    "model2vec": write_folder,
}


@pytest.fixture(params=WRITERS)
def write(request, tmp_path):
    """What writes a file of a format. `(labels, rows) -> path`."""

    def write_file(labels, rows):
        path = tmp_path / "v"
        return WRITERS[request.param](path, labels, rows) or path

    write_file.form = request.param
    return write_file


def ask_everything(path):
    vectors = Vectors.load(path)
    vectors.most_similar(vectors.labels[0])
    vectors.key_to_index  # noqa: B018
    return vectors


def test_sound_file_is_read(write):
    vectors = ask_everything(write(LABELS, ROWS))
    assert vectors.labels == LABELS
    assert vectors.matrix.tolist() == ROWS


def test_repeated_label_errors(write):
    if write.form == "model2vec":
        pytest.skip("a JSON object has every key once")
    with pytest.raises(FileFormatError, match=r"'up' stands in row 0 and again in row 2") as error:
        ask_everything(write(["up", "down", "up"], ROWS))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_number_that_is_not_finite_errors(write, number):
    with pytest.raises(FileFormatError, match=NOT_FINITE) as error:
        ask_everything(write(LABELS, [ROWS[0], [number, 1.0], ROWS[2]]))
    assert "\n" not in str(error.value)


def test_zero_vector_has_similarity_zero_and_no_warning(write):
    path = write(LABELS, [[0.0, 0], *ROWS[1:]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vectors = ask_everything(path)
        assert vectors.similarity("up", "north") == 0
        assert [similarity for _, similarity in vectors.most_similar("up")] == [0, 0]
        assert vectors.most_similar("north")[-1] == ("up", 0)
        assert vectors.distances("up").tolist() == [1, 1, 1]
        assert vectors.doesnt_match(["north", "down", "up"]) == "up"


@pytest.mark.parametrize("claimed", ["4", "999999999999", "9" * 18, "9" * 40])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("form", ["text", "binary"])
def test_header_that_promises_more_errors(tmp_path, form, axis, claimed):
    path = tmp_path / "v"
    WRITERS[form](path, LABELS, ROWS)
    header = [b"3", b"2"]
    header[axis] = claimed.encode()
    path.write_bytes(b" ".join(header) + b"\n" + path.read_bytes().partition(b"\n")[2])
    with pytest.raises(FileFormatError) as error:
        Vectors.load(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("offsets", [[0, 2, 6, 99], [0, 6, 2, 11], [-1, 2, 6, 11], [0, 2, 6, 10]])
def test_label_offsets_outside_error(tmp_path, offsets):
    path = tmp_path / "v.safetensors"
    write_native(path, LABELS, ROWS)

    def move(header, body):
        begin, end = header["label_offsets"]["data_offsets"]
        body[begin:end] = np.array(offsets, "<i8").tobytes()

    rewrite_with_body(path, move)
    with pytest.raises(FileFormatError, match="offsets of the labels"):
        ask_everything(path)
    vectors = Vectors.load(path)
    with pytest.raises(FileFormatError):
        vectors["up"], vectors["nothing"]


def rewrite_with_body(path, change):
    header, body = take_apart(path.read_bytes())
    body = bytearray(body)
    change(header, body)
    seal(header, body)
    path.write_bytes(put_together(header, body))


UNKNOWN = {
    "most_similar": lambda v: v.most_similar(["zebra", "yak"]),
    "analogy": lambda v: v.most_similar("zebra", "yak"),
    "batch": lambda v: v.most_similar_batch(["zebra"]),
    "similarity": lambda v: v.similarity("zebra", "yak"),
    "distances": lambda v: v.distances("zebra"),
    "n_similarity": lambda v: v.n_similarity(["zebra"], ["yak"]),
    "doesnt_match": lambda v: v.doesnt_match(["zebra", "yak", "emu"]),
    "sentence": lambda v: v.most_similar_to_sentence("zebra yak"),
    "candidates": lambda v: v.most_similar("up", candidates=["zebra"]),
    "rank": lambda v: v.rank("up", "zebra"),
}


@pytest.mark.parametrize("query", UNKNOWN)
def test_query_of_unknown_words_only_names_one(query):
    with pytest.raises(
        (UnknownWordError, ParameterError), match=r"zebra|none of the 2 words"
    ) as error:
        UNKNOWN[query](Vectors(LABELS, ROWS))
    assert "\n" not in str(error.value)


def test_benchmark_of_unknown_words_only_has_no_figure(tmp_path):
    vectors = Vectors(LABELS, ROWS)
    path = tmp_path / "b.txt"
    path.write_text("zebra yak 1\nyak emu 2\nemu gnu 3\n")
    pairs = evaluate_word_pairs(vectors, path)
    assert (pairs.pairs, pairs.skipped, np.isnan(pairs.spearman)) == (0, 3, True)
    path.write_text(": s\nzebra yak emu gnu\n")
    analogies = evaluate_analogies(vectors, path)
    assert (analogies.questions, analogies.skipped, np.isnan(analogies.accuracy)) == (0, 1, True)
