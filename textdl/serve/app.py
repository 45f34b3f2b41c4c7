"""The endpoints as an ASGI application, within the limits of the service."""

from __future__ import annotations

import html
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from textdl.errors import FileFormatError, TextdlError, one_line
from textdl.serve.answers import Answers
from textdl.serve.endpoints import (
    Endpoint,
    describe_endpoints,
    describe_model,
    list_models,
    make_endpoints,
)
from textdl.serve.joining import AnswerThreads
from textdl.serve.limits import (
    HeldMemory,
    RequestError,
    ServiceLimits,
    read_body,
    time_limit,
)
from textdl.serve.metrics import CONTENT_TYPE, ServiceMetrics

_PIECE = 1 << 16  # bytes that are sent at a time, so that a slow reader holds no more
_UNKNOWN_PATH = "other"


class Service:
    """An ASGI application: counts requests, and bounds what they take.

    Args:
        answers: to be served.
        limits: of requests.
    """

    def __init__(self, answers: Answers, limits: ServiceLimits) -> None:
        self.limits = limits
        self.metrics = ServiceMetrics()
        self.memory = HeldMemory(limits.max_memory_bytes)
        self.threads = AnswerThreads(answers, limits.threads, limits.max_waiting)
        self._answers = answers
        self._endpoints = make_endpoints(answers, limits)
        self._app = Starlette(
            routes=[*self._read_routes(), *self._question_routes()],
            exception_handlers={HTTPException: _http_error},
            lifespan=self._lifespan,
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a request within the time limit, and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        response = _Watched(send)
        self.metrics.in_flight += 1
        try:
            async with time_limit(self.limits.timeout):
                await self._app(scope, receive, response)
        except RequestError as error:
            if response.status:  # the client reads too slowly: uvicorn closes the connection
                return
            answer = _error(error.status, error)
            answer.headers["connection"] = "close"
            await answer(scope, receive, response)
        finally:
            self.metrics.in_flight -= 1
            path = getattr(scope.get("route"), "path", _UNKNOWN_PATH)
            self.metrics.observe(path, response.status, time.perf_counter() - began)

    @asynccontextmanager
    async def _lifespan(self, app: Any) -> AsyncIterator[None]:
        # The first text would wait for what imports scikit-learn and indexes every word.
        threading.Thread(target=self._answers.warm_up_texts, daemon=True).start()
        yield
        self.threads.close()

    def _question_routes(self) -> list[Any]:
        return [
            Route(path, self._handler(endpoint), methods=["POST"])
            for path, endpoint in self._endpoints.items()
        ]

    def _handler(self, endpoint: Endpoint) -> Callable[[Any], Awaitable[Any]]:
        async def handle(request: Any) -> Any:
            return await self._answer(request, endpoint)

        return handle

    async def _answer(self, request: Request, endpoint: Endpoint) -> Response:
        """Read, check, compute and encode; the memory is given back when the answer is sent."""
        try:
            body = await read_body(request, self.limits.max_body_bytes, self.memory)
            held = len(body)
            try:
                content = await self.threads.run(endpoint, body)
            finally:
                self.memory.give_back(held)
        except RequestError as error:
            return _error(error.status, error)
        except FileFormatError as error:
            return _error(500, error)
        except TextdlError as error:
            return _error(400, error)
        except ClientDisconnect:
            return _error(400, RequestError(400, "the client is gone"))
        return _PiecewiseResponse(content, self.memory)

    def _read_routes(self) -> list[Any]:
        document = describe_endpoints(self._endpoints)
        page = _page(document)

        async def health(request: Request) -> Response:
            return JSONResponse({"status": "ok", **self._answers.describe()})

        async def metrics(request: Request) -> Response:
            gauges = {
                "waiting": self.threads.pending,
                "held_bytes": self.memory.held,
                "vocabulary": len(self._answers.vectors),
            }
            return PlainTextResponse(self.metrics.text(gauges), media_type=CONTENT_TYPE)

        async def models(request: Request) -> Response:
            return JSONResponse(list_models(self._answers))

        async def model(request: Request) -> Response:
            name = request.path_params["model"]
            if name != self._answers.name:
                expected = f"expected {self._answers.name!r}"
                return _error(404, RequestError(404, f"no model {name!r}; {expected}"))
            return JSONResponse(describe_model(self._answers))

        async def openapi(request: Request) -> Response:
            return JSONResponse(document)

        async def docs(request: Request) -> Response:
            return HTMLResponse(page)

        handlers = {
            "/health": health,
            "/metrics": metrics,
            "/v1/models": models,
            "/v1/models/{model}": model,
            "/openapi.json": openapi,
            "/docs": docs,
        }
        return [Route(path, handler, methods=["GET"]) for path, handler in handlers.items()]


class _Watched:
    """Sends, and remembers the status."""

    def __init__(self, send: Any) -> None:
        self._send = send
        self.status = 0

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)


class _PiecewiseResponse(Response):  # type: ignore[misc, unused-ignore]
    """JSON that is sent piece by piece, and counts as held until it is."""

    def __init__(self, content: bytes, memory: HeldMemory) -> None:
        super().__init__(content, media_type="application/json")
        self._memory = memory

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        size = len(self.body)
        try:
            self._memory.take(size)
        except RequestError as error:
            await _error(error.status, error)(scope, receive, send)
            return
        try:
            start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            await send(start)
            for place in range(0, size, _PIECE):
                piece = self.body[place : place + _PIECE]
                more = place + _PIECE < size
                await send({"type": "http.response.body", "body": piece, "more_body": more})
        finally:
            self._memory.give_back(size)


def _error(status: int, error: Exception) -> JSONResponse:
    """An error in the shape that OpenAI's clients read."""
    kind = type(error).__name__
    content = {"error": {"message": one_line(str(error)), "type": kind, "code": status}}
    headers = {"retry-after": "1"} if status == 503 else None
    return JSONResponse(content, status, headers)


async def _http_error(request: Request, error: Any) -> Response:
    """What Starlette refuses: a path or a method that there is not."""
    known = f"{request.method} {request.url.path}: {error.detail}; see /docs"
    answer = _error(error.status_code, RequestError(error.status_code, known))
    answer.headers.update(error.headers or {})
    return answer


def _page(document: dict[str, Any]) -> str:
    """The OpenAPI document for readers, without any script."""
    parts = ["<!doctype html><meta charset=utf-8><title>textdl</title><h1>textdl</h1>"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts.append(f"<h2>{method.upper()} {html.escape(path)}</h2>")
            parts.append(f"<p>{html.escape(operation['summary'])}</p>")
            if "requestBody" in operation:
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                parts.append(f"<pre>{html.escape(json.dumps(schema, indent=1))}</pre>")
    return "\n".join(parts)
