"""Trainings that are interrupted end in the same bits; checkpoints of others are refused."""

import threading
from dataclasses import dataclass

import jax
import numpy as np
import optax
import pytest

from tests.io.safetensors_files import change_header
from tests.nn.conftest import OBJECTIVE, Case, assert_same_bits, mean_squared, network
from textdl import nn
from textdl.errors import CheckpointError
from textdl.io.checkpoints import CheckpointWarning, checkpoint_numbers
from textdl.nn.estimators.mlp import first_weights

KEY = jax.random.key(0)
# Stops early, with the best weights of some epoch before.
TRAINING = nn.TrainingConfig(
    epochs=12, batch_size=4, learning_rate=0.08, monitor="val_loss", patience=4
)
KINDS = {
    "dense": (False, nn.Objective(network("tanh", 0.3), mean_squared)),
    "sparse": (True, nn.Objective(network("tanh", 0.3), mean_squared)),
    "rows": (True, nn.Objective(network("tanh", 0.3), mean_squared, lazy_rows=first_weights)),
}


class Killed(Exception):
    pass


def killer(epoch):
    def kill(report):
        if report.epoch == epoch:
            raise Killed

    return kill


@pytest.mark.parametrize("kind", ["dense", pytest.param("sparse", marks=pytest.mark.full), "rows"])
def test_interrupted_training_ends_in_the_same_bits(case, start, tmp_path, kind):
    sparse, objective = KINDS[kind]
    data, validation = case.data(sparse=sparse), Case(7).data(sparse=sparse)

    def train(folder=None, every=1, callbacks=()):
        checkpoints = None if folder is None else nn.FitCheckpoints(folder, every)
        return nn.fit(start, data, objective, TRAINING, key=KEY, validation=validation,
                      checkpoints=checkpoints, callbacks=callbacks)  # fmt: skip

    straight = train()
    epochs = len(straight.history["loss"])
    assert 5 < epochs < 12, "it should stop early, or the test is too easy"
    for every in (1, 3) if kind == "dense" else (1,):
        for epoch in range(1, epochs + 1):
            folder = tmp_path / f"{every}-{epoch}"
            with pytest.raises(Killed):
                train(folder, every, [killer(epoch)])
            resumed = train(folder, every)
            assert_same_bits(resumed.params, straight.params)
            assert_same_bits(resumed.state, straight.state)
            assert resumed.history == straight.history
    # Killed many times, and asked again when it is done.
    for epoch in range(1, epochs + 1):
        with pytest.raises(Killed):
            train(tmp_path / "often", 1, [killer(epoch)])
    for _ in range(2):
        assert_same_bits(train(tmp_path / "often").params, straight.params)
    assert len(checkpoint_numbers(tmp_path / "often")) == 2


SHORT = nn.TrainingConfig(epochs=2, batch_size=4, learning_rate=0.05)


@pytest.fixture
def saved(case, start, tmp_path):
    """A finished training with its checkpoints."""
    data = case.data()
    nn.fit(start, data, OBJECTIVE, SHORT, key=KEY,
           checkpoints=nn.FitCheckpoints(tmp_path))  # fmt: skip
    return tmp_path


def resume(folder, start, case, training=SHORT, data=None, key=KEY, objective=OBJECTIVE):
    data = case.data() if data is None else data
    checkpoints = nn.FitCheckpoints(folder)
    return nn.fit(start, data, objective, training, key=key, checkpoints=checkpoints)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            {"training": nn.TrainingConfig(epochs=3, batch_size=4, learning_rate=0.05)},
            "epochs=2, not 3",
        ),
        (
            {"training": nn.TrainingConfig(epochs=2, batch_size=5, learning_rate=0.05)},
            "batch_size=4, not",
        ),
        (
            {"training": nn.TrainingConfig(epochs=2, batch_size=4, learning_rate=0.1)},
            "learning_rate=0.05",
        ),
        ({"key": jax.random.key(1)}, "key="),
        ({"data": Case(1).data()}, "data="),
        ({"data": Case().data(weights=np.arange(10.0))}, "data="),
        ({"data": Case().data(sparse=True)}, "data="),
    ],
)
def test_checkpoints_of_other_trainings_are_refused(saved, case, start, changed, says):
    with pytest.raises(CheckpointError, match=says) as caught:
        resume(saved, start, case, **changed)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("sizes", [(6, 5, 2), (6, 2), (6, 4, 2, 2), (6, 4, 4, 2)])
def test_checkpoints_of_other_networks_are_refused(saved, case, sizes):
    with pytest.raises(CheckpointError, match="start in another folder, or use the same network"):
        resume(saved, nn.mlp(sizes).init(KEY), case)


@dataclass(frozen=True)
class AnyDepth(nn.Layer):
    """A network that does not say how deep it is."""

    def apply(self, params, x, *, key=None):
        for layer in params:
            x = nn.affine(layer, x) if layer else x
        return x


def test_checkpoint_of_more_layers_is_refused(case, tmp_path):
    """All shapes of the shorter network are in it."""
    long, short = (nn.mlp((6, *[2] * depth)).init(KEY) for depth in (3, 2))
    objective = nn.Objective(AnyDepth(), mean_squared)
    resume(tmp_path, long, case, objective=objective)
    with pytest.raises(CheckpointError, match="start in another folder, or use the same network"):
        resume(tmp_path, short, case, objective=objective)


def test_checkpoints_of_other_objectives_are_refused(case, start, tmp_path):
    resume(tmp_path, start, case)
    with pytest.raises(CheckpointError):
        resume(tmp_path, start, case, objective=nn.Objective(network("tanh", 0.9), mean_squared))


def test_checkpoints_of_other_validation_data_are_refused(case, start, tmp_path):
    data = case.data()
    for seed in (1, 2):
        checkpoints = nn.FitCheckpoints(tmp_path)
        arguments = {"key": KEY, "validation": Case(seed).data(), "checkpoints": checkpoints}
        if seed == 1:
            nn.fit(start, data, OBJECTIVE, SHORT, **arguments)
            continue
        with pytest.raises(CheckpointError):
            nn.fit(start, data, OBJECTIVE, SHORT, **arguments)


def test_damaged_newest_checkpoint_falls_back_to_the_previous(saved, case, start):
    straight = resume(saved, start, case)
    number = checkpoint_numbers(saved)[-1]
    path = saved / f"{number:08d}.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.warns(CheckpointWarning, match=f"checkpoint {number} .* is damaged"):
        assert_same_bits(resume(saved, start, case).params, straight.params)
    assert_same_bits(resume(saved, start, case).params, straight.params)


@pytest.mark.parametrize("progress", [{}, {"epoch": 1, "history": 3, "best": {}}])
def test_contradictory_progress_is_damage(saved, case, start, progress):
    for path in saved.glob("*.safetensors"):
        change_header(path, {"state": progress})
    with pytest.raises(CheckpointError, match=r"no checkpoint in .* is whole"):
        resume(saved, start, case)


def test_checkpoints_in_use_are_refused(case, start, tmp_path):
    def again(report):
        with pytest.raises(CheckpointError, match="in use by process"):
            resume(tmp_path, start, case)

    checkpoints = nn.FitCheckpoints(tmp_path)
    nn.fit(start, case.data(), OBJECTIVE, SHORT, key=KEY, checkpoints=checkpoints,
           callbacks=[again])  # fmt: skip


def power_loss(exponent):
    return lambda y, t: (abs(y - t) ** exponent).mean(-1)


def test_another_lambda_is_refused(case, start, tmp_path):
    noisy = network("tanh", 0.3)
    resume(tmp_path, start, case, objective=nn.Objective(noisy, power_loss(2)))
    resume(tmp_path, start, case, objective=nn.Objective(noisy, power_loss(2)))
    with pytest.raises(CheckpointError, match=r"objective=.*power_loss.<locals>.<lambda>#"):
        resume(tmp_path, start, case, objective=nn.Objective(noisy, power_loss(4)))


def test_another_optimizer_is_refused(case, start, tmp_path):
    def training(rate):
        return nn.TrainingConfig(epochs=2, batch_size=4, optimizer=optax.sgd(rate))

    resume(tmp_path, start, case, training=training(0.1))
    resume(tmp_path, start, case, training=training(0.1))
    with pytest.raises(CheckpointError, match="optimizer="):
        resume(tmp_path, start, case, training=training(0.2))


def test_unidentifiable_function_is_refused(case, start, tmp_path):
    def holding(lock):
        return lambda y, t: (lock, (abs(y - t)).mean(-1))[1]

    objective = nn.Objective(network(), holding(threading.Lock()))
    with pytest.raises(CheckpointError, match="checkpoints need loss to be known again in another"):
        resume(tmp_path / "c", start, case, objective=objective)
    assert not (tmp_path / "c").exists()


def test_every_sets_the_interval(case, start, tmp_path):
    written = []
    training = nn.TrainingConfig(epochs=7, batch_size=4)
    data = case.data()
    checkpoints = nn.FitCheckpoints(tmp_path, every=3)
    look = [lambda report: written.append(checkpoint_numbers(tmp_path)[-1:])]
    nn.fit(start, data, OBJECTIVE, training, key=KEY, checkpoints=checkpoints, callbacks=look)
    assert written == [[], [], [1], [1], [1], [2], [3]]


def test_missing_parent_folder_is_an_error(case, start, tmp_path):
    with pytest.raises(CheckpointError, match="create its parent first"):
        resume(tmp_path / "no" / "way", start, case)
