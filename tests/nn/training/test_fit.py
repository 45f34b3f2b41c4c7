"""The training loop against one written out in NumPy, and what it promises beside the weights."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse import csr_array

from tests.nn.conftest import (
    OBJECTIVE,
    AdamByHand,
    Case,
    as_numpy,
    assert_close_layers,
    assert_same_bits,
    gradient_by_hand,
    mean_absolute,
    mean_squared,
    network,
    outputs_by_hand,
)
from textdl import nn
from textdl.errors import DataError, DivergenceError, ParameterError
from textdl.nn.data.dataset import epoch_batches
from textdl.nn.training.fit import EpochLog, progress_bar
from textdl.nn.training.step import run_epoch

KEY = jax.random.key(0)
REGULARIZED = nn.Objective(network(), mean_squared, regularizer=nn.Regularizer(l1=0.02, l2=0.3))
WITH_DROPOUT = nn.Objective(network("tanh", 0.5), mean_squared)
MEASURED = nn.Objective(network(), mean_squared, (("absolute_error", mean_absolute),))
ADAM = nn.TrainingConfig(epochs=5, batch_size=4, learning_rate=0.02)
QUICK = nn.TrainingConfig(epochs=4, batch_size=4, optimizer="sgd", learning_rate=0.05)


def train_by_hand(start, case, orders, weights, l1=0.0, l2=0.0, rate=0.02):
    """Adam over the batches, the smaller last one as it is; and the mean loss of every epoch."""
    layers = as_numpy(start)
    adam, history = AdamByHand(layers, rate), []
    for order in orders:
        cost = 0
        for rows in order:
            rows = rows[rows < len(case.x)]
            loss, gradient = gradient_by_hand(
                layers, case.x[rows], case.y[rows], weights[rows], l1, l2
            )
            adam.update(layers, gradient)
            cost += loss * weights[rows].sum()
        history.append(cost / weights.sum())
    return layers, history


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_fit_with_adam_matches_numpy(case, start, sparse, shuffle):
    training = nn.TrainingConfig(epochs=5, batch_size=4, learning_rate=0.02, shuffle=shuffle)
    orders = [epoch_batches(10, 4, KEY if shuffle else None, epoch) for epoch in range(5)]
    data = case.data(sparse=sparse, weights=case.weights)
    trained = nn.fit(start, data, REGULARIZED, training, key=KEY)
    layers, history = train_by_hand(start, case, orders, case.weights, 0.02, 0.3)
    assert_close_layers(trained.params, layers)
    np.testing.assert_allclose(trained.history["loss"], history, rtol=1e-5)


@pytest.mark.parametrize("sparse", [False, pytest.param(True, marks=pytest.mark.full)])
def test_fit_above_65536_rows_matches_numpy(start, sparse):
    """Where a release of jaxlib once summed wrongly."""
    draw = np.random.default_rng(0)
    big = Case()
    big.x = draw.normal(size=(66_000, 6)).astype(np.float32)
    big.y = draw.normal(size=(66_000, 2)).astype(np.float32)
    training = nn.TrainingConfig(epochs=2, batch_size=66_000, learning_rate=0.02, shuffle=False)
    orders = [np.arange(66_000)[None]] * 2
    features = csr_array(big.x) if sparse else big.x
    trained = nn.fit(start, nn.make_dataset(features, big.y), OBJECTIVE, training, key=KEY)
    layers, history = train_by_hand(start, big, orders, np.ones(66_000))
    assert_close_layers(trained.params, layers, 1e-4)
    np.testing.assert_allclose(trained.history["loss"], history, rtol=1e-4)


def test_zero_weight_examples_are_ignored(case, start):
    training = nn.TrainingConfig(epochs=5, batch_size=10, learning_rate=0.02, shuffle=False)
    weights = case.weights.copy()
    weights[[0, 3, 9]] = 0
    trained = nn.fit(start, case.data(weights=weights), REGULARIZED, training, key=KEY)
    kept = np.flatnonzero(weights)
    layers, history = train_by_hand(start, case, [kept[None]] * 5, weights, 0.02, 0.3)
    assert_close_layers(trained.params, layers)
    np.testing.assert_allclose(trained.history["loss"], history, rtol=1e-5)


def test_zero_weight_batch_is_noop(case, start):
    """Not even by the regularizer, which is divided by the weight of the batch."""
    weights = np.zeros(10, np.float32)
    weights[:4] = 1
    some = nn.fit(start, case.data(weights=weights), REGULARIZED,
                  nn.TrainingConfig(epochs=1, batch_size=4, optimizer="sgd", learning_rate=0.05,
                              shuffle=False), key=KEY)  # fmt: skip
    layers = as_numpy(start)
    _, gradient = gradient_by_hand(layers, case.x[:4], case.y[:4], np.ones(4), 0.02, 0.3)
    expected = [[a - 0.05 * g for a, g in zip(*pair, strict=True)]
                for pair in zip(layers, gradient, strict=True)]  # fmt: skip
    assert_close_layers(some.params, expected)


def test_equal_fits_are_compiled_once(case, start):
    """Neither for the smaller last batch, nor for later epochs, other data, an equal objective."""
    nn.fit(start, case.data(), OBJECTIVE, QUICK, key=KEY)
    before = run_epoch._cache_size()
    nn.fit(start, case.data(), OBJECTIVE, QUICK, key=KEY)
    equal = nn.Objective(network(), mean_squared)
    nn.fit(start, Case(1).data(), equal, nn.TrainingConfig(**vars(QUICK)), key=jax.random.key(1))
    assert run_epoch._cache_size() == before
    nn.fit(start, case.data(sparse=True), OBJECTIVE, QUICK, key=KEY)
    sparse = run_epoch._cache_size()
    assert sparse <= before + 2  # a second size where the first epoch had no room enough
    nn.fit(start, case.data(sparse=True), OBJECTIVE, QUICK, key=KEY)
    assert run_epoch._cache_size() == sparse


def test_equal_keys_give_equal_bits(case, start):
    ends = [
        nn.fit(start, case.data(), WITH_DROPOUT, QUICK, key=jax.random.key(k)) for k in (0, 0, 1)
    ]
    assert_same_bits(ends[0], ends[1])
    assert (ends[0].params[0].weights != ends[2].params[0].weights).any()
    fixed = nn.TrainingConfig(**vars(QUICK) | {"shuffle": False})
    ends = [nn.fit(start, case.data(), OBJECTIVE, fixed, key=jax.random.key(k)) for k in (0, 1)]
    assert_same_bits(ends[0], ends[1])


def test_dropout_differs_by_step_and_is_off_in_validation(case, start):
    still = nn.TrainingConfig(
        epochs=6, batch_size=10, optimizer="sgd", learning_rate=1e-12, shuffle=False
    )
    trained = nn.fit(start, case.data(), WITH_DROPOUT, still, key=KEY, validation=case.data())
    assert len(set(trained.history["loss"])) == 6
    by_hand = ((outputs_by_hand(as_numpy(start), case.x)[-1] - case.y) ** 2).mean()
    np.testing.assert_allclose(trained.history["val_loss"], [by_hand] * 6, rtol=1e-5)


@pytest.mark.parametrize("sparse", [False, True])
def test_history_matches_numpy(case, start, sparse):
    """Validation in batches with a smaller last one, by weights, after the epoch."""
    other = Case(7)
    validation = other.data(sparse=sparse, weights=other.weights)
    trained = nn.fit(start, case.data(), MEASURED, QUICK, key=KEY, validation=validation)
    assert set(trained.history) == {"loss", "absolute_error", "val_loss", "val_absolute_error"}
    assert {len(values) for values in trained.history.values()} == {4}
    residual = outputs_by_hand(as_numpy(trained.params), other.x)[-1] - other.y
    w = other.weights / other.weights.sum()
    assert trained.history["val_loss"][-1] == pytest.approx((residual**2).mean(1) @ w, rel=1e-5)
    expected = np.abs(residual).mean(1) @ w
    assert trained.history["val_absolute_error"][-1] == pytest.approx(expected, rel=1e-5)


def overfitting(patience=None, min_delta=0.0, epochs=60, monitor="val_loss"):
    return nn.TrainingConfig(epochs=epochs, batch_size=5, learning_rate=0.05, monitor=monitor,
                       patience=patience, min_delta=min_delta)  # fmt: skip


def test_early_stopping_restores_the_best(case, start):
    """Random targets: what is learned is noise, and the validation loss soon rises."""
    seen = []
    patience = 5
    trained = nn.fit(
        start, case.data(), OBJECTIVE, overfitting(patience), key=KEY, validation=Case(5).data(),
        callbacks=[lambda report: seen.append(report.params)],
    )  # fmt: skip
    losses = trained.history["val_loss"]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + patience < 60
    assert_same_bits(trained.params, seen[best])
    assert_same_bits(trained.state.params, seen[best])
    assert (seen[-1][0].weights != seen[best][0].weights).any()


def test_without_validation_the_last_weights_are_kept(case, start):
    seen = []
    trained = nn.fit(start, case.data(), OBJECTIVE, QUICK, key=KEY,
                     callbacks=[lambda report: seen.append(report.params)])  # fmt: skip
    assert_same_bits(trained.params, seen[-1])


def test_min_delta_is_the_smallest_improvement(case, start):
    trained = nn.fit(start, case.data(), OBJECTIVE, overfitting(3, 1e9, monitor="loss"), key=KEY)
    assert len(trained.history["loss"]) == 4  # the first always improves


def test_weights_are_restored_for_gains_below_min_delta_too(case, start):
    seen = []
    watch = [lambda report: seen.append(report.params)]
    trained = nn.fit(
        start, case.data(), OBJECTIVE, overfitting(6, 1e9), key=KEY, validation=case.data(),
        callbacks=watch,
    )  # fmt: skip
    losses = trained.history["val_loss"]
    assert len(losses) == 7
    assert np.argmin(losses) > 0
    assert_same_bits(trained.params, seen[int(np.argmin(losses))])


def share_of_small_errors(outputs, targets):
    return (jnp.abs(outputs - targets) < 0.7).all(-1).astype(float)


def test_monitored_metrics_other_than_losses_should_rise(case, start):
    objective = nn.Objective(network(), mean_squared, (("hits", share_of_small_errors),))
    seen = []
    trained = nn.fit(
        start, case.data(), objective, overfitting(monitor="val_hits"), key=KEY,
        validation=case.data(), callbacks=[lambda report: seen.append(report.params)],
    )  # fmt: skip
    hits = trained.history["val_hits"]
    assert hits[0] < max(hits)
    assert_same_bits(trained.params, seen[int(np.argmax(hits))])


def test_callbacks_see_every_epoch_and_can_stop(case, start):
    seen, also = [], []

    def stop(report):
        seen.append(report)
        return report.epoch == 3

    trained = nn.fit(start, case.data(), OBJECTIVE, QUICK, key=KEY,
                     callbacks=[stop, lambda report: also.append(report.epoch)])  # fmt: skip
    assert [report.epoch for report in seen] == also == [1, 2, 3]
    assert {report.epochs for report in seen} == {4}
    assert [report.metrics["loss"] for report in seen] == trained.history["loss"]
    assert_same_bits(trained.params, seen[-1].params)


def test_callback_stops_by_true_only(case, start):
    trained = nn.fit(start, case.data(), OBJECTIVE, QUICK, key=KEY,
                     callbacks=[lambda report: "yes", lambda report: 1])  # fmt: skip
    assert len(trained.history["loss"]) == 4


def test_zero_epochs_return_the_start(case, start):
    trained = nn.fit(
        start, case.data(), OBJECTIVE, nn.TrainingConfig(epochs=0, batch_size=4), key=KEY
    )
    assert_same_bits(trained.params, start)
    assert trained.history == {}


def test_fit_continues_from_a_state(case, start):
    """Two epochs and three more are five, where the order is fixed: the averages go along."""

    def settings(epochs):
        return nn.TrainingConfig(epochs=epochs, batch_size=4, learning_rate=0.02, shuffle=False)

    whole = nn.fit(start, case.data(), OBJECTIVE, settings(5), key=KEY)
    part = nn.fit(start, case.data(), OBJECTIVE, settings(2), key=KEY)
    rest = nn.fit(part.state, case.data(), OBJECTIVE, settings(3), key=KEY)
    assert_same_bits(rest.params, whole.params)
    assert part.history["loss"] + rest.history["loss"] == whole.history["loss"]


def test_divergence_keeps_the_last_good_state_and_names_the_rate(case, start):
    """At this rate the first epochs are finite, later ones overflow."""
    training = nn.TrainingConfig(epochs=50, batch_size=10, optimizer="sgd", learning_rate=3e4)
    linear = nn.Objective(network("linear"), mean_squared)
    good = []
    with pytest.raises(DivergenceError) as caught:
        nn.fit(start, case.data(), linear, training, key=KEY,
               callbacks=[lambda report: good.append(report.params)])  # fmt: skip
    last = caught.value.last_good
    assert 0 < len(good) < 50
    assert_same_bits(last.params, good[-1])
    assert len(last.history["loss"]) == len(good)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(last.params))
    message = str(caught.value)
    assert f"diverged in epoch {len(good) + 1} " in message
    assert "learning rate 30000; try 3000" in message
    assert "\n" not in message


def test_divergence_in_the_first_epoch_keeps_the_start(case, start):
    training = nn.TrainingConfig(
        epochs=2, batch_size=10, optimizer="sgd", learning_rate=lambda step: jnp.inf
    )
    with pytest.raises(DivergenceError, match="its own learning rate; lower it") as caught:
        nn.fit(start, case.data(), OBJECTIVE, training, key=KEY)
    assert_same_bits(caught.value.last_good.params, start)
    assert caught.value.last_good.history == {}


@pytest.mark.parametrize(
    ("objective", "training", "says"),
    [
        (
            OBJECTIVE,
            nn.TrainingConfig(batch_size=11),
            "batch_size=11 is over the 10 examples; choose at",
        ),
        (
            OBJECTIVE,
            nn.TrainingConfig(batch_size=2, monitor="val_loss"),
            "monitor='val_loss' is not mea",
        ),
        (OBJECTIVE, nn.TrainingConfig(batch_size=2, monitor="accuracy"), "expected one of loss "),
        (
            nn.Objective(network(), mean_squared, lazy_rows=lambda params: params[0].weights),
            nn.TrainingConfig(batch_size=2),
            "needs sparse features",
        ),
    ],
)
def test_fit_setting_errors(case, start, objective, training, says):
    with pytest.raises(ParameterError, match=says):
        nn.fit(start, case.data(), objective, training, key=KEY)


def scalar_loss(outputs, targets):
    return nn.squared_error(outputs, targets).mean()


def unreduced_loss(outputs, targets):
    return nn.squared_error(outputs, targets)


def broadcast_loss(outputs, targets):
    return ((outputs - targets) ** 2).mean(-1)


@pytest.mark.parametrize(
    ("loss", "says"),
    [
        (
            scalar_loss,
            r"loss has shape \(\) for a batch of 4 examples; expected \(4,\), one number",
        ),
        (unreduced_loss, r"loss has shape \(4, 2\) for a batch of 4 examples; expected \(4,\)"),
    ],
)
def test_loss_that_is_not_a_number_per_example(case, start, loss, says):
    with pytest.raises(DataError, match=says) as caught:
        nn.fit(start, case.data(), nn.Objective(network(), loss), QUICK, key=KEY)
    assert "\n" not in str(caught.value)


def test_metric_that_is_not_a_number_per_example_is_named(case, start):
    objective = nn.Objective(network(), mean_squared, (("mae", scalar_loss),))
    with pytest.raises(DataError, match=r"mae has shape \(\) for a batch"):
        nn.fit(start, case.data(), objective, QUICK, key=KEY)


@pytest.mark.parametrize("loss", [unreduced_loss, broadcast_loss])
def test_flat_targets_against_one_output_name_the_remedy(case, loss):
    """A loss of one's own would silently be a mean over pairs of examples."""
    line = nn.Dense(6, 1)
    data = nn.make_dataset(case.x, case.y[:, 0])
    with pytest.raises(DataError, match=r"reshape the targets to \(4, 1\), such as by targets\["):
        nn.fit(line.init(KEY), data, nn.Objective(line, loss), QUICK, key=KEY)


@pytest.mark.parametrize("data", [None, "arrays"])
def test_fit_raw_arrays_name_the_remedy(case, start, data):
    data = (case.x, case.y) if data else case.x
    with pytest.raises(DataError, match=r"data is of type .*; expected nn.make_dataset\("):
        nn.fit(start, data, OBJECTIVE, QUICK, key=KEY)
    with pytest.raises(DataError, match=r"validation is of type .*; expected nn.make_dataset"):
        nn.fit(start, case.data(), OBJECTIVE, QUICK, key=KEY, validation=data)


@pytest.mark.parametrize("key", [0, np.int64(3), None, 1.5, np.zeros(2)])
def test_fit_key_errors_name_the_remedy(case, start, key):
    with pytest.raises(ParameterError, match=r"not a key; pass jax.random.key\("):
        nn.fit(start, case.data(), OBJECTIVE, QUICK, key=key)


def test_fit_takes_raw_keys(case, start):
    nn.fit(start, case.data(), OBJECTIVE, QUICK, key=jax.random.PRNGKey(0))


def test_features_of_another_width_are_refused(case, start):
    for features in (case.x[:, :5], csr_array(np.ones((10, 7), np.float32))):
        with pytest.raises(DataError, match="do not fit a dense layer of 6 inputs"):
            nn.fit(start, nn.make_dataset(features, case.y), OBJECTIVE, QUICK, key=KEY)


def test_progress_bar_shows_epochs_and_metrics(capsys, monkeypatch):
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
