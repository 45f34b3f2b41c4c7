"""The service over HTTP: answers, refusals, and clients that mean harm."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from textdl import Vectors

pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed")

WORDS = ["king", "man", "queen", "woman", "tree"]
MATRIX = [[1, 1, 0], [1, 0, 0], [-1, 1, 0], [-1, 0, 0], [0, 0, 1]]
TEXTS = ["King and man", "nothing known"]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("serve") / "small.safetensors"
    Vectors(WORDS, MATRIX).save(path)
    return path


def start(path, *options):
    command = [sys.executable, "-m", "textdl", "serve", path, "--port", "0", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    line = process.stderr.readline()
    if not line.startswith("serving on http://127.0.0.1:"):
        process.kill()
        raise AssertionError(line + process.stderr.read())
    return process, int(line.split()[2].rstrip(",").rpartition(":")[2])


def stop(process):
    process.send_signal(signal.SIGTERM)
    try:
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
    return process.returncode, err


@pytest.fixture(scope="module")
def port(path):
    """Of a service that has to survive all tests of this module."""
    options = ["--max-body-bytes", "20000", "--max-batch", "4"]
    process, port = start(path, *options)
    yield port
    assert stop(process) == (0, "")


def talk(port, raw, *, wait=60):
    """Send bytes, and read until the service closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as client:
        client.sendall(raw)
        return b"".join(iter(lambda: client.recv(1 << 16), b""))


def ask(port, path, body=None, method="POST"):
    """The status and the parsed body of a response."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
    head += f"content-length: {len(raw)}\r\n\r\n"
    head, _, content = talk(port, head.encode() + raw).partition(b"\r\n\r\n")
    text = content.decode()
    is_json = b"application/json" in head
    return int(head.split()[1]), json.loads(text) if is_json else text


def test_questions_are_answered(port):
    vectors = Vectors(WORDS, MATRIX)
    status, found = ask(port, "/similar", {"words": ["king", "tree"], "topn": 2})
    assert status == 200
    for one, word in zip(found, ["king", "tree"], strict=True):
        assert one["query"] == word
        pairs = [(it["word"], it["similarity"]) for it in one["neighbors"]]
        assert pairs == vectors.most_similar(word, topn=2)
    status, found = ask(port, "/analogy", {"a": "man", "b": "king", "c": "woman", "topn": 1})
    assert found[0]["neighbors"][0]["word"] == "queen"
    assert ask(port, "/ask", {"expression": "king ~ man"})[1] == {
        "similarity": vectors.similarity("king", "man")
    }
    assert ask(port, "/odd", {"words": ["king", "man", "tree"]}) == (200, {"odd": "tree"})


def test_embed_is_the_mean_of_known_words(port):
    status, found = ask(port, "/embed", {"texts": TEXTS})
    assert status == 200
    assert found["embeddings"] == [[1.0, 0.5, 0.0], [0.0, 0.0, 0.0]]


@pytest.mark.parametrize(
    ("endpoint", "body", "status", "says"),
    [
        ("/similar", b"", 400, "not valid JSON"),
        ("/similar", b"{", 400, "not valid JSON"),
        ("/similar", b"[" * 10_000, 400, "nested more than"),
        ("/similar", b"\xff\xfe", 400, "not valid JSON"),
        ("/similar", b'{"words": ["\\ud800"]}', 400, "not valid JSON"),
        ("/similar", b'{"words": ["king"], "topn": NaN}', 400, "NaN"),
        ("/similar", b'{"words": ["king"], "words": []}', 400, "stands twice"),
        ("/similar", [], 400, "expected a JSON object"),
        ("/similar", {}, 400, "'words' is missing; expected a list of 1 to 4 items"),
        ("/similar", {"words": []}, 400, "words is a list of 0 items"),
        ("/similar", {"words": ["king"] * 5}, 400, "words is a list of 5 items"),
        ("/similar", {"words": ["king"], "topn": 1001}, 400, "topn is 1001"),
        ("/similar", {"words": ["king"], "topn": True}, 400, "topn is True"),
        ("/similar", {"words": ["king"], "top": 1}, 400, "the field 'top' is unknown"),
        ("/similar", {"words": ["quen"]}, 400, "close spellings: queen"),
        ("/similar", {"words": ["x" * 2_000]}, 400, "words[0] is a text of 2,000 characters"),
        ("/ask", {"expression": "new york"}, 400, "'york' follows a word"),
        ("/odd", {"words": ["king"]}, 400, "expected 3 or more"),
        ("/classify", {"texts": ["a"]}, 404, "see /docs"),
        ("/none", {}, 404, "see /docs"),
        ("/v1/embeddings", {"input": [[1, 2]], "model": "small"}, 400, "input[0] is a list of 2"),
        ("/v1/embeddings", {"input": "a", "model": "other"}, 400, "expected 'small'"),
        ("/v1/embeddings", {"input": "a", "model": "small", "dimensions": 2}, 400, "dimensions"),
        ("/embed", b" " * 20_001, 413, "larger than 20,000 bytes"),
        ("/embed", b" " * 10_000_000, 413, "larger than 20,000 bytes"),
    ],
)  # fmt: skip
def test_bad_requests_are_refused_in_json(port, endpoint, body, status, says):
    got, found = ask(port, endpoint, body)
    assert got == status
    assert says in found["error"]["message"]
    assert found["error"]["code"] == status
    assert found["error"]["message"].isprintable()


def test_chunked_body_too_large_is_refused(port):
    head = b"POST /embed HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n"
    chunk = b"2710\r\n" + b" " * 10_000 + b"\r\n"
    assert b" 413 " in talk(port, head + b"\r\n" + chunk * 3 + b"0\r\n\r\n")


def test_method_and_path_of_no_endpoint(port):
    assert ask(port, "/similar", method="GET")[0] == 405
    assert ask(port, "/health")[0] == 405


def test_service_describes_itself(port):
    assert ask(port, "/none", method="GET")[0] == 404
    assert ask(port, "/health", method="GET")[1]["vocab"] == 5
    document = ask(port, "/openapi.json", method="GET")[1]
    assert document["openapi"] == "3.1.0"
    assert "/similar" in document["paths"]
    page = ask(port, "/docs", method="GET")[1]
    assert "POST /similar" in page
    assert "<script" not in page
    text = ask(port, "/metrics", method="GET")[1]
    assert 'textdl_requests_total{path="/health",status="200"' in text
    assert 'path="other",status="404"' in text
    assert "\ntextdl_held_bytes{" in text


def test_openai_client_reads_floats_and_base64(port):
    openai = pytest.importorskip("openai", reason="openai is not installed")
    with openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none") as client:
        assert [model.id for model in client.models.list()] == ["small"]
        assert client.models.retrieve("small").owned_by == "textdl"
        plain = client.embeddings.create(input=TEXTS, model="small", encoding_format="float")
        packed = client.embeddings.create(input=TEXTS, model="small")  # asks for base64
        single = client.embeddings.create(input=TEXTS[0], model="small")
        with pytest.raises(openai.BadRequestError, match="is not served"):
            client.embeddings.create(input="x", model="other")
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("other")
    expected = np.array([[1.0, 0.5, 0.0], [0, 0, 0]]) / np.sqrt(1.25)
    for found in (plain, packed):
        np.testing.assert_allclose([it.embedding for it in found.data], expected, atol=1e-6)
    assert single.data[0].embedding == packed.data[0].embedding
    assert plain.usage.total_tokens == 5


def test_garbage_and_closed_connections_leave_the_service_alive(port):
    assert b" 400 " in talk(port, b"\x00\xff garbage\r\n\r\n")
    for raw in (b"", b"POST", b"POST /similar HTTP/1.1\r\ncontent-length: 99\r\n\r\n{"):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(raw)
    assert ask(port, "/health", method="GET")[0] == 200


def served(body, receive=None, **limits):
    """The status and body that the application sends, without a socket."""
    from textdl.serve.answers import Answers
    from textdl.serve.app import Service
    from textdl.serve.limits import ServiceLimits

    service = Service(Answers(Vectors(WORDS, MATRIX)), ServiceLimits(**limits))
    sent = []

    async def all_at_once():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/similar",
        "headers": [],
        "query_string": b"",
    }
    asyncio.run(service(scope, receive or all_at_once, send))
    assert service.memory.held == 0
    assert service.metrics.in_flight == 0
    content = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(content)


def test_slow_body_is_given_up():
    async def drop_by_drop():
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"{", "more_body": True}

    status, found = served(b"", drop_by_drop, timeout=0.1)
    assert status == 504
    assert "within 0.1 seconds" in found["error"]["message"]


def test_memory_and_queue_are_bounded():
    body = json.dumps({"words": ["king"] * 200}).encode()
    assert served(body)[0] == 200
    padded = body + b" " * (1 << 16)
    assert served(padded, max_memory_bytes=1 << 16)[0] == 503
    status, found = served(body, max_neighbors=100)
    assert status == 400
    assert "200 words with 10 neighbors each are more than 100" in found["error"]["message"]


def test_many_clients_are_all_answered(port):
    body = json.dumps({"words": ["king"], "topn": 1}).encode()
    head = b"POST /similar HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
    request = head % len(body) + body

    async def client():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        return answer.split()[1]

    async def all_clients():
        return await asyncio.gather(*(client() for _ in range(100)))

    assert set(asyncio.run(all_clients())) == {b"200"}


def test_concurrent_questions_are_answered_as_single_ones(port):
    """All kinds, the right and the wrong ones at once."""
    questions = [
        ("/similar", {"words": ["king"], "topn": 1}),
        ("/similar", {"words": ["king", "tree"], "topn": 3}),
        ("/similar", {"words": ["quen"]}),
        ("/similar", {"words": ["woman"], "topn": 900}),
        ("/analogy", {"a": "man", "b": "king", "c": "woman", "topn": 2}),
        ("/similarity", {"a": "king", "b": "tree"}),
        ("/ask", {"expression": "king - man + woman"}),
        ("/ask", {"expression": "king -"}),
        ("/odd", {"words": ["king", "man", "tree"]}),
    ]
    alone = [ask(port, *question) for question in questions]
    assert sum(status == 200 for status, _ in alone) == 7
    with ThreadPoolExecutor(20) as clients:
        found = list(clients.map(lambda question: ask(port, *question), questions * 10))
    assert found == alone * 10


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """A service that gives clients a second or two, and its port."""
    path = tmp_path_factory.mktemp("impatient") / "wide.safetensors"
    Vectors(WORDS, np.random.default_rng(0).standard_normal((5, 2_000))).save(path)
    process, port = start(path, "--idle-timeout", "1", "--timeout", "2")
    while ask(port, "/embed", {"texts": ["king"]})[0] != 200:  # the first text takes longer
        pass
    yield process, port
    code, err = stop(process)
    assert code == 0
    assert "Traceback" not in err


def send_slowly(client, raw):
    for byte in raw:
        client.sendall(bytes([byte]))
        time.sleep(0.05)


@pytest.mark.parametrize("first", [b"", b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n"])
def test_headers_that_come_byte_by_byte_are_not_waited_for(impatient, first):
    endless = b"GET /health HTTP/1.1\r\nhost: x\r\nx-slow: " + b"a" * 1_000
    _, port = impatient
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(first)
        if first:
            assert b" 200 " in client.recv(1 << 16)
        with pytest.raises(ConnectionError):
            send_slowly(client, endless)
    assert time.perf_counter() - began < 20


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc to count connections")
def test_answer_that_is_not_read_is_not_kept(impatient):
    process, port = impatient
    files = Path(f"/proc/{process.pid}/fd")
    body = json.dumps({"texts": ["king"] * 250}).encode()
    head = b"POST /embed HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
    before = count(files)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 12)
        client.connect(("127.0.0.1", port))
        client.sendall(head + body)
        until(lambda: count(files) > before)
        until(lambda: count(files) == before)
    assert ask(port, "/health", method="GET")[0] == 200


def count(folder):
    return sum(1 for _ in folder.iterdir())


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.full
@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_workers_share_the_work_and_stop(path):
    process, port = start(path, "--workers", "2")
    for _ in range(100):
        try:
            assert ask(port, "/similarity", {"a": "king", "b": "man"})[0] == 200
            break
        except (ConnectionError, TimeoutError):
            time.sleep(0.1)
    assert stop(process) == (0, "")


def test_port_in_use_one_line(path, port):
    command = [sys.executable, "-m", "textdl", "serve", path, "--port", str(port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port} (Address already in use)" in done.stderr
    assert done.stderr.count("\n") == 1
