"""What is answered: questions to vectors and to a classifier, with JSON values for answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from textdl.errors import ParameterError
from textdl.serve.expressions import OddQuestion, PairQuestion, parse_expression
from textdl.vectors.queries import (
    NeighborQuery,
    Neighbors,
    neighbors,
    sum_query,
    word_query,
)
from textdl.vectors.searching import exact_search
from textdl.vectors.vectors import Vectors

if TYPE_CHECKING:
    from textdl.classify.averages import AveragedVectors
    from textdl.classify.label_prediction import LabelPredictor

Neighbor = dict[str, str | float]


class NeighborQuestion(NamedTuple):
    """What has to be searched, and how what is found becomes an answer."""

    query: NeighborQuery
    as_answer: Callable[[list[Neighbors]], Any]  # takes the neighbors of each direction


class Answers:
    """Answers from one file of vectors and, where there is one, one classifier.

    Threads may share it.

    Args:
        vectors: that are asked.
        name: of the vectors, by which clients know them.
        classifier: of texts.
        tokenizer: the name of what cuts texts into words; a tokenizer that came with the vectors
            goes before it.

    Example:
        >>> answers = Answers(Vectors(["up", "down", "north"], [[0, 2], [0, -1], [3, 4]]))
        >>> answers.ask("up ~ north")
        {'similarity': 0.8}
    """

    def __init__(
        self,
        vectors: Vectors,
        name: str = "vectors",
        classifier: LabelPredictor | None = None,
        tokenizer: str = "nltk",
    ) -> None:
        self.vectors = vectors
        self.name = name
        self.classifier = classifier
        self._tokenizer = tokenizer
        self._averages: AveragedVectors | None = None
        self._preparing = threading.Lock()

    @classmethod
    def load(cls, path: str, classifier: str | None = None, tokenizer: str = "nltk") -> Self:
        """Open the files.

        Args:
            path: of the vectors.
            classifier: the path of what `TextClassifier` or fastText saved.
            tokenizer: the name of what cuts texts into words.

        Returns:
            The answers.

        Raises:
            FileFormatError: a file is missing or damaged.
        """
        model = None
        if classifier is not None:
            # JAX and scikit-learn, which vectors alone do without.
            from textdl.classify.loading import load_classifier

            model = load_classifier(classifier)
        return cls(Vectors.load(path), Path(path).name.partition(".")[0], model, tokenizer)

    def warm_up(self) -> None:
        """Read what the first question would wait for: lengths of vectors, places of words."""
        self.vectors.norms  # noqa: B018  # is kept
        self.vectors.key_to_index  # noqa: B018

    def warm_up_texts(self) -> None:
        """Read what the first text would wait for."""
        self.embed(["text"])

    def describe(self) -> dict[str, Any]:
        """What is served."""
        classes = None if self.classifier is None else self.classifier.classes_.tolist()
        return {
            "name": self.name,
            "vocab": len(self.vectors),
            "vector_size": self.vectors.vector_size,
            "classes": classes,
        }

    def ask(self, expression: str, topn: int = 10) -> dict[str, Any]:
        """Answer a question of the shell: ``king - man + woman``, ``cat ~ dog``, ``odd: ...``.

        Raises:
            ParameterError: it is no question.
            UnknownWordError: a word has no vector.
        """
        answer: dict[str, Any] = self._completed(self.begin_ask(expression, topn))
        return answer

    def similar(self, words: Sequence[str], topn: int = 10) -> list[dict[str, Any]]:
        """The nearest words of each word."""
        answer: list[dict[str, Any]] = self._completed(self.begin_similar(words, topn))
        return answer

    def analogy(self, a: str, b: str, c: str, topn: int = 10) -> list[dict[str, Any]]:
        """What is to C as B is to A.

        Args:
            a: a word.
            b: another, which is to `a` as the answer is to `c`.
            c: a third.
            topn: how many answers.

        Returns:
            One answer, in the shape of those of `similar`.
        """
        answer: list[dict[str, Any]] = self._completed(self.begin_analogy(a, b, c, topn))
        return answer

    def begin_ask(self, expression: str, topn: int) -> NeighborQuestion | dict[str, Any]:
        """What has to be searched to answer a question of the shell; or the answer.

        Raises:
            ParameterError: it is no question.
            UnknownWordError: a word has no vector.
        """
        question = parse_expression(expression)
        if isinstance(question, PairQuestion):
            return self.similarity(*question)
        if isinstance(question, OddQuestion):
            return self.odd(question.words)

        def as_answer(found: list[Neighbors]) -> dict[str, Any]:
            return {"query": expression, "neighbors": as_neighbors(found[0])}

        return NeighborQuestion(sum_query(self.vectors, *question, topn), as_answer)

    def begin_similar(self, words: Sequence[str], topn: int) -> NeighborQuestion:
        """What has to be searched to answer `similar`."""

        def as_answer(found: list[Neighbors]) -> list[dict[str, Any]]:
            return [
                {"query": word, "neighbors": as_neighbors(of_word)}
                for word, of_word in zip(words, found, strict=True)
            ]

        return NeighborQuestion(word_query(self.vectors, words, topn), as_answer)

    def begin_analogy(self, a: str, b: str, c: str, topn: int) -> NeighborQuestion:
        """What has to be searched to answer `analogy`.

        Args:
            a: a word.
            b: another.
            c: a third.
            topn: how many answers.

        Returns:
            A question that can be joined with others.
        """

        def as_answer(found: list[Neighbors]) -> list[dict[str, Any]]:
            return [{"query": [a, b, c], "neighbors": as_neighbors(found[0])}]

        return NeighborQuestion(sum_query(self.vectors, [b, c], [a], topn), as_answer)

    def complete(self, questions: Sequence[NeighborQuestion]) -> list[Any]:
        """Answer several questions by one matrix product: each as it would be answered alone."""
        asked = [question.query for question in questions]
        found = neighbors(self.vectors, asked, exact_search(self.vectors))
        return [
            question.as_answer(of_one) for question, of_one in zip(questions, found, strict=True)
        ]

    def _completed(self, begun: Any) -> Any:
        return self.complete([begun])[0] if isinstance(begun, NeighborQuestion) else begun

    def similarity(self, a: str, b: str) -> dict[str, float]:
        """The cosine of two words."""
        return {"similarity": self.vectors.similarity(a, b)}

    def odd(self, words: Sequence[str]) -> dict[str, str]:
        """The word that does not belong."""
        return {"odd": self.vectors.doesnt_match(words)}

    def embed(self, texts: Sequence[str], *, normalize: bool = False) -> NDArray[np.float32]:
        """The mean vector of the known words of each text, `(N, D)`; zeros where there are none.

        Args:
            texts: N of them.
            normalize: scale each row to length 1.

        Returns:
            `(N, D)` float32.
        """
        rows: NDArray[np.float32] = self._prepared_averages().transform(list(texts))
        if normalize:
            norms = np.linalg.norm(rows, axis=1, keepdims=True)
            rows = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
        return rows

    def classify(self, texts: Sequence[str], topn: int = 1) -> list[dict[str, Any]]:
        """The most probable classes of each text.

        Raises:
            ParameterError: no classifier is served.
        """
        if self.classifier is None:
            raise ParameterError("no classifier is served; start with --classifier MODEL")
        return [
            {
                "classes": [{"class": label, "probability": p} for label, p in classes],
                "known": is_known,
            }
            for classes, is_known in self.classifier.most_probable(list(texts), topn)
        ]

    def _prepared_averages(self) -> AveragedVectors:
        """What averages vectors; made when the first text comes, as it takes every word."""
        # scikit-learn, which questions about words do without.
        from textdl.classify.averages import AveragedVectors

        with self._preparing:
            if self._averages is None:
                own = self.vectors.tokenizer
                averages = AveragedVectors(
                    self.vectors, tokenizer=own or self._tokenizer, normalize=False, n_jobs=1
                )
                if own is not None:
                    averages.lowercase = False  # it does that by itself
                self._averages = averages.fit([])
        return self._averages


def as_neighbors(found: Sequence[tuple[str, float]]) -> list[Neighbor]:
    """Words with their cosines as JSON.

    Example:
        >>> as_neighbors([("up", 1.0)])
        [{'word': 'up', 'similarity': 1.0}]
    """
    return [{"word": word, "similarity": cosine} for word, cosine in found]
