import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def start_python(tmp_path):
    """Start a program in a Python of its own, where every warning is an error."""

    def start(program, *arguments, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": tmp_path} | options
        options["env"] = os.environ | {"PYTHONPATH": str(ROOT)} | options.get("env", {})
        script = tmp_path / "program.py"
        script.write_text(program, "utf-8")
        return subprocess.Popen([sys.executable, "-W", "error", script, *arguments], **options)

    return start


@pytest.fixture
def run_python(start_python):
    """Run a program; it must say nothing on stderr. Returns what it printed."""

    def run(program, *arguments, data=None, **options):
        options = {"stdin": subprocess.PIPE} | options
        with start_python(program, *arguments, **options) as process:
            out, err = process.communicate(data, timeout=120)
        assert (process.returncode, err) == (0, b"")
        return out.decode()

    return run
