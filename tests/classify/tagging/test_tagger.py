"""SequenceTagger: every network learns, unknown words, vectors, long sentences, files."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.classify.tagging.tagged_toyworld import tagged_sentences
from textdl import SequenceTagger, Vectors
from textdl.classify.sequence_models.config import SEQUENCE_MODELS
from textdl.classify.tagging import tagger as tagger_module
from textdl.classify.tagging.network import NO_TAG, make_tagger_network, tag_accuracy, tag_loss
from textdl.errors import DataError, FileFormatError, ParameterError, UnknownAttributeError
from textdl.nn.data.sequences import SequenceBatch
from textdl.nn.gradcheck import check_gradients

SENTENCES, TAGS = tagged_sentences(240)
OTHERS, OTHER_TAGS = tagged_sentences(60, seed=2)
SMALL = {"vector_size": 12, "units": 12, "epochs": 10, "learning_rate": 0.03, "dropout": 0.2}
SMALL["batch_size"] = 8


def fitted(model="cnn", **parameters):
    return SequenceTagger(model, **SMALL | parameters).fit(SENTENCES, TAGS)


@pytest.fixture(scope="module")
def tagger():
    return fitted()


@pytest.mark.parametrize("model", SEQUENCE_MODELS)
def test_every_network_finds_entities_of_other_sentences(model):
    fit = fitted(model, units=32, learning_rate=0.01)  # enough for every seed
    report = fit.evaluate(OTHERS, OTHER_TAGS)
    assert report.overall.f1 > 0.8
    assert set(report.types) == {"LOC", "PER"}
    assert fit.history_["loss"][-1] < 0.3 < fit.history_["loss"][0]
    assert fit.classes_ == ["B-LOC", "B-PER", "I-LOC", "I-PER", "O"]


def test_a_tag_depends_on_the_words_around():
    # "go" is a tag of what stands before it, or behind it.
    sentences = [["a", "go"], ["b", "go"], ["go", "a"], ["go", "b"]] * 20
    tags = [["O", "1"], ["O", "2"], ["3", "O"], ["4", "O"]] * 20
    for model in ("cnn", "gru"):
        parameters = SMALL | {"dropout": 0.0, "epochs": 25}
        assert SequenceTagger(model, **parameters).fit(sentences, tags).predict(sentences) == tags


def test_same_seed_gives_the_same_bits_and_another_does_not(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        fitted(seed=seed, epochs=1).save(tmp_path / name)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c


def test_tags_do_not_depend_on_the_sentences_beside(tagger):
    whole = tagger.predict([*OTHERS, OTHERS[0] * 9])
    assert tagger.predict(OTHERS[7:9]) == whole[7:9]
    assert tagger.predict([[], OTHERS[0] * 9, []]) == [[], whole[-1], []]
    assert tagger.predict([]) == []


def test_long_sentence_is_read_in_pieces(monkeypatch, tagger):
    monkeypatch.setattr(tagger_module, "LONGEST_PIECE", 16)
    long = [word for sentence in OTHERS[:9] for word in sentence]
    pieces = [long[start : start + 16] for start in range(0, len(long), 16)]
    (tags,) = tagger.predict([long])
    assert tags == [tag for some in tagger.predict(pieces) for tag in some]
    parameters = SMALL | {"dropout": 0.0, "epochs": 60}
    marks = [word[0] for word in long]
    again = SequenceTagger("cnn", **parameters, min_count=1).fit([long], [marks])
    assert again.predict([long]) == [marks]


def test_unknown_words_are_read_by_their_shape(tagger):
    known = set(tagger._words.words)
    assert {"Atlantis", "zyx"}.isdisjoint(known)
    one, two = tagger.predict([["the", "Atlantis"], ["the", "Narnia"]])
    assert one == two
    ids = tagger._words.ids(["Atlantis", "zyx", "NATO", "1999", "?!", "THE"])
    assert ids.tolist()[:5] == [1, 0, 2, 3, 4]


def test_rare_words_are_unknown_in_training():
    tagger = SequenceTagger("cnn", **SMALL | {"epochs": 1}, min_count=2)
    assert tagger.fit([["a", "a", "b"]] * 1, [["X", "X", "Y"]])._words.words == ["a"]


@pytest.mark.parametrize("tune", [True, False])
def test_given_vectors_begin_and_those_of_other_words_stay(tune):
    draw = np.random.default_rng(0)
    vectors = Vectors(["king", "zyx", "Once"], draw.normal(size=(3, 6)))
    sentences = [["the", "king", "Once"], ["the", "dog", "dog"]]
    tagger = SequenceTagger("cnn", **SMALL | {"epochs": 3}, vectors=vectors, tune_vectors=tune)
    tagger.fit(sentences, [["O", "B-P", "O"], ["O", "O", "O"]])
    assert tagger._words.words == ["dog", "the", "Once", "king", "zyx"]
    table = tagger._params[0].table
    assert table.shape == (10, 6)
    scale = table[-1] / vectors["zyx"]
    np.testing.assert_allclose(scale, scale[0], rtol=1e-5)
    is_same = np.allclose(table[8], vectors["king"] * scale[0], rtol=1e-5)
    assert is_same != tune


def test_round_trip(tmp_path, tagger):
    path = tmp_path / "t.safetensors"
    tagger.save(path)
    loaded = SequenceTagger.load(path)
    assert loaded.predict(OTHERS) == tagger.predict(OTHERS)
    assert loaded.describe() == tagger.describe()
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()
    with pytest.raises(FileFormatError, match="cannot read"):
        SequenceTagger.load(tmp_path / "none")


@pytest.mark.parametrize("model", SEQUENCE_MODELS)
def test_gradient_and_padding(model):
    network = make_tagger_network(model, (9, 3, 4, 3), 0.0)
    params = network.init(jax.random.key(0))
    ids = jnp.array([[3, 4, 5, 0], [6, 0, 0, 0]])
    tags = jnp.array([[0, 2, 1, NO_TAG], [1, NO_TAG, NO_TAG, NO_TAG]])

    def loss(params, ids=ids, tags=tags):
        return tag_loss(network.apply(params, SequenceBatch(ids, jnp.array([3, 1]))), tags)

    assert check_gradients(loss, params).error < 1e-6
    wide = jnp.pad(ids, ((0, 0), (0, 12)), constant_values=7)
    np.testing.assert_allclose(loss(params, wide), loss(params), rtol=1e-5)
    np.testing.assert_allclose(loss(params, wide, tags[:, :3]), loss(params), rtol=1e-5)


def test_loss_and_accuracy_are_those_of_a_loop():
    draw = np.random.default_rng(0)
    scores = draw.normal(size=(2, 4, 3))
    tags = np.array([[0, 2, 1, NO_TAG], [1, NO_TAG, NO_TAG, NO_TAG]])
    losses, right = [], []
    for row in range(2):
        real = [t for t in range(4) if tags[row, t] != NO_TAG]
        p = [np.exp(scores[row, t]) / np.exp(scores[row, t]).sum() for t in real]
        losses.append(np.mean([-np.log(q[tags[row, t]]) for q, t in zip(p, real, strict=True)]))
        right.append(np.mean([q.argmax() == tags[row, t] for q, t in zip(p, real, strict=True)]))
    np.testing.assert_allclose(tag_loss(jnp.asarray(scores), jnp.asarray(tags)), losses, rtol=1e-5)
    np.testing.assert_allclose(tag_accuracy(jnp.asarray(scores), jnp.asarray(tags)), right)


@pytest.mark.parametrize(
    ("sentences", "tags", "message"),
    [
        ([["a"]], [["X"], ["Y"]], "1 sentences and 2 lists of tags"),
        ([["a"], ["a", "b"]], [["X"], ["X"]], r"sentence 2 \('a b'\) has 2 tokens and 1 tags"),
        ([[]], [[]], "there is no token"),
        ([], [], "there is no token"),
        (["a b"], [["X", "Y"]], "sentence 1 is 'a b'; expected a list of strings"),
        ([["a", "b"]], [["X", "X"]], "the tags are one only, 'X'"),
        ([["a", None]], [["X", "Y"]], "sentence 1 holds None"),
        ([["a"]], [[""]], "list of tags 1 holds ''"),
        ([["a"]], [[3]], "list of tags 1 holds 3"),
    ],
)
def test_sentences_and_tags_that_do_not_fit_are_refused(sentences, tags, message):
    with pytest.raises(DataError, match=message):
        SequenceTagger().fit(sentences, tags)


def test_bad_settings_are_refused():
    with pytest.raises(ParameterError, match="model='tree'; expected one of cnn, rnn, gru, lstm"):
        SequenceTagger("tree").fit(SENTENCES, TAGS)
    with pytest.raises(ParameterError, match=r"dropout=1.0 is out of range"):
        SequenceTagger(dropout=1.0).fit(SENTENCES, TAGS)
    with pytest.raises(UnknownAttributeError, match="has learned nothing"):
        SequenceTagger().predict([["a"]])
