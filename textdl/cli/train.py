"""From text to vectors: train."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textdl.cli.options import Option, add_parameter, describe, given_parameters, named_corpus
from textdl.cli.output import check_output, note_on_subwords, print_json, printed_warnings
from textdl.embed.model_parameters import MODELS
from textdl.errors import CheckpointError, CorpusReadError, ParameterError
from textdl.interruption import interruptible
from textdl.io.atomic import check_writable
from textdl.parameters import Parameter, parameters_of

if TYPE_CHECKING:
    from textdl.embed.estimator import EmbeddingEstimator
    from textdl.text.corpus import Corpus
    from textdl.text.source import CorpusConfig

NOT_OPTIONS = ("verbose", "callbacks", "evaluation")  # or of another form
_CHANGED = {
    "phrases": Option(metavar="PHRASES"),
    "init_vectors": Option(metavar="VECTORS"),
    "freeze": Option(metavar="all|FILE"),
    "log": Option(metavar="FILE"),
    "checkpoint": Option(metavar="DIR"),
    "checkpoint_every": Option(metavar="60s|5000steps"),
}


def add_train(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl train``."""
    describe(
        parser,
        "Train word vectors on text (skip-gram or CBOW, with negative sampling or hierarchical "
        "softmax; with --model fasttext from character n-grams, so that unseen words have vectors "
        "too; with --model doc2vec of documents, one per line, by number), and write them to "
        "a file. The same corpus, parameters and seed give the same "
        "vectors. With --checkpoint, a run that was interrupted is resumed with --resume, and ends "
        "in the same vectors. A model that was saved with --save-model is trained on with "
        "--continue, on the same text or on more. With --n-seeds 3 models with seeds 1, 2 and 3 "
        "are written to v.safetensors, v.seed2.safetensors and v.seed3.safetensors, for similar "
        "--trust and for stability.",
        "textdl train corpus.txt -o vectors.safetensors --epochs 15 --quiet",
        "9,505 vectors in vectors.safetensors: 15 epochs of 1,563,605 words ...",
    )
    known = _parameters()
    parser.add_argument(
        "corpus",
        metavar="CORPUS",
        nargs="*",
        help="files, folders, globs, or - for stdin; with --resume it may be left out",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="VECTORS",
        required=True,
        help="the file to write: .safetensors, .bin, .txt or .vec",
    )
    parser.add_argument(
        "--model",
        metavar="NAME",
        choices=MODELS,
        help=f"what is trained: {', '.join(MODELS)} (default {next(iter(MODELS))})",
    )
    _add_own_options(parser, known["evaluation"])
    for name, parameter in known.items():
        if name not in NOT_OPTIONS:
            add_parameter(parser, parameter, _CHANGED.get(name, Option()))
    parser.add_argument("--quiet", action="store_true", help="show no progress on stderr")
    parser.set_defaults(run=train_vectors)


def _add_own_options(parser: argparse.ArgumentParser, evaluation: Parameter) -> None:
    """Add what is no parameter, or may be given several times."""
    parser.add_argument(
        "--continue",
        dest="continued",
        metavar="MODEL",
        help="train this model on, which --save-model wrote; its parameters are those of the file "
        "where no others are given",
    )
    parser.add_argument(
        "--save-model",
        metavar="MODEL",
        help="also write the whole model, which can be trained on: a .safetensors file",
    )
    parser.add_argument(
        "--evaluation",
        metavar="FILE",
        action="append",
        default=argparse.SUPPRESS,
        help=f"{evaluation.description}; may be given several times",
    )


def train_vectors(options: argparse.Namespace) -> None:
    """Train, save, and report."""
    with interruptible(), printed_warnings():
        # JAX, which few other verbs need.
        from textdl.io.compilation_cache import enable_compilation_cache

        enable_compilation_cache()  # before JAX is imported
        from textdl.vectors.formats import format_for

        format_for(Path(options.output))
        model = _model(options)
        outputs = _outputs(options, model)
        for output in outputs.values():
            check_output(output, options.corpus)
        _check_saved_model(options)
        epochs = getattr(model, "n_iter_", 0)
        model.partial_fit(_corpus(options))
        for seed, output in outputs.items():
            model.seed_vectors_[seed].save(output)
        if options.save_model:
            model.save(options.save_model)
        _summarize(options, model, model.n_iter_ - epochs, list(outputs.values()))


def _outputs(options: argparse.Namespace, model: EmbeddingEstimator) -> dict[int, Path]:
    """The file of every seed."""
    from textdl.embed.seeds import seed_path  # not for a help text

    seeds = range(model.seed, model.seed + model.n_seeds)
    return {seed: seed_path(Path(options.output), model.seed, seed) for seed in seeds}


def _check_saved_model(options: argparse.Namespace) -> None:
    """Find out now whether the model could not be written later."""
    from textdl.embed.model import require_model_name  # not for a help text

    if options.save_model:
        if getattr(options, "n_seeds", 1) > 1:
            raise ParameterError(
                f"--save-model with --n-seeds {options.n_seeds}, of which each leaves its vectors "
                "and none a model that could be trained on; leave one of the two out"
            )
        if getattr(options, "quality", "default") != "default":
            raise ParameterError(
                f"--save-model with --quality {options.quality}, which averages several models and "
                "leaves none that could be trained on; leave one of the two out"
            )
        require_model_name(options.save_model)
        check_writable(options.save_model)
        if Path(options.save_model).resolve() == Path(options.output).resolve():
            raise ParameterError(
                f"--save-model and -o both name {options.output!r}; give the model another name"
            )


def _model(options: argparse.Namespace) -> EmbeddingEstimator:
    """A new estimator, or the one that is trained on, with the parameters that were given."""
    import textdl
    from textdl.embed.model import model_kind  # not for a help text

    if options.continued:
        names = {kind.name: name for name, kind in MODELS.items()}
        name = names[model_kind(options.continued, names)]
        if options.model not in (None, name):
            raise ParameterError(
                f"--model {options.model}, but {options.continued!r} is a model of kind {name}; "
                "leave --model out"
            )
        options.model = name
    options.model = options.model or next(iter(MODELS))
    _refuse_foreign_options(options)
    kind = MODELS[options.model]
    estimator = getattr(textdl, kind.name)
    model: EmbeddingEstimator = estimator()
    if options.continued:
        model = estimator.load(options.continued)
    parameters = given_parameters(options, kind.parameters)
    if parameters.get("freeze") not in (None, "all"):
        parameters["freeze"] = _read_words(Path(parameters["freeze"]))
    return model.set_params(**parameters, verbose=not options.quiet)


def _read_words(path: Path) -> list[str]:
    """The words of a file, one per line."""
    try:
        words = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusReadError(
            f"cannot read {str(path)!r} ({error}); --freeze takes a file of UTF-8 text with a word "
            "per line, or all"
        ) from error
    return [word.strip() for word in words if word.strip()]


def _parameters() -> dict[str, Parameter]:
    """The parameters of all models, those of the first as they are."""
    found: dict[str, Parameter] = {}
    for kind in MODELS.values():
        for name, known in parameters_of(kind.parameters).items():
            first = found.setdefault(name, known)
            choices = tuple(dict.fromkeys([*first.choices, *known.choices]))  # such as of arch
            found[name] = first._replace(choices=choices)
    return found


def _refuse_foreign_options(options: argparse.Namespace) -> None:
    """Refuse what other models than the chosen one have."""
    own = parameters_of(MODELS[options.model].parameters)
    for name in _parameters():
        if name in options and name not in own:
            others = [
                model for model, kind in MODELS.items() if name in parameters_of(kind.parameters)
            ]
            raise ParameterError(
                f"--{name.replace('_', '-')} is no option of --model {options.model}; it is of use "
                f"with --model {' or '.join(others)}"
            )


def _corpus(options: argparse.Namespace) -> Corpus | CorpusConfig:
    """What to train on; without a CORPUS, only what is said of the text is compared."""
    from textdl.text.source import CorpusConfig, TextParameters

    if options.corpus:
        return _given_corpus(options)
    if not getattr(options, "resume", False):
        remedy = "; a model does not hold its text" if options.continued else ""
        raise ParameterError(f"CORPUS is missing; only --resume goes on without it{remedy}")
    unsaid = dict.fromkeys(parameters_of(TextParameters))  # phrases are those of the model
    return CorpusConfig(None, **(unsaid | given_parameters(options, TextParameters)))


def _given_corpus(options: argparse.Namespace) -> Corpus:
    try:
        return named_corpus(options.corpus)
    except CorpusReadError as error:
        if not getattr(options, "resume", False):
            raise
        raise CheckpointError(
            f"{error}; or leave out CORPUS to go on with the text in {options.checkpoint!r}"
        ) from error


def _summarize(
    options: argparse.Namespace, model: EmbeddingEstimator, epochs: int, outputs: Sequence[Path]
) -> None:
    words = model.corpus_words_
    seconds = model.fit_seconds_
    models = _members(model) * len(outputs)
    facts = {
        "words": words,
        "vocab": len(model.vectors_),
        "epochs": epochs,
        "seconds": round(seconds, 3),
        "words_per_second": round(words * epochs * models / seconds, 1),
        "loss": model.loss_curve_[-epochs:],
        "output": options.output,
    }
    measured = model.history_.items()
    facts |= {name: it[-epochs:] for name, it in measured if name not in ("loss", "seconds")}
    if options.save_model:
        facts["model"] = options.save_model
    if len(outputs) > 1:
        facts["outputs"] = [str(output) for output in outputs]
    if options.json:
        print_json(facts)
        return
    times = f"{models} times " if models > 1 else ""
    names = " ".join(map(str, outputs))
    print(
        f"{facts['vocab']:,} vectors in {names}: {times}{epochs} epochs of {words:,} "
        f"words in {seconds:.1f} s, loss {model.loss_curve_[-1]:.4f}"
        f"{note_on_subwords(model.vectors_, options.output)}"
    )


def _members(model: EmbeddingEstimator) -> int:
    """How many models were trained for the vectors of a seed."""
    members = model.vectors_.config.get("members")
    return len(members) if isinstance(members, tuple) and members else 1
