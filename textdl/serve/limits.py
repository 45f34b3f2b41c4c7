"""What requests may take: the memory of bodies and answers, and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from textdl.errors import ParameterError, TextdlError
from textdl.parameters import parameter

# Of a body that is too large so many bytes are read, and dropped, so that its sender gets to read
# the answer: a connection that is closed before would be reset.
_MOST_DISCARDED = 1 << 26


@dataclass(frozen=True)
class ServiceLimits:
    """How much a request, and all together, may take of one process."""

    max_body_bytes: int = parameter(1 << 20, "bytes of a request's body", minimum=1)
    max_batch: int = parameter(256, "words or texts of a request", minimum=1)
    max_topn: int = parameter(1_000, "neighbors of a word", minimum=1)
    max_neighbors: int = parameter(10_000, "neighbors of all words of a request", minimum=1)
    max_memory_bytes: int = parameter(
        256 << 20, "bytes of all bodies and answers that are held at a time", minimum=1 << 16
    )
    max_connections: int = parameter(2_048, "clients that are connected at a time", minimum=1)
    max_waiting: int = parameter(
        1_024, "requests that wait for a thread; more are told to come again", minimum=0
    )
    threads: int = parameter(2, "requests that are computed at a time", minimum=1)
    timeout: float = parameter(
        30.0, "seconds within which a request is read, computed and answered", above=0
    )


class RequestError(TextdlError, ValueError):
    """A request that cannot be served.

    Args:
        status: of HTTP.
        message: what was expected.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class HeldMemory:
    """Bytes of bodies and answers that requests hold at a time, of all requests together."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0

    def take(self, size: int) -> None:
        """Hold more.

        Raises:
            RequestError: it would be more than there is.
        """
        if self.held + size > self._most:
            raise RequestError(503, "the service holds as much as it may; come again later")
        self.held += size

    def give_back(self, size: int) -> None:
        """Hold less."""
        self.held -= size


async def read_body(request: Any, most: int, memory: HeldMemory) -> bytes:
    """The body of a request, which holds memory that the caller gives back.

    Args:
        request: of Starlette.
        most: bytes that it may have.
        memory: that it holds.

    Returns:
        The bytes.

    Raises:
        RequestError: it is too large.
    """
    pieces: list[bytes] = []
    seen = 0
    taken = 0
    try:
        async for piece in request.stream():
            seen += len(piece)
            if seen > _MOST_DISCARDED:
                break
            if seen <= most:
                memory.take(len(piece))
                taken += len(piece)
                pieces.append(piece)
        if seen > most:
            raise _too_large(most)
    except BaseException:
        memory.give_back(taken)
        raise
    return b"".join(pieces)


def _too_large(most: int) -> RequestError:
    return RequestError(413, f"the body is larger than {most:,} bytes; send several requests")


@asynccontextmanager
async def time_limit(seconds: float) -> AsyncIterator[None]:
    """Give up what takes longer.

    Raises:
        RequestError: it did.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise RequestError(
            504, f"not read and answered within {seconds:g} seconds; ask for less, or send faster"
        ) from None


def check_total(words: int, topn: int, limits: ServiceLimits) -> None:
    """Refuse a request for more neighbors than may be sent.

    Args:
        words: whose neighbors are asked for.
        topn: neighbors of each.
        limits: of the service.

    Raises:
        ParameterError: they are more.
    """
    if words * topn > limits.max_neighbors:
        raise ParameterError(
            f"{words} words with {topn} neighbors each are more than {limits.max_neighbors:,} "
            "neighbors; ask for fewer"
        )
