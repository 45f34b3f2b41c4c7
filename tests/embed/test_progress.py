"""The progress bar moves while text is read, on a terminal; elsewhere only epochs are written."""

import io
import sys
import time

import pytest

from tests.embed.conftest import zipf_text
from textdl.embed.config import EmbeddingConfig
from textdl.embed.progress import RoundReport, RunCallbacks, training_progress_bar
from textdl.embed.trainer import train_corpus
from textdl.text import corpus as corpus_module
from textdl.text import files as files_module
from textdl.text.source import CorpusConfig


class Stream(io.StringIO):
    def __init__(self, *, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal


def draw_all():
    """Read 3,000 words, then finish an epoch."""
    with training_progress_bar() as bar:
        for words in (1_000, 2_000, 3_000):
            time.sleep(0.11)  # tqdm draws ten times a second
            bar.reading(words)
        time.sleep(0.11)
        bar.report(RoundReport(1, 2, 1_500.0, 6_000, 4.0, epoch_done=False))
        time.sleep(0.11)
        bar.report(RoundReport(1, 2, 3_000.0, 6_000, 3.5, epoch_done=True))


def test_progress_bar_on_terminal_moves_while_reading(monkeypatch):
    stream = Stream(terminal=True)
    monkeypatch.setattr(sys, "stderr", stream)
    draw_all()
    drawn = stream.getvalue()
    assert "reading: 1.00kwords" in drawn
    assert "reading: 3.00kwords" in drawn
    assert "3.00k/6.00k" in drawn
    assert drawn.index("reading") < drawn.index("epoch 1/2")


def test_progress_bar_elsewhere_writes_epochs_only(monkeypatch):
    stream = Stream(terminal=False)
    monkeypatch.setattr(sys, "stderr", stream)
    draw_all()
    assert stream.getvalue() == "epoch 1/2: loss 3.5000\n"


def test_train_corpus_reading_counts_words(monkeypatch):
    monkeypatch.setattr(corpus_module, "CHUNK_BYTES", 1_000)
    monkeypatch.setattr(files_module, "CHUNK_BYTES", 1_000)
    told = []
    config = EmbeddingConfig(vector_size=8, min_count=1, epochs=1)
    corpus = CorpusConfig(zipf_text(1_000, 20), "whitespace")
    train_corpus(corpus, config, callbacks=RunCallbacks(reading=told.append))
    assert len(told) > 2
    assert told == sorted(told)
    assert told[-1] == 1_000


@pytest.mark.parametrize("show", [True, False])
def test_progress_bar_functions_may_be_unused(show, capsys):
    with training_progress_bar(show):
        pass
    assert capsys.readouterr().out == ""
