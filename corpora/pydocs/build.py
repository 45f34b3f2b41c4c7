"""Write the English prose of the installed Python documentation as a corpus, a paragraph a line.

Run it by path: ``python corpora/pydocs/build.py pydocs.txt``.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

# Run by path, Python looks for modules in this folder alone.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from corpora.pydocs.blocks import paragraphs
from corpora.pydocs.docstrings import docstrings, topics
from corpora.pydocs.prose import prose
from corpora.pydocs.sources import TOPICS, Source, all_sources
from textdl.errors import CorpusError, TextdlError
from textdl.io.atomic import atomic_write


class PydocsReport(NamedTuple):
    """What was written and what was left out."""

    words: int  # separated by white space, as ``wc -w`` counts them
    paragraphs: int  # lines of the file
    words_by_source: dict[str, int]  # in the order of the file
    skipped: tuple[Path, ...]  # files that could not be read or parsed


def build(out: Path, sources: Sequence[Source] | None = None) -> PydocsReport:
    """Write the prose of `sources` to `out`, each distinct paragraph once, where it comes first.

    The file is a function of the installed versions alone.

    Args:
        out: the corpus to write; what stands there is replaced once the new one is complete.
        sources: by default the standard library and the installed dependencies of textdl.

    Raises:
        OutputError: `out` cannot be written.
        CorpusError: no prose was found.
    """
    with atomic_write(out) as path:
        chosen = all_sources() if sources is None else sources
        seen: set[str] = set()
        skipped: list[Path] = []
        counts: dict[str, int] = {}
        with path.open("w", encoding="utf-8", newline="\n") as file, collector_paused():
            for source in chosen:
                fresh = unseen(source_prose(source, skipped), seen)
                counts[source.name] = sum(file.write(f"{line}\n") and words(line) for line in fresh)
        check_found(len(seen), chosen, skipped)
    return PydocsReport(sum(counts.values()), len(seen), counts, tuple(skipped))


def source_prose(source: Source, skipped: list[Path]) -> Iterator[str]:
    """Yield the paragraphs of all files of `source`; name unreadable files in `skipped`."""
    for path in source.files:
        read = topics if path.as_posix().endswith(TOPICS) else docstrings
        try:
            texts = list(read(path.read_bytes()))
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            # Templates, other Python versions, null bytes, nesting beyond the parser's stack.
            skipped.append(path)
            continue
        for text in texts:
            yield from filter(None, map(prose, paragraphs(text)))


def unseen(lines: Iterator[str], seen: set[str]) -> Iterator[str]:
    """Yield each line that is not in `seen` and add it: docstrings are copied and inherited."""
    for line in lines:
        if line not in seen:
            seen.add(line)
            yield line


def words(line: str) -> int:
    """Return how many words separated by white space `line` has."""
    return len(line.split())


def check_found(found: int, sources: Sequence[Source], skipped: Sequence[Path]) -> None:
    """Raise `CorpusError` if `sources` held no paragraph."""
    if not found:
        files = sum(len(source.files) for source in sources)
        raise CorpusError(
            f"no English prose in {files} files ({len(skipped)} of them unreadable); expected "
            "docstrings: a Python whose .py sources are installed has them"
        )


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the cycle collector: syntax trees hold no cycles, and it would scan each in vain."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def summary(report: PydocsReport) -> str:
    """Return the report as lines for a reader."""
    lines = [f"{name:>16} {count:>10,}" for name, count in report.words_by_source.items()]
    total = f"pydocs: {report.words:,} words in {report.paragraphs:,} paragraphs"
    skipped = [f"pydocs: skipped {path}" for path in report.skipped]
    return "\n".join([*skipped, *lines, total])


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what the command line asks for; report on stderr."""
    parser = argparse.ArgumentParser(
        description="Write the prose of the installed Python documentation as a corpus."
    )
    parser.add_argument("out", type=Path, metavar="OUT.txt")
    chosen = parser.parse_args(arguments)
    try:
        report = build(chosen.out)
    except TextdlError as error:
        print(f"pydocs: {error}", file=sys.stderr)
        return 1
    print(summary(report), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
