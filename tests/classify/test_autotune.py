"""The search for better parameters: reproducible, bounded, and never worse by chance."""

import numpy as np
import pytest

from tests.classify.test_selection import labeled_texts
from textdl import TextClassifier
from textdl.classify import autotune
from textdl.classify.autotune import SPACE, Limits, search
from textdl.classify.config import TextClassifierParameters
from textdl.classify.selection import Scores
from textdl.errors import ParameterError
from textdl.parameters import check_value, parameters_of


def given(**parameters):
    return vars(TextClassifierParameters(**parameters))


def run(trials, texts=None, seed=1, seconds=None, **parameters):
    texts, labels = labeled_texts(texts or 400)
    limits = Limits(trials, seconds)
    return search(given(**parameters), texts, labels, limits, seed=seed, verbose=False)


@pytest.fixture
def scored(monkeypatch):
    """Scores by a rule in place of training; the calls are recorded."""
    calls = []
    rule = {"accuracy": lambda parameters, texts: 0.5}

    def measure(parameters, texts, values, fold, part):
        size = int((fold != part).sum())
        calls.append((parameters, size))
        right = np.arange(1_000) < round(1_000 * rule["accuracy"](parameters, size))
        right = right[::-1] if parameters["C"] else right  # other texts are wrong
        return Scores(np.where(right, 1.0, -1.0)[:, None], np.ones((1_000, 1), int))

    monkeypatch.setattr(autotune, "score", measure)
    return calls, rule


def test_space_has_valid_values_of_known_parameters():
    known = parameters_of(TextClassifierParameters)
    for rows in SPACE.values():
        for choices in rows:
            for choice in choices:
                for name, value in choice.items():
                    check_value(known[name], value)


def test_same_number_of_trials_gives_the_same_rows_whatever_the_time(scored):
    calls, rule = scored
    rule["accuracy"] = lambda parameters, texts: (hash(str(parameters)) % 100) / 200 + 0.4
    one = run(30)
    assert len(one.comparison) == len(calls) == 30
    assert run(30, seconds=1e9).comparison == one.comparison
    assert [row | {"chosen": False} for row in run(17).comparison] == [
        row | {"chosen": False} for row in one.comparison[:17]
    ]
    assert run(30, seed=2).comparison != one.comparison
    assert sum(row["chosen"] for row in one.comparison) == 1


def test_time_ends_the_search_after_the_trial_under_way(scored, monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(autotune.time, "monotonic", lambda: next(clock))
    assert len(run(None, seconds=4.5).comparison) == 5
    monkeypatch.setattr(autotune.time, "monotonic", lambda: 0.0)
    assert len(run(1, seconds=1e-9).comparison) == 1


def test_best_third_goes_on_to_more_texts(scored):
    calls, rule = scored
    rule["accuracy"] = lambda parameters, texts: 0.9 if parameters["C"] == 0.2 else 0.5
    run(13, texts=30_000)
    sizes = [size for _, size in calls]
    assert sizes[0] < sizes[9] < sizes[12]
    assert 900 <= sizes[0] <= 1_000
    assert sizes[:9] == sizes[:1] * 9
    promoted = [parameters for parameters, _ in calls[9:12]]
    best = sorted((p["C"] == 0.2 for p, _ in calls[:9]), reverse=True)[:3]
    assert sum(p["C"] == 0.2 for p in promoted) == sum(best)


def test_candidate_of_auto_always_goes_on_and_wins_unless_beaten_by_more_than_chance(scored):
    _, rule = scored
    rule["accuracy"] = lambda parameters, texts: 0.805 if parameters["C"] else 0.8
    assert run(20).parameters["C"] is None
    rule["accuracy"] = lambda parameters, texts: 0.85 if parameters["C"] else 0.8
    assert run(20).parameters["C"] is not None


def test_given_parameters_stay(scored):
    calls, _ = scored
    run(25, C=3.0, ngram_range=(1, 1))
    assert {(it["model"], it["C"], it["ngram_range"]) for it, _ in calls} == {
        ("linear", 3.0, (1, 1))
    }
    calls.clear()
    run(12, model="mlp")
    assert {it["model"] for it, _ in calls} == {"mlp"}
    calls.clear()
    run(12, features="bag")
    assert {it["features"] for it, _ in calls} == {"bag"}


def test_search_ends_where_nothing_is_left_to_draw(scored):
    calls, _ = scored
    everything = {"analyzer": "word", "C": 1.0, "ngram_range": (1, 1), "idf_power": 1, "min_df": 1}
    run(500, **everything)
    assert len({str(parameters) for parameters, _ in calls}) == 1


def test_search_of_nothing_is_refused():
    with pytest.raises(ParameterError, match="autotune searches tfidf linear, bag linear"):
        run(3, model="cnn")
    with pytest.raises(ParameterError, match="trials=0; expected a whole number from 1 up"):
        TextClassifier(trials=0).fit(["a", "b"], [0, 1])
    with pytest.raises(ParameterError, match="autotune=0; expected a number above 0"):
        TextClassifier(autotune=0).fit(["a", "b"], [0, 1])


def test_fit_saves_the_winner_with_its_settings(tmp_path, capsys):
    texts, labels = labeled_texts(400)
    model = TextClassifier(model="linear", trials=6, verbose=True).fit(texts, labels)
    chosen = next(row for row in model.comparison_ if row["chosen"])
    for name in ("C", "idf_power", "ngram_range"):
        if name in chosen:
            assert model.settings_[name] == chosen[name]
    said = capsys.readouterr().err
    assert said.count("textdl: trial ") == 6
    model.save(tmp_path / "a")
    again = TextClassifier.load(tmp_path / "a")
    assert again.comparison_ == model.comparison_
    assert again.trials == 6
    again.fit(texts, labels).save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_fit_tiny_texts_and_failing_trials():
    model = TextClassifier(trials=5, model="linear", min_df=2)
    model.fit(["a b", "a c", "b c", "c a"] * 2, ["x", "y"] * 4)
    assert len(model.comparison_) == 5
    assert model.predict(["a b"]).shape == (1,)
