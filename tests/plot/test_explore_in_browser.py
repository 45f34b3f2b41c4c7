"""`textdl explore` as a user sees it: the viewer, in a browser that reaches nothing but it."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from textdl import Vectors

pytest.importorskip("embedding_atlas.version", reason="embedding-atlas is not installed")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
WORDS = [f"word{number}" for number in range(300)]
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost"
URL = re.compile(r"http://localhost:\d+")


@pytest.fixture
def viewer(tmp_path):
    """The address of the viewer, started by the verb, and stopped as Ctrl-C does."""
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((3, 20)).repeat(100, axis=0) + rng.standard_normal((300, 20)) / 3
    Vectors(WORDS, matrix, np.arange(300, 0, -1)).save(tmp_path / "v.safetensors")
    process = subprocess.Popen(
        [sys.executable, "-m", "textdl", "explore", "v.safetensors"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"}, start_new_session=True,
    )  # fmt: skip
    said = ""
    for line in process.stdout:
        said += line
        if found := URL.search(line):
            break
    else:
        raise AssertionError(said)
    yield found[0]
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert "Traceback" not in said


@pytest.mark.full
@pytest.mark.skipif(BROWSER is None, reason="neither chromium nor google-chrome is installed")
def test_viewer_shows_words_and_needs_no_network(viewer, tmp_path):
    outside = []
    with playwright.sync_playwright() as started:
        options = ["--no-sandbox", "--enable-unsafe-swiftshader", OFFLINE]
        browser = started.chromium.launch(executable_path=BROWSER, args=options)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.on("requestfailed", lambda request: outside.append(request.url))
        page.goto(viewer)
        page.get_by_text("word17", exact=True).wait_for(timeout=120_000)
        page.wait_for_timeout(5_000)  # for what it asks for once it is drawn
        shown = page.inner_text("body")
        picture = page.screenshot(path=Path(tmp_path, "atlas.png"))
        browser.close()
    assert "300 / 300 points" in shown
    assert [url for url in outside if not URL.match(url)] == []
    assert len(picture) > 10_000
