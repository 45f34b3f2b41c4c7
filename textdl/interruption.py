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
    """A signal asked the run to stop.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number
        self.advice = ""  # how to go on, for whoever prints the message

    @property
    def exit_code(self) -> int:
        """What a shell reports of a process that the signal ended."""
        return 128 + self.number


class _Handler:
    """Raises `Interrupted`; where a step must not be left half done, not the first time."""

    def __init__(self) -> None:
        self.waiting = False
        self.received: int | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        first, self.received = self.received is None, number
        if not (self.waiting and first):
            raise Interrupted(number)

    def check(self) -> None:
        """Raise what was raised before where exceptions get lost, such as in a finalizer."""
        if self.received is not None and not self.waiting:
            raise Interrupted(self.received)


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
            Interrupted: it did.
        """
        if self._handler.received is not None:
            raise Interrupted(self._handler.received)


@contextmanager
def interruptible() -> Iterator[None]:
    """Have SIGINT, SIGTERM and SIGHUP raise `Interrupted` in this block, so that it cleans up.

    Signals reach the main thread alone; in any other thread nothing changes. Blocks may be nested.
    """
    with _handling(_Handler()):
        yield


@contextmanager
def deferred_interrupts() -> Iterator[Deferred]:
    """Have the first signal of this block wait until the block asks for it, or ends.

    A second signal raises `Interrupted` at once.

    Raises:
        Interrupted: at the end, if a signal came that the block did not act on.
    """
    handler = _Handler()
    handler.waiting = True
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
            if isinstance(current, _Handler):
                current.check()
            if current == usual or isinstance(current, _Handler):
                before[number] = signal.signal(number, handler)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)  # type: ignore[arg-type]
