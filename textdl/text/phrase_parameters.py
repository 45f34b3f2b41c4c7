"""The parameters of `Phrases`: name, default, range and description, each declared once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from textdl.errors import ParameterError
from textdl.parameters import check_parameters, parameter
from textdl.text.collocation_scores import SCORERS
from textdl.text.source import TextParameters

ENGLISH = "english"
CONNECTOR_WORDS: Mapping[str, tuple[str, ...]] = {
    # Articles, common prepositions, conjunctions: those that gensim documents.
    ENGLISH: (
        *("a", "an", "the"),
        *("at", "by", "for", "from", "in", "of", "on", "to", "with", "without"),
        *("and", "or"),
    ),
}
DEFAULT_THRESHOLDS: Mapping[str, float] = {"default": 10.0, "npmi": 0.5}


@dataclass(kw_only=True)
class PhraseParameters(TextParameters):
    """Every parameter of `Phrases`: of reading the text, and of what a phrase is."""

    min_count: int = parameter(5, "pairs that occur less often are no phrases", minimum=1)
    threshold: float | None = parameter(
        None, "the score of a phrase is greater (default: 10; 0.5 with scoring npmi, from -1 to 1)"
    )
    scoring: str = parameter(
        "default",
        "how pairs are scored: by how much more often they occur than by chance (default), or by "
        "normalized pointwise mutual information (npmi)",
        choices=SCORERS,
    )
    connector_words: Any = parameter(
        None,
        "words that may stand within a phrase, neither first nor last, and are not scored: english "
        "(a, of, the and others), or a list of words",
    )
    delimiter: str = parameter("_", "stands between the words of a phrase")
    rounds: int = parameter(
        1,
        "how often neighbors are joined; twice makes phrases of up to four words",
        minimum=1,
        maximum=16,
    )
    max_vocab_size: int | None = parameter(
        40_000_000,
        "most distinct pairs in memory, 16 bytes each; beyond, the rarest are forgotten and counts "
        "are no longer exact",
        minimum=1,
    )
    verbose: bool = parameter(False, "show a progress bar on stderr")

    def _check(self) -> None:
        """Refuse parameters that no phrases can be learned with.

        Raises:
            ParameterError: one is out of range.
        """
        check_parameters(self)
        threshold = self._threshold()
        is_possible = 0 < threshold < math.inf
        expected = "a number above 0"
        if self.scoring == "npmi":
            is_possible = -1 <= threshold <= 1
            expected = "a number from -1 to 1"
        if not is_possible:
            raise ParameterError(
                f"threshold={threshold}; expected {expected} with scoring={self.scoring!r}"
            )
        if not self.delimiter:
            raise ParameterError("delimiter=''; expected at least one character, such as _")
        self._connectors()

    def _threshold(self) -> float:
        return DEFAULT_THRESHOLDS[self.scoring] if self.threshold is None else self.threshold

    def _connectors(self) -> list[str]:
        """The connector words, sorted.

        Raises:
            ParameterError: they are neither a known name nor words.
        """
        given = self.connector_words
        if given is None:
            return []
        if isinstance(given, str):
            if given not in CONNECTOR_WORDS:
                raise ParameterError(
                    f"connector_words={given!r}; expected {', '.join(CONNECTOR_WORDS)}, a list of "
                    "words, or None"
                )
            return sorted(CONNECTOR_WORDS[given])
        if not isinstance(given, Iterable) or not all(isinstance(it, str) for it in given):
            raise ParameterError(f"connector_words={given!r}; expected a list of words")
        return sorted(set(given))
