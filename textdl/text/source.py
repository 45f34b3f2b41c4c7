"""Where the text of a token store is from, and whether a corpus given later is the same text."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from reprlib import repr as short
from typing import TYPE_CHECKING, Any, Protocol

from textdl.errors import CheckpointError, ParameterError
from textdl.identity import UnidentifiableError, identify, name_of
from textdl.io.checksums import DIGEST_BYTES, file_checksum
from textdl.io.compression import STDIN
from textdl.parameters import parameter
from textdl.text.corpus import Corpus, read_corpus
from textdl.text.files import UTF_8, DecodeErrors, TextColumn, find_files
from textdl.text.tokenizers import TOKENIZERS, Tokenizer, get_tokenizer

if TYPE_CHECKING:
    from textdl.text.encode import EncodedChunk

NAMES_SHOWN = 3  # files in a message
TEXTS_AT_ONCE = 1 << 12  # of a list that is hashed
UNKNOWN = "unknown: "  # before the name of a tokenizer that cannot be compared


@dataclass(kw_only=True)
class TextParameters:
    """How an estimator reads text: the parameters that its options and documentation show."""

    tokenizer: str | Tokenizer = parameter(
        "nltk", "how text is cut into words", choices=TOKENIZERS, allows_callable=True
    )
    lowercase: bool = parameter(True, "lower-case the text first")
    errors: DecodeErrors = parameter("strict", "what to do with bytes that are not of the encoding")
    encoding: str = parameter(UTF_8, "of files, a name that Python knows")


class ChunkTransform(Protocol):
    """What changes the tokens of a text on their way into a token store."""

    @property
    def fingerprint(self) -> str:
        """A digest of all that decides what it does."""

    def join_chunks(self, chunks: Iterable[EncodedChunk]) -> Generator[EncodedChunk]:
        """Change the tokens of chunks, one chunk at a time."""


@dataclass(frozen=True)
class CorpusConfig:
    """A corpus and how to read it.

    Args:
        corpus: what `read_corpus` takes; None is the text that a checkpoint folder holds.
        tokenizer: a name, or a function from text to tokens.
        lowercase: lower-case the text first.
        errors: what to do with bytes that are not of the encoding.
        encoding: of files.
        phrases: what joins words of the text, such as a fitted `textdl.Phrases`.

    With no corpus, a setting may be None too: as it was for the text that is there.
    """

    corpus: Corpus | None
    tokenizer: str | Tokenizer | None = TextParameters.tokenizer
    lowercase: bool | None = TextParameters.lowercase
    errors: DecodeErrors | None = TextParameters.errors
    encoding: str | None = TextParameters.encoding
    phrases: ChunkTransform | None = None


def encode_source(source: CorpusConfig) -> Generator[EncodedChunk]:
    """Read, tokenize and encode a corpus, on all cores, with its phrases joined.

    Raises:
        ParameterError: there is no corpus, or a setting is unknown.
        CorpusError, CorpusReadError: the corpus cannot be used; also while it is read.
    """
    from textdl.text.encode import encode  # loky, which parameters do without

    if source.corpus is None:
        raise ParameterError("the corpus is None; expected a path, or texts")
    tokenizer = get_tokenizer(
        source.tokenizer or TextParameters.tokenizer, lowercase=source.lowercase is not False
    )
    read = read_corpus(
        source.corpus,
        errors=source.errors or TextParameters.errors,
        encoding=source.encoding or TextParameters.encoding,
    )
    chunks = encode(read, tokenizer)
    return chunks if source.phrases is None else source.phrases.join_chunks(chunks)


def describe_source(source: CorpusConfig) -> dict[str, Any]:
    """What identifies the text of a source, as JSON can say it.

    Files are known by the digests of their bytes, so that one that was touched or moved, but says
    the same, is the same. A list of texts has a digest too. A pipe, a generator, or an iterable of
    any other kind can be read only once: then it is known what it was, not what it said.

    Raises:
        CorpusReadError: a file is missing or unreadable.
    """
    return {
        "corpus": _describe_corpus(source.corpus),
        "tokenizer": _describe_tokenizer(source.tokenizer),
        "lowercase": source.lowercase,
        "errors": source.errors,
        "encoding": source.encoding,
        "phrases": None if source.phrases is None else source.phrases.fingerprint,
    }


def require_same_reading(stored: Mapping[str, Any], source: CorpusConfig, folder: Path) -> None:
    """Check that a text is read as the one that `folder` holds; every difference is named.

    Args:
        stored: what `describe_source` said of the text that is there.
        source: of the run that resumes; its settings that are None are not compared.
        folder: for the message.

    Raises:
        CheckpointError: a setting differs.
    """
    names = ("tokenizer", "lowercase", "errors", "encoding")
    now = {name: getattr(source, name) for name in names}
    now["tokenizer"] = _describe_tokenizer(source.tokenizer)
    different = [it for it in names if now[it] is not None and stored.get(it) != now[it]]
    if different:
        raise _difference(
            folder,
            ", ".join(f"{name}={stored.get(name)!r}" for name in different),
            ", ".join(f"{name}={now[name]!r}" for name in different),
            f"resume with the same {', '.join(different)}, or start in another folder",
        )


def require_same_source(stored: Mapping[str, Any], source: CorpusConfig, folder: Path) -> None:
    """Check that a source is the one whose text `folder` holds.

    Args:
        stored: what `describe_source` said of the text that is there.
        source: of the run that resumes; its settings that are None are not compared.
        folder: for the message.

    Raises:
        CheckpointError: it is another one, or the two cannot be compared.
        CorpusReadError: a file is missing or unreadable.
    """
    remedy = "start in another folder, or leave out CORPUS (corpus=None) to go on with that text"
    require_same_reading(stored, source, folder)
    for name in ("tokenizer", "lowercase", "errors", "encoding"):
        value = getattr(source, name)
        now = _describe_tokenizer(value) if name == "tokenizer" else value
        if now is not None and str(now).startswith(UNKNOWN) and source.corpus is not None:
            raise CheckpointError(
                f"the tokenizer {now} cannot be compared with the one that made the text in "
                f"{str(folder)!r}; {remedy}"
            )
    phrases = None if source.phrases is None else source.phrases.fingerprint
    is_said = source.corpus is not None or phrases is not None
    if is_said and stored.get("phrases") != phrases:
        then = _shown_phrases(stored.get("phrases"))
        remedy = "resume with the same phrases, or start in another folder"
        raise _difference(folder, then, _shown_phrases(phrases), remedy)
    if source.corpus is None:
        return
    then = stored.get("corpus", {})
    now = _describe_corpus(source.corpus, known=then)
    if _content(then) != _content(now):
        raise _difference(folder, *_differing_parts(then, now), remedy)


def _shown_phrases(fingerprint: str | None) -> str:
    return "text without phrases" if fingerprint is None else f"phrases={fingerprint[:8]}..."


def _describe_tokenizer(tokenizer: str | Tokenizer | None) -> str | None:
    if tokenizer is None or isinstance(tokenizer, str):
        return tokenizer
    try:
        return identify(tokenizer)
    except UnidentifiableError:
        return UNKNOWN + name_of(tokenizer)


def _describe_corpus(corpus: Corpus | None, known: Mapping[str, Any] | None = None) -> Any:
    """Of files, texts or what can be read once; `known` files are not read again if untouched."""
    if isinstance(corpus, str | os.PathLike):
        return _describe_files(find_files(corpus), known)
    if isinstance(corpus, Sequence) and corpus:
        if all(isinstance(item, os.PathLike) for item in corpus):
            return _describe_files([Path(item) for item in corpus], known)
        return {"kind": f"{len(corpus):,} texts in memory", "digest": _digest_texts(corpus)}
    return {"kind": f"an iterable ({name_of(corpus)})"}


def _describe_files(paths: Iterable[Path], known: Mapping[str, Any] | None) -> dict[str, Any]:
    untouched = {
        (file["path"], file.get("size"), file.get("modified")): file
        for file in (known or {}).get("files", ())
    }
    return {"kind": "files", "files": [_describe_file(path, untouched) for path in paths]}


def _describe_file(path: Path, untouched: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    name = TextColumn.of(path)
    file = Path(name.file)
    if (
        str(path) == STDIN or not file.is_file()
    ):  # a pipe, which gives its text once; or missing, which reading will say
        return {"path": str(path), "column": name.column}
    status = file.stat()
    described = {
        "path": os.path.abspath(path),  # noqa: PTH100 (a link keeps its own name)
        "column": name.column,
        "size": status.st_size,
        "modified": status.st_mtime_ns,
    }
    same = untouched.get((described["path"], status.st_size, status.st_mtime_ns))
    return described | {"digest": same["digest"] if same else _digest_file(file)}


def _digest_file(path: Path) -> str:
    try:
        return file_checksum(path)
    except OSError:
        return "unreadable"  # reading will say why


def _digest_texts(items: Sequence[Any]) -> str:
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for start in range(0, len(items), TEXTS_AT_ONCE):
        some = items[start : start + TEXTS_AT_ONCE]
        try:
            if isinstance(items[0], str):
                lengths = str(list(map(len, some)))
                text = "".join(some)
            else:
                lengths = str([list(map(len, tokens)) for tokens in some])
                text = "".join(chain.from_iterable(some))
        except TypeError:
            return "not text"  # reading will say so
        digest.update(lengths.encode())
        digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _content(corpus: Any) -> Any:
    """Of a description, what decides whether two are the same."""
    if "files" not in corpus:
        return corpus
    return [(file.get("digest", file["path"]), file["column"]) for file in corpus["files"]]


def _differing_parts(then: Any, now: Any) -> tuple[str, str]:
    """Both sides of a difference between two corpora, in words."""
    files = [corpus.get("files", []) for corpus in (then, now)]
    if not all(files):
        return _shown(then), _shown(now)
    if len(files[0]) != len(files[1]):
        before, after = ({file["path"] for file in some} for some in files)
        return (
            f"{len(files[0]):,} files{_only(before - after)}",
            f"{len(files[1]):,} files{_only(after - before)}",
        )
    pairs = zip(_content(then), _content(now), *files, strict=True)
    old, new = next((old, new) for was, is_, old, new in pairs if was != is_)
    return _shown_file(old), _shown_file(new)


def _shown(corpus: Any) -> str:
    if "files" not in corpus:
        return str(corpus.get("kind"))
    return ", ".join(short(file["path"]) for file in corpus["files"][:NAMES_SHOWN])


def _shown_file(file: Mapping[str, Any]) -> str:
    if "digest" not in file:
        return repr(file["path"])
    return f"{file['path']!r} of {file['size']:,} bytes (digest {file['digest'][:8]})"


def _only(names: set[str]) -> str:
    some = sorted(names)[:NAMES_SHOWN]
    return f" ({', '.join(map(repr, some))} among them)" if some else ""


def _difference(folder: Path, then: str, now: str, remedy: str) -> CheckpointError:
    return CheckpointError(f"the text in {str(folder)!r} was made from {then}, not {now}; {remedy}")
