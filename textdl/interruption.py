"""Signals that ask a run to stop: Ctrl-C, the terminal that closes, the system that shuts down."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# By name: Windows lacks some. Each with the handler it has where nobody asked for another; one
# that is ignored (as nohup does), or that the caller's program handles, is left alone.
_NAMES = {"SIGINT": signal.default_int_handler, "SIGTERM": signal.SIG_DFL, "SIGHUP": signal.SIG_DFL}


class Interrupted(KeyboardInterrupt):
    """A signal other than that of Ctrl-C asked the run to stop.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.exit_code = 128 + number  # what a shell reports of a process that the signal ended


class _Handler:
    """Raises what the signal stands for; where a step must not be cut short, not the first time."""

    def __init__(self, *, waiting: bool) -> None:
        self.waiting = waiting
        self.received: int | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        first = self.received is None
        self.received = number
        if not (self.waiting and first):
            self.raise_if_received()

    def raise_if_received(self) -> None:
        if self.received is not None:
            # Python ends as Ctrl-C should end it for this class alone, not for others of it.
            is_interrupt = self.received == signal.SIGINT
            raise KeyboardInterrupt if is_interrupt else Interrupted(self.received)


class Deferred:
    """Whether a signal has come that waits for the end of a step."""

    def __init__(self, handler: _Handler) -> None:
        self._handler = handler

    def is_set(self) -> bool:
        """Whether to stop after this step."""
        return self._handler.received is not None

    def raise_if_set(self) -> None:
        """Stop now, if a signal asked for it.

        Raises:
            KeyboardInterrupt: it did.
        """
        self._handler.raise_if_received()


@contextmanager
def interruptible() -> Iterator[None]:
    """Have SIGTERM and SIGHUP raise `Interrupted` in this block, so that it cleans up.

    It is a `KeyboardInterrupt`, which SIGINT raises as ever. Signals reach the main thread alone;
    in any other thread nothing changes. Blocks may be nested.
    """
    with _handling(_Handler(waiting=False)):
        yield


@contextmanager
def deferred_interrupts() -> Iterator[Deferred]:
    """Have the first signal of this block wait until the block asks for it, or ends.

    A second signal raises at once.

    Raises:
        KeyboardInterrupt: at the end, if a signal came that the block did not act on.
    """
    handler = _Handler(waiting=True)
    deferred = Deferred(handler)
    with _handling(handler):
        yield deferred
    deferred.raise_if_set()


@contextmanager
def _handling(handler: _Handler) -> Iterator[None]:
    before = {}
    if threading.current_thread() is threading.main_thread():
        for name, usual in _NAMES.items():
            number = getattr(signal, name, None)
            current = signal.getsignal(number) if number is not None else None
            if isinstance(current, _Handler) and not current.waiting:
                # What it raised is lost where it came in a finalizer.
                current.raise_if_received()
            if current == usual or isinstance(current, _Handler):
                before[number] = signal.signal(number, handler)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)  # type: ignore[arg-type]
