"""One training run from a corpus to vectors: read, encode, train, describe."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

import textdl
from textdl.checkpoint import CheckpointFolder
from textdl.embed.blocks import Blocks
from textdl.embed.checkpoint import Checkpoints, Every
from textdl.embed.config import Config
from textdl.embed.loop import Report, train
from textdl.jax_settings import fixed_settings
from textdl.text.corpus import Corpus, DecodeErrors, read_corpus
from textdl.text.encode import EncodedChunk, encode
from textdl.text.store import TokenStore
from textdl.text.tokenize import Tokenizer, TokenizerName, get_tokenizer
from textdl.vectors.vectors import Vectors


@dataclass(frozen=True)
class Source:
    """A corpus and how to read it."""

    corpus: Corpus
    tokenizer: TokenizerName | Tokenizer = "nltk"
    lowercase: bool = True
    errors: DecodeErrors = "strict"


@dataclass(frozen=True)
class Resumable:
    """Where a run writes checkpoints, how often, and whether it goes on from them."""

    folder: Path
    every: Every
    resume: bool = False


@dataclass(frozen=True)
class Outcome:
    """Vectors, and what training them was like."""

    vectors: Vectors
    history: tuple[float, ...]  # mean loss of every epoch
    words: int  # raw words of the corpus


@fixed_settings()
def train_corpus(
    source: Source | TokenStore,
    config: Config,
    *,
    resumable: Resumable | None = None,
    report: Callable[[Report], None] = lambda _: None,
    reading: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Train word vectors on a corpus, or on a token store that was built before.

    Args:
        source: what to train on.
        config: the parameters of the run.
        resumable: write checkpoints. The token store is kept beside them, so that a resumed run
            does not read its corpus again, which a pipe could not give twice.
        report: called after every round.
        reading: called with the number of words read so far, while the corpus is.

    Raises:
        TextdlError: what `read_corpus`, `TokenStore.build` and `train` raise.
    """
    with _token_store(source, resumable, reading) as store:
        blocks = Blocks(store, config)
        trained = train(
            blocks,
            checkpoints=_checkpoints(resumable, config, store),
            report=report,
        )
        vocabulary = blocks.vocabulary
        about = _describe(config, store)
    vectors = Vectors(vocabulary.words, trained.matrix, vocabulary.counts, config=about)
    return Outcome(vectors, trained.history, about["words"])


def _checkpoints(
    resumable: Resumable | None, config: Config, store: TokenStore
) -> Checkpoints | None:
    if resumable is None:
        return None
    return Checkpoints(resumable.folder, config, store.fingerprint, resumable.every)


def _describe(config: Config, store: TokenStore) -> dict[str, Any]:
    """What the vectors are a function of."""
    return asdict(config) | {
        "corpus": store.fingerprint,
        "words": len(store.tokens),
        "versions": {module.__name__: module.__version__ for module in (textdl, jax, np)},
    }


@contextmanager
def _token_store(
    source: Source | TokenStore, resumable: Resumable | None, reading: Callable[[int], None]
) -> Iterator[TokenStore]:
    """The store to train on: as given, in the checkpoint folder, or in a temporary one."""
    if isinstance(source, TokenStore):
        if resumable:
            _prepare(resumable)
        yield source
    elif resumable:
        _prepare(resumable)
        folder = resumable.folder / "store"
        yield (
            TokenStore.open(folder)
            if resumable.resume and folder.exists()
            else _build(source, folder, reading)
        )
    else:
        with tempfile.TemporaryDirectory(prefix="textdl-") as temporary:
            yield _build(source, Path(temporary) / "store", reading)


def _build(source: Source, folder: Path, reading: Callable[[int], None]) -> TokenStore:
    tokenizer = get_tokenizer(source.tokenizer, lowercase=source.lowercase)
    chunks = encode(read_corpus(source.corpus, errors=source.errors), tokenizer)
    return TokenStore.build(_counted(chunks, reading), folder)


def _counted(
    chunks: Generator[EncodedChunk], reading: Callable[[int], None]
) -> Iterator[EncodedChunk]:
    """Pass chunks on, and tell how many words they had so far."""
    words = 0
    with closing(chunks):  # it may have started processes
        for chunk in chunks:
            words += len(chunk.ids)
            reading(words)
            yield chunk


def _prepare(resumable: Resumable) -> None:
    CheckpointFolder(resumable.folder, {}).prepare(resume=resumable.resume)
