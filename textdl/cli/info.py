"""What a file holds, be it word vectors, a matrix of documents, a network or phrases: info."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from textdl.cli.options import describe
from textdl.cli.output import print_json
from textdl.embed.model_parameters import MODELS
from textdl.table import format_table

SHOWN = 10  # items of a list
_NAME_WIDTH = 18  # so that the facts of several files can be compared


def add_info(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl info``."""
    describe(
        parser,
        "Print what a file holds, be it vectors, a model of them, a matrix, a network, a "
        "classifier, a tagger, phrases or a language model: its kind and format, its sizes, and "
        "the parameters it was made with, one fact per line.",
        "textdl info vectors.safetensors",
        "format             safetensors",
        "bytes              4,067,273",
        "kind               Vectors",
        "vocab              9,505",
        "vector_size        100",
        "...",
    )
    parser.add_argument(
        "file", metavar="FILE", help="what textdl wrote, or vectors of any format (a folder, too)"
    )
    parser.add_argument(
        "--verify", action="store_true", help="compare all of the file with its checksums"
    )
    parser.set_defaults(run=show_info)


def show_info(options: argparse.Namespace) -> None:
    """Print the kind and the format, the sizes, and how the content came about."""
    from textdl.vectors.formats import detect_format, verify_checksums

    path = Path(options.file)
    form = detect_format(path)
    describe = _describer(path, form)
    facts = {"format": form, "bytes": _size(path)}
    if options.verify:
        verify_checksums(path, form)
        facts["checksums"] = "verified"
    facts |= describe(path)
    if options.json:
        print_json(facts)
        return
    rows = [(name, _shown(value)) for name, value in _flat(facts)]
    print("\n".join(format_table(rows, first_width=_NAME_WIDTH, gap=1)))


def _size(path: Path) -> int:
    """The bytes of a file, or of all files of a folder."""
    if path.is_dir():
        return sum(it.stat().st_size for it in path.rglob("*") if it.is_file())
    return path.stat().st_size


def _describer(path: Path, form: str) -> Callable[[Path], dict[str, Any]]:
    """What describes the file: of archives, the header says of what kind they are."""
    from textdl.io.archive import parse_archive
    from textdl.io.safetensors import open_mapped

    if form != "safetensors":
        return describe_vectors
    archive = parse_archive(open_mapped(path), "what textdl saves")
    return DESCRIBERS.get(archive.kind, describe_vectors)


def describe_vectors(path: Path) -> dict[str, Any]:
    """Word vectors."""
    from textdl.vectors.vectors import Vectors

    vectors = Vectors.load(path)
    vectors.check_columns()
    facts: dict[str, Any] = {
        "kind": "Vectors",
        "vocab": len(vectors),
        "vector_size": vectors.vector_size,
    }
    if vectors.tokenizer is not None:
        facts["tokenizer"] = "tokenizer.json"
    if vectors.subwords is not None:
        facts["subwords"] = {
            "known": len(vectors.subwords),
            "min_n": vectors.subwords.min_n,
            "max_n": vectors.subwords.max_n,
            "bucket": vectors.subwords.bucket,
        }
    return facts | {"config": dict(vectors.config)}


def describe_matrix(path: Path) -> dict[str, Any]:
    """A vectorizer, and the matrix it made."""
    # SciPy and scikit-learn, which vectors do without.
    from textdl.bow.loading import describe

    return describe(path)


def describe_network(path: Path) -> dict[str, Any]:
    """A network."""
    # JAX, which the others do without.
    from textdl.nn.estimators.persistence import load_network

    model = load_network(path)
    facts = {
        "kind": type(model).__name__,
        "layers": [model.n_features_in_, *(len(bias) for bias in model.intercepts_)],
        "parameters": sum(layer.size for layer in (*model.coefs_, *model.intercepts_)),
        "epochs": model.n_iter_,
        "loss": model.loss_curve_[-1] if model.loss_curve_ else None,
    }
    if hasattr(model, "classes_"):
        facts["classes"] = model.classes_.tolist()
    return facts | {"config": model.get_params()}


def describe_classifier(path: Path) -> dict[str, Any]:
    """A classifier of texts."""
    # JAX and scikit-learn, which vectors do without.
    from textdl.classify.text_classifier import TextClassifier

    return TextClassifier.load(path).describe()


def describe_phrases(path: Path) -> dict[str, Any]:
    """Phrases."""
    from textdl.text.phrases import Phrases

    phrases = Phrases.load(path)
    found = phrases.phrases_
    return {
        "kind": "Phrases",
        "phrases": len(found),
        "first": list(found)[:SHOWN],
        "words": phrases.corpus_words_,
        "has_counts": phrases.has_counts,
        "config": phrases.get_params(),
    }


def describe_language_model(path: Path) -> dict[str, Any]:
    """A language model."""
    # JAX, which vectors do without.
    from textdl.language_model.model import LanguageModel

    return LanguageModel.load(path).describe()


def describe_tagger(path: Path) -> dict[str, Any]:
    """A sequence tagger."""
    # JAX and scikit-learn, which vectors do without.
    from textdl.classify.tagging.tagger import SequenceTagger

    return SequenceTagger.load(path).describe()


def describe_averages(path: Path) -> dict[str, Any]:
    """Averages of word vectors."""
    # SciPy and scikit-learn, which vectors do without.
    from textdl.classify.averages import AveragedVectors

    return AveragedVectors.load(path).describe()


def describe_embedding(path: Path) -> dict[str, Any]:
    """A model of word vectors, which can be trained on."""
    from textdl.embed.model import describe_model

    return describe_model(path, _EMBEDDINGS)


_EMBEDDINGS = [kind.name for kind in MODELS.values()]
# By the kind of the archive; one that is not here is read as vectors, which says what it is.
DESCRIBERS: Mapping[str, Callable[[Path], dict[str, Any]]] = {
    **dict.fromkeys(
        ("CountVectorizer", "TfidfVectorizer", "BM25Vectorizer", "HashingVectorizer"),
        describe_matrix,
    ),
    **dict.fromkeys(("MLPClassifier", "MLPRegressor"), describe_network),
    "TextClassifier": describe_classifier,
    **dict.fromkeys(_EMBEDDINGS, describe_embedding),
    "Phrases": describe_phrases,
    "LanguageModel": describe_language_model,
    "SequenceTagger": describe_tagger,
    "AveragedVectors": describe_averages,
}


def _flat(facts: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Facts in one list; those of the config keep their names, others their group's before it."""
    found: list[tuple[str, Any]] = []
    for name, value in facts.items():
        if isinstance(value, dict):
            before = "" if name == "config" else f"{name} "
            found += [(before + inner, it) for inner, it in value.items()]
        else:
            found.append((name, value))
    return found


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        more = ", ..." if len(value) > SHOWN else ""
        return ", ".join(map(_shown, value[:SHOWN])) + more
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(it)}" for name, it in value.items())
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
