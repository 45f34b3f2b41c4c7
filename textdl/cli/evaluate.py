"""How good files of vectors are, and whether one is better than another: evaluate."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textdl.cli.options import describe, positive_int
from textdl.cli.output import print_answers, print_json
from textdl.errors import ParameterError
from textdl.table import format_table

if TYPE_CHECKING:
    from textdl.vectors.vectors import Vectors

_NAME_WIDTH = 27  # that of Google's sections, so that tables of several files can be compared
_WORD_SET_HELP = {
    "categorization": "word, category per line: purity of as many k-means clusters",
    "outliers": "a file or folder of words that belong together, a blank line, and outliers",
    "weat": "two lists of targets and two of attributes, each below a line ': name': whether the "
    "first targets are nearer to the first attributes (WEAT)",
}
_NOISE = 0.05  # the p-value from which on a difference may be one


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl evaluate``."""
    describe(
        parser,
        "Measure vectors on word-similarity benchmarks (the rank correlation of cosines with human "
        "scores) and on analogies (the share that is answered exactly), with 95 % bootstrap "
        "intervals. Questions with unknown words are skipped, and counted. Further files are "
        "compared with the first, on the questions that both know: whether they are better or "
        "worse, or the difference may be noise.",
        "textdl evaluate vectors.safetensors --similarity pairs.txt --analogies questions.txt",
        "pairs                        spearman 0.6817 [0.5105, 0.8037]  62 pairs, 3 skipped",
        "...",
        "family                       accuracy 0.5760                   342 questions, 164 skipped",
        "...",
        "all analogies                accuracy 0.3757 [0.3668, 0.3844]  11,960 questions, 7,584 "
        "skipped",
    )
    parser.add_argument(
        "vectors",
        metavar="VECTORS",
        nargs="+",
        help="a file of vectors, of any known format; others, to be compared with it",
    )
    parser.add_argument(
        "--similarity",
        metavar="FILE",
        action="append",
        default=[],
        help="word, word, score per line (tabs, commas or spaces); may be given several times",
    )
    parser.add_argument(
        "--analogies",
        metavar="FILE",
        help="a file of questions, four words per line, or a file or folder of BATS",
    )
    _add_more(parser)
    parser.set_defaults(run=show_evaluation)


def _add_more(parser: argparse.ArgumentParser) -> None:
    """How analogies are answered, and the tests on sets of words."""
    parser.add_argument(
        "--cosmul",
        action="store_true",
        help="answer analogies by the product of shifted cosines (3CosMul) instead of their sum",
    )
    parser.add_argument(
        "--restrict-vocab",
        type=positive_int,
        metavar="N",
        help="ask and answer analogies with the first N words alone; otherwise 30,000",
    )
    for name, text in _WORD_SET_HELP.items():
        parser.add_argument(
            f"--{name}", metavar="FILE", action="append", default=[], help=f"{text}; several times"
        )


def show_evaluation(options: argparse.Namespace) -> None:
    """Print rank correlations and analogy accuracy, and how files differ from the first.

    Raises:
        ParameterError: there is no benchmark to evaluate on.
    """
    # NumPy, which a help text does without.
    from textdl.vectors.vectors import Vectors

    asked = [
        options.similarity,
        options.analogies,
        *(getattr(options, it) for it in _WORD_SET_HELP),
    ]
    if not any(asked):
        raise ParameterError("nothing to evaluate; pass --similarity FILE or --analogies FILE")
    files = [Vectors.load(path) for path in options.vectors]
    found = [_evaluate(vectors, options) for vectors in files]
    differences = [_compare(files[0], vectors, options) for vectors in files[1:]]
    if options.json:
        _print_json(options.vectors, found, differences)
        return
    tables = [_table(one) for one in found]
    names = list(options.vectors)
    for path, compared in zip(options.vectors[1:], differences, strict=True):
        names.append(f"{path} against {options.vectors[0]}")
        tables.append(_table_of_differences(compared))
    print_answers(list(zip(names, tables, strict=True)))


def _evaluate(vectors: Vectors, options: argparse.Namespace) -> dict[str, Any]:
    # SciPy, which the queries do without.
    from textdl.vectors.evaluate import evaluate_analogies, evaluate_word_pairs

    found: dict[str, Any] = {}
    if options.similarity:
        found["similarity"] = {
            Path(file).stem: evaluate_word_pairs(vectors, file, interval=True)._asdict()
            for file in options.similarity
        }
    if options.analogies:
        analogies = evaluate_analogies(
            vectors, options.analogies, **_analogy_options(options), interval=True
        )._asdict()
        analogies["sections"] = [section._asdict() for section in analogies["sections"]]
        found["analogies"] = analogies
    return found | _evaluate_word_sets(vectors, options)


def _analogy_options(options: argparse.Namespace) -> dict[str, Any]:
    method = {"method": "3cosmul"} if options.cosmul else {}
    return method | ({"restrict_vocab": options.restrict_vocab} if options.restrict_vocab else {})


def _evaluate_word_sets(vectors: Vectors, options: argparse.Namespace) -> dict[str, Any]:
    # SciPy, as above.
    from textdl.vectors.benchmarks import read_association
    from textdl.vectors.word_sets import evaluate_categorization, evaluate_outliers, weat

    evaluations: dict[str, Callable[[Path], Any]] = {
        "categorization": lambda path: evaluate_categorization(vectors, path),
        "outliers": lambda path: evaluate_outliers(vectors, path),
        "weat": lambda path: weat(vectors, *read_association(path)),
    }
    return {
        name: {Path(file).stem: evaluate(Path(file))._asdict() for file in getattr(options, name)}
        for name, evaluate in evaluations.items()
        if getattr(options, name)
    }


def _compare(first: Vectors, second: Vectors, options: argparse.Namespace) -> dict[str, Any]:
    # SciPy, as above.
    from textdl.vectors.comparison import compare_analogies, compare_word_pairs

    found: dict[str, Any] = {}
    if options.similarity:
        found["similarity"] = {
            Path(file).stem: compare_word_pairs(first, second, file)._asdict()
            for file in options.similarity
        }
    if options.analogies:
        found["analogies"] = compare_analogies(
            first, second, options.analogies, **_analogy_options(options)
        )._asdict()
    return found


def _print_json(
    paths: list[str], found: list[dict[str, Any]], differences: list[dict[str, Any]]
) -> None:
    """What was found; of several files as a list, from the second on with how they differ."""
    if len(found) == 1:
        print_json(found[0])
        return
    compared = [{}, *({"against_first": one} for one in differences)]
    files = zip(paths, found, compared, strict=True)
    print_json([{"vectors": path, **one, **against} for path, one, against in files])


def _table(found: dict[str, Any]) -> list[str]:
    return format_table(list(_rows(found)), first_width=_NAME_WIDTH)


def _rows(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, pairs in found.get("similarity", {}).items():
        yield name, _figure("spearman", pairs), _coverage(pairs, "pairs")
    if analogies := found.get("analogies"):
        for section in analogies["sections"]:
            yield section["name"], _figure("accuracy", section), _coverage(section, "questions")
        for name in ("semantic", "syntactic"):
            if not math.isnan(analogies[name]) and analogies["sections"]:
                yield name, f"accuracy {analogies[name]:.4f}"
        yield "all analogies", _figure("accuracy", analogies), _coverage(analogies, "questions")
    for name, groups in found.get("categorization", {}).items():
        yield name, _figure("purity", groups), _coverage(groups, "words")
    for name, outliers in found.get("outliers", {}).items():
        figures = f"{_figure('accuracy', outliers)}, {_figure('position', outliers)}"
        yield name, figures, _coverage(outliers, "questions")
    for name, test in found.get("weat", {}).items():
        figures = f"effect {test['effect_size']:.4f}, p {test['p_value']:.4f}"
        yield name, figures, _coverage(test, "words")


def _figure(name: str, result: dict[str, Any]) -> str:
    interval = result.get("interval")
    spread = f" {_interval(interval)}" if interval and not math.isnan(interval.low) else ""
    return f"{name} {result[name]:.4f}{spread}"


def _interval(interval: Any) -> str:
    return f"[{interval.low:.4f}, {interval.high:.4f}]"


def _coverage(result: dict[str, Any], what: str) -> str:
    return f"{result[what]:,} {what}, {result['skipped']:,} skipped"


def _table_of_differences(compared: dict[str, Any]) -> list[str]:
    of_each = dict(compared.get("similarity", {}))
    if "analogies" in compared:
        of_each["all analogies"] = compared["analogies"]
    rows = [(name, *_difference(one)) for name, one in of_each.items()]
    return format_table(rows, first_width=_NAME_WIDTH)


def _difference(compared: dict[str, Any]) -> tuple[str, ...]:
    size = f"{compared['questions']:,} in common"
    if math.isnan(compared["p_value"]):
        return "too few to tell", size
    if compared["p_value"] >= _NOISE:
        verdict = "may be noise"
    else:
        verdict = "better" if compared["difference"] > 0 else "worse"
    change = f"{compared['difference']:+.4f} {_interval(compared['interval'])}"
    return change, f"p {compared['p_value']:.3f}", verdict, size
