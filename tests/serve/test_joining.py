"""Threads that join questions: the same answers, errors of one request, bounds."""

import asyncio
import json
import threading

import numpy as np
import pytest

from textdl import Vectors
from textdl.errors import TextdlError
from textdl.serve import joining
from textdl.serve.answers import Answers
from textdl.serve.endpoints import Endpoint, make_endpoints
from textdl.serve.joining import AnswerThreads
from textdl.serve.limits import RequestError, ServiceLimits

ROWS = 3_000
MATRIX = np.random.default_rng(1).standard_normal((ROWS, 20)).astype(np.float32)
MATRIX[ROWS // 2 :] = MATRIX[: ROWS // 2]  # ties, whose order is that of the file
ANSWERS = Answers(Vectors([f"w{row}" for row in range(ROWS)], MATRIX))
ENDPOINTS = make_endpoints(ANSWERS, ServiceLimits())


class CountedAnswers(Answers):
    """Counts the products, and may hold the first one back."""

    def __init__(self, vectors):
        super().__init__(vectors)
        self.joined = []
        self.may_go_on = threading.Event()

    def complete(self, questions):
        self.joined.append(len(questions))
        self.may_go_on.wait(30)
        return super().complete(questions)


def request(turn):
    """A question of some kind: the path, and a body."""
    word = f"w{turn * 7 % ROWS}"
    topn = (1, 10, 10, 40, 1_000)[turn % 5]
    match turn % 4:
        case 0:
            return "/analogy", {"a": word, "b": "w1", "c": "w2", "topn": topn}
        case 1:
            return "/ask", {"expression": f"{word} + w3 + w4 - w5", "topn": topn}
        case 2:
            return "/similar", {"words": [word, "w9", f"w{turn}"], "topn": topn}
    return "/similar", {"words": [word], "topn": topn}


def expected(answers, path, body):
    if path == "/similar":
        return answers.similar(**body)
    return answers.analogy(**body) if path == "/analogy" else answers.ask(**body)


async def ask_all(threads, requests):
    """Ask while the first product is held back, so that all others wait; then let it go."""
    endpoints = make_endpoints(threads._answers, ServiceLimits())
    tasks = []
    for path, body in requests:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        tasks.append(asyncio.create_task(threads.run(endpoints[path], raw)))
        await asyncio.sleep(0.05 if len(tasks) == 1 else 0)  # the first begins alone
    threads._answers.may_go_on.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    threads.close()
    return [it if isinstance(it, BaseException) else json.loads(it) for it in found]


def test_joined_questions_are_answered_as_single_ones():
    answers = CountedAnswers(ANSWERS.vectors)
    requests = [request(turn) for turn in range(100)]
    found = asyncio.run(ask_all(AnswerThreads(answers, 1, 200), requests))
    assert len(answers.joined) < 20  # products, of 100 questions
    assert sum(answers.joined) == 100
    assert found == [expected(ANSWERS, *asked) for asked in requests]


def test_errors_are_those_of_their_own_request():
    answers = CountedAnswers(ANSWERS.vectors)
    bad = [
        ("/similar", {"words": ["nothing"]}),
        ("/similar", b"{"),
        ("/ask", {"expression": "w1 +"}),
        ("/similar", {"words": ["w1"] * 100, "topn": 1_000}),
    ]
    requests = [asked for turn in range(4) for asked in (request(turn), bad[turn])]
    found = asyncio.run(ask_all(AnswerThreads(answers, 1, 200), requests))
    assert found[::2] == [expected(ANSWERS, *asked) for asked in requests[::2]]
    assert all(isinstance(error, TextdlError) for error in found[1::2])
    assert answers.joined[0] == 1
    assert sum(answers.joined) == 4


def test_product_is_bounded(monkeypatch):
    monkeypatch.setattr(joining, "_NEIGHBORS_PER_PRODUCT", 25)
    monkeypatch.setattr(joining, "_REQUESTS_PER_TURN", 8)
    answers = CountedAnswers(ANSWERS.vectors)
    requests = [("/similar", {"words": [f"w{turn}"], "topn": 10}) for turn in range(20)]
    requests.append(("/similar", {"words": ["w1", "w2", "w3"], "topn": 10}))  # more than 25 alone
    found = asyncio.run(ask_all(AnswerThreads(answers, 1, 200), requests))
    assert max(answers.joined) == 2
    assert found == [expected(ANSWERS, *asked) for asked in requests]


def test_large_bodies_are_not_joined(monkeypatch):
    monkeypatch.setattr(joining, "_BYTES_PER_TURN", 100)
    answers = CountedAnswers(ANSWERS.vectors)
    requests = [("/similar", {"words": [f"w{turn}"] * 9, "topn": 1}) for turn in range(6)]
    found = asyncio.run(ask_all(AnswerThreads(answers, 1, 200), requests))
    assert max(answers.joined) == 1
    assert found == [expected(ANSWERS, *asked) for asked in requests]


def test_damaged_matrix_is_said_to_all(tmp_path):
    class Damaged(CountedAnswers):
        def complete(self, questions):
            super().complete(questions)
            raise RequestError(500, "damaged")

    requests = [request(turn) for turn in range(5)]
    threads = AnswerThreads(Damaged(ANSWERS.vectors), 1, 200)
    found = asyncio.run(ask_all(threads, requests))
    assert [str(error) for error in found] == ["damaged"] * 5
    assert threads.pending == 0


def blocking_endpoint():
    free = threading.Event()
    return free, Endpoint("waits", {}, lambda: free.wait(30))


def test_what_would_wait_too_long_is_refused():
    async def three_at_once():
        threads = AnswerThreads(ANSWERS, 1, 1)
        free, endpoint = blocking_endpoint()
        work = [asyncio.create_task(threads.run(endpoint, b"{}")) for _ in range(3)]
        await asyncio.sleep(0)
        free.set()
        found = await asyncio.gather(*work, return_exceptions=True)
        threads.close()
        return found, threads.pending

    found, pending = asyncio.run(three_at_once())
    assert found[:2] == [b"true", b"true"]
    assert isinstance(found[2], RequestError)
    assert pending == 0


@pytest.mark.parametrize("is_closed", [False, True], ids=["given up", "closed"])
def test_given_up_request_leaves_the_queue(is_closed):
    async def give_up():
        threads = AnswerThreads(ANSWERS, 1, 10)
        free, endpoint = blocking_endpoint()
        first = asyncio.create_task(threads.run(endpoint, b"{}"))
        await asyncio.sleep(0.1)
        second = asyncio.create_task(threads.run(endpoint, b"{}"))
        await asyncio.sleep(0)
        if is_closed:
            threads.close()
        else:
            second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        left = (threads.pending, len(threads._waiting))
        free.set()
        return left, await first

    assert asyncio.run(give_up()) == ((1, 0), b"true")
