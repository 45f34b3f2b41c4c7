"""`textdl classify explain`: the words that moved a decision, as lines, JSON and a page."""

import json

import pytest

from textdl import TextClassifier

TEXTS = ["win a free prize", "free prize now", "see you at noon", "lunch at noon ok"] * 5
LABELS = ["spam", "spam", "ham", "ham"] * 5


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    TextClassifier(model="linear").fit(TEXTS, LABELS).save(path)
    return path


def test_explanation_is_that_of_python(call, saved, tmp_path):
    expected = TextClassifier.load(saved).explain("a free lunch")
    page = tmp_path / "page.html"
    code, printed, err = call("classify", "explain", saved, "a free lunch", "-n", 2, "--html", page)
    assert (code, printed, err) == (0, expected.as_text(2) + "\n", "")
    assert page.read_text("utf-8") == expected.as_html()
    _, printed, _ = call("classify", "explain", saved, "a free lunch", "--json")
    assert json.loads(printed) == expected.as_json()
    _, printed, _ = call("classify", "explain", saved, "a free lunch", "--label", "ham")
    assert printed.startswith("ham 0.")


def test_what_cannot_be_explained_is_one_line(refused, saved, tmp_path):
    explain = ["classify", "explain"]
    refused([*explain, str(saved), "free", "--label", "eggs"], 1, "label 'eggs'")
    refused([*explain, str(tmp_path / "none"), "free"], 1, "none")
    refused([*explain, str(saved), "free", "--html", str(tmp_path / "no" / "page")], 1, "page")
