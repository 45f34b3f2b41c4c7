"""HTTP/1.1 as uvicorn has it, but for connections that send nothing, or headers drop by drop.

uvicorn bounds the size of headers and the time between requests, not the time in which the headers
of a request have to come.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS_FOR_HEADERS = 10.0


class ImpatientH11Protocol(H11Protocol):  # type: ignore[misc, unused-ignore]
    """Closes a connection whose request has not begun within `SECONDS_FOR_HEADERS`."""

    _timer: Any = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Wait on where the headers are not complete."""
        super().data_received(data)
        if self._is_waiting():
            self._watch()
        else:
            self._stop()

    def _is_waiting(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _watch(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(SECONDS_FOR_HEADERS, self._close_if_waiting)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close_if_waiting(self) -> None:
        self._timer = None
        if self._is_waiting():
            self.transport.close()
