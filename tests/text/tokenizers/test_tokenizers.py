import pickle
import re

import pytest

from textdl.errors import ParameterError
from textdl.text.tokenizers import TOKENIZERS, get_tokenizer

NAMES = list(TOKENIZERS)
TEXT = "Don't PANIC, @dent :-) It's only £3.50..."


@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        ("whitespace", "don't panic, @dent :-) it's only £3.50..."),
        ("nltk", "do n't panic , @ dent : - ) it 's only £3.50 ..."),
        ("tweet", "don't panic , @dent :-) it's only £ 3.50 ..."),
    ],
)
def test_get_tokenizer_named_tokens(name, tokens):
    assert " ".join(get_tokenizer(name)(TEXT)) == tokens


def test_wordpunct_same_as_regular_expression():
    assert get_tokenizer("wordpunct")(TEXT) == re.findall(r"\w+|[^\w\s]+", TEXT.lower())


@pytest.mark.parametrize("name", NAMES)
def test_get_tokenizer_without_lowercase_keeps_case(name):
    tokens = get_tokenizer(name, lowercase=False)(TEXT)
    assert any("PANIC" in token for token in tokens)
    assert [token.lower() for token in tokens] == get_tokenizer(name)(TEXT)


def test_nltk_splits_final_periods_but_not_abbreviations():
    tokens = get_tokenizer("nltk")("Mr. Dent left. Who cares? The U.S. army, etc. does.")
    assert " ".join(tokens) == "mr. dent left . who cares ? the u.s. army , etc. does ."


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "text", ["", " \t\r\n\u3000", "\ufffd\0", "日本語", "😀👍🏽", "x" * 100_000]
)
def test_get_tokenizer_odd_texts_keep_every_character(name, text):
    tokens = get_tokenizer(name)(text)
    assert all(isinstance(token, str) and token for token in tokens)
    assert "".join(tokens) == "".join(text.split())


@pytest.mark.parametrize("name", NAMES)
def test_get_tokenizer_long_text_keeps_every_token(name):
    tokens = get_tokenizer(name)("so it goes , " * 20_000)
    assert tokens == ["so", "it", "goes", ","] * 20_000


@pytest.mark.parametrize("name", NAMES)
def test_get_tokenizer_pickle_round_trip(name):
    tokenizer = get_tokenizer(name)
    assert pickle.loads(pickle.dumps(tokenizer))(TEXT) == tokenizer(TEXT)


def test_get_tokenizer_callable_is_taken_as_it_is():
    assert get_tokenizer(lambda text: text.split(","))("A,b c") == ["a", "b c"]
    assert get_tokenizer(list, lowercase=False)("Ab") == ["A", "b"]


@pytest.mark.parametrize("name", ["nltkk", "", None, 3, ["nltk"]])
def test_get_tokenizer_unknown_name_errors(name):
    with pytest.raises(ParameterError) as error_info:
        get_tokenizer(name)
    message = str(error_info.value)
    assert repr(name) in message
    assert "expected one of whitespace, nltk, wordpunct, tweet or a function" in message


def test_get_tokenizer_needs_no_nltk_data(run_python, tmp_path):
    program = """
import nltk, sys
from textdl.text.tokenizers import get_tokenizer
nltk.data.path[:] = [sys.argv[1]]
for name in ("nltk", "wordpunct", "tweet"):
    print(*get_tokenizer(name)("A cat. A dog."))
"""
    empty = str(tmp_path / "empty")
    printed = run_python(program, empty, env={"NLTK_DATA": empty, "HOME": empty})
    assert printed == "a cat . a dog .\n" * 3


def test_get_tokenizer_whitespace_does_not_load_nltk(run_python):
    program = """
import sys
from textdl.text.tokenizers import get_tokenizer
from textdl.text import corpus, encode, store
get_tokenizer("whitespace")("a cat")
print("nltk" in sys.modules)
"""
    assert run_python(program) == "False\n"
