"""The parameters of a text classifier: each with its default, range and description, once.

`TextClassifier`, the options of ``textdl classify train`` and the documentation are made from this
class. Nothing here needs JAX or scikit-learn, so that the command line can show its help at once.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

from textdl.bow.parameters import Text2Tokens, VocabularyParameters
from textdl.classify.defaults import MIN_DF_BELOW, MIN_DF_OF_MANY, shown_defaults
from textdl.classify.embedding_bag.config import EmbeddingBagParameters
from textdl.classify.linear.config import LinearParameters
from textdl.classify.models import DEFAULT_FEATURES, FEATURES, MODELS
from textdl.classify.sequence_models.config import SequenceClassifierParameters, TokenParameters
from textdl.classify.weightings import WeightingParameters
from textdl.parameters import parameter, parameters_of

_DECLARED = {
    **parameters_of(VocabularyParameters),
    **parameters_of(LinearParameters),
    **parameters_of(EmbeddingBagParameters),
    **parameters_of(WeightingParameters),
    **parameters_of(TokenParameters),
    **{
        name: parameters_of(SequenceClassifierParameters)[name]
        for name in ("units", "tune_vectors", "word_dropout", "average_weights")
    },
}
_FEATURES = "; ".join(f"{name}: {spec.description}" for name, spec in FEATURES.items())
_MODELS = "; ".join(f"{name}: {description}" for name, description in MODELS.items())
_ONE_MODEL = [name for name in FEATURES if name != DEFAULT_FEATURES]  # auto takes their first
_DEFAULT_MODEL = "; ".join(
    f"{model} for "
    + ", ".join(name for name in _ONE_MODEL if FEATURES[name].default_model == model)
    for model in dict.fromkeys(FEATURES[name].default_model for name in _ONE_MODEL)
)
_MIN_DF = ", ".join(
    [
        str(MIN_DF_OF_MANY),
        *(f"{least} below {texts:,} texts" for texts, least in MIN_DF_BELOW[::-1]),
        "for tfidf linear one less",
    ]
)


def _as_declared(name: str, default: str = "") -> dict[str, Any]:
    """What `parameter` is told of a parameter that the features or the model have, too.

    Args:
        name: of the parameter.
        default: what it becomes where it is left out; empty: what the registry says.

    Returns:
        Its description with that default, its range and choices.
    """
    known = _DECLARED[name]
    return {
        "description": f"{known.description} (default: {default or shown_defaults(name)})",
        "minimum": known.minimum,
        "maximum": known.maximum,
        "above": known.above,
        "choices": known.choices,
        "allows_callable": known.allows_callable,
    }


@dataclass(eq=False, repr=False)
class TextClassifierParameters:
    """The parameters of `TextClassifier`; None is the default of the features and the model.

    What each becomes stands in `textdl.classify.models`.
    """

    features: str | None = parameter(
        None,
        f"what the model sees of a text ({_FEATURES}; default: {DEFAULT_FEATURES}, what the model "
        "takes, or with a model of auto what does best)",
        choices=FEATURES,
    )
    model: str | None = parameter(
        "auto",
        f"what learns ({_MODELS}; auto, with features given, is {_DEFAULT_MODEL})",
        choices=MODELS,
    )
    _: KW_ONLY
    analyzer: str | None = parameter(None, **_as_declared("analyzer"))
    tokenizer: str | Text2Tokens | None = parameter(None, **_as_declared("tokenizer"))
    token_pattern: str | None = parameter(None, **_as_declared("token_pattern"))
    lowercase: bool | None = parameter(
        None, **_as_declared("lowercase", "yes; for vectors, unless they have words in capitals")
    )
    stop_words: Any = parameter(None, **_as_declared("stop_words", "none"))
    ngram_range: tuple[int, int] | None = parameter(None, **_as_declared("ngram_range"))
    min_df: float | None = parameter(None, **_as_declared("min_df", _MIN_DF))
    max_df: float | None = parameter(None, **_as_declared("max_df"))
    max_features: int | None = parameter(None, **_as_declared("max_features", "all"))
    idf_power: float | None = parameter(
        None,
        "power to which the idf of a term is raised, for tfidf: 1 is plain TF-IDF, 2 gives rare "
        f"terms more weight (default: {shown_defaults('idf_power')})",
        minimum=0,
        maximum=10,
    )
    vectors: Any = parameter(
        None,
        "the word vectors to average, or to begin with: `Vectors`, or the path of their file",
    )
    max_length: int | None = parameter(None, **_as_declared("max_length"))
    tune_vectors: bool | None = parameter(None, **_as_declared("tune_vectors"))
    units: int | None = parameter(None, **_as_declared("units"))
    word_dropout: float | None = parameter(None, **_as_declared("word_dropout"))
    average_weights: bool | None = parameter(None, **_as_declared("average_weights"))
    weighting: str | None = parameter(None, **_as_declared("weighting"))
    vector_size: int | None = parameter(None, **_as_declared("vector_size"))
    hidden_layer_sizes: int | tuple[int, ...] | None = parameter(
        None, f"units of the hidden layers (default: {shown_defaults('hidden_layer_sizes')})"
    )
    dropout: float | None = parameter(
        None,
        f"share of hidden units left out at a step (default: {shown_defaults('dropout')})",
        minimum=0,
        maximum=1,
    )
    epochs: int | None = parameter(
        None, **_as_declared("epochs", f"{shown_defaults('epochs')}; more for few texts")
    )
    batch_size: int | None = parameter(
        None, f"texts per step (default: {shown_defaults('batch_size')})", minimum=1
    )
    learning_rate: float | None = parameter(None, **_as_declared("learning_rate"))
    C: float | None = parameter(None, **_as_declared("C"))
    class_weight: Any = parameter(None, **_as_declared("class_weight", "1 each"))
    workers: int | None = parameter(None, **_as_declared("workers"))
    seed: int = parameter(
        _DECLARED["seed"].default, _DECLARED["seed"].description, minimum=_DECLARED["seed"].minimum
    )
    autotune: float | None = parameter(
        None,
        "search for better parameters for so many seconds; the trial that is under way then ends "
        "(default: only what a model of auto compares)",
        above=0,
    )
    trials: int | None = parameter(
        None,
        "trials of the search, at most; equal numbers give equal results on every machine "
        "(default: as many as the time of autotune allows)",
        minimum=1,
    )
    n_jobs: int | None = parameter(None, _DECLARED["n_jobs"].description)
    verbose: bool = parameter(False, _DECLARED["verbose"].description)
