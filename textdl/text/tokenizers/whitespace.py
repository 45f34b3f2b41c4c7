"""Tokens as what stands between white space."""

from __future__ import annotations

from textdl.text.tokenizers import Tokenizer

tokenize: Tokenizer = str.split
