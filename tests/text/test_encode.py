import gc
import os
import re
import signal
import sys
import time
import types
from contextlib import suppress
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.tokenize import RegexpTokenizer

from textdl.errors import CorpusError, CorpusReadError, ParameterError, TextdlError
from textdl.text import encode as encode_module
from textdl.text.encode import encode, encode_chunk
from textdl.text.files import Chunk
from textdl.text.tokenizers import get_tokenizer

WORDS = st.text(st.sampled_from("abcé😀"), min_size=1, max_size=2)


@pytest.fixture
def at_once(monkeypatch):
    """Worker processes are started for the first chunk."""
    monkeypatch.setattr(encode_module, "PARALLEL_AFTER_SECONDS", -1)


SPLIT = partial(str.split, sep=None)  # in processes, unlike `str.split` itself


def many_chunks(number=12):
    texts = [f"number {i} of some . . words {i % 3} \u3000 é" for i in range(5 * number)]
    return [Chunk(texts[5 * i : 5 * i + 5], i % 4 == 1) for i in range(number)]


def decoded(chunk):
    """The tokens of every document, by a double loop."""
    ids = iter(chunk.ids.tolist())
    documents = [[chunk.words[next(ids)] for _ in range(n)] for n in chunk.lengths.tolist()]
    assert next(ids, None) is None
    return documents


def children():
    """The processes that this one started, less those that loky keeps for itself."""
    commands = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # a thread, or a process, that has just ended
            processes = (task / "children").read_text().split()
            commands += [Path(f"/proc/{process}/cmdline").read_text() for process in processes]
    return [command for command in commands if "popen_loky" in command]


def wait_until(condition):
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()


@given(st.lists(st.lists(WORDS)), st.booleans())
def test_encode_chunk_against_loop(documents, tokenized):
    chunk = Chunk(documents if tokenized else [" ".join(words) for words in documents])
    encoded = encode_chunk(chunk, str.split)
    assert decoded(encoded) == documents
    assert encoded.words == list(dict.fromkeys(word for words in documents for word in words))
    assert (encoded.ids.dtype, encoded.lengths.dtype) == (np.int32, np.int64)
    assert encoded.continues is False


def test_encode_chunk_tuples_are_tokens():
    assert decoded(encode_chunk(Chunk([("a", "b"), ()]), str.split)) == [["a", "b"], []]
    assert decoded(encode_chunk(Chunk(["ab", ""]), tuple)) == [["a", "b"], []]


@pytest.mark.parametrize(
    ("workers", "name"),
    [(1, "whitespace"), (2, "whitespace"), (3, "whitespace"), (None, "whitespace"), (2, "nltk")],
)
def test_encode_any_workers_same_result(at_once, workers, name):
    tokenizer = get_tokenizer(name)
    chunks = many_chunks()
    encoded = list(encode(iter(chunks), tokenizer, workers=workers))
    assert [chunk.continues for chunk in encoded] == [chunk.continues for chunk in chunks]
    for one, chunk in zip(encoded, chunks, strict=True):
        assert decoded(one) == [tokenizer(text) for text in chunk.documents]
        assert one.words == encode_chunk(chunk, tokenizer).words
    assert not children()


def test_encode_lambda_runs_in_processes(at_once):
    suffix = "!"
    encoded = list(encode(many_chunks(3), lambda text: [text + suffix], workers=2))
    assert decoded(encoded[1])[0] == [many_chunks(3)[1].documents[0] + "!"]


def test_encode_tokenizer_that_cannot_be_pickled_stays_in_process(at_once):
    with Path(os.devnull).open() as stream:
        tokenizer = lambda text: [text, str(stream.closed)]  # noqa: E731
        encoded = list(encode(many_chunks(3), tokenizer, workers=2))
    assert decoded(encoded[0])[0][1] == "False"


@pytest.fixture
def started(at_once, monkeypatch):
    """The tokenizers for which processes were started."""
    tokenizers = []
    original = encode_module._encode_in_processes

    def spy(chunks, tokenizer, *rest):
        tokenizers.append(tokenizer)
        return original(chunks, tokenizer, *rest)

    monkeypatch.setattr(encode_module, "_encode_in_processes", spy)
    return tokenizers


class Splitter:
    """Counts what it has cut."""

    def __init__(self, separator):
        self.separator = separator
        self.calls = 0

    def cut(self, text):
        self.calls += 1
        return text.split(self.separator)


class Unloadable(Splitter):
    """Can be pickled, but not read again."""

    def __call__(self, text):
        return self.cut(text)

    def __reduce__(self):
        return Splitter, ()


class Forgetful(Unloadable):
    """Is another tokenizer once it was pickled."""

    def __reduce__(self):
        return Forgetful, ("b",)


TRAVELERS = {
    "regexp": lambda: RegexpTokenizer(r"\w+|[^\w\s]+").tokenize,
    "lambda": lambda: lambda text: text.split("i"),
    "partial": lambda: partial(re.findall, r"\w+"),
    "bound": lambda: Splitter("m").cut,
    "unloadable": lambda: Unloadable(" "),
    "forgetful": lambda: Forgetful(" "),
    **{name: partial(get_tokenizer, name) for name in ("whitespace", "nltk", "wordpunct", "tweet")},
}
# NLTK's patterns cannot be unpickled once compiled; white space is found in threads.
STAY = {"regexp", "unloadable", "forgetful", "whitespace"}


# Those that tell nothing new of how a tokenizer gets to the processes.
LIKE_OTHERS = ("partial", "bound", "wordpunct", "tweet")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.full] if name in LIKE_OTHERS else [])
        for name in TRAVELERS
    ],
)
def test_encode_tokenizer_in_processes_equals_loop(started, name):
    chunks = many_chunks(5)
    encoded = list(encode(chunks, TRAVELERS[name](), workers=2))
    tokenizer = TRAVELERS[name]()
    for one, chunk in zip(encoded, chunks, strict=True):
        assert decoded(one) == [tokenizer(text) for text in chunk.documents]
    assert bool(started) == (name not in STAY)
    assert not children()


def test_encode_copy_check_calls_only_the_copy(started):
    splitter = Splitter(" ")
    chunks = many_chunks(3)
    assert len(list(encode(chunks, splitter.cut, workers=2))) == 3
    assert started
    assert splitter.calls == len(chunks[0].documents)


def test_encode_module_of_parent_only_falls_back(started, monkeypatch):
    """A tokenizer whose module the workers cannot import is run here."""
    module = types.ModuleType("only_here")
    module.cut = lambda text: text.split("e")
    module.cut.__module__, module.cut.__qualname__, module.cut.__name__ = "only_here", "cut", "cut"
    monkeypatch.setitem(sys.modules, "only_here", module)
    encoded = list(encode(many_chunks(4), module.cut, workers=2))
    assert started
    assert decoded(encoded[3])[0] == many_chunks(4)[3].documents[0].split("e")


def test_encode_in_daemonic_process_stays_there(run_python):
    program = """
import multiprocessing
from textdl.text import corpus, encode
encode.PARALLEL_AFTER_SECONDS, corpus.CHUNK_BYTES = -1, 1000

def tokens(_):
    texts = (f"A cat, number {i}." for i in range(1000))
    return sum(len(chunk.ids) for chunk in encode.encode(corpus.read_corpus(texts), str.split))

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(tokens, [0]))
"""
    assert run_python(program) == "[4000]\n"


def test_encode_small_corpus_starts_no_process():
    with patch.object(encode_module, "_encode_in_processes", side_effect=AssertionError):
        assert len(list(encode(many_chunks(2), SPLIT, workers=2))) == 2
        assert list(encode([], str.split)) == []


def test_encode_tokenizer_that_remembers_runs_starts_processes_later(started, monkeypatch):
    """Each process would have to learn what this one knows."""
    monkeypatch.setattr(encode_module, "PARALLEL_AFTER_SECONDS", 1e-9)
    monkeypatch.setattr(encode_module, "LEARNING_FACTOR", 1e12)
    assert len(list(encode(many_chunks(3), get_tokenizer("nltk"), workers=2))) == 3
    assert not started
    assert len(list(encode(many_chunks(3), SPLIT, workers=2))) == 3
    assert started == [SPLIT]


def test_encode_takes_chunks_as_needed(at_once):
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield Chunk(["a cat"])

    encoded = encode(endless(), SPLIT, workers=2)
    for _ in range(20):
        next(encoded)
    encoded.close()
    assert taken <= 20 + 2 * 2 + 1
    assert not children()


@pytest.mark.parametrize("workers", [1, 2])
def test_encode_error_in_corpus_propagates(at_once, workers):
    def broken():
        yield from many_chunks()
        raise CorpusReadError("the file went away")

    with pytest.raises(CorpusReadError, match="the file went away"):
        list(encode(broken(), SPLIT, workers=workers))
    assert not children()


@pytest.mark.parametrize("workers", [1, 2])
def test_encode_error_in_tokenizer_names_text(at_once, workers):
    def tokenizer(text):
        return text.split()[: 1 // (0 if "number 17" in text else 1)]

    with pytest.raises(ZeroDivisionError) as error_info:
        list(encode(many_chunks(), tokenizer, workers=workers))
    assert error_info.value.__notes__ == ["while tokenizing 'number 17 of...ds 2 \\u3000 é'"]
    assert not children()


@pytest.mark.parametrize("error", [TypeError("mine"), UnicodeEncodeError("utf-8", "é", 0, 1, "x")])
def test_encode_tokenizer_errors_are_passed_on(error):
    def tokenizer(text):
        raise error

    with pytest.raises(type(error)) as error_info:
        encode_chunk(Chunk(["a cat"]), tokenizer)
    assert error_info.value is error
    assert error.__notes__ == ["while tokenizing 'a cat'"]


@pytest.mark.parametrize(
    ("tokenizer", "message"),
    [
        (str.strip, "the tokenizer made 'a cat' (str) of the text 'a cat'; expected a list"),
        (lambda text: None, "the tokenizer made None (NoneType) of the text 'a cat'"),
        (lambda text: iter([text]), "(list_iterator) of the text 'a cat'"),
        (lambda text: [text, 3], "token 1 of the document ['a cat', 3] is 3 (int); expected a str"),
        (lambda text: [None], "token 0 of the document [None] is None (NoneType)"),
        (lambda text: [["a"]], "token 0 of the document [['a']] is ['a'] (list)"),
        (lambda text: ["\ud800x"], "is '\\ud800x'; expected text: remove its lone surrogate"),
    ],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_encode_chunk_tokenizer_without_tokens_errors(at_once, tokenizer, message, workers):
    with pytest.raises(ParameterError) as error_info:
        list(encode([Chunk(["a cat"])], tokenizer, workers=workers))
    assert message in str(error_info.value)
    assert "\n" not in str(error_info.value)


@pytest.mark.parametrize("bad", [3, None, b"b", "\udcff", ["b"]])
def test_encode_chunk_tokens_not_text_error(bad):
    with pytest.raises(ParameterError, match="token 1 of the document"):
        encode_chunk(Chunk([["a"], ["a", bad]]), str.split)


@pytest.mark.parametrize("workers", [0, -1])
def test_encode_workers_below_one_errors(workers):
    with pytest.raises(ParameterError, match=f"workers is {workers}; expected at least 1"):
        list(encode(many_chunks(), SPLIT, workers=workers))


def test_encode_killed_process_errors(at_once):
    def tokenizer(text):
        if "number 17" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        return text.split()

    with pytest.raises(CorpusError, match="was killed, perhaps for lack of memory") as error_info:
        list(encode(many_chunks(), tokenizer, workers=2))
    assert isinstance(error_info.value, TextdlError)
    assert "\n" not in str(error_info.value)
    assert not children()


def test_encode_forgotten_generator_ends_its_processes(at_once):
    encoded = encode(many_chunks(), SPLIT, workers=2)
    next(encoded)  # is made here: processes are started for those that follow
    next(encoded)
    assert len(children()) == 2
    del encoded
    gc.collect()
    assert not children()


@pytest.mark.parametrize("method", ["submit", "shutdown"])
def test_interrupt_within_the_pool_waits_until_it_has_let_go(at_once, monkeypatch, method):
    """Raised while the pool holds a lock, it would leave the lock held, and the process hanging."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    original = getattr(encode_module.loky.ProcessPoolExecutor, method)
    done = []

    def interrupted(pool, *arguments, **options):
        if not done:
            signal.raise_signal(signal.SIGINT)
        result = original(pool, *arguments, **options)
        done.append(method)
        return result

    monkeypatch.setattr(encode_module.loky.ProcessPoolExecutor, method, interrupted)
    try:
        with pytest.raises(KeyboardInterrupt):
            list(encode(many_chunks(), SPLIT, workers=2))
    finally:
        signal.signal(signal.SIGINT, before)
    assert done == [method]
    assert not children()


SLOW_PROGRAM = """
import signal, time
from textdl.text.files import Chunk
from textdl.text.encode import encode

def tokenizer(text):
    time.sleep(0.3)
    return text.split()

signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever started this ignores it
chunks = (Chunk(["a cat"]) for _ in range(1000))
for _ in encode(chunks, tokenizer, workers=2):
    print("one", flush=True)
"""


@pytest.mark.parametrize("group", [True, False])
def test_interrupts_and_kills_leave_no_process(start_python, group):
    """Ctrl-C reaches every process; kill -9 only the first."""
    with start_python(SLOW_PROGRAM, start_new_session=True) as process:
        for _ in range(3):
            process.stdout.readline()
        if group:
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.kill()
        _, err = process.communicate(timeout=20)
    assert err.count(b"Traceback") == group
    assert err.strip().endswith(b"KeyboardInterrupt" if group else b"")

    def gone():
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return True
        return False

    wait_until(gone)


def test_encode_script_without_main_guard_warns_nothing(run_python):
    program = """
from textdl.text import corpus, encode
encode.PARALLEL_AFTER_SECONDS, corpus.CHUNK_BYTES = -1, 1000
texts = [f"A cat, number {i}." for i in range(1000)]
tokens = 0
for chunk in encode.encode(corpus.read_corpus(texts), lambda text: text.split(), workers=2):
    tokens += len(chunk.ids)
print(tokens)
"""
    assert run_python(program) == "4000\n"
