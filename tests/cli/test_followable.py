"""How far a reader has to go: the files of textdl whose functions one run of a verb calls."""

import json
import os
import subprocess
import sys
from pathlib import Path

import textdl

PACKAGE = Path(textdl.__file__).parent
MOST_FILES = 56  # four of them find words in texts, and know them by their bytes

# In a process of its own, so that nothing is imported, compiled or cached before. What runs while a
# module is imported is not counted: a reader of the verb does not follow it.
SCRIPT = """
import json, sys, threading

called = {}

def is_importing(frame):
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") != "__main__":
            return True
        frame = frame.f_back
    return False

def trace(frame, event, argument):
    code = frame.f_code
    if code.co_filename.startswith(sys.argv[1]) and not is_importing(frame):
        called.setdefault(code.co_filename, set()).add(code.co_qualname)

threading.settrace(trace)
sys.settrace(trace)
from textdl.cli.main import main
code = main(sys.argv[2:])
sys.settrace(None)
threading.settrace(None)
print(json.dumps({"code": code, "called": {name: sorted(them) for name, them in called.items()}}))
"""


def called_functions(*arguments, cache):
    """The functions that a run of the command line calls, by file, in any thread."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(PACKAGE), *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(PACKAGE.parent), "TEXTDL_CACHE": str(cache)},
        capture_output=True,
        check=True,
        text=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["code"] == 0
    return {str(Path(name).relative_to(PACKAGE)): them for name, them in found["called"].items()}


def test_classify_train_calls_functions_of_few_files(tmp_path):
    rows = ["good\ta good film", "bad\ta bad film", "good\tgood book", "bad\tbad book"]
    (tmp_path / "films.tsv").write_text("\n".join(rows * 10) + "\n")
    files = called_functions(
        *("classify", "train", tmp_path / "films.tsv", "--model", "mlp", "-o", tmp_path / "m"),
        cache=tmp_path / "cache",
    )
    for name, functions in sorted(files.items()):
        print(f"{name:40} {', '.join(functions)}")
    assert "TextClassifier.fit" in files["classify/text_classifier.py"]
    assert "run_epoch" in files["nn/training/step.py"]  # traced by JAX, not taken from a cache
    assert len(files) <= MOST_FILES, sorted(files)
