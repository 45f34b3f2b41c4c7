"""The numbers of the worked examples, against the textbook, closed forms and NumPy."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from nltk.lm import KneserNeyInterpolated
from nltk.util import everygrams

from scripts.worked import (
    batches,
    camera,
    chain_rule,
    confusion,
    flight_delays,
    gradients,
    hidden_units,
    learning_rates,
    ngrams,
    overfitting,
    perceptron,
    series,
    spirals,
    sweets,
    talk,
    text_vectors,
    word_map,
)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_perceptron_of_two_inputs():
    z, answer = perceptron.perceptron(perceptron.PLANE, perceptron.POINT)
    assert z == -6
    assert answer == pytest.approx(sigmoid(-6))
    assert f"{answer:.3f}" == "0.002"


def test_perceptron_of_five_inputs():
    assert perceptron.INPUTS == (2, 3, -1, 5, 1)
    np.testing.assert_allclose(perceptron.FIVE.weights[:, 0], [0.1, 0.5, 2.5, 0.2, 3.0])
    z, answer = perceptron.perceptron(perceptron.FIVE, perceptron.INPUTS)
    assert z == pytest.approx(3.2)
    assert f"{answer:.2f}" == "0.96"


def test_the_line_is_where_the_perceptron_says_one_half():
    x1 = np.linspace(-3, 3, 7)
    x2 = np.asarray(perceptron.boundary(x1))
    np.testing.assert_allclose(1 + 3 * x1 - 2 * x2, 0, atol=1e-6)
    for shift, side in ((0.0, 0), (0.1, -1), (-0.1, 1)):
        points = np.stack([x1, x2 + shift], 1)
        answers = np.asarray(perceptron.perceptron(perceptron.PLANE, points)[1])
        np.testing.assert_array_equal(np.sign(np.round(answers - 0.5, 5)), side)


def test_losses_of_the_flights():
    found = flight_delays.losses()
    assert found["mean squared error"] == pytest.approx(0.33175, abs=1e-6)
    assert found["mean absolute error"] == pytest.approx(0.415, abs=1e-6)
    assert found["mean binary cross-entropy"] == pytest.approx(1.0266, abs=5e-5)
    logs = [math.log(p) for p in (0.05, 0.98, 0.96, 0.35)]
    assert found["mean binary cross-entropy"] == pytest.approx(-sum(logs) / 4)


def test_the_flights_are_learned():
    model = flight_delays.trained()
    np.testing.assert_array_equal(model.predict(flight_delays.FEATURES), [1, 0, 1, 1])
    answers = model.predict_proba(flight_delays.FEATURES)[:, 1]
    assert max(flight_delays.losses(answers).values()) < 0.01


def test_the_talk_is_wrong_before_training_and_right_after():
    assert talk.WELL[0] == 1
    assert talk.untrained().answer() == pytest.approx(0.1, abs=1e-5)
    after, history = talk.trained()
    assert after.answer() > 0.95
    assert history["loss"][-1] < 0.1 < history["loss"][0]
    said = after.classes_[after.predict_proba(talk.HOURS).argmax(1)]
    np.testing.assert_array_equal(said == "well", talk.WELL[:, 0] == 1)


def test_the_error_table_of_the_camera():
    np.testing.assert_array_equal(camera.TRUTH, [0, 0, 0, 1])
    np.testing.assert_array_equal(camera.ANSWERS, [0.5, 0.75, -0.25, -0.75])
    np.testing.assert_array_equal(camera.errors(), [0.5, 0.75, 0.25, 1.75])
    assert camera.errors().sum() == 3.25


def test_every_network_of_the_camera_gets_all_cases_right():
    pixels, _ = camera.cases()
    assert len(np.unique(pixels, axis=0)) == len(pixels) == 32
    assert np.abs(pixels).max() == 1
    assert camera.right() == {"by hand": 32, "tanh": 32, "relu": 32}
    expected = np.abs(np.tanh(pixels @ camera.PATTERNS.T))
    np.testing.assert_allclose(camera.by_hand(pixels)[2], expected, atol=1e-6)


def test_units_respond_to_the_signs_of_their_weights():
    patterns = camera.PATTERNS
    np.testing.assert_array_equal(hidden_units.favorites("tanh by hand"), patterns)
    expected = np.concatenate([patterns, -patterns])
    np.testing.assert_array_equal(hidden_units.favorites("relu by hand"), expected)
    weights = camera.trained()["tanh"].coefs_[0]
    np.testing.assert_array_equal(hidden_units.favorites("trained"), np.sign(weights.T))


def test_costs_of_a_deviation():
    found = sweets.costs((0.5, 1.0, 2.0, 3.0))
    assert found["√d"] == pytest.approx([0.5**0.5, 1, 2**0.5, 3**0.5])
    assert found["d"] == [0.5, 1, 2, 3]
    assert found["d²"] == [0.25, 1, 4, 9]
    assert found["10^(d-1)"] == pytest.approx([10**-0.5, 1, 10, 100])


def test_search_and_descent_agree_on_mean_and_median():
    mean, median = np.mean(sweets.COUNTS), np.median(sweets.COUNTS)
    assert sweets.search(sweets.COSTS["d²"]) == pytest.approx(mean, abs=0.005)
    assert sweets.search(sweets.COSTS["d"]) == pytest.approx(median)
    assert sweets.descend(sweets.nn.squared_error, 0.1) == pytest.approx(mean, abs=1e-3)
    assert sweets.descend(sweets.nn.absolute_error, 1.0) == pytest.approx(median, abs=0.01)
    assert mean != median
    # A cost that explodes heeds the farthest bags alone; one that flattens, the crowd.
    middle = (sweets.COUNTS.min() + sweets.COUNTS.max()) / 2
    assert sweets.search(sweets.COSTS["10^(d-1)"]) == pytest.approx(middle, abs=0.01)
    assert sweets.search(sweets.COSTS["√d"]) in sweets.COUNTS


def test_the_chain_rule_by_hand_is_autodiff():
    x, (w1, w2) = chain_rule.X, map(float, chain_rule.WEIGHTS)
    assert chain_rule.error(chain_rule.WEIGHTS, x) == pytest.approx(x * w1 * w2)
    hand = chain_rule.by_hand(chain_rule.WEIGHTS, x)
    auto = chain_rule.by_autodiff(chain_rule.WEIGHTS, x)
    np.testing.assert_allclose([hand, auto], [(x * w2, x * w1)] * 2, rtol=1e-6)


def test_the_chain_rule_through_two_sigmoids_is_autodiff():
    arguments = chain_rule.WEIGHTS, chain_rule.X, 1.0
    hand = chain_rule.cross_entropy_by_hand(*arguments)
    auto = chain_rule.cross_entropy_by_autodiff(*arguments)
    np.testing.assert_allclose(hand, auto, rtol=1e-5)


def test_one_hot_words_are_all_equally_different():
    assert text_vectors.WORDS == ("soft", "teddy_bear", "book")
    np.testing.assert_array_equal(text_vectors.cosines(text_vectors.one_hot()), np.eye(3))


def test_embedded_words_are_alike_where_they_are_used_alike():
    cosines = text_vectors.cosines(text_vectors.embedding())
    np.testing.assert_allclose(np.diag(cosines), 1, atol=1e-6)
    soft, bear, book = range(3)
    assert cosines[soft, bear] > 0.5
    assert cosines[soft, bear] > cosines[soft, book] + 0.2
    assert cosines[soft, bear] > cosines[bear, book] + 0.2


def test_a_one_hot_row_times_the_embedding_is_its_row():
    vectors = text_vectors.embedding()
    np.testing.assert_array_equal(
        text_vectors.looked_up(), [vectors[word] for word in text_vectors.WORDS]
    )


@pytest.mark.parametrize("window", [1, 2, 3, 9])
def test_pairs_of_the_sentence(window):
    words = ["a", "cute", "teddy", "bear", "is", "reading"]
    expected = [
        (words[i], words[j])
        for i, j in itertools.product(range(6), repeat=2)
        if 0 < abs(i - j) <= window
    ]
    assert text_vectors.pairs(window) == expected
    w = min(window, 5)
    assert len(expected) == 2 * (6 * w - w * (w + 1) // 2)


def test_windows_of_the_series():
    x, y = series.windows(np.arange(10.0))
    np.testing.assert_array_equal(x, [range(i, i + 7) for i in range(3)])
    np.testing.assert_array_equal(y, [7, 8, 9])


def test_the_forecast_beats_repeating_the_past():
    days, truth, predictions = series.forecast()
    np.testing.assert_array_equal(truth, series.series()[days])
    np.testing.assert_array_equal(predictions["as today"], series.series()[days - 1])
    np.testing.assert_array_equal(predictions["as a week ago"], series.series()[days - 7])
    errors = series.errors()
    assert errors["network"] == pytest.approx(np.abs(predictions["network"] - truth).mean())
    assert errors["network"] < 0.8 * errors["as a week ago"] < 0.8 * errors["as today"]


def test_a_line_fails_on_spirals_and_a_network_succeeds():
    found = spirals.accuracies()
    assert found["linear"] == pytest.approx(0.5, abs=0.12)
    assert found["non-linear"] > 0.98


@pytest.mark.parametrize("rate", learning_rates.BOWL_RATES)
def test_the_way_down_the_bowl_is_the_closed_form(rate):
    losses, last = learning_rates.bowl(rate)
    w = (1 - 2 * rate) ** np.arange(learning_rates.BOWL_STEPS + 1)
    np.testing.assert_allclose(losses, w[:-1] ** 2, rtol=1e-3)
    assert last == pytest.approx(w[-1], rel=1e-3)


def test_a_rate_too_small_crawls_and_one_too_large_never_settles():
    small, right, large = map(learning_rates.network, learning_rates.NETWORK_RATES)
    assert right[-1] < 0.2 < 0.4 < small[-1] < small[0]
    assert np.mean(large[-5:]) > 1 > math.log(2)


def test_smaller_batches_take_more_steps_from_the_same_examples():
    full, mini, single = map(batches.run, batches.SIZES)
    assert (full.steps, mini.steps, single.steps) == (60, 960, 30720)
    assert single.losses[-1] < mini.losses[-1] < full.losses[-1] / 2


@pytest.mark.parametrize("hidden", gradients.HIDDEN)
def test_gradients_agree_and_the_numerical_one_costs_more(hidden):
    found = gradients.cost(hidden)
    assert found.parameters == 4 * hidden + hidden + hidden + 1
    assert found.error < 1e-8
    assert found.loss_flops < found.analytical_flops < 5 * found.loss_flops
    assert found.numerical_flops == 2 * found.parameters * found.loss_flops


def test_the_timed_numerical_gradient_is_one(monkeypatch):
    monkeypatch.setattr(gradients, "STEP", 1e-2)  # float32 has no digits for less
    params = gradients.network(2).init(gradients.jax.random.key(0))
    flat, restore = gradients.ravel_pytree(params)
    slopes = gradients.numerical(flat, restore)
    expected, _ = gradients.ravel_pytree(gradients.jax.grad(gradients.loss)(params))
    np.testing.assert_allclose(slopes, expected, atol=1e-3)


def test_remedies_against_overfitting():
    nothing, dropout, early = map(overfitting.losses, overfitting.WAYS)
    assert nothing[0] < 0.2 < 0.8 < nothing[1]  # learned by heart
    assert dropout[1] < 0.8 * nothing[1]
    assert early[1] < 0.5 < nothing[1] / 2
    history = overfitting.outcome("early stopping").history["val_loss"]
    assert len(history) < overfitting.EPOCHS
    assert len(history) - 1 - int(np.argmin(history)) == 20  # its patience


def test_seconds_of_batches_leave_out_compilation(monkeypatch):
    """Every size is compiled for before its training is timed."""
    fitted = []

    class Recorder(batches.MLPClassifier):
        def fit(self, *arguments):
            fitted.append((self.max_iter, len(times)))
            return super().fit(*arguments)

    times = []

    def clock():
        times.append(0.0)
        return 0.0

    monkeypatch.setattr(batches, "MLPClassifier", Recorder)
    monkeypatch.setattr(batches.time, "perf_counter", clock)
    batches.run.__wrapped__(512)
    assert fitted == [(1, 0), (batches.EPOCHS, 1)]


def test_rows_of_the_camera_picture_say_what_they_are():
    axes = camera.picture().axes
    said = [(axes[number].get_ylabel()).replace("\n", " ") for number in (0, 4)]
    assert said == ["full brightness", "negative, 1/4 brightness"]


def test_no_legend_covers_a_boundary_in_the_overfitting_picture():
    figure = overfitting.picture()
    figure.draw_without_rendering()
    legends = [axes.get_legend() for axes in figure.axes[3:]]
    visible = [legend for legend in legends if legend.get_visible()]
    assert len(visible) == 1
    for axes in figure.axes[3:]:
        assert not axes.get_window_extent().overlaps(visible[0].get_window_extent())


def test_the_confusion_matrix_counts_every_new_digit():
    found = confusion.outcome()
    assert found.counts.sum() == 899
    assert found.accuracy == pytest.approx(np.trace(found.counts) / 899)
    assert found.accuracy > 0.93
    digit, answer, times = confusion.mistakes(1)[0]
    wrong = found.counts - np.diag(np.diag(found.counts))
    assert times == wrong.max() == found.counts[digit, answer]


def test_words_of_one_room_are_neighbors():
    rooms = word_map.groups()
    assert set(rooms["nursery"]) & set(rooms["library"]) == set()
    found = word_map.neighbors()
    assert found["blanket"] in rooms["nursery"]
    assert found["letter"] in rooms["library"]


@pytest.mark.parametrize("order", [2, 3, 4])
def test_kneser_ney_is_that_of_nltk(order):
    draw = np.random.default_rng(0)
    text = draw.integers(0, 6, 120).tolist()
    text += text[:4]  # so that every n-gram has something before it, but for the first
    oracle = KneserNeyInterpolated(order, discount=0.75)
    names = list(map(str, text))
    oracle.fit([everygrams(names, max_len=order)], vocabulary_text=names)
    model = ngrams.KneserNey([text], order, discount=0.75, padding=None)
    seen = Counter(zip(*(text[i:] for i in range(order)), strict=False))
    assert len(seen) > 5
    for *context, symbol in seen:
        expected = oracle.score(str(symbol), list(map(str, context)))
        assert model.probability(symbol, tuple(context)) == pytest.approx(expected, rel=1e-9)


def test_kneser_ney_sums_to_one():
    draw = np.random.default_rng(0)
    texts = [draw.integers(2, 8, 20).tolist() for _ in range(9)]
    model = ngrams.KneserNey(texts, 3)
    for context in [(1, 1), (3, 4), (9, 2), (9, 9)]:
        assert sum(model.probability(it, context) for it in range(10)) == pytest.approx(1)
    rows = [(c, s) for text in texts for c, s in model.ngrams(text)]
    loss = -np.mean([np.log(model.probability(symbol, context)) for context, symbol in rows])
    assert model.loss(texts) == pytest.approx(loss)
