"""Features and models of a text classifier by name: what they are, their defaults, their makers.

`FEATURES` and `MODELS` are the truth: choices, defaults in help and documentation, and checks come
from them. What heavy modules make is imported where it is made, so that the command line shows its
help without JAX and scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from textdl.classify.embedding_bag.config import EmbeddingBagParameters
from textdl.classify.sequence_models import config as sequence_config
from textdl.errors import ParameterError
from textdl.parameters import lookup, parameters_of

if TYPE_CHECKING:
    from textdl.bow.count import CountVectorizer
    from textdl.bow.tfidf import TfidfVectorizer
    from textdl.classify.averages import AveragedVectors
    from textdl.classify.embedding_bag.classifier import EmbeddingBagClassifier
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
_HIDDEN: Settings = {"hidden_layer_sizes": (256,), "dropout": 0.5}
_EMBEDDING_BAG: Settings = {
    name: parameters_of(EmbeddingBagParameters)[name].default
    for name in ("vector_size", "batch_size", "learning_rate", "epochs", "workers")
}
_NETWORK: Settings = {
    name: known.default
    for name, known in parameters_of(sequence_config.SequenceModelParameters).items()
    if name not in ("model", "seed", "verbose")
}
_RECURRENT: Settings = {**_NETWORK, "vector_size": 100, "units": 128, "epochs": 4}
# The power of the idf. A network takes larger weights for more certain ones, so rare terms, which
# tell most, are given more: idf², as when a query and a document are both weighted and multiplied.
IDF_POWER = 2

# A small corpus is gone through more often, for a network needs so many steps.
MIN_STEPS = 500
MAX_DEFAULT_EPOCHS = 100
# `min_df` by the number of texts: below 1,000 it is 1, below 20,000 it is 2. Of 25,000 reviews, the
# terms that are in two only are two fifths of all, and bring nothing.
MIN_DF_BELOW = ((1_000, 1), (20_000, 2))
MIN_DF_OF_MANY = 3

COMMON = ("features", "model", "seed", "n_jobs", "verbose")  # parameters of every choice


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


def make_mlp(settings: Settings, examples: int) -> MLPClassifier:
    """A network for this many examples; a linear model is one without hidden layers."""
    from textdl.nn.estimators.classifier import MLPClassifier  # JAX

    return MLPClassifier(
        settings.get("hidden_layer_sizes", ()),
        dropout=settings.get("dropout", 0.0),
        batch_size=min(settings["batch_size"], examples),
        learning_rate="linear",
        learning_rate_init=settings["learning_rate"],
        max_iter=settings["epochs"],
        n_iter_no_change=settings["epochs"],  # the rate falls to 0: an early end would be too early
        random_state=settings["seed"],
        verbose=settings["verbose"],
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
        make_mlp,
        {
            "mlp": {**_HIDDEN, "batch_size": 128, "learning_rate": 0.002, "epochs": 5},
            "linear": {"batch_size": 128, "learning_rate": 0.02, "epochs": 10},
        },
    ),
    "counts": FeatureSpec(
        "counts of terms",
        make_counts,
        _TERMS,
        make_mlp,
        {
            "mlp": {**_HIDDEN, "batch_size": 128, "learning_rate": 0.002, "epochs": 5},
            "linear": {"batch_size": 128, "learning_rate": 0.01, "epochs": 10},
        },
    ),
    "vectors": FeatureSpec(
        "means of given word vectors",
        make_averages,
        {"vectors": None, "tokenizer": "nltk", "lowercase": None, "weighting": "mean"},
        make_mlp,
        {
            "mlp": {**_HIDDEN, "batch_size": 128, "learning_rate": 0.002, "epochs": 20},
            "linear": {"batch_size": 128, "learning_rate": 0.01, "epochs": 20},
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
MODELS: Mapping[str, str] = {
    "mlp": "a network with hidden layers",
    "linear": "a model without hidden layers",
    **sequence_config.SEQUENCE_MODELS,
}


def resolve_settings(parameters: Settings, examples: int) -> dict[str, Any]:
    """What every parameter becomes that the choice of features and model has.

    Args:
        parameters: of a `TextClassifier`; None stands for the default of the choice.
        examples: texts to train on.

    Returns:
        Values by name.

    Raises:
        ParameterError: a name is unknown, or a parameter was given that the choice does not have.
    """
    features = parameters["features"] or _features_of(parameters["model"])
    model = _resolve_model(features, parameters["model"])
    spec = FEATURES[features]
    settings = {**spec.defaults, **spec.models[model]}
    given = {name: value for name, value in parameters.items() if value is not None}
    for name, value in given.items():
        if name not in settings and name not in COMMON:
            raise ParameterError(
                f"{name}={value!r} does not go with features={features!r} and model={model!r}; "
                "leave it out"
            )
    settings |= {name: parameters[name] for name in COMMON} | given
    settings |= {"features": features, "model": model}
    _check_words(given)
    if "epochs" not in given:
        settings["epochs"] = _enough_epochs(settings, examples)
    if "min_df" in settings and "min_df" not in given:
        below = (min_df for texts, min_df in MIN_DF_BELOW if examples < texts)
        settings["min_df"] = next(below, MIN_DF_OF_MANY)
    return settings


def _features_of(model: str | None) -> str:
    """The features where none are named: the default, or the first that the model takes."""
    if model is None or model in FEATURES[DEFAULT_FEATURES].models:
        return DEFAULT_FEATURES
    lookup("model", model, MODELS)
    return next(name for name, spec in FEATURES.items() if model in spec.models)


def _resolve_model(features: str, model: str | None) -> str:
    """The name of the model: as given, or the default of the features."""
    spec = lookup("features", features, FEATURES)
    if model is None:
        return spec.default_model
    lookup("model", model, MODELS)
    if model not in spec.models:
        raise ParameterError(
            f"model={model!r} does not go with features={features!r}; expected "
            f"{' or '.join(spec.models)}"
        )
    return model


def _check_words(given: Settings) -> None:
    """Refuse two definitions of a word, or of its vector, and of words where terms are characters.

    Raises:
        ParameterError: there are two.
    """
    if "vectors" in given and "vector_size" in given:
        raise ParameterError(
            f"vector_size={given['vector_size']} and vectors, which have a size of their own; "
            "leave out one"
        )
    about_words = [name for name in ("tokenizer", "token_pattern", "stop_words") if name in given]
    if given.get("analyzer", "word") != "word" and about_words:
        raise ParameterError(
            f"{about_words[0]}={given[about_words[0]]!r} is about words, analyzer="
            f"{given['analyzer']!r} about characters; leave out one"
        )
    if {"tokenizer", "token_pattern"} <= set(about_words):
        raise ParameterError(
            f"tokenizer={given['tokenizer']!r} and token_pattern={given['token_pattern']!r} both "
            "say what a word is; leave out one"
        )


def _enough_epochs(settings: Settings, examples: int) -> int:
    """More epochs for few texts."""
    steps = max(1, ceil(examples / int(settings["batch_size"])))  # per epoch
    epochs: int = settings["epochs"]
    return max(epochs, min(ceil(MIN_STEPS / steps), MAX_DEFAULT_EPOCHS))


def shown_defaults(name: str) -> str:
    """What a parameter becomes where it is left out, by features and model, for documentation.

    Example:
        >>> shown_defaults("hidden_layer_sizes"), shown_defaults("batch_size")
        ('256', '128 for tfidf, counts, vectors; 64 for bag, tokens')
    """
    choices: dict[str, list[str]] = {}
    for features, spec in FEATURES.items():
        found = {
            model: {**spec.defaults, **settings}[name]
            for model, settings in spec.models.items()
            if name in spec.defaults or name in settings
        }
        is_same = len(found) == len(spec.models) and len(set(found.values())) == 1
        for model, value in list(found.items())[: 1 if is_same else None]:
            shown = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
            choices.setdefault(shown, []).append(features if is_same else f"{features} {model}")
    if len(choices) == 1:
        return next(iter(choices))
    return "; ".join(f"{shown} for {', '.join(those)}" for shown, those in choices.items())


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
    from sklearn.preprocessing import normalize  # heavy, but loaded by now

    idf = transformer.idf_
    transformer.idf_ = idf**power
    return normalize(matrix.multiply(idf[None, :] ** (power - 1)).tocsr())


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
