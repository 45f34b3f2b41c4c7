"""`Doc2Vec`: vectors of documents by tag, inference that depends on the text alone, bad input."""

import os
import subprocess
import sys
from copy import copy

import numpy as np
import pytest
from sklearn.base import clone

from tests.embed.test_fasttext import stopping
from textdl import Doc2Vec
from textdl.embed.inference import STEPS
from textdl.errors import DataError, ParameterError

QUICK = {"vector_size": 16, "min_count": 1, "sample": 0.0, "tokenizer": "whitespace"}
MODELS = [
    {},
    pytest.param({"train_words": True}, marks=pytest.mark.full),
    {"loss": "hs"},
    pytest.param({"arch": "dm"}, marks=pytest.mark.full),
    {"arch": "dm", "dm_context": "sum", "learning_rate": 0.02},
    pytest.param(
        {"arch": "dm", "dm_context": "concat", "learning_rate": 0.05}, marks=pytest.mark.full
    ),
]
BOTH = pytest.mark.parametrize(
    "options", [pytest.param({}, marks=pytest.mark.full), {"arch": "dm"}], ids=str
)


def two_topics(documents=120, seed=0):
    """Documents of two vocabularies, in turn."""
    draw = np.random.default_rng(seed)
    topics = [[f"{letter}{number}" for number in range(30)] for letter in "ab"]
    return [" ".join(draw.choice(topics[n % 2], draw.integers(3, 200))) for n in range(documents)]


@pytest.fixture(scope="module")
def of_topics():
    """A model of `two_topics()`."""
    return Doc2Vec(**QUICK).fit(two_topics())


def unit(matrix):
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def test_estimator_clones_and_says_what_it_has():
    model = Doc2Vec(arch="dm", dm_context="sum")
    assert clone(model).get_params() == model.get_params()
    assert "dm_context='sum'" in repr(model)
    assert "arch='dm'" in repr(model)
    assert "train_words" not in repr(model)
    for absent in ("cbow", "position_weights", "validation_fraction", "early_stopping"):
        with pytest.raises(TypeError, match=f"no parameter '{absent}'"):
            Doc2Vec(**{absent: 1})


@pytest.mark.parametrize("options", MODELS, ids=str)
def test_model_learns_repeats_saves_and_infers_by_text_alone(options, tmp_path):
    texts = two_topics()
    model, again = (Doc2Vec(**QUICK, **options).fit(texts) for _ in range(2))
    np.testing.assert_array_equal(model.document_vectors_.matrix, again.document_vectors_.matrix)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    assert list(model.document_vectors_.labels) == [str(n) for n in range(len(texts))]
    inferred = model.infer(texts)
    assert inferred.dtype == np.float32
    np.testing.assert_array_equal(model.infer(texts[7:8])[0], inferred[7])
    np.testing.assert_array_equal(model.transform(texts[::-1])[::-1], inferred)
    model.save(tmp_path / "docs.safetensors")
    loaded = Doc2Vec.load(tmp_path / "docs.safetensors")
    np.testing.assert_array_equal(loaded.infer(texts[:5]), inferred[:5])
    assert list(loaded.document_vectors_.labels) == list(model.document_vectors_.labels)


def test_documents_of_a_topic_lie_together(of_topics):
    for matrix in (of_topics.document_vectors_.matrix, of_topics.infer(two_topics())):
        cosines = unit(matrix) @ unit(matrix).T
        assert cosines[::2, ::2].mean() > 0.9 > 0.5 > cosines[::2, 1::2].mean()


def test_document_longer_than_a_batch_is_inferred_alone(of_topics):
    texts = two_topics()
    long = " ".join(texts[::2]) + " a1" * (STEPS * 128)
    found = of_topics.infer([texts[0], long, texts[1]])
    np.testing.assert_array_equal(found[[0, 2]], of_topics.infer(texts[:2]))
    np.testing.assert_array_equal(found[1], of_topics.infer([long])[0])


def test_documents_with_a_tag_in_common_share_its_vector():
    model = Doc2Vec(**QUICK).fit(two_topics(), tags=[["a", 7], "b"] * 60)
    assert list(model.document_vectors_.labels) == ["a", "7", "b"]
    assert model.document_vectors_.similarity("a", "7") > 0.9
    assert model.document_vectors_.similarity("a", "b") < 0.5


def test_words_have_vectors_where_they_are_trained(of_topics):
    assert len(Doc2Vec(**QUICK, train_words=True).fit(two_topics()).word_vectors_) == 60
    concatenated = Doc2Vec(**QUICK, arch="dm", dm_context="concat", learning_rate=0.05)
    assert len(concatenated.fit(two_topics()).word_vectors_) == 60
    with pytest.raises(ParameterError, match="dbow alone trains no vectors of words"):
        _ = of_topics.word_vectors_


@pytest.mark.parametrize(
    ("tags", "says"),
    [
        (["a"], "there are tags for 1 documents, but the corpus has 120"),
        ([], "there are tags for 0 documents"),
        ([""] * 120, "document 0 has an empty tag"),
        ([["a", "a"]] * 120, "document 0 has the tag 'a' twice"),
        ([[]] * 120, "document 0 has no tag"),
        ("abc", r"tags is 'abc' \(str\); expected a list"),
        ([1.5] * 120, r"document 0 has the tag 1\.5 \(float\)"),
    ],
)
def test_bad_tags_are_refused(tags, says):
    with pytest.raises(ParameterError, match=says):
        Doc2Vec(**QUICK).fit(two_topics(), tags=tags)


def test_documents_without_a_known_word_are_refused_by_number(of_topics):
    texts = two_topics()
    with pytest.raises(DataError, match="document 1 has no known word, and 1 others; remove it"):
        Doc2Vec(**QUICK).fit([texts[0], "", texts[1], ""])
    model = copy(of_topics)
    with pytest.raises(DataError, match="document 2 has no known word; remove it, or pass"):
        model.infer([texts[0], texts[1], "unheard"])
    model.set_params(empty_documents="zeros")
    assert not model.infer(["unheard", texts[0]])[0].any()
    kept = Doc2Vec(**QUICK, empty_documents="zeros").fit([*texts, ""])
    assert not kept.document_vectors_["120"].any()


def test_fitted_model_refuses_new_documents():
    model = Doc2Vec(**QUICK).partial_fit(two_topics())
    with pytest.raises(ParameterError, match=r"cannot be trained on.*use infer"):
        model.partial_fit(two_topics())
    with pytest.raises(ParameterError, match="there is no model to infer with"):
        Doc2Vec().infer(["a"])


def test_inference_of_texts_of_all_lengths_does_not_depend_on_the_batch():
    texts = two_topics(300, seed=1)
    model = Doc2Vec(**QUICK, arch="dm").fit(two_topics())
    texts[3] = " ".join(texts[:40])  # of more steps than a batch has at least
    together = model.infer(texts)
    order = np.random.default_rng(0).permutation(len(texts))
    np.testing.assert_array_equal(model.infer([texts[n] for n in order]), together[order])
    for number in (0, 3, 299):
        np.testing.assert_array_equal(model.infer([texts[number]])[0], together[number])


@BOTH
def test_inferred_vectors_lie_where_the_trained_ones_do(options):
    texts = two_topics()
    model = Doc2Vec(**QUICK, **options, epochs=20).fit(texts)
    cosines = (unit(model.document_vectors_.matrix) * unit(model.infer(texts))).sum(1)
    assert np.median(cosines) > 0.7


def test_corpus_sorted_by_class_is_learned_as_if_it_were_not():
    texts = two_topics(400)
    topics = texts[::2] + texts[1::2]
    model = Doc2Vec(**QUICK).fit(topics)
    cosines = unit(model.document_vectors_.matrix) @ unit(model.document_vectors_.matrix).T
    first, last = cosines[:100, :100].mean(), cosines[:100, 100:200].mean()
    assert abs(first - last) < 0.05  # of one topic, wherever they stand


def test_resumed_run_ends_in_the_same_bytes(tmp_path):
    texts, tags = two_topics(), [["x", n] for n in range(120)]
    straight = Doc2Vec(**QUICK, arch="dm", epochs=2).fit(texts, tags=tags)
    kept = {"checkpoint": tmp_path / "run", "checkpoint_every": "1steps", "epochs": 2, "arch": "dm"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("textdl.embed.local_sgd.Workers.round", stopping(3))
        with pytest.raises(KeyboardInterrupt):
            Doc2Vec(**QUICK, **kept).fit(texts, tags=tags)
    resumed = Doc2Vec(**QUICK, **kept, resume=True).fit(texts, tags=tags)
    for model, name in ((straight, "a"), (resumed, "b")):
        model.save(tmp_path / f"{name}.safetensors")
    a, b = ((tmp_path / f"{name}.safetensors").read_bytes() for name in "ab")
    assert a == b


@BOTH
def test_run_interrupted_five_times_ends_in_the_same_bytes(options, tmp_path):
    texts = two_topics()
    straight = Doc2Vec(**QUICK, **options, epochs=8).fit(texts)
    kept = {"checkpoint": tmp_path / "run", "checkpoint_every": "1steps", "epochs": 8, **options}
    for _ in range(5):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("textdl.embed.local_sgd.Workers.round", stopping(1))
            with pytest.raises(KeyboardInterrupt):
                Doc2Vec(**QUICK, **kept, resume=True).fit(texts)
    resumed = Doc2Vec(**QUICK, **kept, resume=True).fit(texts)
    assert resumed.n_iter_ == 8
    for model, name in ((straight, "a"), (resumed, "b")):
        model.save(tmp_path / f"{name}.safetensors")
    a, b = ((tmp_path / f"{name}.safetensors").read_bytes() for name in "ab")
    assert a == b


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cannot pin a process here")
@pytest.mark.parametrize("arch", [pytest.param("dbow", marks=pytest.mark.full), "dm"])
def test_same_bytes_on_one_core_and_on_all(arch, tmp_path):
    corpus = tmp_path / "texts.txt"
    corpus.write_text("\n".join(two_topics()))
    files = []
    for cores in ({min(os.sched_getaffinity(0))}, os.sched_getaffinity(0)):
        code = (
            f"import os; os.sched_setaffinity(0, {cores})\n"
            "import sys; from textdl import Doc2Vec; path, arch, out = sys.argv[1:]\n"
            f"model = Doc2Vec(**{QUICK}, epochs=2, arch=arch).fit(path)\n"
            "from pathlib import Path\n"
            "vectors = model.document_vectors_.matrix.tobytes() + model.infer(path).tobytes()\n"
            "Path(out).write_bytes(vectors)"
        )
        out = tmp_path / f"{len(cores)}"
        command = [sys.executable, "-c", code, str(corpus), arch, str(out)]
        subprocess.run(command, check=True)
        files.append(out.read_bytes())
    assert files[0] == files[-1]
