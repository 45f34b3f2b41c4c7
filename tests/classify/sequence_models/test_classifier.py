"""SequenceClassifier and TextClassifier with networks that read the order of words."""

import re

import numpy as np
import pytest
from sklearn.ensemble import VotingClassifier

from textdl import TextClassifier, Vectors
from textdl.classify.sequence_models.classifier import SequenceClassifier
from textdl.classify.sequence_models.config import SEQUENCE_MODELS
from textdl.errors import CorpusError, DataError, FileFormatError, ParameterError
from textdl.io.archive import write_archive
from textdl.nn.data.packed_sequences import pack_sequences, round_size
from textdl.nn.training.evaluate import _apply
from textdl.nn.training.step import run_part

SMALL = {"vector_size": 8, "units": 8, "dropout": 0.0, "learning_rate": 0.03, "epochs": 40}
DRAW = np.random.default_rng(0)
CLASSES = np.arange(96) % 2


def sequences(longest):
    """The classes differ in the order of two words only, among so many others at most."""
    return pack_sequences(
        [
            np.concatenate(
                [DRAW.integers(4, 9, DRAW.integers(0, longest)), [1, 2] if first else [2, 1]]
            )
            for first in CLASSES
        ]
    )


SEQUENCES = sequences(40)  # of several widths, each of which is compiled for
SHORT = sequences(14)
ADDED_PARAMETERS = ("word_dropout", "average_weights")  # since networks have the mean, too
VECTORS = Vectors(["bad", "good", "new", "odd"], DRAW.normal(size=(4, 8)))
TEXTS = ["a good film", "a bad film", "good, good", "so bad"] * 4
LABELS = ["+", "-"] * 8


@pytest.mark.parametrize("texts", [SHORT, pytest.param(SEQUENCES, marks=pytest.mark.full)])
@pytest.mark.parametrize("model", SEQUENCE_MODELS)
def test_every_model_reads_the_order_of_words(model, texts):
    fitted = SequenceClassifier(model, **SMALL).fit(texts, CLASSES)
    assert (fitted.predict(texts) == CLASSES).mean() > 0.95
    assert fitted.history_["loss"][-1] < 0.5 < fitted.history_["loss"][0]
    assert fitted.n_features_in_ == len(fitted.embeddings_) == 9


def test_same_seed_gives_the_same_bits_and_another_does_not():
    one, two, other = (
        SequenceClassifier("gru", **SMALL | {"epochs": 1, "seed": seed}).fit(SHORT, CLASSES)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.embeddings_, two.embeddings_)
    assert (one.embeddings_ != other.embeddings_).any()


def test_prediction_does_not_depend_on_the_texts_beside_it():
    model = SequenceClassifier("lstm", **SMALL | {"epochs": 1}).fit(SEQUENCES, CLASSES)
    whole = model.predict_proba(SEQUENCES)
    rows = np.array([5, 40, 2])
    np.testing.assert_array_equal(model.predict_proba(SEQUENCES.select(rows)), whole[rows])


@pytest.mark.parametrize("tune", [True, False])
def test_given_vectors_begin_and_those_of_other_words_stay(tune):
    model = TextClassifier(model="cnn", vectors=VECTORS, units=4, tune_vectors=tune, epochs=2)
    model.fit(TEXTS, LABELS)
    words = model.features_.counter_.get_feature_names_out().tolist()
    assert words[-2:] == ["new", "odd"]
    initial = model.features_.initial_vectors_
    learned = model.classifier_.embeddings_
    assert learned.shape == initial.shape
    np.testing.assert_array_equal(learned[-2:], initial[-2:])
    assert (learned[: model.features_.n_learned_ + 1] != initial[:-2]).any() == tune


def test_words_known_by_their_vectors_only_are_known(tmp_path):
    model = TextClassifier(model="cnn", vectors=VECTORS, units=4, epochs=2).fit(TEXTS, LABELS)
    details = model.predict_details(["new", "unseen words", ""])
    assert details.known.tolist() == [True, False, False]
    model.save(tmp_path / "m")
    again = TextClassifier.load(tmp_path / "m")
    np.testing.assert_array_equal(
        again.predict_details(["new", "unseen words", ""]).probabilities, details.probabilities
    )
    assert again.describe()["config"]["tune_vectors"] is True


def test_size_of_vectors_is_that_of_the_given_ones():
    with pytest.raises(ParameterError, match="vector_size=5 and vectors, which have"):
        TextClassifier(model="cnn", vectors=VECTORS, vector_size=5).fit(TEXTS, LABELS)


def test_texts_without_any_word_are_refused():
    with pytest.raises(CorpusError, match="empty vocabulary: 2 documents have no terms"):
        TextClassifier(model="cnn").fit(["", " "], ["a", "b"])


def test_bad_settings_and_labels_are_refused():
    with pytest.raises(ParameterError, match=r"dropout=1.0 is out of range"):
        SequenceClassifier(dropout=1.0).fit(SEQUENCES, CLASSES)
    with pytest.raises(ParameterError, match="model='tree'; expected one of cnn, rnn, gru, lstm"):
        SequenceClassifier("tree").fit(SEQUENCES, CLASSES)
    with pytest.raises(DataError, match="one class only"):
        SequenceClassifier().fit(SEQUENCES, np.zeros(96))
    with pytest.raises(DataError, match="96 sequences and 95 labels"):
        SequenceClassifier().fit(SEQUENCES, CLASSES[1:])


def test_file_of_a_network_of_one_direction_says_so(tmp_path):
    path = tmp_path / "m.safetensors"
    content = SequenceClassifier("gru", **SMALL | {"epochs": 1}).fit(SHORT, CLASSES)._to_archive()
    forward = {
        name.replace(".forward", ""): array
        for name, array in content.arrays.items()
        if ".backward" not in name
    }
    write_archive(path, content._replace(arrays=forward))
    with pytest.raises(FileFormatError, match=r"one direction.*; this textdl reads in both: train"):
        SequenceClassifier.load(path)


def as_before(content):
    """What a file had before networks had the parameters that they have since."""
    return content._replace(
        parameters={
            name: value
            for name, value in content.parameters.items()
            if name not in ADDED_PARAMETERS
        }
    )


def test_file_of_convolutions_without_the_mean_says_so(tmp_path):
    path = tmp_path / "m.safetensors"
    content = SequenceClassifier("cnn", **SMALL | {"epochs": 1}).fit(SHORT, CLASSES)._to_archive()
    write_archive(path, as_before(content))
    with pytest.raises(FileFormatError, match=r"without the mean of the word.*: train it again"):
        SequenceClassifier.load(path)


@pytest.mark.parametrize("model", ["rnn", "lstm"])
def test_recurrent_networks_of_before_are_read(model, tmp_path):
    path = tmp_path / "m.safetensors"
    fitted = TextClassifier(model=model, units=4, epochs=1).fit(TEXTS, LABELS)
    fitted.save(path)
    content = fitted.classifier_._to_archive()
    write_archive(path, as_before(content))
    again = SequenceClassifier.load(path)
    sequences = fitted.features_.transform(TEXTS)
    np.testing.assert_array_equal(again.predict_proba(sequences), fitted.predict_proba(TEXTS))


def test_defaults_are_those_that_were_measured_for_each_network():
    by_model = {
        model: TextClassifier(model=model, units=2, vector_size=2, epochs=1).fit(TEXTS, LABELS)
        for model in ("cnn", "gru")
    }
    networks = {model: fitted.classifier_ for model, fitted in by_model.items()}
    assert (networks["cnn"].word_dropout, networks["gru"].word_dropout) == (0.1, 0.0)
    assert (networks["cnn"].average_weights, networks["gru"].average_weights) == (True, False)
    scales = {model: fitted.features_.vector_scale for model, fitted in by_model.items()}
    assert scales == {"cnn": 2.0, "gru": 1.0}


def test_dropped_words_are_read_as_unknown_ones_in_training():
    """So a word that is unknown is known from its neighbors, and its vector is learned."""
    options = SMALL | {"epochs": 1, "average_weights": False}
    words = pack_sequences([[1, 2, 3], [3, 2, 1]] * 48)
    start, moved = (
        SequenceClassifier("cnn", **options, word_dropout=share).fit(words, CLASSES).embeddings_
        for share in (0.0, 0.5)
    )
    same = SequenceClassifier("cnn", **options, word_dropout=0.5).fit(words, CLASSES)
    np.testing.assert_array_equal(moved, same.embeddings_)
    assert (moved[0] != start[0]).all()
    with pytest.raises(ParameterError, match=r"word_dropout=1.0 is out of range; expected below 1"):
        SequenceClassifier(word_dropout=1.0).fit(words, CLASSES)


def test_networks_of_several_seeds_vote():
    """By scikit-learn's own class, as the reference page shows."""
    small = {"units": 4, "vector_size": 4, "epochs": 1}
    networks = [(str(seed), TextClassifier(model="cnn", seed=seed, **small)) for seed in (1, 2)]
    vote = VotingClassifier(networks, voting="soft").fit(TEXTS, LABELS)
    alone = [network.fit(TEXTS, LABELS).predict_proba(TEXTS) for _, network in networks]
    np.testing.assert_array_equal(vote.predict_proba(TEXTS), np.mean(alone, axis=0))
    assert (alone[0] != alone[1]).any()


def test_similar_data_compile_once():
    """Other numbers of words and of texts, rounded to the same, need no program of their own."""
    compiled = []
    for texts, words in ((95, 200), (96, 199), (95, 198)):
        lengths = [1 + 7 * row % 39 for row in range(texts - 1)]
        data = pack_sequences([*(np.arange(length) for length in lengths), [words - 1]])
        assert round_size(len(data.ids)) == 1920
        model = SequenceClassifier("cnn", **SMALL | {"epochs": 1, "batch_size": 32})
        model.fit(data, CLASSES[:texts])
        assert model.embeddings_.shape == (words, 8)
        model.predict(data)
        compiled.append((run_part._cache_size(), _apply._cache_size()))
    assert len(set(compiled[:2])) == len(set(compiled)) == 1


def test_ids_beyond_the_table_are_refused_though_it_is_padded():
    model = SequenceClassifier("cnn", **SMALL | {"epochs": 1})
    data = pack_sequences([np.arange(197), [0, 196]] * 2)
    with pytest.raises(DataError, match="id 197 is not in an embedding of 197 rows"):
        model.fit(data, [0, 1] * 2).predict(pack_sequences([[197]]))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"vectors": np.ones((2, 4))}, r"vectors of shape (2, 4) for 3 ids; expected (3, D)"),
        ({"vectors": np.ones((9, 4))}, r"vectors of shape (9, 4) for 3 ids; expected (3, D)"),
        ({"vectors": np.ones(3)}, r"vectors of shape (3,) for 3 ids"),
        ({"vectors": np.diag([1, np.nan, 1])}, "the vector of id 1 is not finite"),
        ({"learned_rows": 5}, "learned_rows=5 of 3 ids; expected 1 to 3"),
        ({"learned_rows": 2}, "id 2 is not in an embedding of 2 rows"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(options, says):
    data = pack_sequences([[1, 2], [2, 1]])
    with pytest.raises(DataError, match=re.escape(says)):
        SequenceClassifier("cnn", **SMALL).fit(data, [0, 1], rows=3, **options)


def test_dense_examples_are_refused():
    with pytest.raises(DataError, match="of type ndarray; expected sequences of ids, as"):
        SequenceClassifier("cnn").fit(np.ones((2, 3)), [0, 1])
