"""Every tokenizer gives the same bytes in several processes as in one, in every verb."""

import pytest
from nltk.tokenize import RegexpTokenizer

from tests.embed.conftest import zipf_text
from textdl import Word2Vec
from textdl.bow.engine import counting
from textdl.cli.main import main
from textdl.text import corpus as corpus_module
from textdl.text import encode as encode_module
from textdl.text import files as files_module

# wordpunct did not travel to other processes; the others take as long again.
FULL = pytest.mark.full
NAMES = [
    "wordpunct",
    *(pytest.param(name, marks=FULL) for name in ("nltk", "tweet", "whitespace")),
]
QUICK = {"vector_size": 8, "min_count": 1, "epochs": 1, "workers": 1}
VERBS = {
    "train": ["train", "{corpus}", "--epochs", "1", "--vector-size", "8", "--min-count", "1"],
    "bow": ["bow", "fit", "{corpus}"],
    "classify": ["classify", "train", "{corpus}", "--epochs", "1", "--hidden", "4", "--quiet"],
}


@pytest.fixture
def in_processes(monkeypatch):
    """Cut small chunks and start processes at once from now on; counts how often they started."""
    started = []
    original = encode_module._encode_in_processes

    def spy(*arguments):
        started.append(arguments)
        return original(*arguments)

    def begin():
        monkeypatch.setattr(encode_module, "_encode_in_processes", spy)
        monkeypatch.setattr(encode_module, "PARALLEL_AFTER_SECONDS", -1)
        monkeypatch.setattr(corpus_module, "CHUNK_BYTES", 1_000)
        monkeypatch.setattr(files_module, "CHUNK_BYTES", 1_000)
        monkeypatch.setattr(counting, "TOKENIZER_CHUNK", 1_000)
        return started

    return begin


def texts():
    return [f"{line}, isn't it? :-)" for line in zipf_text(2_000, 50)]


@pytest.mark.parametrize(  # classification counts as the bag-of-words matrices do
    "verb", ["train", "bow", pytest.param("classify", marks=FULL)]
)
@pytest.mark.parametrize("name", NAMES)
def test_verb_tokenizer_in_processes_same_bytes(in_processes, tmp_path, verb, name):
    corpus = tmp_path / "corpus.tsv"
    rows = [f"{'ab'[i % 2]}\t{text}" for i, text in enumerate(texts())]
    corpus.write_text("\n".join(["label\ttext", *rows]))
    out = [tmp_path / f"{part}.safetensors" for part in ("one", "many")]
    command = [word.format(corpus=corpus) for word in VERBS[verb]]
    for path in out:
        started = in_processes() if path is out[1] else []
        assert main([*command, "-o", str(path), "--tokenizer", name]) == 0
    # White space is cut on threads where text becomes token ids.
    assert bool(started) == ((name, verb) != ("whitespace", "train"))
    assert out[0].read_bytes() == out[1].read_bytes()


@pytest.mark.parametrize(
    "tokenizer", ["wordpunct", RegexpTokenizer(r"\w+").tokenize], ids=["name", "regexp"]
)
def test_word2vec_tokenizer_in_processes_same_bits(in_processes, tokenizer):
    alone = Word2Vec(**QUICK, tokenizer=tokenizer).fit(texts()).vectors_
    started = in_processes()
    spread = Word2Vec(**QUICK, tokenizer=tokenizer).fit(texts()).vectors_
    assert bool(started) == isinstance(tokenizer, str)
    assert list(spread.labels) == list(alone.labels)
    assert (spread.matrix == alone.matrix).all()
