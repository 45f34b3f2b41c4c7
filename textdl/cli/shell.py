"""A shell over saved vectors: one question after the other, with completion and a history."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from textdl.cli.options import add_vectors, describe, positive_int
from textdl.cli.output import print_json
from textdl.errors import DataError, OutputError, TextdlError
from textdl.serve.answers import Answers
from textdl.serve.expressions import quote_word
from textdl.table import format_table
from textdl.vectors.vectors import Vectors

PROMPT = "> "
_MOST_COMPLETIONS = 50
_WELCOME = (
    "{count:,} words. Type a word, king - man + woman, cat ~ dog, or odd: breakfast lunch cat; "
    "Tab completes, Ctrl-D ends."
)


def add_shell(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl shell``."""
    describe(
        parser,
        "Ask one question after the other: sums of words for what is near them, two words with ~ "
        "for their cosine, and odd: for the word that does not belong. A word with spaces stands "
        "in double quotes. Questions may also come through a pipe, one per line.",
        "textdl shell vectors.safetensors -n 2",
        "> column - row + rows",
        "columns   0.7784",
        "eligible  0.4609",
    )
    add_vectors(parser)
    parser.add_argument(
        "-n", type=positive_int, default=10, metavar="N",
        help="how many words near a sum (default %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--history", metavar="FILE",
        help="where questions are kept between sessions; without it, in the user's state folder",
    )  # fmt: skip
    parser.set_defaults(run=run_shell)


def run_shell(options: argparse.Namespace) -> None:
    """Answer until the questions end.

    Raises:
        OutputError: the terminal needs a package that is not installed.
        DataError: a question that came through a pipe has no answer.
    """
    vectors = Vectors.load(options.vectors)
    is_terminal = sys.stdin is not None and sys.stdin.isatty()
    questions = _typed_questions(vectors, options.history) if is_terminal else _piped_questions()
    failed = _answer_all(Answers(vectors), questions, options)
    if failed and not is_terminal:
        raise DataError(f"{failed:,} of the questions have no answer; correct them, as said above")


def _answer_all(answers: Answers, questions: Iterable[str], options: argparse.Namespace) -> int:
    """Print an answer, or an error, for each question; returns how many errors there were."""
    failed = 0
    for question in questions:
        if not question.strip():
            continue
        try:
            answer = answers.ask(question, options.n)
        except TextdlError as error:
            failed += 1
            print(f"textdl: {error}", file=sys.stderr)
            continue
        _print_answer(answer, as_json=options.json)
    return failed


def _print_answer(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
    elif "neighbors" in answer:
        rows = [(it["word"], f"{it['similarity']:.4f}") for it in answer["neighbors"]]
        print("\n".join(format_table(rows)))
    elif "similarity" in answer:
        print(f"{answer['similarity']:.4f}")
    else:
        print(answer["odd"])
    sys.stdout.flush()  # who asks through a pipe waits for it


def _piped_questions() -> Iterator[str]:
    if sys.stdin is None:
        return
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "backslashreplace")


def _typed_questions(vectors: Vectors, history: str | None) -> Iterator[str]:
    """What is typed, line by line; Ctrl-C drops a line, Ctrl-D ends.

    Raises:
        OutputError: prompt_toolkit is not installed.
    """
    try:
        from prompt_toolkit import PromptSession  # an extra
        from prompt_toolkit.history import FileHistory
    except ImportError:
        raise OutputError(
            "questions at a terminal need the package prompt_toolkit; pip install 'textdl[shell]', "
            "or send them through a pipe"
        ) from None
    session: Any = PromptSession(
        history=FileHistory(str(_history_file(history))),
        completer=_make_completer(vectors),
        complete_while_typing=False,
    )
    print(_WELCOME.format(count=len(vectors)), file=sys.stderr)
    while True:
        try:
            yield session.prompt(PROMPT)
        except KeyboardInterrupt:
            continue
        except EOFError:
            return


def _history_file(given: str | None) -> Path:
    """Where questions are kept; its folder is made.

    Raises:
        OutputError: it cannot be written.
    """
    from platformdirs import user_state_path  # not for a help text

    path = user_state_path("textdl") / "shell_history" if given is None else Path(given)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a").close()
    except OSError as error:
        raise OutputError(
            f"the history {str(path)!r} cannot be written ({error.strerror}); pass --history FILE"
        ) from error
    return path


def _make_completer(vectors: Vectors) -> Any:
    from prompt_toolkit.completion import Completer, Completion, ThreadedCompleter  # an extra

    class VocabularyCompleter(Completer):  # type: ignore[misc, unused-ignore]
        """Completes the word before the cursor."""

        def get_completions(self, document: Any, event: object) -> Iterator[Any]:
            begun, words = complete_word(document.text_before_cursor, vectors)
            for word in words:
                yield Completion(word, start_position=-len(begun))

    return ThreadedCompleter(VocabularyCompleter())


def complete_word(text: str, vectors: Vectors) -> tuple[str, list[str]]:
    """What the last word of an unfinished question may become.

    Args:
        text: the question as far as it is typed.
        vectors: whose words are known.

    Returns:
        The begin of the word, which is to be replaced, and the most frequent words that start so,
        as an expression has them.

    Example:
        >>> complete_word("king - wo", Vectors(["woman", "king", "wo w"], [[1.0]] * 3))
        ('wo', ['woman', '"wo w"'])
    """
    if text.count('"') % 2:  # within quotes
        begun = text[text.rindex('"') :]
        prefix = begun[1:]
    else:
        begun = text.rpartition(" ")[2]
        prefix = begun
    if not begun:
        return "", []
    found = vectors.labels.starting_with(prefix, _MOST_COMPLETIONS)
    return begun, list(map(quote_word, found))
