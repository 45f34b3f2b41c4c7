"""Training on bursty texts: it never diverges, and where it would, nothing is returned."""

import jax.numpy as jnp
import numpy as np
import pytest
from gensim.models import Word2Vec as GensimWord2Vec

from textdl import Word2Vec
from textdl.embed import run
from textdl.embed.batches import BatchSampler
from textdl.embed.config import EmbeddingConfig
from textdl.embed.tables import row_lengths
from textdl.embed.trainer import train
from textdl.errors import DivergenceError

from .bursty_texts import TEXTS, ascii_tables, prose, refrain, topical_prose
from .conftest import build_store


@pytest.fixture(scope="session")
def bursty_store(tmp_path_factory):
    """The store of a text by its name and tokenizer, built once."""
    built = {}

    def find(name, tokenizer="whitespace"):
        if (name, tokenizer) not in built:
            folder = tmp_path_factory.mktemp("bursty") / "store"
            built[name, tokenizer] = build_store(TEXTS[name](), folder, tokenizer)
        return built[name, tokenizer]

    return find


def assert_trains(store, **changed):
    """The loss is finite, never above that of the start, and lower in the end than at first."""
    config = EmbeddingConfig(**{"vector_size": 20, "min_count": 2, "epochs": 5} | changed)
    sampler = BatchSampler(store, config)
    trained = train(sampler)
    losses = np.array(trained.loss_curve)
    assert np.isfinite(trained.matrix).all()
    assert (losses < 1.001 * sampler.objective.initial_loss).all()
    if config.loss == "ns":
        assert (losses < 6.01 * np.log(2)).all()
    # A text shorter than a step learns less from it than float32 can tell.
    assert losses[-1] < losses[0] * (1 + 1e-6)
    assert row_lengths(jnp.asarray(trained.matrix)).max() < 50
    return losses


@pytest.mark.parametrize(
    "name", ["refrain", "dna", "one_word", "one_run", "one_row_of_bars", "rare_bursts"]
)
def test_training_on_bursty_text_converges(bursty_store, name):
    assert_trains(bursty_store(name))


@pytest.mark.parametrize(
    ("name", "step_tokens", "workers"),
    [
        ("dna", 16, 16),
        ("two_words", 16, 4),
        ("one_run", 131_072, 1),
        ("one_row_of_bars", 4096, 4),
        ("rare_bursts", 128, 16),
    ],
)
def test_training_on_bursty_text_converges_for_other_steps(
    bursty_store, name, step_tokens, workers
):
    assert_trains(bursty_store(name), step_tokens=step_tokens, workers=workers)


@pytest.mark.full
@pytest.mark.parametrize("tokenizer", ["whitespace", "nltk"])
@pytest.mark.parametrize("name", TEXTS)
def test_training_never_diverges(bursty_store, name, tokenizer):
    for step_tokens in (16, 128, 1024, 8192, 32_768, 131_072):
        for workers in (1, 2, 4, 16):
            store = bursty_store(name, tokenizer)
            assert_trains(store, step_tokens=step_tokens, workers=workers)


@pytest.mark.full
@pytest.mark.parametrize("workers", [2, 16])
@pytest.mark.parametrize("burst", ["x " * 30_000, "| x " * 250, "+ --- " * 5_000])
def test_one_burst_in_much_text_does_no_harm(tmp_path, burst, workers):
    """A word that is rare in all of the text, and all there is where it comes."""
    lines = prose(3_000_000, vocabulary=20_000)
    middle = len(lines) // 2
    losses = [
        assert_trains(build_store(text, tmp_path / name), workers=workers)
        for name, text in (("plain", lines), ("burst", [*lines[:middle], burst, *lines[middle:]]))
    ]
    assert losses[1][-1] == pytest.approx(losses[0][-1], rel=0.02)


def test_loss_on_sources_is_that_of_small_steps(bursty_store):
    store = bursty_store("sources")
    small, usual = (assert_trains(store, step_tokens=tokens)[-1] for tokens in (16, 128))
    assert usual == pytest.approx(small, rel=0.1)


def neighbors_of(vectors, words, most_similar):
    return [{word for word, _ in most_similar(vectors, word)} for word in words]


def overlap(first, second):
    return np.mean([len(a & b) for a, b in zip(first, second, strict=True)])


def same_topic(most_similar, words):
    """Share of the neighbors of words that are of their topic."""
    topics = [word.split("_")[-1] for word in words]
    found = [[word.split("_")[-1] for word, _ in most_similar(word)] for word in words]
    return np.mean([topic == other for topic, others in zip(topics, found, strict=True)
                    for other in others])  # fmt: skip


@pytest.mark.full
@pytest.mark.parametrize("text", [ascii_tables, refrain])
def test_neighbors_beside_bursts_make_the_sense_that_they_make_to_gensim(text):
    sentences = [line.split() for line in text(topical_prose(100_000))]
    ours = Word2Vec(vector_size=50, workers=1).fit(sentences).vectors_
    theirs = GensimWord2Vec(sentences, vector_size=50, sg=1, workers=1, seed=1).wv
    words = [word for word in ours.labels if "_t" in word][:400]
    assert same_topic(theirs.most_similar, words) > 0.95
    assert same_topic(ours.most_similar, words) > 0.95


@pytest.mark.full
def test_neighbors_on_sources_are_those_of_gensim():
    """As many neighbors are shared with gensim as two runs of gensim share, but for a fifth."""
    sentences = [line.split() for line in TEXTS["sources"]()]
    ours = Word2Vec(vector_size=50, workers=1).fit(sentences).vectors_
    words = [word for word in ours.labels[:400] if len(word) > 2]
    found = [neighbors_of(ours, words, lambda vectors, word: vectors.most_similar(word))]
    for seed in (1, 2):
        theirs = GensimWord2Vec(sentences, vector_size=50, sg=1, workers=1, seed=seed).wv
        found.append(neighbors_of(theirs, words, lambda vectors, word: vectors.most_similar(word)))
    assert overlap(found[0], found[1]) > 0.8 * overlap(found[1], found[2])


@pytest.mark.parametrize(
    ("name", "step_tokens"),
    [
        ("refrain", 16),
        ("one_run", 4096),
        ("rare_bursts", 16),
        pytest.param("refrain", 4096, marks=pytest.mark.full),
        pytest.param("one_run", 16, marks=pytest.mark.full),
        pytest.param("rare_bursts", 4096, marks=pytest.mark.full),
    ],
)
def test_cbow_on_bursty_text_converges(bursty_store, name, step_tokens):
    assert_trains(bursty_store(name), arch="cbow", step_tokens=step_tokens)


@pytest.mark.parametrize(
    ("arch", "name", "step_tokens"),
    [
        ("skipgram", "refrain", 16),
        ("cbow", "one_run", 4096),
        pytest.param("cbow", "refrain", 16, marks=pytest.mark.full),
        pytest.param("skipgram", "one_run", 4096, marks=pytest.mark.full),
    ],
)
def test_hierarchical_softmax_on_bursty_text_converges(bursty_store, name, step_tokens, arch):
    assert_trains(bursty_store(name), arch=arch, loss="hs", step_tokens=step_tokens)


@pytest.mark.parametrize("rate", [10.0, 900.0])
def test_absurd_learning_rate_errors_without_file(tmp_path, rate):
    out = tmp_path / "vectors.safetensors"
    with pytest.raises(DivergenceError, match=f"learning_rate={rate:g} .*try learning_rate="):
        Word2Vec(learning_rate=rate, vector_size=10).fit(prose(20_000)).vectors_.save(out)
    assert not out.exists()


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e4])
def test_exploding_row_errors(store, value):
    table = np.zeros((3, 4), np.float32)
    table[1, 2] = value
    tables = {"fine": jnp.zeros((2, 4)), "other": jnp.asarray(table)}
    with pytest.raises(DivergenceError, match="a vector has length"):
        run._check_rows(tables, BatchSampler(store, EmbeddingConfig()))


@pytest.mark.parametrize("loss", [np.nan, np.inf, 4.3])
def test_loss_above_the_start_is_an_error(store, loss):
    sampler = BatchSampler(store, EmbeddingConfig())
    run._check_loss(6 * np.log(2), sampler, run.LOSS_TOLERANCE)
    with pytest.raises(DivergenceError, match=r"at the start it was 4.159"):
        run._check_loss(loss, sampler, run.LOSS_TOLERANCE)
