"""Threads that compute answers: what is asked while they are busy is answered together.

A search reads the whole matrix, whether for one question or for fifty. So a thread that becomes
free takes not one request, but all that wait, up to a bound, and answers those that search by one
matrix product. With few clients nothing waits, and a request is answered at once.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from textdl.io.strict_json import parse_json
from textdl.serve.answers import Answers, NeighborQuestion
from textdl.serve.endpoints import Endpoint
from textdl.serve.limits import RequestError
from textdl.serve.schemas import check_request

# What a thread takes at a time. Beyond some fifty questions a product takes as long as they are
# many, so that a longer turn would answer no more of them, but each later.
_REQUESTS_PER_TURN = 128
_BYTES_PER_TURN = 1 << 14  # of bodies: a request may hold many words
_NEIGHBORS_PER_PRODUCT = 1 << 14  # found at a time, but for a single request that asks for more


@dataclass(eq=False)
class _Job:
    """A request that waits for a thread."""

    endpoint: Endpoint
    body: bytes
    answer: Future[bytes] = field(default_factory=Future)


class _Search(NamedTuple):
    """What a request has to have searched."""

    job: _Job
    question: NeighborQuestion


class AnswerThreads:
    """A few threads with a bounded queue before them.

    Args:
        answers: complete what the endpoints begin.
        threads: how many.
        waiting: requests that wait for one, at most.
    """

    def __init__(self, answers: Answers, threads: int, waiting: int) -> None:
        self._answers = answers
        self._pool = ThreadPoolExecutor(threads, "answers")
        self._most = threads + waiting
        self._waiting: deque[_Job] = deque()
        self._lock = threading.Lock()
        self.pending = 0

    async def run(self, endpoint: Endpoint, body: bytes) -> bytes:
        """The answer of an endpoint to a request, as JSON.

        A request that is given up leaves the queue; one that a thread has begun runs to its end,
        and counts until then.

        Raises:
            RequestError: too many wait, or the body is not JSON.
            TextdlError: the question has no answer.
        """
        job = _Job(endpoint, body)
        with self._lock:
            if self.pending >= self._most:
                raise RequestError(503, f"{self.pending:,} requests wait; come again later")
            self.pending += 1
            self._waiting.append(job)
        job.answer.add_done_callback(lambda _: self._finished(job))
        self._pool.submit(self._take_turn)  # finds nothing where another turn took the job
        return await asyncio.wrap_future(job.answer)

    def close(self) -> None:
        """Let the threads end; what waits is given up."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            given_up = list(self._waiting)
        for job in given_up:
            job.answer.cancel()

    def _finished(self, job: _Job) -> None:
        with self._lock:
            self.pending -= 1
            if job in self._waiting:  # it was given up
                self._waiting.remove(job)

    def _take_turn(self) -> None:
        """Answer the requests that have waited longest."""
        searches: dict[int, list[_Search]] = defaultdict(list)
        for job in self._take_jobs():
            if not job.answer.set_running_or_notify_cancel():
                continue
            try:
                begun = _begin(job)
                if isinstance(begun, NeighborQuestion):
                    # Neighbors that one question asks for are found for all in its product.
                    searches[begun.query.topn.bit_length()].append(_Search(job, begun))
                else:
                    job.answer.set_result(_encode(begun))
            except BaseException as error:  # its request has to be answered
                job.answer.set_exception(error)
        for _, alike in sorted(searches.items()):
            for joined in _products(alike):
                self._search(joined)

    def _take_jobs(self) -> list[_Job]:
        """Those of a turn, no longer waiting."""
        taken: list[_Job] = []
        size = 0
        with self._lock:
            while self._waiting and len(taken) < _REQUESTS_PER_TURN:
                size += len(self._waiting[0].body)
                if taken and size > _BYTES_PER_TURN:
                    break
                taken.append(self._waiting.popleft())
        return taken

    def _search(self, joined: list[_Search]) -> None:
        try:
            found = self._answers.complete([question for _, question in joined])
            encoded = list(map(_encode, found))
        except BaseException as error:  # the matrix is damaged: none of them has an answer
            for job, _ in joined:
                job.answer.set_exception(error)
            return
        for (job, _), answer in zip(joined, encoded, strict=True):
            job.answer.set_result(answer)


def _products(searches: list[_Search]) -> Iterator[list[_Search]]:
    """Those that are answered by one product, at least one at a time."""
    joined: list[_Search] = []
    neighbors = 0
    for search in searches:
        more = len(search.question.query.directions) * search.question.query.topn
        if joined and neighbors + more > _NEIGHBORS_PER_PRODUCT:
            yield joined
            joined = []
            neighbors = 0
        joined.append(search)
        neighbors += more
    if joined:
        yield joined


def _begin(job: _Job) -> Any:
    """The answer to a request, or the search that it takes.

    Raises:
        RequestError: the body is not JSON.
    """
    try:
        request = parse_json(job.body)
    except ValueError as error:
        raise RequestError(400, f"the body is not valid JSON ({error}); send an object") from None
    return job.endpoint.answer(**check_request(request, job.endpoint.fields))


def _encode(answer: Any) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
