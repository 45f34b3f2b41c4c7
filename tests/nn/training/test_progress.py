"""The progress bar of a training."""

from textdl.nn.training.progress import EpochLog, progress_bar


def test_the_bar_shows_epochs_and_metrics(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with progress_bar() as draw:
        draw(EpochLog(2, 3, {"loss": 0.25}, ()))
        draw(EpochLog(3, 3, {"loss": 0.125}, ()))
    out, err = capsys.readouterr()
    assert out == ""
    assert "3/3" in err
    assert "loss=0.125" in err
    with progress_bar(show=False) as draw:
        draw(EpochLog(1, 3, {"loss": 0.25}, ()))
    assert capsys.readouterr() == ("", "")
