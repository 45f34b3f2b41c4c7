"""The fast forms of NLTK's tokenizers against NLTK."""

import gzip
from importlib import import_module

import pytest

from tests.text.tokenizers.hard_texts import hard_texts
from textdl.text.tokenizers import TOKENIZERS, run_memo

NAMES = ["nltk", "wordpunct", "tweet"]


def tokenizer_module(name):
    return import_module(f"textdl.text.tokenizers.{TOKENIZERS[name].module}")


def assert_same_as_nltk(name, texts):
    module = tokenizer_module(name)
    differ = [text for text in texts if module.tokenize(text) != module.tokenize_by_nltk(text)]
    assert not differ, min(differ, key=len)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "count", [1_000, pytest.param(200_000, marks=pytest.mark.full)], ids=["some", "many"]
)
def test_tokenize_hard_texts_same_as_nltk(name, count):
    assert_same_as_nltk(name, hard_texts(count, seed=count))


@pytest.mark.parametrize("name", NAMES)
def test_tokenize_lowercase_hard_texts_same_as_nltk(name):
    assert_same_as_nltk(name, (text.lower() for text in hard_texts(300, seed=2)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "every", [1_000, pytest.param(1, marks=pytest.mark.full)], ids=["some", "all"]
)
def test_tokenize_encyclopedia_same_as_nltk(name, every, data_folder):
    with gzip.open(data_folder / "wiki-raw-20mb.txt.gz", "rt", encoding="utf-8") as file:
        assert_same_as_nltk(name, list(file)[::every])


@pytest.mark.parametrize("name", NAMES)
def test_tokenize_full_memory_same_as_nltk(name, monkeypatch):
    """What is forgotten in the middle of a text is computed again."""
    module = tokenizer_module(name)
    memos = vars(module._runs()) if name == "nltk" else {"_MEMO": module._MEMO}
    memos = [memo for memo in memos.values() if isinstance(memo, run_memo.RunMemo)]
    assert memos
    for memo in memos:
        memo.clear()
        monkeypatch.setattr(memo, "_most", 3)
    assert_same_as_nltk(name, hard_texts(200, seed=3))
    assert all(len(memo) <= 3 for memo in memos)
    assert any(memo for memo in memos)
