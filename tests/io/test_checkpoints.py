"""Folders of checkpoints: damage falls back, another run and another process are refused."""

import math
import subprocess
import sys
import warnings
from contextlib import nullcontext, suppress
from pathlib import Path

import numpy as np
import pytest

from tests.io.safetensors_files import change_header
from textdl.errors import CheckpointError
from textdl.io.checkpoints import (
    CheckpointFolder,
    CheckpointInterval,
    CheckpointWarning,
    checkpoint_folder,
    checkpoint_numbers,
    refuse_another_run,
)

ROOT = Path(__file__).parents[2]
RUN = {"sizes": (3, 4), "rate": 0.1}


def save_some(folder, count=3):
    checkpoints = CheckpointFolder(folder, RUN)
    for number in range(count):
        checkpoints.save({"x": np.full(5, number, np.float32)}, {"epoch": number})
    return checkpoints


def load(folder, run=RUN):
    return CheckpointFolder(folder, run).load(
        lambda saved: (saved.progress["epoch"], saved.arrays["x"].tolist())
    )


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_checkpoints_round_trip(tmp_path):
    assert load(tmp_path) is None
    save_some(tmp_path)
    assert load(tmp_path) == (2, [2.0] * 5)
    assert checkpoint_numbers(tmp_path) == [2, 3]
    assert names(tmp_path) == ["00000002.safetensors", "00000003.safetensors"]


def test_other_files_in_the_folder_stay(tmp_path):
    others = ["9x.safetensors", "notes.json"]
    for name in others:
        (tmp_path / name).write_text("mine")
    save_some(tmp_path)
    assert checkpoint_numbers(tmp_path) == [2, 3]
    assert names(tmp_path)[2:] == others


def test_values_of_progress_come_back(tmp_path):
    progress = {"losses": (0.1, math.inf), "best": None, "by": {"epoch": 3}}
    checkpoints = CheckpointFolder(tmp_path, RUN)
    checkpoints.save({}, progress)
    assert checkpoints.load(lambda saved: saved.progress) == progress


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "flipped in the header"])
def test_damaged_newest_falls_back_with_a_warning(tmp_path, damage):
    save_some(tmp_path)
    path = tmp_path / "00000003.safetensors"
    data = bytearray(path.read_bytes())
    data[100 if damage.endswith("header") else -1] ^= 1
    path.write_bytes({"empty": b"", "cut": bytes(data[:-1])}.get(damage, bytes(data)))
    with pytest.warns(
        CheckpointWarning, match="checkpoint 3 .* going on from checkpoint 2"
    ) as seen:
        assert load(tmp_path) == (1, [1.0] * 5)
    assert "\n" not in str(seen[0].message)


def test_damaged_checkpoint_is_not_counted_among_those_kept(tmp_path):
    save_some(tmp_path)
    (tmp_path / "00000003.safetensors").write_bytes(b"")
    checkpoints = CheckpointFolder(tmp_path, RUN)
    with pytest.warns(CheckpointWarning):
        checkpoints.load(lambda saved: saved)
    checkpoints.save({"x": np.zeros(5, np.float32)}, {"epoch": 9})
    assert checkpoint_numbers(tmp_path) == [2, 4]


def test_all_damaged_is_an_error(tmp_path):
    save_some(tmp_path)
    for path in tmp_path.glob("*.safetensors"):
        path.write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"no checkpoint in .* is whole") as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)


def test_another_run_and_another_format_are_refused(tmp_path):
    save_some(tmp_path)
    with pytest.raises(CheckpointError, match=r"with rate=0.1, not 0.2; resume with the same"):
        load(tmp_path, RUN | {"rate": 0.2})
    with pytest.raises(CheckpointError, match="with more=None, not 1"):
        load(tmp_path, RUN | {"more": 1})
    for number in checkpoint_numbers(tmp_path):
        change_header(tmp_path / f"{number:08d}.safetensors", {"format_version": 99})
    with pytest.raises(CheckpointError, match=r"format version 99 of a Checkpoint, .* reads 4"):
        load(tmp_path)


def test_second_run_in_a_folder_is_refused(tmp_path):
    folder = tmp_path / "run"
    with checkpoint_folder(folder, resume=False):
        for resume in (True, False):
            with (
                pytest.raises(CheckpointError, match=r"in use by process \d+ on .*; wait"),
                checkpoint_folder(folder, resume=resume),
            ):
                pass
    assert names(folder) == []
    with checkpoint_folder(folder, resume=False):
        pass


def test_run_in_another_process_is_named(tmp_path):
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from textdl.io.checkpoints import checkpoint_folder\n"
        "with checkpoint_folder(Path(sys.argv[1]), resume=True):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-W", "error", "-c", program, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        assert process.stdout.readline() == b"held\n"
        with (
            pytest.raises(CheckpointError, match=f"in use by process {process.pid} on"),
            checkpoint_folder(tmp_path, resume=True),
        ):
            pass
        process.kill()
        process.wait(30)
        with checkpoint_folder(tmp_path, resume=True):
            pass


def test_folder_with_checkpoints_needs_resume(tmp_path):
    save_some(tmp_path)
    with (
        pytest.raises(CheckpointError, match="holds a checkpoint; pass resume=True"),
        checkpoint_folder(tmp_path, resume=False),
    ):
        pass
    with checkpoint_folder(tmp_path, resume=True):
        pass


def test_folder_without_parent_is_refused(tmp_path):
    with (
        pytest.raises(CheckpointError, match="create its parent first"),
        checkpoint_folder(tmp_path / "no" / "way", resume=True),
    ):
        pass


def mutants(data, draw):
    """A file with a byte or bit changed, cut, grown or emptied."""
    data = bytearray(data)
    position = int(draw.integers(len(data)))
    kind = draw.integers(5)
    if kind == 0:
        data[position] ^= 1 << int(draw.integers(8))
    elif kind == 1:
        data[position] = (data[position] + int(draw.integers(1, 256))) % 256
    elif kind == 2:
        del data[position:]
    elif kind == 3:
        data[position:position] = draw.bytes(int(draw.integers(1, 9)))
    else:
        del data[position : position + int(draw.integers(1, 9))]
    return bytes(data)


ODD = [None, True, -1, 0, 2**70, 1e300, "x" * 50, [], {}, [[]], "nan", {"tuple": 1}]


def edit_header(path, draw):
    """Change one of the values in the header, with checksums that fit."""

    def change(place):
        while True:
            name = list(place)[int(draw.integers(len(place)))]
            if not isinstance(place[name], dict) or not place[name] or draw.integers(2):
                break
            place = place[name]
        place[name] = ODD[int(draw.integers(len(ODD)))]

    change_header(path, change)


@pytest.mark.parametrize("count", [200, pytest.param(10_000, marks=pytest.mark.full)])
def test_every_mutant_of_a_checkpoint_is_found(tmp_path, count):
    save_some(tmp_path, 2)
    draw = np.random.default_rng(1)
    path = tmp_path / "00000002.safetensors"
    whole = path.read_bytes()
    for number in range(count):
        edited = number % 4 == 0
        if edited:
            edit_header(path, draw)
        else:
            path.write_bytes(mutants(whole, draw))
        if path.read_bytes() == whole:
            continue
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            # What was sealed as it should be may say that it is another run.
            with suppress(CheckpointError) if edited else nullcontext():
                found = load(tmp_path)
                fell_back = [warning.category for warning in seen] == [CheckpointWarning]
                assert edited or (fell_back and found == (0, [0.0] * 5))
        path.write_bytes(whole)


def test_refuse_another_run_names_every_difference_by_the_header_alone(tmp_path):
    refuse_another_run(tmp_path / "none", RUN)
    save_some(tmp_path)
    refuse_another_run(tmp_path, RUN)
    other = {"sizes": (3, 5), "rate": 0.2}
    with pytest.raises(CheckpointError, match=r"sizes=\(3, 4\), not \(3, 5\), and rate=0.1, not"):
        refuse_another_run(tmp_path, other)
    refuse_another_run(tmp_path, RUN | {"rate": 0.2}, ignored=["rate"])
    refuse_another_run(tmp_path, {"sizes": (3, 4)}, ignored=["rate"])
    newest = tmp_path / f"{checkpoint_numbers(tmp_path)[-1]:08d}.safetensors"
    newest.write_bytes(b"half")
    with pytest.raises(CheckpointError, match=r"rate=0\.1, not 0\.2"):
        refuse_another_run(tmp_path, RUN | {"rate": 0.2})


@pytest.mark.parametrize("text", ["60s", "0.5s", "5000steps", " 10 s"])
def test_interval_is_read(text):
    interval = CheckpointInterval.parse(text)
    assert (interval.seconds or interval.steps) == float(text.strip(" step"))


@pytest.mark.parametrize("text", ["", "60", "1m", "s", "-1s", "1.5steps"])
def test_unknown_interval_is_refused(text):
    with pytest.raises(ValueError, match="expected seconds such as 60s"):
        CheckpointInterval.parse(text)


def test_interval_is_due_once_and_counts_again():
    interval = CheckpointInterval(steps=10)
    assert [interval.pop_due(steps) for steps in (9, 10, 11, 19, 25, 30)] == [
        False, True, False, False, True, False,
    ]  # fmt: skip
    assert not CheckpointInterval().pop_due(10**9)
