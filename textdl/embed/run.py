"""One training run from a corpus to vectors: read, encode, train, describe."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

import textdl
from textdl.embed.blocks import Blocks
from textdl.embed.checkpoint import Checkpoints, Every
from textdl.embed.config import Config
from textdl.embed.loop import Report, train
from textdl.errors import CheckpointError, CorpusReadError, ParameterError
from textdl.interruption import interruptible
from textdl.io.atomic import Sync
from textdl.io.checkpoints import CheckpointWarning, checkpoint_folder
from textdl.io.scratch import scratch_folder
from textdl.jax_settings import fixed_settings
from textdl.text.corpus import read_corpus
from textdl.text.encode import EncodedChunk, encode
from textdl.text.source import Source, describe_source, require_same_source
from textdl.text.store import TokenStore
from textdl.text.tokenize import get_tokenizer
from textdl.vectors.vectors import Vectors

STORE = "store"  # the token store in a checkpoint folder


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
    with interruptible(), _token_store(source, resumable, reading) as store:
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
    with ExitStack() as stack:
        if resumable:
            stack.enter_context(checkpoint_folder(resumable.folder, resume=resumable.resume))
        if isinstance(source, TokenStore):
            yield source
        elif resumable:
            yield _kept_store(source, resumable, reading)
        elif source.corpus is None:
            raise ParameterError("a corpus is needed where no checkpoint folder is resumed from")
        else:
            temporary = stack.enter_context(scratch_folder(Path(tempfile.gettempdir()), "textdl"))
            yield _build(source, temporary / "store", reading, sync="nothing")


def _kept_store(source: Source, resumable: Resumable, reading: Callable[[int], None]) -> TokenStore:
    """The store in a checkpoint folder: the one that is there, or a new one."""
    folder = resumable.folder / STORE
    if not resumable.resume or not folder.exists():
        if source.corpus is None:
            raise CheckpointError(
                f"{str(resumable.folder)!r} holds no text to go on with; give the corpus"
            )
        return _build(source, folder, reading)
    try:
        store = TokenStore.open(folder)
    except CorpusReadError as error:
        if source.corpus is None:
            raise CheckpointError(f"{error}, by giving the corpus again") from error
        warnings.warn(
            f"the text in {str(resumable.folder)!r} is damaged; reading the corpus again",
            CheckpointWarning,
            stacklevel=2,
        )
        return _build(source, folder, reading)
    try:
        require_same_source(store.source, source, resumable.folder)
    except CorpusReadError as error:
        raise CheckpointError(
            f"{error}; or leave out CORPUS (corpus=None) to go on with the text in "
            f"{str(resumable.folder)!r}"
        ) from error
    return store


def _build(
    source: Source, folder: Path, reading: Callable[[int], None], *, sync: Sync = "all"
) -> TokenStore:
    assert source.corpus is not None
    tokenizer = get_tokenizer(source.tokenizer or "nltk", lowercase=source.lowercase is not False)
    chunks = encode(read_corpus(source.corpus, errors=source.errors or "strict"), tokenizer)
    described = describe_source(source) if sync == "all" else {}
    return TokenStore.build(_counted(chunks, reading), folder, source=described, sync=sync)


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
