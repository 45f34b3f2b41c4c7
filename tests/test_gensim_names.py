"""Names that gensim users type are answered with ours."""

import copy
import inspect
import pickle

import gensim.models
import numpy as np
import pytest

import textdl
from textdl import FastText, Phrases, Vectors, Word2Vec
from textdl.errors import ParameterError, TextdlError
from textdl.gensim_names import (
    FASTTEXT_ATTRIBUTES,
    FASTTEXT_PARAMETERS,
    FASTTEXT_PROGRAM_ATTRIBUTES,
    FASTTEXT_PROGRAM_PARAMETERS,
    PHRASES_ATTRIBUTES,
    PHRASES_PARAMETERS,
    VECTORS_ATTRIBUTES,
    WORD2VEC_ATTRIBUTES,
    WORD2VEC_PARAMETERS,
)

VECTORS = Vectors(["up", "down"], np.eye(2))


@pytest.mark.parametrize("name", WORD2VEC_PARAMETERS)
def test_parameter_of_gensim_is_named_here(name):
    with pytest.raises(TypeError, match=f"no parameter '{name}'; in place of gensim's {name}: "):
        Word2Vec(**{name: 1})


def test_every_parameter_of_gensim_is_ours_or_explained():
    theirs = set(inspect.signature(gensim.models.Word2Vec.__init__).parameters) - {"self"}
    ours = set(Word2Vec().get_params())
    assert theirs - ours <= set(WORD2VEC_PARAMETERS)
    assert not ours & set(WORD2VEC_PARAMETERS)


@pytest.mark.parametrize(
    ("name", "says"),
    [("sg", "arch='skipgram'"), ("alpha", "learning_rate"), ("size", "vector_size"),
     ("iter", "epochs"), ("sentences", "pass the corpus to fit"), ("hs", "loss='hs' for hs=1")],
)  # fmt: skip
def test_parameter_hints_say_what_to_write(name, says):
    with pytest.raises(ParameterError, match=says):
        Word2Vec(vector_size=10, **{name: 1})


def test_parameter_of_nobody_lists_ours():
    with pytest.raises(
        TypeError, match="no parameter 'windows'; expected one of arch, loss, vector_size"
    ):
        Word2Vec(windows=5)


def test_corpus_without_a_name_goes_to_fit():
    with pytest.raises(TypeError, match=r"got a list without a name; its parameters are keywords"):
        Word2Vec([["a", "b"]])
    with pytest.raises(TextdlError, match=r"a corpus goes to fit: Word2Vec\(\)\.fit\(corpus\)"):
        Word2Vec("corpus.txt", vector_size=10)


@pytest.mark.parametrize("owner", [Word2Vec(), Word2Vec])
@pytest.mark.parametrize("name", WORD2VEC_ATTRIBUTES)
def test_attribute_of_gensims_model_is_named_here(owner, name):
    with pytest.raises(AttributeError, match=f"no attribute '{name}'; in place of gensim's"):
        getattr(owner, name)


@pytest.mark.parametrize("name", PHRASES_PARAMETERS)
def test_parameter_of_gensims_phrases_is_named_here(name):
    with pytest.raises(TypeError, match=f"no parameter '{name}'; in place of gensim's {name}: "):
        Phrases(**{name: 1})


def test_every_parameter_of_gensims_phrases_is_ours_or_explained():
    theirs = set(inspect.signature(gensim.models.Phrases.__init__).parameters) - {"self"}
    ours = set(Phrases().get_params())
    assert theirs - ours <= set(PHRASES_PARAMETERS)
    assert not ours & set(PHRASES_PARAMETERS)


@pytest.mark.parametrize("owner", [Phrases(), Phrases])
@pytest.mark.parametrize("name", PHRASES_ATTRIBUTES)
def test_attribute_of_gensims_phrases_is_named_here(owner, name):
    if owner is Phrases and name.endswith("_"):  # a property
        return
    with pytest.raises(AttributeError, match=f"no attribute '{name}'; in place of gensim's"):
        getattr(owner, name)


@pytest.mark.parametrize("name", FASTTEXT_PARAMETERS)
def test_parameter_of_fasttext_is_named_here(name):
    owner = "fastText" if name in FASTTEXT_PROGRAM_PARAMETERS else "gensim"
    says = f"no parameter '{name}'; in place of {owner}'s {name}: "
    with pytest.raises(TypeError, match=says):
        FastText(**{name: 1})


def test_every_parameter_of_gensims_fasttext_is_ours_or_explained():
    theirs = set(inspect.signature(gensim.models.FastText.__init__).parameters) - {"self"}
    ours = set(FastText().get_params())
    assert theirs - ours <= set(FASTTEXT_PARAMETERS)
    assert not ours & set(FASTTEXT_PARAMETERS)


@pytest.mark.parametrize("owner", [FastText(), FastText])
@pytest.mark.parametrize("name", FASTTEXT_ATTRIBUTES)
def test_attribute_of_fasttexts_model_is_named_here(owner, name):
    program = "fastText" if name in FASTTEXT_PROGRAM_ATTRIBUTES else "gensim"
    with pytest.raises(AttributeError, match=f"no attribute '{name}'; in place of {program}'s"):
        getattr(owner, name)


@pytest.mark.parametrize("owner", [VECTORS, Vectors])
@pytest.mark.parametrize("name", VECTORS_ATTRIBUTES)
def test_attribute_of_gensims_vectors_is_named_here(owner, name):
    with pytest.raises(AttributeError, match=f"no attribute '{name}'; in place of gensim's"):
        getattr(owner, name)


@pytest.mark.parametrize("owner", [VECTORS, Vectors, Word2Vec(), Word2Vec])
def test_other_attributes_are_pythons(owner):
    assert not hasattr(owner, "nothing")
    with pytest.raises(AttributeError, match=r"has no attribute 'nothing'$"):
        owner.nothing  # noqa: B018


def test_module_name_of_gensim_is_named_here():
    with pytest.raises(AttributeError, match=r"in place of gensim's KeyedVectors: Vectors, as in"):
        textdl.KeyedVectors  # noqa: B018


def test_objects_are_copied_and_pickled_as_before():
    model = Word2Vec(vector_size=7)
    for twin in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.get_params() == model.get_params()
    assert pickle.loads(pickle.dumps(VECTORS)).similarity("up", "up") == 1


def test_signature_is_that_of_the_parameters():
    signature = inspect.signature(Word2Vec)
    assert signature.parameters["vector_size"].default == 100
    assert {it.kind.name for it in signature.parameters.values()} == {"KEYWORD_ONLY"}
