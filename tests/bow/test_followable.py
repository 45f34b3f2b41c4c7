"""How far a reader has to go: the files of textdl that one call executes."""

import sys
import threading
from pathlib import Path

import textdl
from tests.bow.conftest import WHOLE
from textdl import TfidfVectorizer

PACKAGE = Path(textdl.__file__).parent
MOST_FILES = 13


def executed_files(function):
    """The files of the package whose code a call executes, in any thread."""
    found = set()

    def trace(frame, event, argument):
        found.add(frame.f_code.co_filename)

    before = sys.gettrace()
    threading.settrace(trace)
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
        threading.settrace(before)
    paths = [Path(name) for name in found if name.startswith(str(PACKAGE))]
    return sorted(str(path.relative_to(PACKAGE)) for path in paths)


def test_executed_files_sees_other_threads():
    vectorizer = TfidfVectorizer(n_jobs=2)
    assert "bow/engine/words.py" in executed_files(lambda: vectorizer.fit(WHOLE))


def test_tfidf_vectorizer_fit_transform_executes_few_files():
    vectorizer = TfidfVectorizer()
    files = executed_files(lambda: vectorizer.fit_transform(WHOLE))
    print(*files, sep="\n")
    assert len(files) <= MOST_FILES, files
