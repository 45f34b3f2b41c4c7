"""A tokenizer of texts as a file: the `tokenizer.json` of Hugging Face's `tokenizers`.

The vocabulary is read here; cutting a text takes that package, an extra.

Reference: https://huggingface.co/docs/tokenizers/api/tokenizer
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from textdl.errors import FileFormatError, ParameterError
from textdl.io.strict_json import parse_json

UNKNOWN = "[UNK]"  # what stands for words that are not in the vocabulary


class TokenizerFile:
    """A function from a text to its tokens, without those that are unknown.

    Args:
        content: of a `tokenizer.json`.

    Example:
        >>> tokenizer = TokenizerFile(word_tokenizer(["a", "cat"], lowercase=True))
        >>> tokenizer.vocabulary
        ['a', 'cat', '[UNK]']
    """

    def __init__(self, content: str) -> None:
        self.content = content

    @cached_property
    def vocabulary(self) -> list[str]:
        """The tokens in the order of their numbers.

        Raises:
            FileFormatError: the file is not one of a tokenizer, or numbers are missing.
        """
        return _vocabulary(self._parsed)

    @cached_property
    def unknown(self) -> str | None:
        """The token that stands for unknown words; None if there is none."""
        model = self._parsed.get("model")
        found = model.get("unk_token") if isinstance(model, dict) else None
        if isinstance(model, dict) and isinstance(model.get("unk_id"), int):
            place = model["unk_id"]
            found = self.vocabulary[place] if 0 <= place < len(self.vocabulary) else None
        return found if isinstance(found, str) else None

    def __call__(self, text: str) -> list[str]:
        """The tokens of a text.

        Raises:
            FileFormatError: the package `tokenizers` cannot read the file.
            ParameterError: that package is not installed.
        """
        tokenizer = self._tokenizer
        try:
            encoded = tokenizer.encode(text, add_special_tokens=False)
        except Exception as error:  # the package raises nothing narrower
            raise FileFormatError(
                f"tokenizer.json cannot be used ({error}); copy it again"
            ) from None
        return [token for token in encoded.tokens if token != self.unknown]

    def __getstate__(self) -> dict[str, Any]:
        return {"content": self.content}  # the rest is made of it

    @cached_property
    def _parsed(self) -> dict[str, Any]:
        try:
            parsed = parse_json(self.content)
        except ValueError as error:
            raise FileFormatError(f"tokenizer.json is not JSON ({error}); copy it again") from None
        if not isinstance(parsed, dict):
            raise FileFormatError("tokenizer.json is not an object; copy it again")
        return parsed

    @cached_property
    def _tokenizer(self) -> Any:
        try:
            from tokenizers import Tokenizer  # an extra: only for the tokenizers of other programs
        except ImportError:
            raise ParameterError(
                "the tokenizer of these vectors needs the package tokenizers; pip install "
                "'textdl[tokenizers]', or tokenize texts in another way"
            ) from None
        try:
            tokenizer = Tokenizer.from_str(self.content)
        except Exception as error:  # the package raises nothing narrower
            raise FileFormatError(
                f"tokenizer.json cannot be used ({error}); copy it again"
            ) from None
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer


def word_tokenizer(words: Sequence[str], *, lowercase: bool) -> str:
    """The `tokenizer.json` of a tokenizer that cuts at white space and punctuation.

    Args:
        words: the vocabulary; the token for unknown words is added at its end if it is missing.
        lowercase: texts are lowercased first.

    Returns:
        Its content.
    """
    vocabulary = {word: number for number, word in enumerate(words)}
    vocabulary.setdefault(UNKNOWN, len(vocabulary))
    content: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"} if lowercase else None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": UNKNOWN},
    }
    return json.dumps(content, ensure_ascii=False)


def _vocabulary(parsed: dict[str, Any]) -> list[str]:
    model = parsed.get("model")
    vocab = model.get("vocab") if isinstance(model, dict) else None
    numbers: dict[str, int] = {}
    try:
        if isinstance(vocab, dict):
            numbers.update(vocab)
        elif isinstance(vocab, list):  # of Unigram: pairs of token and score
            numbers.update({token: number for number, (token, _) in enumerate(vocab)})
        else:
            raise ValueError("it has no vocabulary")
        for added in parsed.get("added_tokens") or []:
            numbers[added["content"]] = added["id"]
        tokens: list[str | None] = [None] * len(numbers)
        for token, number in numbers.items():
            if type(number) is not int or number < 0 or not isinstance(token, str):
                raise ValueError(f"the number of {token!r} is {number!r}")
            tokens[number] = token
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise FileFormatError(
            f"tokenizer.json does not number its tokens from 0 on ({error}); copy it again"
        ) from None
    missing = [number for number, token in enumerate(tokens) if token is None]
    if missing:
        raise FileFormatError(f"tokenizer.json has no token {missing[0]:,}; copy it again")
    return [token for token in tokens if token is not None]
