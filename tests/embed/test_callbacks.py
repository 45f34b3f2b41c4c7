"""Callbacks: what they are told, when they stop a run, and the log that is one of them."""

import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.embed.conftest import zipf_text
from textdl import Word2Vec
from textdl.embed.progress import RoundReport, TrainingLog
from textdl.errors import OutputError, ParameterError
from textdl.io.checkpoints import checkpoint_numbers

QUICK = {"vector_size": 8, "min_count": 1, "epochs": 3, "tokenizer": "whitespace"}
TEXT = zipf_text(3_000, 100)


class Recorder:
    def __init__(self):
        self.told = []

    def on_train_begin(self, report):
        self.told.append(("begin", report.epoch))

    def on_round_end(self, report):
        self.told.append(("round", report.epoch))

    def on_epoch_end(self, report):
        self.told.append(("epoch", report.epoch))

    def on_train_end(self, report):
        self.told.append(("end", report.epoch))


def test_methods_are_called_in_order():
    recorder = Recorder()
    Word2Vec(**QUICK, callbacks=[recorder]).fit(TEXT)
    told = [it for n, it in enumerate(recorder.told) if it != recorder.told[n - 1]]
    rounds = [(what, n) for n in (1, 2, 3) for what in ("round", "epoch")]
    assert told == [("begin", 0), *rounds, ("end", 3)]


def test_function_is_told_of_rounds_and_epochs():
    reports = []
    model = Word2Vec(**QUICK, callbacks=reports.append).fit(TEXT)
    epochs = [it for it in reports if it.epoch_done]
    assert [it.epoch for it in epochs] == [1, 2, 3]
    assert [it.loss for it in epochs] == model.loss_curve_
    assert [it.words for it in epochs] == [3_000, 6_000, 9_000]
    rates = [it.learning_rate for it in reports]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(1e-4)
    seconds = [it.seconds for it in reports]
    assert seconds == sorted(seconds)
    assert seconds[0] > 0


def test_report_has_the_vectors_as_they_are():
    kept = []
    model = Word2Vec(
        **QUICK, callbacks=lambda it: it.epoch_done and kept.append(it.vectors()) and None
    ).fit(TEXT)
    assert len(kept) == 3
    np.testing.assert_array_equal(kept[-1].matrix, model.vectors_.matrix)
    assert not np.array_equal(kept[0].matrix, kept[1].matrix)


def test_callbacks_change_no_bit():
    plain = Word2Vec(**QUICK).fit(TEXT)
    told = Word2Vec(**QUICK, callbacks=[Recorder(), lambda it: it.vectors() and None]).fit(TEXT)
    np.testing.assert_array_equal(told.vectors_.matrix, plain.vectors_.matrix)


def test_true_stops_and_other_answers_do_not():
    recorder = Recorder()
    stop = {"callbacks": [lambda it: it.epoch_done and it.epoch == 2, recorder]}
    model = Word2Vec(**QUICK, **stop).fit(TEXT)
    assert len(model.loss_curve_) == model.n_iter_ == 2
    assert recorder.told[-2:] == [("epoch", 2), ("end", 2)]
    for answer in (1, "yes", [True], None, False):
        model = Word2Vec(**QUICK, callbacks=[lambda it, answer=answer: answer]).fit(TEXT)
        assert len(model.loss_curve_) == 3


def test_stopped_run_resumes_to_what_it_was(tmp_path):
    kept = {**QUICK, "checkpoint": tmp_path / "run", "resume": True}
    stopped = Word2Vec(**kept, callbacks=[lambda it: it.epoch == 2]).fit(TEXT)
    again = Word2Vec(**kept).fit(TEXT)
    np.testing.assert_array_equal(again.vectors_.matrix, stopped.vectors_.matrix)
    assert again.loss_curve_ == stopped.loss_curve_
    assert stopped.n_iter_ == again.n_iter_ == 2


def test_callback_that_fails_leaves_a_checkpoint_to_go_on_from(tmp_path):
    kept = {**QUICK, "checkpoint": tmp_path / "run", "resume": True}

    def fail(report):
        if report.epoch == 2:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Word2Vec(**kept, callbacks=[fail]).fit(TEXT)
    assert checkpoint_numbers(tmp_path / "run") == [1]
    resumed = Word2Vec(**kept).fit(TEXT)
    straight = Word2Vec(**QUICK).fit(TEXT)
    np.testing.assert_array_equal(resumed.vectors_.matrix, straight.vectors_.matrix)


@pytest.mark.parametrize("callbacks", [3, "print", [None], [Recorder], [Recorder(), 3]])
def test_callbacks_errors(callbacks):
    with pytest.raises(ParameterError, match=r"expected a function of a report, or an object"):
        Word2Vec(**QUICK, callbacks=callbacks).fit(TEXT)


# The log


def report(epoch, **others):
    return RoundReport(epoch, 9, 10.0, 90, 2.5, epoch_done=True, **others)


def test_log_has_a_line_of_json_per_epoch(tmp_path):
    model = Word2Vec(**QUICK, log=tmp_path / "log", validation_fraction=0.2).fit(TEXT)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    for name in ("loss", "val_loss"):
        assert [line[name] for line in lines] == model.history_[name]
    assert set(lines[0]) == {
        "epoch", "epochs", "loss", "val_loss", "learning_rate", "words", "seconds",
    }  # fmt: skip
    model.partial_fit(TEXT)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4, 5, 6]
    model.fit(TEXT)
    assert len((tmp_path / "log").read_text().splitlines()) == 3


def test_log_is_there_as_epochs_end(tmp_path):
    seen = []
    path = tmp_path / "log"

    class Reader:
        def on_round_end(self, report):
            seen.append(len(path.read_text().splitlines()))

    Word2Vec(**QUICK, log=path, callbacks=[Reader()]).fit(TEXT)
    assert set(seen) == {0, 1, 2}


def test_log_lines_of_epochs_that_are_trained_again_and_half_lines_go(tmp_path):
    path = tmp_path / "log"
    log = TrainingLog(path)
    log.on_train_begin(report(0))
    for epoch in (1, 2, 3):
        log.on_epoch_end(report(epoch))
    with path.open("a") as file:
        file.write('{"epoch": 4, "lo')
    resumed = TrainingLog(path)
    resumed.on_train_begin(report(3)._replace(epoch_done=False))  # in the midst of the third
    resumed.on_epoch_end(report(3, scores={"men": math.nan}))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    assert lines[-1]["men"] is None


def test_log_does_not_write_over_other_files(tmp_path):
    path = tmp_path / "text.txt"
    for content in (b"precious text\nmore\n", b"no line", b"[1]\n", b"\xff\xfe\n", b'{"a": 1}\n'):
        path.write_bytes(content)
        with pytest.raises(OutputError, match="is no log of a training"):
            Word2Vec(**QUICK, log=path).fit(TEXT)
        assert path.read_bytes() == content
    with pytest.raises(OutputError, match="does not exist"):
        Word2Vec(**QUICK, log=tmp_path / "none" / "log").fit(TEXT)


CUT_WHILE_TRAINING = """
import os
import sys
from textdl import Word2Vec
def cut(report):
    os.truncate(sys.argv[1] + "/store/tokens.bin", 4096)
text = "a b c d e f g h " * 100_000
small = {"vector_size": 8, "min_count": 1, "epochs": 3, "tokenizer": "whitespace"}
Word2Vec(**small, callbacks=cut, checkpoint=sys.argv[1]).fit([text] * 4)
"""


@pytest.mark.skipif(os.name == "nt", reason="a mapped file cannot be cut short there")
def test_token_store_cut_short_while_training_is_an_error(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", CUT_WHILE_TRAINING, str(tmp_path / "run")],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1
    assert "now it has 4,096" in ran.stderr
