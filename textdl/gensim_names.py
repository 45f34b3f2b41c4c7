"""The names that users of gensim and fastText type, and what to write here: a table per class.

The names are gensim 4's, those of gensim 3 that are still in many tutorials, and those of the
fastText program. A name that means the same here (`vector_size`, `most_similar`, `key_to_index`)
is not in a table: it works.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from textdl.errors import UnknownAttributeError, UnknownParameterError

Class = TypeVar("Class", bound=type)

_ALWAYS = "nothing (it is always so)"
_CORPUS = "pass the corpus to fit, as in Word2Vec().fit(corpus)"

WORD2VEC_PARAMETERS: Mapping[str, str] = {
    "sentences": _CORPUS,
    "corpus_file": _CORPUS,
    "size": "vector_size",
    "iter": "epochs",
    "alpha": "learning_rate",
    "min_alpha": "min_learning_rate",
    "sg": "arch='skipgram' for sg=1, arch='cbow' for sg=0",
    "hs": "loss='hs' for hs=1, loss='ns' for hs=0",
    "cbow_mean": "cbow='mean' for cbow_mean=1, cbow='sum' for cbow_mean=0",
    "max_final_vocab": "max_vocab_size",
    "batch_words": "step_tokens",
    "compute_loss": "nothing (the losses are in history_)",
    "sorted_vocab": _ALWAYS,
    "hashfxn": "nothing (seed decides every draw)",
    "null_word": "nothing (there is no such thing)",
    "comment": "nothing (there is no such thing)",
    "trim_rule": "min_count and max_vocab_size, or a tokenizer that drops words",
}
WORD2VEC_ATTRIBUTES: Mapping[str, str] = {
    "vectors_": "fit, which makes it",
    "wv": "vectors_",
    "train": "fit(corpus), and partial_fit(corpus) to train on",
    "build_vocab": "fit(corpus), which counts the words too; partial_fit(corpus) adds new ones",
    "save_word2vec_format": "vectors_.save('vectors.bin')",
    "load_word2vec_format": "Vectors.load(path)",
    "corpus_total_words": "corpus_words_",
    "total_train_time": "fit_seconds_",
    "get_latest_training_loss": "loss_curve_",
    "init_sims": "nothing (similarities are cosines)",
    "index_to_key": "vectors_.labels",
    "key_to_index": "vectors_.key_to_index",
    "most_similar": "vectors_.most_similar",
    "similarity": "vectors_.similarity",
    "doesnt_match": "vectors_.doesnt_match",
}
_FASTTEXT_CORPUS = "pass the corpus to fit, as in FastText().fit(corpus)"
#: Of the program and its Python package.
FASTTEXT_PROGRAM_PARAMETERS: Mapping[str, str] = {
    "input": _FASTTEXT_CORPUS,
    "output": "vectors_.save(path)",
    "model": "arch='skipgram' or arch='cbow'",
    "lr": "learning_rate",
    "dim": "vector_size",
    "ws": "window",
    "epoch": "epochs",
    "neg": "negative",
    "minCount": "min_count",
    "minn": "min_n",
    "maxn": "max_n",
    "t": "sample",
    "thread": "workers",
    "wordNgrams": "phrases, with those of Phrases",
    "lrUpdateRate": "nothing (the rate falls in every step)",
    "pretrainedVectors": "init_vectors",
    "minCountLabel": "TextClassifier, which learns classes",
    "label": "TextClassifier, which learns classes",
}
FASTTEXT_PROGRAM_ATTRIBUTES: Mapping[str, str] = {
    "words": "vectors_.labels",
    "get_words": "vectors_.labels",
    "get_word_vector": "vectors_[word]",
    "get_word_id": "vectors_.key_to_index[word]",
    "get_dimension": "vector_size",
    "get_nearest_neighbors": "vectors_.most_similar(word)",
    "get_analogies": "vectors_.most_similar(positive=[b, c], negative=[a])",
    "get_sentence_vector": "AveragedVectors(vectors_).transform([text])",
    "get_subwords": "textdl.text.char_ngrams.char_ngrams(word, min_n, max_n)",
    "get_input_matrix": "vectors_.matrix and vectors_.subwords.matrix",
    "save_model": "vectors_.save('vectors.safetensors')",
}
FASTTEXT_PARAMETERS: Mapping[str, str] = {
    **WORD2VEC_PARAMETERS,
    **FASTTEXT_PROGRAM_PARAMETERS,
    "sentences": _FASTTEXT_CORPUS,
    "corpus_file": _FASTTEXT_CORPUS,
    "word_ngrams": "max_n=0 for word_ngrams=0, nothing for word_ngrams=1",
}
FASTTEXT_ATTRIBUTES: Mapping[str, str] = {**WORD2VEC_ATTRIBUTES, **FASTTEXT_PROGRAM_ATTRIBUTES}
_DOC2VEC_CORPUS = "pass the corpus to fit, as in Doc2Vec().fit(corpus, tags=tags)"
DOC2VEC_PARAMETERS: Mapping[str, str] = {
    **WORD2VEC_PARAMETERS,
    "sentences": _DOC2VEC_CORPUS,
    "documents": _DOC2VEC_CORPUS,
    "corpus_file": _DOC2VEC_CORPUS,
    "sg": "arch='dbow' or arch='dm'",
    "dm": "arch='dm' for dm=1, arch='dbow' for dm=0",
    "dm_mean": "dm_context='mean' for dm_mean=1, dm_context='sum' for dm_mean=0",
    "cbow_mean": "dm_context='mean' for cbow_mean=1, dm_context='sum' for cbow_mean=0",
    "dm_concat": "dm_context='concat'",
    "dm_tag_count": "nothing (a document may have any number of tags)",
    "dbow_words": "train_words",
    "dv": "nothing (fit makes them)",
    "dv_mapfile": "nothing (save and load write and map a file)",
}
DOC2VEC_ATTRIBUTES: Mapping[str, str] = {
    **WORD2VEC_ATTRIBUTES,
    "document_vectors_": "fit, which makes it",
    "dv": "document_vectors_",
    "docvecs": "document_vectors_",
    "wv": "word_vectors_",
    "infer_vector": "infer([text])[0], or infer(texts) for all at once",
    "train": "fit(corpus, tags=tags)",
    "build_vocab": "fit(corpus, tags=tags), which counts the words too",
}
VECTORS_ATTRIBUTES: Mapping[str, str] = {
    "wv": "these vectors themselves",
    "index_to_key": "labels",
    "index2word": "labels",
    "index2entity": "labels",
    "vocab": "key_to_index",
    "vectors": "matrix",
    "syn0": "matrix",
    "vectors_norm": "matrix / norms[:, None]",
    "get_normed_vectors": "matrix / norms[:, None]",
    "fill_norms": "nothing (norms are there)",
    "init_sims": "nothing (norms are there)",
    "save_word2vec_format": "save('vectors.bin') or save('vectors.txt')",
    "load_word2vec_format": "Vectors.load(path)",
    "get_vector": "vectors[word]",
    "word_vec": "vectors[word]",
    "get_index": "key_to_index[word]",
    "has_index_for": "word in vectors",
    "get_vecattr": "counts[key_to_index[word]]",
    "get_mean_vector": "vectors[words].mean(axis=0)",
    "most_similar_to_given": "most_similar(word, candidates=words, topn=1)",
    "rank_by_centrality": "doesnt_match(words)",
    "words_closer_than": "closer_than(word, other)",
    "similar_by_word": "most_similar(word)",
    "similar_by_key": "most_similar(word)",
    "similar_by_vector": "most_similar(vector)",
    "distance": "1 - similarity(a, b)",
    "vectors_vocab": "matrix",
    "vectors_ngrams": "subwords.matrix",
    "min_n": "subwords.min_n",
    "max_n": "subwords.max_n",
    "bucket": "subwords.bucket",
    "evaluate_word_pairs": "textdl.vectors.evaluate.evaluate_word_pairs(vectors, file)",
    "evaluate_word_analogies": "textdl.vectors.evaluate.evaluate_analogies(vectors, file)",
}
PHRASES_PARAMETERS: Mapping[str, str] = {
    "sentences": "pass the corpus to fit, as in Phrases().fit(corpus)",
    "common_terms": "connector_words",
    "progress_per": "verbose=True",
}
PHRASES_ATTRIBUTES: Mapping[str, str] = {
    "phrases_": "fit, which makes them",
    "corpus_words_": "fit, which counts them",
    "add_vocab": "partial_fit(corpus)",
    "analyze_sentence": "transform([sentence])",
    "corpus_word_count": "corpus_words_",
    "export_phrases": "phrases_",
    "find_phrases": "phrases_",
    "freeze": "save(path, counts=False)",
    "learn_vocab": "fit(corpus)",
    "phrasegrams": "phrases_",
}
MODULE_NAMES: Mapping[str, str] = {
    "FrozenPhrases": "Phrases, whose save(path, counts=False) keeps the phrases alone",
    "KeyedVectors": "Vectors, as in Vectors.load(path)",
    "Phraser": "Phrases, whose save(path, counts=False) keeps the phrases alone",
    "models": "textdl itself, as in textdl.Word2Vec",
}


class ExplainedNames(type):
    """A class whose missing class attributes, such as gensim's class methods, are explained.

    The class has its table in ``_gensim_names``.
    """

    if not TYPE_CHECKING:

        def __getattr__(cls, name: str) -> object:
            raise missing_attribute(cls, name, cls.__dict__.get("_gensim_names", {}))


def missing_attribute(owner: object, name: str, names: Mapping[str, str]) -> UnknownAttributeError:
    """The error for an attribute that is not there; it says our name for gensim's.

    Args:
        owner: the object or class that lacks it.
        name: of the attribute.
        names: gensim's, and what to write instead.

    Returns:
        The error, to be raised.

    Example:
        >>> print(missing_attribute([], "wv", WORD2VEC_ATTRIBUTES))
        'list' object has no attribute 'wv'; in place of gensim's wv: vectors_
    """
    if isinstance(owner, type):
        message = f"type object {owner.__name__!r} has no attribute {name!r}"
    else:
        message = f"{type(owner).__name__!r} object has no attribute {name!r}"
    return UnknownAttributeError(message + _hint(name, names))


def unknown_parameter(kind: type, name: str, names: Mapping[str, str]) -> UnknownParameterError:
    """The error for a parameter that a class does not have; it says our name for gensim's.

    Args:
        kind: the class.
        name: of the parameter.
        names: gensim's, and what to write instead.

    Returns:
        The error, to be raised.
    """
    hint = _hint(name, names) or f"; expected one of {', '.join(_parameter_names(kind))}"
    return UnknownParameterError(f"{kind.__name__} has no parameter {name!r}{hint}")


def explain_parameters(names: Mapping[str, str]) -> Callable[[Class], Class]:
    """A class decorator: parameters that the constructor does not have are explained.

    The signature stays as it is, as scikit-learn reads it. Values without a name, such as gensim's
    `Word2Vec(sentences)`, are explained too: parameters are keywords.

    Args:
        names: gensim's, and what to write instead.
    """

    def decorate(kind: Class) -> Class:
        init: Callable[..., None] = kind.__init__  # type: ignore[misc]
        known = _parameter_names(kind)

        @wraps(init)
        def explained_init(self: object, *arguments: object, **parameters: Any) -> None:
            if arguments:
                raise UnknownParameterError(
                    f"{kind.__name__} got a {type(arguments[0]).__name__} without a name; its "
                    f"parameters are keywords, such as {known[0]}=..., and a corpus goes to fit: "
                    f"{kind.__name__}().fit(corpus)"
                )
            unknown = next((name for name in parameters if name not in known), None)
            if unknown is not None:
                raise unknown_parameter(kind, unknown, names)
            init(self, **parameters)

        kind.__init__ = explained_init  # type: ignore[misc]
        return kind

    return decorate


def _parameter_names(kind: type) -> list[str]:
    return [name for name in inspect.signature(kind.__init__).parameters if name != "self"]  # type: ignore[misc]


def _hint(name: str, names: Mapping[str, str]) -> str:
    if name not in names:
        return ""
    program = {**FASTTEXT_PROGRAM_PARAMETERS, **FASTTEXT_PROGRAM_ATTRIBUTES}
    owner = "fastText" if names[name] == program.get(name) else "gensim"
    return f"; in place of {owner}'s {name}: {names[name]}"
