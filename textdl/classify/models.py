"""Features and models of a text classifier by name: what they are, their defaults, their makers.

`FEATURES` and `MODELS` are the truth: choices, defaults in help and documentation, and checks come
from them. What heavy modules make is imported where it is made, so that the command line shows its
help without JAX and scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from textdl.classify.embedding_bag.config import EmbeddingBagParameters
from textdl.classify.linear.config import LinearParameters
from textdl.classify.sequence_models import config as sequence_config
from textdl.errors import DataError
from textdl.parameters import parameters_of

if TYPE_CHECKING:
    from textdl.bow.count import CountVectorizer
    from textdl.bow.tfidf import TfidfVectorizer
    from textdl.classify.averages import AveragedVectors
    from textdl.classify.embedding_bag.classifier import EmbeddingBagClassifier
    from textdl.classify.linear.classifier import LinearClassifier
    from textdl.classify.sequence_models.classifier import SequenceClassifier
    from textdl.classify.sequence_models.tokens import TokenSequences
    from textdl.nn.estimators.classifier import MLPClassifier

Settings: TypeAlias = Mapping[str, Any]  # parameters by name

# Words of any length, and every mark by itself: "£", "!" and "4" tell spam from ham.
WORDS_AND_MARKS = r"\w+|[^\w\s]"
WORDS = r"\w+"  # read without a Python object per word: an embedding bag is for many texts

_TERMS: Settings = {
    "analyzer": "word",
    "tokenizer": None,
    "token_pattern": WORDS_AND_MARKS,
    "lowercase": True,
    "stop_words": None,
    "ngram_range": (1, 1),
    "min_df": None,  # by the number of texts
    "max_df": 1.0,
    "max_features": None,
}
_MLP: Settings = {
    "hidden_layer_sizes": (128,),
    "dropout": 0.5,
    "batch_size": 128,
    "learning_rate": 0.002,
    "epochs": 5,
    "class_weight": None,
}
_LINEAR: Settings = {
    name: parameters_of(LinearParameters)[name].default for name in ("C", "class_weight")
}
_EMBEDDING_BAG: Settings = {
    name: parameters_of(EmbeddingBagParameters)[name].default
    for name in ("vector_size", "batch_size", "learning_rate", "epochs", "workers", "class_weight")
}
_NETWORK: Settings = {
    name: known.default
    for name, known in parameters_of(sequence_config.SequenceClassifierParameters).items()
    if name not in ("model", "seed", "verbose")
}
_RECURRENT: Settings = {
    **_NETWORK,
    "vector_size": 100,
    "units": 128,
    "epochs": 3,
    "word_dropout": 0.0,
    "average_weights": False,
}
# Of given vectors, in units of drawn ones: larger where that was measured to help.
_VECTOR_SCALES: Mapping[str, float] = {"cnn": 2.0, "rnn": 1.0, "gru": 1.0, "lstm": 1.0}
# The power of the idf. A network takes larger weights for more certain ones, so rare terms, which
# tell most, are given more: idf², as when a query and a document are both weighted and multiplied.
IDF_POWER = 2

COMMON = ("features", "model", "seed", "n_jobs", "verbose")  # parameters of every choice
SEARCH = ("autotune", "trials")  # of how the choice is made


def make_counts(settings: Settings) -> CountVectorizer:
    """Counts of terms."""
    from textdl.bow.count import CountVectorizer  # SciPy and scikit-learn

    return CountVectorizer(dtype=np.float32, **_of_terms(settings))


def make_tfidf(settings: Settings) -> TfidfVectorizer:
    """TF-IDF with 1 + log(count): what a text says twice is not twice as true."""
    from textdl.bow.tfidf import TfidfVectorizer  # SciPy and scikit-learn

    return TfidfVectorizer(dtype=np.float32, sublinear_tf=True, **_of_terms(settings))


def make_averages(settings: Settings) -> AveragedVectors:
    """Means of word vectors, plain or weighted."""
    from textdl.classify.averages import AveragedVectors  # SciPy and scikit-learn

    names = ("vectors", "tokenizer", "lowercase", "n_jobs", "weighting")
    return AveragedVectors(**{name: settings[name] for name in names})


def make_dense_model(settings: Settings, examples: int) -> LinearClassifier | MLPClassifier:
    """A linear model, or a network for this many examples."""
    if settings["model"] == "linear":
        from textdl.classify.linear.classifier import LinearClassifier  # scikit-learn

        return LinearClassifier(**{name: settings[name] for name in (*_LINEAR, "seed")})
    return make_mlp(settings, examples)


def make_mlp(settings: Settings, examples: int) -> MLPClassifier:
    """A network for this many examples."""
    from textdl.nn.estimators.classifier import MLPClassifier  # JAX

    return MLPClassifier(
        settings["hidden_layer_sizes"],
        dropout=settings["dropout"],
        class_weight=settings["class_weight"],
        batch_size=min(settings["batch_size"], examples),
        learning_rate="linear",
        learning_rate_init=settings["learning_rate"],
        max_iter=settings["epochs"],
        n_iter_no_change=settings["epochs"],  # the rate falls to 0: an early end would be too early
        random_state=settings["seed"],
        verbose=settings["verbose"],
        initializer="glorot_uniform",
        dtype="float32",
    )


def make_embedding_bag(settings: Settings, examples: int) -> EmbeddingBagClassifier:
    """An embedding-bag classifier."""
    from textdl.classify.embedding_bag.classifier import EmbeddingBagClassifier  # JAX

    names = (*_EMBEDDING_BAG, "seed", "verbose")
    return EmbeddingBagClassifier(**{name: settings[name] for name in names})


def make_tokens(settings: Settings) -> TokenSequences:
    """Sequences of words."""
    from textdl.classify.sequence_models.tokens import TokenSequences  # SciPy and scikit-learn

    terms = {**_TERMS, **settings, "ngram_range": (1, 1), "analyzer": "word"}
    return TokenSequences(
        vectorizer=make_counts(terms),
        vectors=settings["vectors"],
        max_length=settings["max_length"],
        vector_scale=_VECTOR_SCALES[settings["model"]],
    )


def make_sequence_model(settings: Settings, examples: int) -> SequenceClassifier:
    """A network that reads texts word by word."""
    from textdl.classify.sequence_models.classifier import SequenceClassifier  # JAX

    names = ("model", *_NETWORK, "seed", "verbose")
    return SequenceClassifier(**{name: settings[name] for name in names})


class FeatureSpec(NamedTuple):
    """One kind of features, and the models that take it."""

    description: str
    make_transformer: Callable[[Settings], Any]  # of texts to a matrix (N, F)
    defaults: Settings  # the parameters of the transformer
    make_classifier: Callable[[Settings, int], Any]  # for so many examples
    models: Mapping[str, Settings]  # the default first; each with defaults of its parameters

    @property
    def default_model(self) -> str:
        """The model that is taken where none is named."""
        return next(iter(self.models))


FEATURES: Mapping[str, FeatureSpec] = {
    "tfidf": FeatureSpec(
        "TF-IDF of terms, the idf raised to idf_power",
        make_tfidf,
        {**_TERMS, "idf_power": IDF_POWER},
        make_dense_model,
        {
            "mlp": _MLP,
            # Pairs of words are what a model without hidden layers cannot make of words.
            "linear": {**_LINEAR, "ngram_range": (1, 2)},
        },
    ),
    "counts": FeatureSpec(
        "counts of terms",
        make_counts,
        _TERMS,
        make_dense_model,
        {
            "mlp": _MLP,
            "linear": _LINEAR,
        },
    ),
    "vectors": FeatureSpec(
        "means of given word vectors",
        make_averages,
        {"vectors": None, "tokenizer": "nltk", "lowercase": None, "weighting": "mean"},
        make_dense_model,
        {
            "mlp": {**_MLP, "hidden_layer_sizes": (256,), "epochs": 20},
            "linear": _LINEAR,
        },
    ),
    "bag": FeatureSpec(
        "an embedding bag: means of vectors of terms that are learned with the classes, as in "
        "fastText's supervised mode",
        make_counts,
        {**_TERMS, "token_pattern": WORDS},
        make_embedding_bag,
        {"linear": _EMBEDDING_BAG},
    ),
    "tokens": FeatureSpec(
        "the words of a text in their order, each with a vector",
        make_tokens,
        {
            **{name: it for name, it in _TERMS.items() if name not in ("analyzer", "ngram_range")},
            "vectors": None,
            "max_length": parameters_of(sequence_config.TokenParameters)["max_length"].default,
        },
        make_sequence_model,
        {
            "cnn": _NETWORK,
            "rnn": _RECURRENT,
            "gru": _RECURRENT,
            "lstm": _RECURRENT,
        },
    ),
}
DEFAULT_FEATURES = "tfidf"
# What a model of "auto" is chosen from, by rising cost; see `textdl.classify.selection`.
AUTO: Sequence[Settings] = (
    {"features": "tfidf", "model": "linear"},
    {"features": "tfidf", "model": "linear", "idf_power": 1},
    {"features": "bag", "model": "linear", "ngram_range": (1, 2)},
    {"features": "tfidf", "model": "mlp"},
    {"features": "vectors", "model": "mlp"},
)
MODELS: Mapping[str, str] = {
    "auto": "what does best on texts that are left out",
    "mlp": "a network with hidden layers",
    "linear": "a linear model, by a solver; for bag, what stands above the embeddings",
    **sequence_config.SEQUENCE_MODELS,
}


def fit_features(transformer: Any, texts: Any, settings: Settings) -> Any:
    """Fit the transformer and make the matrix `(N, F)`, with the idf raised to ``idf_power``.

    Args:
        transformer: that the features' `make_transformer` made.
        texts: N of them.
        settings: that it was made of.

    Returns:
        The matrix, dense or SciPy sparse, float32.
    """
    matrix = transformer.fit_transform(texts)
    power = settings.get("idf_power", 1)
    if power == 1:
        return matrix
    from textdl.bow.engine.matrix import normalize_rows  # SciPy, loaded by now

    idf = transformer.idf_
    transformer.idf_ = idf**power
    return normalize_rows(matrix.multiply(idf[None, :] ** (power - 1)).tocsr(), "l2")


def train(
    settings: Settings, texts: Any, values: NDArray[Any], *, final: bool = True
) -> tuple[Any, Any]:
    """Fit features and classifier.

    Args:
        settings: what `textdl.classify.defaults.resolve_settings` gave.
        texts: N of them.
        values: `(N,)` labels, or `(N, K)` of 0 and 1.
        final: the probabilities are to be used, and so calibrated where that takes work.

    Returns:
        Both.

    Raises:
        DataError: the numbers of texts and labels differ.
        TextdlError: as the transformer and the classifier do.
    """
    features = FEATURES[settings["features"]]
    transformer = features.make_transformer(settings)
    matrix = fit_features(transformer, texts, settings)
    if matrix.shape[0] != len(values):
        raise DataError(
            f"{matrix.shape[0]:,} texts and {len(values):,} labels; expected one label or list of "
            "labels per text"
        )
    classifier = features.make_classifier(settings, matrix.shape[0])
    if not final and hasattr(classifier, "calibration_folds"):
        classifier.calibration_folds = 0
    options = getattr(transformer, "fit_options_", {})
    return transformer, classifier.fit(matrix, values, **options)


def single_term_inputs(transformer: Any) -> Any:
    """What texts of one term each become, for every term: `(V, F)`."""
    from scipy import sparse  # heavy, but loaded by now

    vectors: Any = getattr(transformer, "single_words_", None)
    if vectors is not None:
        return vectors
    return sparse.eye_array(len(transformer.vocabulary_), dtype=np.float32, format="csr")


def has_known_terms(matrix: Any) -> NDArray[np.bool_]:
    """`(N,)` whether a text has any term that was learned, by what the transformer made of it."""
    starts: NDArray[np.int32] | None = getattr(matrix, "starts", None)
    if starts is None:
        return np.asarray((matrix != 0).sum(axis=1)).reshape(-1) > 0
    known = np.append(0, np.cumsum(matrix.ids != 0))  # of sequences, where 0 stands for the others
    return known[starts[1:]] > known[starts[:-1]]


def terms_of(transformer: Any) -> NDArray[np.object_]:
    """`(V,)` the terms."""
    names: NDArray[np.object_] = _counter(transformer).get_feature_names_out()
    return names


def document_frequencies(transformer: Any) -> NDArray[np.int64]:
    """`(V,)` how many texts each term was in."""
    frequency: NDArray[np.int64] = _counter(transformer).document_frequency_
    return frequency


def _counter(transformer: Any) -> Any:
    return getattr(transformer, "counter_", transformer)


def _of_terms(settings: Settings) -> dict[str, Any]:
    """The parameters of a vectorizer of terms."""
    names = (*(name for name in _TERMS if name != "token_pattern"), "n_jobs")
    found = {name: settings[name] for name in names}
    if settings["tokenizer"] is not None:
        found["token_pattern"] = None
    elif settings["analyzer"] == "word":
        found["token_pattern"] = settings["token_pattern"]
    return found
