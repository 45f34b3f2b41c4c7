"""HTTP/1.1 as uvicorn has it, but for connections that are held open by doing next to nothing.

uvicorn bounds the size of headers and the time between requests. It does not bound the time in
which the headers of a request have to come, so that a client that sends a byte now and then holds
a connection for ever (Slowloris); nor the time in which what is left of an answer has to be read
once the connection is being closed.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

_BUSY = object()  # in place of the request that a connection waits after


class ImpatientH11Protocol(H11Protocol):  # type: ignore[misc, unused-ignore]
    """Looks at a connection once in a while, and ends one that got nowhere since the last look.

    That is one that waited for complete headers the whole time, and one that was being closed the
    whole time. The while is uvicorn's ``timeout_keep_alive``, so that either lasts less than twice
    as long; how slowly a body may come, and an answer be read, the application limits.
    """

    _timer: Any = None
    _waiting_after: Any = None  # the last request, at the last look; None: there was none
    _was_closing = False

    def connection_made(self, transport: Any) -> None:
        """Begin to look."""
        super().connection_made(transport)
        self._look_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no more."""
        self._timer.cancel()
        super().connection_lost(exc)

    def _look_later(self) -> None:
        self._timer = self.loop.call_later(self.timeout_keep_alive, self._look)

    def _look(self) -> None:
        if self.transport.is_closing():
            if self._was_closing:
                self.transport.abort()  # what is left to send is not read
            self._was_closing = True
        elif not self._is_waiting():
            self._waiting_after = _BUSY
        elif self._waiting_after is self.cycle:
            self.transport.close()
            self._was_closing = True
        else:
            self._waiting_after = self.cycle
        self._look_later()

    def _is_waiting(self) -> bool:
        """Whether the headers of the next request are not complete."""
        return self.cycle is None or self.cycle.response_complete
