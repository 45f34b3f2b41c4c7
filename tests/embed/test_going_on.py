"""A model that is saved, loaded and trained on: the same bits as one that never left memory."""

import json
import pickle

import numpy as np
import pytest
from sklearn.base import clone

from tests.embed.conftest import zipf_text
from tests.io.safetensors_files import rewrite
from textdl import Phrases, Vectors, Word2Vec
from textdl.embed import local_sgd
from textdl.embed.objectives import ARCHITECTURES, LOSSES
from textdl.errors import CheckpointError, FileFormatError, ParameterError
from textdl.io.checkpoints import checkpoint_numbers

QUICK = {"vector_size": 8, "min_count": 1, "epochs": 2, "tokenizer": "whitespace"}
TEXT = zipf_text(3_000, 100)
MORE = zipf_text(3_000, 130, seed=1)


MODELS = [  # each side once in the quick tests, all pairs in the full ones
    pytest.param(arch, loss, marks=[] if side == output else [pytest.mark.full])
    for side, arch in enumerate(ARCHITECTURES)
    for output, loss in enumerate(LOSSES)
]


@pytest.mark.parametrize(("arch", "loss"), MODELS)
def test_partial_fit_saved_and_loaded_model_same_bits(tmp_path, arch, loss):
    known = {**QUICK, "arch": arch, "loss": loss}
    if loss == "hs":
        known["max_vocab_size"] = len(set(" ".join(TEXT).split()))
    model = Word2Vec(**known).fit(TEXT)
    model.save(tmp_path / "m.safetensors")
    loaded = Word2Vec.load(tmp_path / "m.safetensors")
    assert {name: getattr(loaded, name) for name in known} == known
    np.testing.assert_array_equal(loaded.vectors_.matrix, model.vectors_.matrix)
    assert loaded.loss_curve_ == model.loss_curve_
    assert loaded.corpus_words_ == 3_000
    for text in (TEXT, MORE):
        one, other = (it.partial_fit(text).vectors_ for it in (model, loaded))
        assert list(one.labels) == list(other.labels)
        np.testing.assert_array_equal(one.matrix, other.matrix)
        np.testing.assert_array_equal(one.counts, other.counts)
    assert model.n_iter_ == 6
    assert len(model.loss_curve_) == len(model.history_["loss"]) == 6
    assert model.loss_curve_[2] < model.loss_curve_[0]


def test_partial_fit_new_model_is_fit():
    one, other = Word2Vec(**QUICK).fit(TEXT), Word2Vec(**QUICK).partial_fit(TEXT)
    np.testing.assert_array_equal(one.vectors_.matrix, other.vectors_.matrix)


def test_partial_fit_old_words_keep_their_places():
    model = Word2Vec(**QUICK).fit(TEXT)
    before = list(model.vectors_.labels)
    model.partial_fit(MORE)
    after = list(model.vectors_.labels)
    assert after[: len(before)] == before
    assert len(after) > len(before)
    counts = dict(zip(after, model.vectors_.counts.tolist(), strict=True))
    words = " ".join([*TEXT, *MORE]).split()
    assert counts == {word: words.count(word) for word in set(words)}


def test_partial_fit_repeats_itself_and_differs_from_the_first_epochs():
    matrices = []
    for _ in range(2):
        model = Word2Vec(**QUICK).fit(TEXT)
        model.partial_fit(TEXT)
        matrices.append(model.vectors_.matrix)
    np.testing.assert_array_equal(*matrices)
    straight = Word2Vec(**QUICK | {"epochs": 4}).fit(TEXT)
    assert not np.array_equal(straight.vectors_.matrix, matrices[0])


def test_partial_fit_model_of_other_parameters_is_refused():
    model = Word2Vec(**QUICK).fit(TEXT)
    for changed, says in (
        ({"vector_size": 9}, "has 8 dimensions in its table 'input', with vector_size=9"),
        ({"loss": "hs"}, "no table 'nodes'"),
    ):
        with pytest.raises(ParameterError, match=says):
            clone_of(model).set_params(**changed).partial_fit(TEXT)


def clone_of(model):
    return pickle.loads(pickle.dumps(model))


def test_partial_fit_pickled_model_same_bits():
    model = Word2Vec(**QUICK).fit(TEXT)
    twin = clone_of(model)
    np.testing.assert_array_equal(
        model.partial_fit(MORE).vectors_.matrix, twin.partial_fit(MORE).vectors_.matrix
    )


def test_clone_of_trained_model_has_learned_nothing():
    assert not hasattr(clone(Word2Vec(**QUICK).fit(TEXT)), "vectors_")


# Files


def test_save_same_model_same_bytes_and_vectors_of_it_are_read(tmp_path):
    for name in ("a", "b"):
        Word2Vec(**QUICK).fit(TEXT).save(tmp_path / f"{name}.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    vectors = Vectors.load(tmp_path / "a.safetensors", verify=True)
    model = Word2Vec.load(tmp_path / "a.safetensors")
    np.testing.assert_array_equal(vectors.matrix, model.vectors_.matrix)
    assert vectors.most_similar("w1") == model.vectors_.most_similar("w1")
    model.vectors_.save(tmp_path / "lean.safetensors")
    sizes = [(tmp_path / f"{it}.safetensors").stat().st_size for it in ("lean", "a")]
    assert sizes[1] > sizes[0] + 4 * 8 * len(vectors)


def test_load_vectors_alone_says_the_remedy(tmp_path):
    vectors = Word2Vec(**QUICK).fit(TEXT).vectors_
    for name in ("v.safetensors", "v.bin", "v.txt"):
        vectors.save(tmp_path / name)
        with pytest.raises(FileFormatError, match=r"vectors alone.*--save-model.*--init-vectors"):
            Word2Vec.load(tmp_path / name)
    Phrases(min_count=1).fit([["a", "b"]] * 9).save(tmp_path / "p.safetensors")
    with pytest.raises(FileFormatError, match="is a file of Phrases, expected Word2Vec"):
        Word2Vec.load(tmp_path / "p.safetensors")
    with pytest.raises(FileFormatError):
        Word2Vec.load(tmp_path / "missing.safetensors")


def test_load_damaged_model_is_refused(tmp_path):
    path = tmp_path / "m.safetensors"
    Word2Vec(**QUICK).fit(TEXT).save(path)
    whole = path.read_bytes()
    for at in (200, len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(FileFormatError):
            Word2Vec.load(path)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileFormatError):
        Word2Vec.load(path)


def test_load_seed_that_is_no_number_is_refused(tmp_path):
    path = tmp_path / "m.safetensors"
    Word2Vec(**QUICK).fit(TEXT).save(path)

    def change(header):
        facts = json.loads(header["__metadata__"]["textdl"])
        facts["parameters"]["seed"] = [1]
        header["__metadata__"]["textdl"] = json.dumps(facts)

    rewrite(path, change)
    with pytest.raises(FileFormatError, match=r"parameters do not fit \(seed=\[1\]"):
        Word2Vec.load(path)


def test_save_errors(tmp_path):
    with pytest.raises(ParameterError, match="no model to save: Word2Vec has learned nothing"):
        Word2Vec().save(tmp_path / "m.safetensors")
    with pytest.raises(ParameterError, match=r"expected a name that ends in \.safetensors"):
        Word2Vec(**QUICK).fit(TEXT).save(tmp_path / "m.bin")


def test_load_model_with_parameters_that_no_file_holds_asks_for_them(tmp_path):
    phrases = Phrases(min_count=1, threshold=0.1, tokenizer="whitespace").fit(TEXT)
    path = tmp_path / "m.safetensors"
    Word2Vec(**QUICK | {"tokenizer": str.split}, phrases=phrases).fit(TEXT).save(path)
    model = Word2Vec.load(path)
    with pytest.raises(ParameterError, match="tokenizer of the saved model, an object that no"):
        model.partial_fit(TEXT)
    model.set_params(tokenizer=str.split)
    with pytest.raises(ParameterError, match=r"phrases of the saved model.*set it again"):
        model.partial_fit(TEXT)
    model.set_params(phrases=phrases).partial_fit(TEXT)


def test_run_parameters_are_not_in_the_file(tmp_path):
    path = tmp_path / "m.safetensors"
    model = Word2Vec(**QUICK, callbacks=[print_nothing], verbose=False, log=tmp_path / "log")
    model.fit(TEXT).save(path)
    loaded = Word2Vec.load(path)
    assert loaded.callbacks == ()
    assert loaded.log is None


def print_nothing(report):
    pass


# Resume


class Killed(Exception):
    pass


def killed_at(count):
    """A callback that fails at its report of that number."""
    reports = iter(range(count))

    def callback(report):
        if next(reports, None) is None:
            raise Killed

    return callback


@pytest.mark.parametrize("count", [1, 3, 5])
def test_resumed_run_on_a_saved_model_same_bits(tmp_path, monkeypatch, count):
    monkeypatch.setattr(local_sgd, "CHUNKS_PER_ROUND", 2)
    path = tmp_path / "m.safetensors"
    Word2Vec(**QUICK).fit(TEXT).save(path)
    kept = {
        "checkpoint": tmp_path / "run", "checkpoint_every": "1steps", "resume": True,
        "validation_fraction": 0.2, "early_stopping": True, "log": tmp_path / "log",
    }  # fmt: skip
    options = {"validation_fraction": 0.2, "early_stopping": True}
    straight = Word2Vec.load(path).set_params(**options).partial_fit(MORE)
    stopped = Word2Vec.load(path).set_params(**kept, callbacks=[killed_at(count)])
    with pytest.raises(Killed):
        stopped.partial_fit(MORE)
    numbers = checkpoint_numbers(tmp_path / "run")
    if len(numbers) > 1:  # as if it had not been written: more is trained again
        (tmp_path / "run" / f"{numbers[-1]:08d}.safetensors").unlink()
    resumed = Word2Vec.load(path).set_params(**kept).partial_fit(MORE)
    np.testing.assert_array_equal(resumed.vectors_.matrix, straight.vectors_.matrix)
    for name in ("loss", "val_loss"):
        np.testing.assert_array_equal(resumed.history_[name], straight.history_[name])
    files = []
    for number, model in enumerate((straight, resumed)):
        files.append(tmp_path / f"{number}.safetensors")
        model.save(files[-1])
    assert files[0].read_bytes() == files[1].read_bytes()
    epochs = [json.loads(line)["epoch"] for line in (tmp_path / "log").read_text().splitlines()]
    assert epochs == [3, 4]


def test_resume_says_all_differences_before_text_is_read(tmp_path):
    kept = {**QUICK, "checkpoint": tmp_path / "run", "resume": True}
    Word2Vec(**kept).fit(TEXT)

    def unread():
        raise AssertionError("it was read")
        yield

    changed = {"vector_size": 9, "seed": 2, "validation_fraction": 0.5}
    with pytest.raises(CheckpointError) as error:
        Word2Vec(**kept | changed).fit(unread())
    for says in ("vector_size=8, not 9", "seed=1, not 2", "validation_fraction=None, not 0.5"):
        assert says in str(error.value)
    with pytest.raises(CheckpointError, match="tokenizer='whitespace', lowercase=True, not tok"):
        Word2Vec(**kept | {"tokenizer": "nltk", "lowercase": False}).fit(unread())


def test_resume_on_another_start_is_refused(tmp_path):
    kept = {**QUICK, "checkpoint": tmp_path / "run", "resume": True}
    vectors = Word2Vec(**QUICK).fit(TEXT).vectors_
    Word2Vec(**kept, init_vectors=vectors).fit(TEXT)
    other = Vectors(vectors.labels, vectors.matrix * 2)
    for given in (other, None):
        with pytest.raises(CheckpointError, match="was written with init_vectors="):
            Word2Vec(**kept, init_vectors=given).fit(TEXT)
    Word2Vec(**kept, init_vectors=vectors).fit(TEXT)
