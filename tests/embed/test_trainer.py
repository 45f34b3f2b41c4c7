"""A step against a loop over rows, merges against sums, and runs that must end in the same bits."""

from dataclasses import asdict

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from textdl.embed import loop, settling, workers
from textdl.embed.blocks import Blocks
from textdl.embed.bounds import STEP_LIMIT
from textdl.embed.checkpoint import Checkpoints, Every
from textdl.embed.config import Config
from textdl.embed.loop import train
from textdl.embed.merge import merge, merge_head
from textdl.embed.settling import merge_weights, step_weights
from textdl.embed.step import State, Steps, copy_state, init_state, run_steps, step
from textdl.errors import CheckpointError
from textdl.io.checkpoints import checkpoint_numbers

SMALL = {"vector_size": 16, "min_count": 1, "epochs": 2, "sample": 0.0}


def some_step(vocabulary=9, blocks=2, length=8, halo=3, noise=5, seed=0):
    draw = np.random.default_rng(seed)
    return Steps(
        jnp.asarray(draw.integers(0, vocabulary, (blocks, length + 2 * halo)), jnp.int32),
        *jnp.asarray(draw.integers(0, halo + 1, (2, blocks, length)), jnp.int32),
        jnp.asarray(draw.integers(0, vocabulary, (blocks, noise)), jnp.int32),
        jnp.float32(0.1),
    )


def some_state(vocabulary=9):
    return State(*jax.random.normal(jax.random.key(3), (2, vocabulary, 4)))


def gradient_by_loop(state, given, negative):
    """Minus the gradient of every row, one pair after the other, in float64."""
    centre, context = (np.asarray(t, np.float64) for t in (state.centre, state.context))
    tokens, left, right, noise = (np.asarray(x) for x in given[:4])
    halo = (tokens.shape[1] - left.shape[1]) // 2
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    moves = {"centre": np.zeros_like(centre), "context": np.zeros_like(context)}
    loss = pairs = 0
    for b, i in np.ndindex(left.shape):
        t, words = tokens[b, i + halo], noise[b]
        near = [j + halo for j in range(i - left[b, i], i + right[b, i] + 1) if j != i]
        weight = len(near) * negative / len(words)
        terms = [(tokens[b, j], 1.0, 1.0) for j in near]
        terms += [(v, weight, -1.0) for v in words]
        for word, weight, sign in terms:
            score = sign * (centre[t] @ context[word])
            slope = sign * weight * sigmoid(-score)
            moves["centre"][t] += slope * context[word]
            moves["context"][word] += slope * centre[t]
            loss -= weight * np.log(sigmoid(score))
        pairs += len(near)
    return moves, loss, pairs


@pytest.mark.parametrize("strip", [1, 2, 8])
@pytest.mark.parametrize("seed", range(3))
def test_a_step_is_the_pairwise_gradient_weighted_by_row(strip, seed):
    # At so small a rate no row reaches the limit of a step.
    state, given = some_state(), some_step(seed=seed)._replace(rate=jnp.float32(1e-3))
    weight = np.random.default_rng(seed).random(9).astype(np.float32)
    moves, loss, pairs = gradient_by_loop(state, given, 5.0)
    after, metrics = jax.jit(step, static_argnames=("negative", "strip"))(
        state, given, weight, negative=5.0, strip=strip
    )
    for name, move in moves.items():
        change = np.asarray(getattr(after, name)) - np.asarray(getattr(state, name))
        np.testing.assert_allclose(1e3 * change, weight[:, None] * move, rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(metrics.loss, loss, rtol=1e-5)
    assert metrics.pairs == pairs


@pytest.mark.parametrize("rate", [0.03, 1.0, 1e3])
def test_step_moves_no_row_further_than_the_limit(rate):
    """In the direction of the gradient, as far as the limit allows."""
    state, given = some_state(), some_step()._replace(rate=jnp.float32(rate))
    moves, _, _ = gradient_by_loop(state, given, 5.0)
    after, _ = step(state, given, jnp.ones(9), negative=5.0, strip=4)
    for name, move in moves.items():
        change = np.asarray(getattr(after, name)) - np.asarray(getattr(state, name))
        lengths = np.linalg.norm(change, axis=1)
        wanted = np.linalg.norm(move, axis=1)
        assert (lengths <= STEP_LIMIT * 1.001).all()
        assert (lengths <= rate * wanted * 1.001).all()
        cosine = (change * move).sum(axis=1) / (lengths * wanted)
        np.testing.assert_allclose(cosine, 1, rtol=1e-3)


def test_many_steps_are_one_after_the_other():
    steps, weight = [some_step(seed=seed) for seed in range(4)], jnp.ones(9)
    stacked = Steps(*(jnp.stack(column) for column in zip(*steps, strict=True)))
    together, metrics = run_steps(some_state(), stacked, weight, negative=5.0, strip=4)
    state = some_state()
    for number, given in enumerate(steps):
        state, single = step(state, given, weight, negative=5.0, strip=4)
        np.testing.assert_allclose(metrics.loss[number], single.loss, rtol=1e-5)
    np.testing.assert_allclose(together.centre, state.centre, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(together.context, state.context, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("rows", [4, 9, 100])
def test_merges_add_up_weighted_changes(rows):
    base = some_state()
    draw = np.random.default_rng(0)
    ends = tuple(
        State(*(x + 0.1 * draw.normal(size=x.shape).astype(np.float32) for x in base))
        for _ in range(3)
    )
    weight = draw.random(9).astype(np.float32)
    expected = []
    for i, x in enumerate(base):
        changes = sum(np.asarray(end[i]) - np.asarray(x) for end in ends)
        expected.append(np.asarray(x) + weight[:, None] * changes)
    untouched = [np.asarray(x) for x in base], [[np.asarray(x) for x in e] for e in ends]

    merged, copies = merge_head(
        copy_state(base), tuple(copy_state(e) for e in ends), jnp.asarray(weight), rows=rows
    )
    for i, whole in enumerate(expected):
        for new, old in zip((merged, *copies), (untouched[0], *untouched[1]), strict=True):
            np.testing.assert_allclose(new[i][:rows], whole[:rows], rtol=1e-5, atol=1e-6)
            np.testing.assert_array_equal(new[i][rows:], old[i][rows:])

    merged, copies = merge(base, ends, jnp.asarray(weight))
    for state in (merged, *copies):
        for got, want in zip(state, expected, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_the_start_is_small_and_uniform():
    state = init_state(5, 3000, 20)
    assert not np.asarray(state.context).any()
    drawn = np.sort(np.asarray(state.centre).reshape(-1) * 20 + 0.5)
    assert drawn[0] >= 0
    assert drawn[-1] <= 1
    np.testing.assert_allclose(drawn, np.linspace(0, 1, drawn.size), atol=0.01)
    np.testing.assert_array_equal(state.centre, init_state(5, 3000, 20).centre)
    assert (np.asarray(state.centre) != np.asarray(init_state(6, 3000, 20).centre)).any()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_merge_weights_make_up_for_working_side_by_side(count):
    """For rows that each push moves by a fixed share of what is left of their way."""
    pushes = np.array([1e-3, 1.0, 50.0, 3000.0, 1e9])
    left = np.exp(-settling.MERGE * pushes)  # of the way, after one worker's pushes
    in_sequence = 1 - left**count
    side_by_side = count * (1 - left)
    weights = merge_weights(pushes, count)
    np.testing.assert_allclose(weights * side_by_side, in_sequence, rtol=1e-3)
    assert weights[0] == pytest.approx(1.0, abs=1e-4)
    assert weights[-1] == pytest.approx(1 / count)


def test_step_weights_make_up_for_pushes_from_one_point():
    pushes = np.array([0.0, 1e-3, 1.0, 50.0, 3000.0, 1e9])
    in_sequence = 1 - np.exp(-settling.STEP * pushes)
    weights = step_weights(pushes)
    np.testing.assert_allclose(weights * settling.STEP * pushes, in_sequence, rtol=1e-4)
    assert weights[0] == 1


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_run_repeats_itself(store, count):
    config = Config(**SMALL, workers=count)
    first, second = (train(Blocks(store, config)) for _ in range(2))
    np.testing.assert_array_equal(first.matrix, second.matrix)
    assert first.history == second.history


def test_seed_and_workers_are_part_of_the_result(store):
    matrices = [
        train(Blocks(store, Config(**SMALL, **changed))).matrix
        for changed in ({}, {"seed": 2}, {"workers": 1})
    ]
    assert not np.allclose(matrices[0], matrices[1])
    assert not np.allclose(matrices[0], matrices[2])


def test_loss_falls_and_is_the_mean_of_the_pairs(store):
    config = Config(**(SMALL | {"epochs": 6}), learning_rate=0.005)
    history = train(Blocks(store, config)).history
    # At the start all scores are 0: a pair costs log 2, and so does each of its five noise words.
    assert 5.5 * np.log(2) < history[0] < 6 * np.log(2)
    assert history[-1] < history[0]


@pytest.mark.parametrize("stop_after", [1, 2, 5])
def test_a_resumed_run_ends_in_the_same_bits(store, tmp_path, monkeypatch, stop_after):
    monkeypatch.setattr(workers, "DISPATCHES_A_ROUND", 8)
    config = Config(**SMALL)
    straight = train(Blocks(store, config))

    class Killed(Exception):
        pass

    rounds = 0

    def kill(report):
        nonlocal rounds
        rounds += not report.epoch_done
        if rounds > stop_after:
            raise Killed

    def checkpoints():
        return Checkpoints(tmp_path, config, store.fingerprint, Every(steps=1))

    with pytest.raises(Killed):
        train(Blocks(store, config), checkpoints=checkpoints(), report=kill)
    assert checkpoint_numbers(tmp_path)
    resumed = train(Blocks(store, config), checkpoints=checkpoints())
    np.testing.assert_array_equal(resumed.matrix, straight.matrix)
    assert resumed.history == straight.history


def test_only_the_last_checkpoints_are_kept(store, tmp_path):
    config = Config(**SMALL)
    train(
        Blocks(store, config),
        checkpoints=Checkpoints(tmp_path, config, store.fingerprint, Every(steps=1)),
    )
    assert len(checkpoint_numbers(tmp_path)) == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_checkpoints_of_another_run_are_refused(store, tmp_path):
    config = Config(**SMALL)
    state = init_state(0, 3, 16)
    Checkpoints(tmp_path, config, "abc").save(state, loop.Progress())
    with pytest.raises(CheckpointError, match="window=5, not 4"):
        Checkpoints(tmp_path, Config(**SMALL, window=4), "abc").load((3, 16))
    with pytest.raises(CheckpointError, match="corpus='abc', not 'xyz'"):
        Checkpoints(tmp_path, config, "xyz").load((3, 16))
    next(tmp_path.glob("*.safetensors")).write_bytes(b"half")
    with pytest.raises(CheckpointError, match=r"no checkpoint in .* is whole"):
        Checkpoints(tmp_path, config, "abc").load((3, 16))


@pytest.mark.parametrize(
    ("shape", "changes"),
    [
        ((4, 16), {}),
        ((3, 16), {"epoch": -1}),
        ((3, 16), {"round": 1.5}),
        ((3, 16), {"loss": "low"}),
        ((3, 16), {"history": [None]}),
        ((3, 16), {"history": 3}),
        ((3, 16), {"other": 3}),
    ],
)
def test_checkpoints_contradictory_content_is_damage(tmp_path, shape, changes):
    checkpoints = Checkpoints(tmp_path, Config(**SMALL), "abc")
    state = init_state(0, 3, 16)
    arrays = {name: np.asarray(array) for name, array in state._asdict().items()}
    checkpoints.folder.save(arrays, asdict(loop.Progress()) | changes)
    with pytest.raises(CheckpointError, match=r"no checkpoint in .* is whole"):
        checkpoints.load(shape)


@pytest.mark.parametrize("text", ["60s", "0.5s", "5000steps", " 10 s"])
def test_intervals_are_read(text):
    every = Every.parse(text)
    assert (every.seconds or every.steps) == float(text.strip(" step"))


@pytest.mark.parametrize("text", ["", "60", "1m", "s", "-1s", "1.5steps"])
def test_unknown_intervals_are_refused(text):
    with pytest.raises(ValueError, match="expected seconds such as 60s"):
        Every.parse(text)
