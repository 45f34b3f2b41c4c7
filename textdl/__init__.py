"""textdl turns text into vectors, on one functional JAX core.

The names below are imported on first use (PEP 562), so that ``import textdl`` costs nothing and a
lookup in a saved file never pays for JAX.

Example:
    >>> import textdl
    >>> textdl.Vectors(["up", "down"], [[1.0, 0.0], [-1.0, 0.0]]).similarity("up", "down")
    -1.0
"""

from importlib import import_module

# Type checkers take it for true. To import `typing` takes longer than all else here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from textdl import nn
    from textdl.bow.bm25 import BM25Transformer, BM25Vectorizer
    from textdl.bow.count import CountVectorizer
    from textdl.bow.hashing import HashingVectorizer
    from textdl.bow.matching import group_duplicates, match_texts
    from textdl.bow.tfidf import TfidfTransformer, TfidfVectorizer
    from textdl.classify.averages import AveragedVectors
    from textdl.classify.embedding_bag.classifier import EmbeddingBagClassifier
    from textdl.classify.fasttext_classifier import FastTextClassifier
    from textdl.classify.tagging.tagger import SequenceTagger
    from textdl.classify.text_classifier import TextClassifier
    from textdl.embed.doc2vec import Doc2Vec
    from textdl.embed.fasttext import FastText
    from textdl.embed.word2vec import Word2Vec
    from textdl.errors import TextdlError
    from textdl.language_model.model import LanguageModel
    from textdl.nn.estimators.classifier import MLPClassifier
    from textdl.nn.estimators.regressor import MLPRegressor
    from textdl.text.periods import tag_periods
    from textdl.text.phrases import Phrases
    from textdl.vectors.alignment import align_vectors
    from textdl.vectors.change import measure_change
    from textdl.vectors.comparison import compare_analogies, compare_word_pairs
    from textdl.vectors.evaluate import evaluate_analogies, evaluate_word_pairs
    from textdl.vectors.stability import measure_stability, trusted_neighbors
    from textdl.vectors.vectors import Vectors
    from textdl.vectors.word_sets import evaluate_categorization, evaluate_outliers, weat

__version__ = "0.1.0"

__all__ = [
    "AveragedVectors",
    "BM25Transformer",
    "BM25Vectorizer",
    "CountVectorizer",
    "Doc2Vec",
    "EmbeddingBagClassifier",
    "FastText",
    "FastTextClassifier",
    "HashingVectorizer",
    "LanguageModel",
    "MLPClassifier",
    "MLPRegressor",
    "Phrases",
    "SequenceTagger",
    "TextClassifier",
    "TextdlError",
    "TfidfTransformer",
    "TfidfVectorizer",
    "Vectors",
    "Word2Vec",
    "__version__",
    "align_vectors",
    "compare_analogies",
    "compare_word_pairs",
    "evaluate_analogies",
    "evaluate_categorization",
    "evaluate_outliers",
    "evaluate_word_pairs",
    "group_duplicates",
    "match_texts",
    "measure_change",
    "measure_stability",
    "nn",
    "tag_periods",
    "trusted_neighbors",
    "weat",
]

_HOME = {
    "AveragedVectors": "textdl.classify.averages",
    "BM25Transformer": "textdl.bow.bm25",
    "BM25Vectorizer": "textdl.bow.bm25",
    "CountVectorizer": "textdl.bow.count",
    "Doc2Vec": "textdl.embed.doc2vec",
    "EmbeddingBagClassifier": "textdl.classify.embedding_bag.classifier",
    "FastText": "textdl.embed.fasttext",
    "FastTextClassifier": "textdl.classify.fasttext_classifier",
    "HashingVectorizer": "textdl.bow.hashing",
    "LanguageModel": "textdl.language_model.model",
    "MLPClassifier": "textdl.nn.estimators.classifier",
    "MLPRegressor": "textdl.nn.estimators.regressor",
    "Phrases": "textdl.text.phrases",
    "SequenceTagger": "textdl.classify.tagging.tagger",
    "TextClassifier": "textdl.classify.text_classifier",
    "TextdlError": "textdl.errors",
    "TfidfTransformer": "textdl.bow.tfidf",
    "TfidfVectorizer": "textdl.bow.tfidf",
    "Vectors": "textdl.vectors.vectors",
    "Word2Vec": "textdl.embed.word2vec",
    "align_vectors": "textdl.vectors.alignment",
    "compare_analogies": "textdl.vectors.comparison",
    "compare_word_pairs": "textdl.vectors.comparison",
    "evaluate_analogies": "textdl.vectors.evaluate",
    "evaluate_categorization": "textdl.vectors.word_sets",
    "evaluate_outliers": "textdl.vectors.word_sets",
    "evaluate_word_pairs": "textdl.vectors.evaluate",
    "group_duplicates": "textdl.bow.matching",
    "match_texts": "textdl.bow.matching",
    "measure_change": "textdl.vectors.change",
    "measure_stability": "textdl.vectors.stability",
    "tag_periods": "textdl.text.periods",
    "trusted_neighbors": "textdl.vectors.stability",
    "weat": "textdl.vectors.word_sets",
}


def __getattr__(name: str) -> object:
    if name == "nn":
        return import_module("textdl.nn")
    if name not in _HOME:
        hint = import_module("textdl.gensim_names").MODULE_NAMES.get(name)
        hint = f"; in place of gensim's {name}: {hint}" if hint else ""
        raise AttributeError(f"module 'textdl' has no attribute {name!r}{hint}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
