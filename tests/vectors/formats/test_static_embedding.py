import json
import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from textdl.errors import FileFormatError
from textdl.io.safetensors import write_safetensors
from textdl.vectors import formats
from textdl.vectors.tokenizer_file import word_tokenizer
from textdl.vectors.vectors import Vectors

TOKENS = ["[PAD]", "[UNK]", "the", "cat", "##s"]
MATRIX = np.random.default_rng(0).standard_normal((len(TOKENS), 3)).astype(np.float32)


def word_piece(tokens=TOKENS):
    """A tokenizer as those of BERT, of which model2vec's models have one."""
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": number,
                "content": tokens[number],
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for number in range(2)
        ],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {token: number for number, token in enumerate(tokens)},
        },
    }


def make(path, arrays, tokenizer=None, config="config.json", inner="."):
    (path / inner).mkdir(parents=True, exist_ok=True)
    (path / config).write_text("{}")
    content = tokenizer if isinstance(tokenizer, str) else json.dumps(tokenizer or word_piece())
    (path / inner / "tokenizer.json").write_text(content)
    with (path / inner / "model.safetensors").open("wb") as file:
        write_safetensors(file, arrays, {})
    return path


@pytest.mark.parametrize(
    ("name", "config", "inner"),
    [
        ("embeddings", "config.json", "."),
        ("embedding.weight", "config_sentence_transformers.json", "."),
        ("embedding.weight", "config_sentence_transformers.json", "0_StaticEmbedding"),
        ("embedding.weight", "modules.json", "0_StaticEmbedding"),
    ],
)
def test_folders_of_every_layout_are_read(tmp_path, name, config, inner):
    path = make(tmp_path / "m", {name: MATRIX}, config=config, inner=inner)
    assert formats.detect_format(path) == "model2vec"
    vectors = Vectors.load(path)
    assert vectors.labels == TOKENS
    assert np.array_equal(vectors.matrix, MATRIX)
    assert Vectors.load(path, limit=3).labels == TOKENS[:3]


def test_texts_are_cut_by_the_tokenizer_of_the_folder(tmp_path):
    pytest.importorskip("tokenizers", reason="the extra tokenizers is not installed")
    vectors = Vectors.load(make(tmp_path / "m", {"embeddings": MATRIX}))
    assert vectors.tokenizer("The cats, the CAT!") == ["the", "cat", "##s", "the", "cat"]
    vectors.save(tmp_path / "v.safetensors")
    again = Vectors.load(tmp_path / "v.safetensors")
    assert again.tokenizer("Cats") == ["cat", "##s"]


def test_weights_and_mapping_of_model2vec_are_applied(tmp_path):
    weights = np.array([0, 1, 2, 0.5, 3])
    mapping = np.array([1, 0, 1, 2, 2])
    arrays = {"embeddings": MATRIX[:3], "weights": weights, "mapping": mapping}
    vectors = Vectors.load(make(tmp_path / "m", arrays))
    expected = [w * MATRIX[row] for w, row in zip(weights, mapping, strict=True)]
    np.testing.assert_allclose(vectors.matrix, expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.int8, np.float64])
def test_other_precisions_are_read(tmp_path, dtype):
    values = (MATRIX * 10).astype(dtype)
    vectors = Vectors.load(make(tmp_path / "m", {"embeddings": values}))
    assert np.array_equal(vectors.matrix, values.astype(np.float32))


def test_unigram_vocabulary_is_read(tmp_path):
    pairs = [["<unk>", 0.0], ["▁a", -1.0]]
    tokenizer = {"model": {"type": "Unigram", "unk_id": 0, "vocab": pairs}}
    vectors = Vectors.load(make(tmp_path / "m", {"embeddings": MATRIX[:2]}, tokenizer))
    assert vectors.labels == ["<unk>", "▁a"]


def test_model2vec_reads_what_is_written(tmp_path):
    model2vec = pytest.importorskip("model2vec", reason="model2vec is not installed")
    ours = Vectors(["the", "cat"], np.float32([[1, 2, 3], [3, 2, 1]]), config={"lowercase": True})
    ours.save(tmp_path / "words", format="model2vec")
    Vectors.load(make(tmp_path / "m", {"embeddings": MATRIX})).save(
        tmp_path / "pieces", format="model2vec"
    )
    theirs = model2vec.StaticModel.from_pretrained(tmp_path / "words")
    assert theirs.tokens == ("the", "cat", "[UNK]")
    np.testing.assert_allclose(theirs.encode("The cat, unknown"), [2, 2, 2])
    theirs = model2vec.StaticModel.from_pretrained(tmp_path / "pieces")
    expected = MATRIX[[2, 3, 4]].mean(axis=0)
    np.testing.assert_allclose(theirs.encode("the cats"), expected, rtol=1e-5)


def test_model2vec_writes_what_is_read(tmp_path):
    model2vec = pytest.importorskip("model2vec", reason="model2vec is not installed")
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps(word_piece()))
    model2vec.StaticModel(MATRIX, tokenizer).save_pretrained(tmp_path / "m")
    vectors = Vectors.load(tmp_path / "m")
    assert vectors.labels == TOKENS
    assert np.array_equal(vectors.matrix, MATRIX)
    assert vectors.tokenizer("the cats") == ["the", "cat", "##s"]


SENTENCE_TRANSFORMERS = """
import sys
from sentence_transformers import SentenceTransformer
model = SentenceTransformer(sys.argv[1], device="cpu")
model.save(sys.argv[2])
print(model.encode(["the cat", "sat", "unknown"]).tolist())
"""


@pytest.mark.full  # it takes ten seconds to import
def test_sentence_transformers_reads_and_writes(tmp_path):
    if find_spec("sentence_transformers") is None:
        pytest.skip("sentence-transformers is not installed")
    ours = Vectors(["the", "cat", "sat"], np.float32([[1, 2], [3, 4], [5, 7]]))
    ours.save(tmp_path / "ours", format="model2vec")
    # In a process of its own, which no filter of warnings concerns.
    ran = subprocess.run(
        [sys.executable, "-c", SENTENCE_TRANSFORMERS, tmp_path / "ours", tmp_path / "theirs"],
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ran.stdout) == [[2, 3], [5, 7], [0, 0]]
    again = Vectors.load(tmp_path / "theirs")
    assert again.labels == ours.labels
    assert np.array_equal(again.matrix, ours.matrix)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_round_trip_keeps_words_of_any_kind(tmp_path, dtype):
    labels = ["a b", "", "é\n", '"']
    Vectors(labels, np.eye(4)).save(tmp_path / "m", format="model2vec", dtype=dtype)
    again = Vectors.load(tmp_path / "m")
    assert again.labels == labels
    assert np.array_equal(again.matrix, np.eye(4))
    Vectors(labels[:1], np.eye(1)).save(tmp_path / "m", format="model2vec")  # replaces the folder
    assert Vectors.load(tmp_path / "m").labels == labels[:1]


@pytest.mark.parametrize(
    ("arrays", "tokenizer", "says"),
    [
        ({"embeddings": MATRIX[:4]}, None, r"shape \(4, 3\) for 5 tokens"),
        ({"other": MATRIX}, None, "expected a matrix named embeddings"),
        ({"embeddings": MATRIX * np.float32("nan")}, None, "vector of .* is not finite"),
        ({"embeddings": MATRIX, "weights": np.ones(4)}, None, "weights of shape"),
        ({"embeddings": MATRIX, "mapping": np.full(5, 5)}, None, "rows that it does not have"),
        ({"embeddings": MATRIX, "mapping": np.full(5, 0.5)}, None, "rows that it does not have"),
        ({"embeddings": MATRIX}, "{", "not JSON"),
        ({"embeddings": MATRIX}, "[]", "not an object"),
        ({"embeddings": MATRIX}, {"model": {}}, "no vocabulary"),
        ({"embeddings": MATRIX}, {"model": {"vocab": {"a": 1}}}, "from 0 on"),
        ({"embeddings": MATRIX}, {"model": {"vocab": {"a": 0, "b": 0}}}, "no token 1"),
        ({"embeddings": MATRIX}, {"model": {"vocab": {"a": "x"}}}, "the number of 'a'"),
        ({"embeddings": MATRIX}, {"model": {"vocab": {"a": 2**70}}}, "from 0 on|64 bits"),
    ],
)
def test_damaged_folder_errors(tmp_path, arrays, tokenizer, says):
    path = make(tmp_path / "m", arrays, tokenizer)
    with pytest.raises(FileFormatError, match=says):
        Vectors.load(path)


def test_tokenizer_that_the_package_refuses_errors(tmp_path):
    pytest.importorskip("tokenizers", reason="the extra tokenizers is not installed")
    content = word_tokenizer(["a"], lowercase=False).replace("WordLevel", "Nonsense")
    vectors = Vectors.load(
        make(tmp_path / "m", {"embeddings": np.zeros((2, 1), np.float32)}, content)
    )
    with pytest.raises(FileFormatError, match="cannot be used"):
        vectors.tokenizer("a")
