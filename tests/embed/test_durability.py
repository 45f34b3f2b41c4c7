"""Runs that are killed, that fail, or whose power is cut: every resume ends in the same bytes."""

import errno
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from tests.embed.conftest import zipf_text
from tests.embed.disk_model import (
    CALLS,
    Recording,
    killed_states,
    power_cut_state,
    write_tree,
)
from textdl import Vectors
from textdl.embed import local_sgd
from textdl.embed.checkpoint import CheckpointConfig
from textdl.embed.config import EmbeddingConfig
from textdl.embed.trainer import train_corpus
from textdl.errors import CheckpointError, OutputError
from textdl.io.checkpoints import CheckpointInterval, CheckpointWarning, checkpoint_numbers
from textdl.text.source import CorpusConfig

ROOT = Path(__file__).parents[2]
CONFIG = EmbeddingConfig(
    vector_size=4, min_count=1, epochs=2, workers=1, step_tokens=16, block_tokens=16
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "text.txt"
    path.write_text("\n".join(zipf_text(1_000, 40)))
    return path


def run(folder, corpus, resume=True):
    """Train with a checkpoint every round; write the output."""
    checkpoints = CheckpointConfig(folder / "run", CheckpointInterval(steps=1), resume)
    result = train_corpus(CorpusConfig(corpus, "whitespace"), CONFIG, checkpoints=checkpoints)
    result.vectors.save(folder / "v.safetensors")
    return (folder / "v.safetensors").read_bytes()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, corpus):
    """A run that was never stopped: what it wrote, and how it came to be."""
    folder = tmp_path_factory.mktemp("recorded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_sgd, "CHUNKS_PER_ROUND", 8)
        recording = Recording(folder, patch)
        output = run(folder, corpus)
    assert recording.calls > 50
    return recording, output


def resumes_to(output, tree, folder, corpus):
    """What was written is whole, and what was not is written by the next run."""
    write_tree(tree, folder)
    written = folder / "v.safetensors"
    assert not written.exists() or written.read_bytes() == output
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CheckpointWarning)
        assert run(folder, corpus) == output
    names = sorted(path.name for path in folder.rglob("*"))
    assert not [name for name in names if name.endswith(".partial") or name == ".lock"]
    shutil.rmtree(folder)


def evenly(items, count):
    """So many of them, the first and the last among them."""
    places = np.linspace(0, len(items) - 1, min(count, len(items))).round().astype(int)
    return [items[place] for place in places]


FEW_AND_ALL = pytest.mark.parametrize("count", [8, pytest.param(10_000, marks=pytest.mark.full)])


@FEW_AND_ALL
def test_kill_at_every_write_and_rename_resumes_to_the_same_bytes(
    recorded, tmp_path, corpus, count
):
    recording, output = recorded
    for number, tree in enumerate(evenly(list(killed_states(recording)), count)):
        (tmp_path / str(number)).mkdir()
        resumes_to(output, tree, tmp_path / str(number), corpus)


@pytest.mark.parametrize("count", [8, pytest.param(150, marks=pytest.mark.full)])
def test_power_cut_resumes_to_the_same_bytes(recorded, tmp_path, corpus, count):
    recording, output = recorded
    draw = np.random.default_rng(count)
    for number in range(count):
        position = int(draw.integers(len(recording.moments)))
        tree = power_cut_state(recording, position, draw)
        (tmp_path / str(number)).mkdir()
        resumes_to(output, tree, tmp_path / str(number), corpus)


def test_power_cut_after_the_end_loses_nothing(recorded):
    recording, output = recorded
    draw = np.random.default_rng(0)
    for _ in range(200):
        tree = dict(power_cut_state(recording, len(recording.moments) - 1, draw))
        assert tree["v.safetensors"] == output


def test_power_cut_loses_at_most_the_last_checkpoint(recorded):
    """A checkpoint that was there before the last one began survives; none is damaged."""
    recording, _ = recorded
    draw = np.random.default_rng(0)
    for position in range(0, len(recording.moments), 3):
        moment = recording.moments[position]
        names = moment.folders.get(moment.folders[0].get("run"), {})
        tree = dict(power_cut_state(recording, position, draw))
        written = [name for name in names if name.startswith("0")]
        kept = {name: data for name, data in tree.items() if name.startswith("run/0")}
        assert all(kept.values())
        if len(written) == 2:
            assert set(kept).intersection(f"run/{name}" for name in written)


@FEW_AND_ALL
def test_failure_of_every_call_resumes_to_the_same_bytes(
    recorded, tmp_path, corpus, monkeypatch, count
):
    recording, output = recorded
    monkeypatch.setattr(local_sgd, "CHUNKS_PER_ROUND", 8)
    for number in evenly(range(recording.calls), count):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.MonkeyPatch.context() as patch, suppress(OutputError, CheckpointError):
            fail_at(number, patch)
            run(folder, corpus)
        written = folder / "v.safetensors"
        assert not written.exists() or written.read_bytes() == output
        assert run(folder, corpus) == output
        assert sorted(path.name for path in folder.iterdir()) == ["run", "v.safetensors"]


def fail_at(number, patch):
    """Let one call to the file system fail, as a full or broken disk does."""
    done = 0

    def failing(call):
        def maybe(*arguments, **options):
            nonlocal done
            done += 1
            if done == number + 1:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return call(*arguments, **options)

        return maybe

    for name in CALLS:
        patch.setattr(os, name, failing(getattr(os, name)))


# Processes

OPTIONS = "--vector-size 4 --min-count 1 --epochs 30 --workers 1 --tokenizer whitespace --quiet"


def command(corpus, folder, *options, output="v.bin"):
    arguments = ["train", corpus, "-o", folder / output, *OPTIONS.split(), "--checkpoint",
                 folder / "run", "--checkpoint-every", "1steps", *options]  # fmt: skip
    return [sys.executable, "-W", "error", "-m", "textdl.cli.main", *map(str, arguments)]


def start(*arguments, **options):
    environment = os.environ | {"JAX_ENABLE_COMPILATION_CACHE": "0", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(*arguments, env=environment, stderr=subprocess.PIPE, **options)


def wait_for_a_moment(process, folder, draw):
    """Wait for the first file of a run, or one of its next checkpoints, and a little more.

    Not for a time: on a busy machine, starting Python may take longer than all that follows.
    """
    last = max(checkpoint_numbers(folder / "run"), default=-1)
    wanted = last + int(draw.integers(10))
    while process.poll() is None:
        time.sleep(0.002)
        is_lock_held = (folder / "run" / ".lock").exists()
        if is_lock_held and max(checkpoint_numbers(folder / "run"), default=-1) >= wanted:
            break
    with suppress(subprocess.TimeoutExpired):
        process.wait(draw.uniform(0, 0.2))


@pytest.fixture(scope="module")
def straight(tmp_path_factory, corpus):
    """The bytes of a run that was never stopped."""
    folder = tmp_path_factory.mktemp("straight")
    with start(command(corpus, folder)) as process:
        _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return (folder / "v.bin").read_bytes()


@pytest.mark.parametrize("kills", [2, pytest.param(100, marks=pytest.mark.full)])
def test_random_kills_resume_to_the_same_bytes(straight, tmp_path, corpus, kills):
    """One run after another is killed and resumed until it gets through."""
    draw = np.random.default_rng(kills)
    done = 0
    for number in itertools.count():
        folder = tmp_path / str(number)
        folder.mkdir()
        while True:
            with start(command(corpus, folder, "--resume")) as process:
                if done < kills:
                    wait_for_a_moment(process, folder, draw)
                    process.kill()
                _, err = process.communicate(timeout=300)
            if process.returncode == 0:
                break
            assert process.returncode == -signal.SIGKILL, err
            done += 1
        assert (folder / "v.bin").read_bytes() == straight
        assert sorted(path.name for path in folder.iterdir()) == ["run", "v.bin"]
        assert not [path for path in folder.rglob("*") if path.name.endswith(".partial")]
        if done >= kills:
            return


@pytest.mark.parametrize("kills", [1, pytest.param(5, marks=pytest.mark.full)])
def test_random_kills_of_subwords_resume_to_the_same_bytes(tmp_path, corpus, kills):
    """Of a model whose tables are tied, with their n-grams in the file."""
    draw = np.random.default_rng(kills)
    options = ["--model", "fasttext", "--max-n", "4", "--bucket", "500", "--epochs", "10"]
    output = "v.safetensors"
    for folder, left in (("straight", 0), ("killed", kills)):
        (tmp_path / folder).mkdir()
        again = command(corpus, tmp_path / folder, *options, "--resume", output=output)
        for number in range(left + 1):
            with start(again) as process:
                if number < left:
                    wait_for_a_moment(process, tmp_path / folder, draw)
                    process.kill()
                _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    straight, killed = (tmp_path / folder / output for folder in ("straight", "killed"))
    assert killed.read_bytes() == straight.read_bytes()


@pytest.mark.full
def test_exit_at_calls_resumes_to_the_same_bytes(straight, tmp_path, corpus):
    """The process ends at a call to the file system, without any clean-up."""
    program = f"""
import os, sys
left = int(sys.argv.pop(1))
def ending(call):
    def maybe(*arguments, **options):
        global left
        left -= 1
        if not left:
            os._exit(9)
        return call(*arguments, **options)
    return maybe
for name in {CALLS}:
    setattr(os, name, ending(getattr(os, name)))
from textdl.cli.main import main
sys.exit(main())
"""
    for number in range(1, 10_000, 9):
        folder = tmp_path / str(number)
        folder.mkdir()
        arguments = command(corpus, folder)[5:]
        with start([sys.executable, "-c", program, str(number), *arguments]) as process:
            process.communicate(timeout=300)
        if process.returncode == 0:
            return
        assert process.returncode == 9
        with start(command(corpus, folder, "--resume")) as process:
            _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        assert (folder / "v.bin").read_bytes() == straight
        shutil.rmtree(folder)


def loop_device(image, folder, size="48M"):
    """Mount a file as a disk of its own, or say why not."""
    folder.mkdir()
    if not image.exists():
        for line in (["truncate", "-s", size, image], ["mkfs.ext4", "-q", "-F", image]):
            if subprocess.run(line, capture_output=True, check=False).returncode:
                pytest.skip("mkfs.ext4 does not work here")
    done = subprocess.run(["mount", "-o", "loop", image, folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"no loop device can be mounted here: {done.stderr.decode().strip()}")


@pytest.mark.full
@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("mkfs.ext4"),
    reason="mounting a loop device needs root and mkfs.ext4",
)
@pytest.mark.parametrize("cuts", [50])
def test_power_cuts_of_a_loop_device_resume_to_the_same_bytes(straight, tmp_path, corpus, cuts):
    """The disk is copied as it is while the run is stopped; its journal is replayed on mounting."""
    image, disk, draw = tmp_path / "image", tmp_path / "disk", np.random.default_rng(0)
    loop_device(image, disk)
    had_checkpoint = 0
    try:
        for number in range(cuts):
            folder = disk / str(number)
            folder.mkdir()
            os.sync()
            copy, mounted = tmp_path / f"copy{number}", tmp_path / f"mounted{number}"
            with start(command(corpus, folder)) as process:
                wait_for_a_moment(process, folder, draw)
                process.send_signal(signal.SIGSTOP)
                shutil.copyfile(image, copy)
                process.kill()
                process.communicate(timeout=300)
            shutil.rmtree(folder)
            loop_device(copy, mounted)
            try:
                left = mounted / str(number)
                if (left / "v.bin").exists():
                    assert (left / "v.bin").read_bytes() == straight
                had_checkpoint += bool(checkpoint_numbers(left / "run"))
                with start(command(corpus, left, "--resume")) as process:
                    _, err = process.communicate(timeout=300)
                assert (process.returncode, err) == (0, b"")
                assert (left / "v.bin").read_bytes() == straight
            finally:
                subprocess.run(["umount", mounted], check=True)
            copy.unlink()
    finally:
        subprocess.run(["umount", disk], check=True)
    assert had_checkpoint > cuts // 4, "the cuts should not all come before the first checkpoint"


def test_recorded_output_is_finite(recorded, tmp_path):
    """The bytes that all are compared with are vectors."""
    (tmp_path / "v.safetensors").write_bytes(recorded[1])
    assert np.isfinite(Vectors.load(tmp_path / "v.safetensors").matrix).all()
