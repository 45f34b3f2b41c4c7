"""Signals become exceptions, at once or after a step; what the caller handles is left alone."""

import signal
import threading
from contextlib import suppress

import pytest

from textdl.interruption import Interrupted, deferred_interrupts, interruptible

NUMBERS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def usual_handlers():
    """As in a program that a terminal started, whatever started the tests."""
    before = {number: signal.getsignal(number) for number in NUMBERS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def handlers():
    return [signal.getsignal(number) for number in NUMBERS]


@pytest.mark.parametrize("number", NUMBERS)
def test_interruptible_signal_raises(number):
    before = handlers()
    with pytest.raises(KeyboardInterrupt) as caught, interruptible():
        signal.raise_signal(number)
    if number == signal.SIGINT:
        assert type(caught.value) is KeyboardInterrupt
    else:
        assert caught.value.exit_code == {"SIGTERM": 143, "SIGHUP": 129}[number.name]
    assert handlers() == before


@pytest.mark.parametrize("number", NUMBERS)
def test_deferred_first_signal_waits(number):
    done = []

    def run():
        with interruptible(), deferred_interrupts() as interrupted:
            interrupted.raise_if_set()
            signal.raise_signal(number)
            done.append("the step")
            assert interrupted.is_set()
            interrupted.raise_if_set()
            done.append("the next step")

    with pytest.raises(KeyboardInterrupt):
        run()
    assert done == ["the step"]


def test_deferred_signal_nobody_asked_for_is_raised_at_the_end():
    with pytest.raises(Interrupted), deferred_interrupts():
        signal.raise_signal(signal.SIGTERM)


def test_deferred_second_signal_raises_at_once():
    def run():
        with deferred_interrupts():
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
            raise AssertionError("went on")

    with pytest.raises(KeyboardInterrupt):
        run()


def test_deferred_lost_exception_is_raised_again():
    """A finalizer ran when the signal came, and what it raised was dropped."""

    def run():
        with interruptible():
            with suppress(Interrupted):
                signal.raise_signal(signal.SIGTERM)
            with deferred_interrupts():
                raise AssertionError("went on")

    with pytest.raises(Interrupted):
        run()


@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda *_: None])
@pytest.mark.parametrize("number", NUMBERS)
def test_ignored_and_handled_signals_stay(number, handler):
    signal.signal(number, handler)
    with interruptible(), deferred_interrupts() as interrupted:
        signal.raise_signal(number)
        assert not interrupted.is_set()
        assert signal.getsignal(number) == handler


def test_other_threads_change_nothing():
    before, inside = handlers(), []

    def work():
        with interruptible(), deferred_interrupts() as interrupted:
            inside.extend([handlers(), interrupted.is_set()])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert inside == [before, False]
