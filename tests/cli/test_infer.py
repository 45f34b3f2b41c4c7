"""`textdl infer`: vectors of new documents, and what it refuses."""

import json

import numpy as np
import pytest

from textdl import Doc2Vec, Vectors, Word2Vec

QUICK = ["--vector-size", "8", "--min-count", "1", "--epochs", "2", "--tokenizer", "whitespace"]
TEXTS = ["a cat sat on a mat", "a dog sat on a log", "the cat and the dog"] * 8
NEW = ["a cat sat on a log", "the dog"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    options = {"vector_size": 8, "min_count": 1, "epochs": 2, "tokenizer": "whitespace"}
    Doc2Vec(**options).fit(TEXTS).save(path)
    return path


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "new.txt"
    path.write_text("\n".join(NEW), "utf-8")
    return path


@pytest.mark.parametrize("arch", [pytest.param("dbow", marks=pytest.mark.full), "dm"])
def test_infer_after_train_writes_what_the_model_infers(call, corpus, tmp_path, arch):
    texts, saved = tmp_path / "texts.txt", tmp_path / "model.safetensors"
    texts.write_text("\n".join(TEXTS), "utf-8")
    options = ["--model", "doc2vec", "--arch", arch, "--save-model", saved, "--quiet", *QUICK]
    assert call("train", texts, "-o", tmp_path / "train.safetensors", *options)[0] == 0
    out = tmp_path / "new.safetensors"
    code, printed, err = call("infer", saved, corpus, "-o", out)
    assert (code, err) == (0, "")
    assert printed.startswith(f"2 vectors in {out}: 2 epochs in ")
    found = Vectors.load(out)
    assert list(found.labels) == ["0", "1"]
    np.testing.assert_array_equal(found.matrix, Doc2Vec.load(saved).infer(NEW))


def test_infer_json_reports_and_takes_options(call, model, corpus, tmp_path):
    out = tmp_path / "inferred.txt"
    code, printed, _ = call("infer", model, corpus, "-o", out, "--epochs", "7", "--json")
    facts = json.loads(printed)
    assert code == 0
    assert facts.pop("seconds") >= 0
    assert facts == {"documents": 2, "vector_size": 8, "epochs": 7, "output": str(out)}


def test_infer_empty_document_is_an_error_or_zeros(call, refused, model, corpus, tmp_path):
    corpus.write_text("a cat\nunheard of\n", "utf-8")
    out = tmp_path / "new.safetensors"
    arguments = ["infer", str(model), str(corpus), "-o", str(out)]
    refused(arguments, 1, "document 1 has no known word; remove it, or pass")
    assert not out.exists()
    assert call(*arguments, "--empty-documents", "zeros")[0] == 0
    assert not Vectors.load(out)["1"].any()


def test_infer_refuses_models_without_documents(refused, corpus, tmp_path):
    words = tmp_path / "words.safetensors"
    Word2Vec(vector_size=4, min_count=1, epochs=1, tokenizer="whitespace").fit(TEXTS).save(words)
    alone = tmp_path / "vectors.safetensors"
    Vectors(["a"], np.ones((1, 2))).save(alone)
    out = str(tmp_path / "new.safetensors")
    for path, says in ((words, "Doc2Vec"), (alone, "vectors alone"), (tmp_path / "no", "no")):
        refused(["infer", str(path), str(corpus), "-o", out], 1, says)
    refused(["infer", str(words), str(corpus), "-o", str(tmp_path / "x.odd")], 2, "x.odd")
