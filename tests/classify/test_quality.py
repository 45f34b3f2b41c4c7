"""The quality of the defaults, on public data sets."""

import gzip

import numpy as np
import pytest
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold

from textdl import TextClassifier
from textdl.classify.examples import ExampleFormat, read_examples

SPLIT = ("split", "label", "text")


def read(path, part):
    examples = read_examples(path, ExampleFormat(columns=SPLIT, where=("split", part)))
    return examples.texts, [label for (label,) in examples.labels]


@pytest.mark.full
def test_text_classifier_defaults_on_20_newsgroups_reach_73_percent(data_folder):
    path = data_folder / "labelled" / "20news_stripped.tsv.gz"
    scores = []
    for seed in range(1, 4):
        model = TextClassifier(seed=seed).fit(*read(path, "train"))
        scores.append(model.score(*read(path, "test")))
    assert np.mean(scores) >= 0.73


@pytest.mark.full
def test_text_classifier_embedding_bag_on_imdb_reaches_88_percent(data_folder):
    path = data_folder / "labelled" / "imdb.tsv.gz"
    for epochs in (1, 5):
        model = TextClassifier("bag", ngram_range=(1, 2), epochs=epochs).fit(*read(path, "train"))
        assert model.score(*read(path, "test")) >= 0.88


@pytest.mark.full
def test_text_classifier_defaults_on_sms_spam_reach_f1_of_95_percent(data_folder):
    with gzip.open(
        data_folder / "labelled" / "smsspam.tsv.gz", "rt", encoding="utf-8", newline="\n"
    ) as file:
        labels, texts = np.array([line.rstrip("\n").split("\t") for line in file], object).T
    scores = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(texts, labels):
        model = TextClassifier().fit(texts[train], labels[train])
        scores.append(f1_score(labels[test], model.predict(texts[test]), pos_label="spam"))
    assert np.mean(scores) >= 0.95
