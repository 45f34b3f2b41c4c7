"""The paths of the service: what each takes, and how it is answered.

To add one, add an entry to what `make_endpoints` returns; checks and the description for programs
are made from it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import textdl
from textdl.errors import DataError
from textdl.serve.answers import Answers
from textdl.serve.expressions import LONGEST_EXPRESSION
from textdl.serve.limits import ServiceLimits, check_total
from textdl.serve.schemas import Schema

_LONGEST_WORD = 1_000  # characters


class Endpoint(NamedTuple):
    """A path that takes a JSON object."""

    summary: str  # one line
    fields: Mapping[str, Schema]  # of the object
    answer: Callable[..., Any]  # takes the fields, returns JSON or a NeighborQuestion


def make_endpoints(answers: Answers, limits: ServiceLimits) -> dict[str, Endpoint]:
    """The endpoints by path.

    Example:
        >>> from textdl import Vectors
        >>> answers = Answers(Vectors(["up", "down", "north"], [[0, 2], [0, -1], [3, 4]]))
        >>> make_endpoints(answers, ServiceLimits())["/similarity"].answer(a="up", b="north")
        {'similarity': 0.8}
    """
    word: dict[str, Any] = {"type": "string", "maxLength": _LONGEST_WORD}
    words: dict[str, Any] = {
        "type": "array",
        "items": word,
        "minItems": 1,
        "maxItems": limits.max_batch,
    }
    texts: dict[str, Any] = words | {
        "items": {"type": "string", "maxLength": limits.max_body_bytes}
    }
    topn = {"type": "integer", "minimum": 1, "maximum": limits.max_topn, "default": 10}
    question = {"type": "string", "maxLength": LONGEST_EXPRESSION}

    def similar(words: list[str], topn: int) -> Any:
        check_total(len(words), topn, limits)
        return answers.begin_similar(words, topn)

    endpoints = {
        "/similar": Endpoint(
            "the nearest words of each word", {"words": words, "topn": topn}, similar
        ),
        "/analogy": Endpoint(
            "a is to b as c is to what?",
            {"a": word, "b": word, "c": word, "topn": topn},
            answers.begin_analogy,
        ),
        "/similarity": Endpoint(
            "the cosine of two words", {"a": word, "b": word}, answers.similarity
        ),
        "/odd": Endpoint("the word that does not belong", {"words": words}, answers.odd),
        "/ask": Endpoint(
            "a question of the shell, as: king - man + woman",
            {"expression": question, "topn": topn},
            answers.begin_ask,
        ),
    }
    return endpoints | _text_endpoints(answers, texts, topn)


def _text_endpoints(
    answers: Answers, texts: Mapping[str, Any], topn: Mapping[str, Any]
) -> dict[str, Endpoint]:
    """Those that take texts, with the schemas of lists of texts and of numbers of answers."""

    def embed(texts: list[str], normalize: bool) -> Any:
        return {"embeddings": answers.embed(texts, normalize=normalize).tolist()}

    fields: dict[str, Schema]
    fields = {"texts": texts, "normalize": {"type": "boolean", "default": False}}
    endpoints = {
        "/embed": Endpoint("the mean vector of the words of each text", fields, embed),
        "/v1/embeddings": _openai_embeddings(answers, texts),
    }
    if answers.classifier is not None:
        endpoints["/classify"] = Endpoint(
            "the most probable classes of each text",
            {"texts": texts, "topn": {**topn, "default": 1}},
            answers.classify,
        )
    return endpoints


def _openai_embeddings(answers: Answers, texts: Mapping[str, Any]) -> Endpoint:
    """Vectors of length 1, in the shape that OpenAI's clients read."""
    size = answers.vectors.vector_size

    def embeddings(
        input: str | list[str], model: str, encoding_format: str, dimensions: int, user: str
    ) -> Any:
        if model != answers.name:
            raise DataError(f"the model {model!r} is not served; expected {answers.name!r}")
        items = [input] if isinstance(input, str) else input
        rows = answers.embed(items, normalize=True)
        encode = _as_base64 if encoding_format == "base64" else _as_floats
        data = [
            {"object": "embedding", "index": place, "embedding": encode(row)}
            for place, row in enumerate(rows)
        ]
        tokens = sum(len(text.split()) for text in items)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return {"object": "list", "data": data, "model": answers.name, "usage": usage}

    return Endpoint(
        "embeddings of texts, as OpenAI's interface has them",
        {
            "input": {"anyOf": [texts["items"], texts]},
            "model": {"type": "string", "maxLength": _LONGEST_WORD},
            "encoding_format": {"type": "string", "enum": ["float", "base64"], "default": "float"},
            "dimensions": {"type": "integer", "minimum": size, "maximum": size, "default": size},
            "user": {"type": "string", "maxLength": _LONGEST_WORD, "default": ""},
        },
        embeddings,
    )


def _as_base64(row: Any) -> str:
    """Little-endian float32, as OpenAI's clients decode it."""
    return base64.b64encode(row.astype("<f4").tobytes()).decode()


def _as_floats(row: Any) -> Any:
    return row.tolist()


def list_models(answers: Answers) -> dict[str, Any]:
    """The models, as OpenAI's interface lists them: the vectors are the only one."""
    return {"object": "list", "data": [describe_model(answers)]}


def describe_model(answers: Answers) -> dict[str, Any]:
    """The one model, as OpenAI's interface describes it."""
    return {"id": answers.name, "object": "model", "created": 0, "owned_by": "textdl"}


def describe_endpoints(endpoints: Mapping[str, Endpoint]) -> dict[str, Any]:
    """The service as an OpenAPI document.

    Reference: https://spec.openapis.org/oas/v3.1.0
    """
    paths: dict[str, Any] = {path: {"post": _operation(it)} for path, it in endpoints.items()}
    for path, summary in READ_PATHS.items():
        paths[path] = {"get": {"summary": summary, "responses": {"200": {"description": "OK"}}}}
    info = {"title": "textdl", "version": textdl.__version__}
    return {"openapi": "3.1.0", "info": info, "paths": paths}


READ_PATHS = {
    "/health": "whether the service answers, and what it serves",
    "/metrics": "counters and times, for Prometheus",
    "/v1/models": "the models, as OpenAI's interface lists them",
    "/v1/models/{model}": "one model",
    "/openapi.json": "this document",
    "/docs": "this document, for readers",
}


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    required = [name for name, schema in endpoint.fields.items() if "default" not in schema]
    body = {
        "type": "object",
        "properties": dict(endpoint.fields),
        "required": required,
        "additionalProperties": False,
    }
    return {
        "summary": endpoint.summary,
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"200": {"description": "OK"}, "4XX": {"description": '{"error": ...}'}},
    }
