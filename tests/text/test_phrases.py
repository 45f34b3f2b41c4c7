"""`Phrases` against gensim's, in one go, in parts, merged, saved, and on the way into a store."""

import gzip
import io
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from gensim.models.phrases import ENGLISH_CONNECTOR_WORDS
from gensim.models.phrases import Phrases as GensimPhrases
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from textdl import Phrases, Word2Vec
from textdl.errors import CheckpointError, CorpusError, FileFormatError, ParameterError
from textdl.text import store as store_module
from textdl.text.corpus import read_corpus
from textdl.text.encode import encode
from textdl.text.source import CorpusConfig, describe_source, require_same_source
from textdl.text.store import TokenStore

TEXTS = [
    "we saw new york city in the rain",
    "new york city is a city",
    "the bank of america is in new york city",
    "a bank of america",
    "",
    "rain in the city of new york",
]
LOOSE = {"min_count": 1, "threshold": 0.1, "tokenizer": "whitespace"}
TOKENS = st.sampled_from(["a", "b", "c", "d", "of", "the"])
CORPORA = st.lists(st.lists(TOKENS, max_size=12), min_size=1, max_size=8)
CONNECTORS = st.sampled_from([[], ["of"], ["of", "the"]])
SCORINGS = st.one_of(
    st.tuples(st.just("default"), st.sampled_from([0.01, 0.5, 1.0, 2.0])),
    st.tuples(st.just("npmi"), st.sampled_from([-1.0, -0.2, 0.0, 0.3, 0.9])),
)


def gensim_rounds(corpus, rounds, connector_words, **parameters):
    """gensim's phrases applied again and again: those found with their scores, and the text."""
    found = {}
    for _ in range(rounds):
        model = GensimPhrases(corpus, connector_words=frozenset(connector_words), **parameters)
        found |= model.find_phrases(corpus)
        corpus = [model[sentence] for sentence in corpus]
    return found, corpus, model


def has_pair(corpus, connector_words):
    return any(len([w for w in words if w not in connector_words]) > 1 for words in corpus)


def saved(phrases, folder):
    phrases.save(folder / "phrases")
    return (folder / "phrases").read_bytes()


# Against gensim


@given(CORPORA, CONNECTORS, SCORINGS, st.integers(1, 3), st.integers(1, 3))
@settings(max_examples=300)
def test_phrases_and_scores_are_gensims(corpus, connector_words, scoring, min_count, rounds):
    name, threshold = scoring
    given_ = {"scoring": name, "threshold": threshold, "min_count": min_count}
    ours = Phrases(connector_words=connector_words, rounds=rounds, **given_)
    if not has_pair(corpus, connector_words):
        with pytest.raises(CorpusError):
            ours.fit(corpus)
        return
    ours.fit(corpus)
    found, text, model = gensim_rounds(corpus, rounds, connector_words, **given_)
    assert list(ours.transform(corpus)) == text
    assert ours.phrases_.items() >= found.items()
    if rounds == 1:
        assert ours.phrases_ == model.export_phrases()


@given(st.lists(st.lists(st.sampled_from(["a", "b", "a_b", "_", "of", "_of_"])), min_size=1))
def test_words_with_the_delimiter_are_joined_as_by_gensim(corpus):
    given_ = {"threshold": 0.3, "min_count": 1}
    if has_pair(corpus, ["of"]):
        ours = Phrases(connector_words=["of"], rounds=2, **given_).fit(corpus)
        found, text, _ = gensim_rounds(corpus, 2, ["of"], **given_)
        assert list(ours.transform(corpus)) == text
        assert set(ours.phrases_) >= set(found)


@pytest.mark.parametrize(
    ("parameters", "rounds"),
    [
        ({}, 1),
        ({"connector_words": "english"}, 2),
        ({"connector_words": "english", "scoring": "npmi", "threshold": 0.4}, 1),
    ],
)
def test_phrases_of_wikipedia_are_gensims(data_folder, tmp_path, parameters, rounds):
    with gzip.open(data_folder / "wiki17m.txt.gz", "rt", encoding="utf-8") as file:
        lines = [line.strip("\n") for line in islice(file, 4_000)]
    path = tmp_path / "text.txt"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    given_ = {"threshold": 10.0} | parameters
    ours = Phrases(tokenizer="whitespace", lowercase=False, rounds=rounds, **given_).fit(path)
    given_["connector_words"] = ENGLISH_CONNECTOR_WORDS if "connector_words" in given_ else ()
    found, text, _ = gensim_rounds([line.split() for line in lines], rounds, **given_)
    assert list(ours.transform(path)) == text
    assert len(found) > 100
    assert ours.phrases_.items() >= found.items()


def test_phrases_of_tokenized_text_are_gensims(data_folder):
    with gzip.open(data_folder / "wiki-raw-20mb.txt.gz", "rt", encoding="utf-8") as file:
        lines = list(islice(file, 1_500))
    ours = Phrases(connector_words="english").fit(lines)
    text = [words for line in lines for words in Phrases(**LOOSE | {"tokenizer": "nltk"}).fit(
        [["a", "b"]]).transform([line])]  # fmt: skip
    found, joined, _ = gensim_rounds(text, 1, ENGLISH_CONNECTOR_WORDS, threshold=10.0)
    assert list(ours.transform(lines)) == joined
    assert set(ours.phrases_) >= set(found)


# One text in many forms, in parts, in files


def test_corpora_of_every_kind_give_the_same(tmp_path, monkeypatch):
    path = tmp_path / "text.txt"
    path.write_text("\n".join(TEXTS), "utf-8")
    monkeypatch.setattr(store_module, "CHUNK_TOKENS", 3)
    store = TokenStore.build(encode(read_corpus(TEXTS), str.split), tmp_path / "store")
    expected = Phrases(**LOOSE).fit(TEXTS).phrases_
    corpora = [path, str(path), (t for t in TEXTS), [t.split() for t in TEXTS], [path], store]
    for corpus in [*corpora, CorpusConfig(path, "whitespace")]:
        assert Phrases(**LOOSE).fit(corpus).phrases_ == expected
    for rounds in (2, 3):
        parameters = LOOSE | {"rounds": rounds, "connector_words": ["of"]}
        expected = Phrases(**parameters).fit(TEXTS).phrases_
        for corpus in ((t for t in TEXTS), store, path):
            assert Phrases(**parameters).fit(corpus).phrases_ == expected


def test_store_chunks_are_the_text_again(tmp_path, monkeypatch):
    store = TokenStore.build(encode(read_corpus(TEXTS), str.split), tmp_path / "store")
    for size in (1, 2, 3, 7, 100):
        monkeypatch.setattr(store_module, "CHUNK_TOKENS", size)
        again = TokenStore.build(store.chunks(), tmp_path / "again")
        assert again.fingerprint == store.fingerprint


@pytest.mark.parametrize("connector_words", [None, "english"])
def test_parts_and_merged_parts_give_the_bytes_of_one_fit(tmp_path, connector_words):
    parameters = LOOSE | {"connector_words": connector_words}
    whole = saved(Phrases(**parameters).fit(TEXTS), tmp_path)
    streamed = Phrases(**parameters)
    for text in TEXTS:
        streamed.partial_fit([text])
    assert saved(streamed, tmp_path) == whole
    parts = [Phrases(**parameters).partial_fit(TEXTS[i : i + 2]) for i in (0, 2, 4)]
    assert saved(parts[2].merge(parts[0], parts[1]), tmp_path) == whole
    assert saved(parts[0].merge(*parts[1:]), tmp_path) == whole


def test_partial_fit_failure_leaves_what_was_learned(tmp_path):
    phrases = Phrases(**LOOSE).fit(TEXTS)
    before = saved(phrases, tmp_path)
    with pytest.raises(ParameterError):
        phrases.partial_fit(iter(["more text", 3]))
    assert saved(phrases, tmp_path) == before


def test_threshold_may_be_changed_after_fit():
    phrases = Phrases(**LOOSE).fit(TEXTS)
    changed = phrases.set_params(threshold=2.0).phrases_
    assert changed == Phrases(**LOOSE | {"threshold": 2.0}).fit(TEXTS).phrases_


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize(
    "parameters",
    [{}, {"connector_words": ["the", "of"]}, {"rounds": 2, "connector_words": "english"},
     {"scoring": "npmi", "threshold": 0.1}],
)  # fmt: skip
def test_round_trip(tmp_path, parameters, counts):
    phrases = Phrases(**LOOSE | parameters).fit([*TEXTS, "new_york city"])
    phrases.save(tmp_path / "p", counts=counts)
    loaded = Phrases.load(tmp_path / "p")
    assert loaded.phrases_ == phrases.phrases_
    assert loaded.fingerprint == phrases.fingerprint
    assert list(loaded.transform(TEXTS)) == list(phrases.transform(TEXTS))
    assert loaded.corpus_words_ == phrases.corpus_words_
    assert loaded.has_counts == (counts and "rounds" not in parameters)
    loaded.save(tmp_path / "again", counts=counts)
    assert (tmp_path / "again").read_bytes() == (tmp_path / "p").read_bytes()


def test_loaded_counts_learn_on(tmp_path):
    Phrases(**LOOSE).fit(TEXTS[:3]).save(tmp_path / "p")
    again = Phrases.load(tmp_path / "p").partial_fit(TEXTS[3:])
    assert saved(again, tmp_path) == saved(Phrases(**LOOSE).fit(TEXTS), tmp_path)


def test_write_equals_transform(tmp_path, monkeypatch):
    monkeypatch.setattr("textdl.text.corpus.CHUNK_BYTES", 10)
    phrases = Phrases(**LOOSE).fit(TEXTS)
    file = io.StringIO()
    written = phrases.write(TEXTS, file)
    sentences = list(phrases.transform(TEXTS))
    assert file.getvalue() == "".join(" ".join(words) + "\n" for words in sentences)
    assert written == (len(TEXTS), sum(map(len, sentences)))


def test_transform_reads_as_it_is_asked():
    phrases = Phrases(**LOOSE).fit(TEXTS)

    def endless():
        while True:
            yield "new york " * 1_000

    assert next(phrases.transform(endless())) == ["new_york"] * 1_000


def test_long_sentence_is_joined_as_one(tmp_path, monkeypatch):
    path = tmp_path / "line.txt"
    words = np.random.default_rng(0).choice(["new", "york", "of", "city", "is"], 3_000).tolist()
    path.write_text(" ".join(words), "utf-8")
    parameters = LOOSE | {"connector_words": ["of"], "rounds": 2}
    whole = Phrases(**parameters).fit([words])
    monkeypatch.setattr("textdl.text.files.CHUNK_BYTES", 64)
    cut = Phrases(**parameters).fit(path)
    assert cut.phrases_ == whole.phrases_
    assert list(cut.transform(path)) == list(whole.transform([words]))


# Estimators


def test_estimator_is_cloned_and_chained():
    phrases = Phrases(min_count=2, connector_words="english")
    assert repr(clone(phrases)) == "Phrases(min_count=2, connector_words='english')"
    assert list(make_pipeline(Phrases(**LOOSE)).fit(TEXTS).transform(["new york"])) == [
        ["new_york"]
    ]
    with pytest.raises(ParameterError, match="no parameter 'size'; expected one of tokenizer"):
        phrases.set_params(size=3)


def test_word2vec_with_phrases_equals_training_on_joined_text(tmp_path):
    phrases = Phrases(**LOOSE).fit(TEXTS)
    phrases.save(tmp_path / "p", counts=False)
    quick = {"vector_size": 4, "min_count": 1, "epochs": 1, "tokenizer": "whitespace"}
    expected = Word2Vec(**quick).fit(list(phrases.transform(TEXTS))).vectors_
    assert "new_york" in expected
    for given_ in (phrases, tmp_path / "p", str(tmp_path / "p")):
        vectors = Word2Vec(**quick, phrases=given_).fit(TEXTS).vectors_
        assert list(vectors.labels) == list(expected.labels)
        np.testing.assert_array_equal(vectors.matrix, expected.matrix)
    config = CorpusConfig(TEXTS, "whitespace")
    vectors = Word2Vec(**quick, phrases=phrases).fit(config).vectors_
    np.testing.assert_array_equal(vectors.matrix, expected.matrix)


def test_word2vec_with_phrases_refuses_token_store_and_other_things(tmp_path):
    store = TokenStore.build(encode(read_corpus(TEXTS), str.split), tmp_path / "store")
    phrases = Phrases(**LOOSE).fit(TEXTS)
    with pytest.raises(ParameterError, match="the corpus is a token store already"):
        Word2Vec(phrases=phrases).fit(store)
    with pytest.raises(ParameterError, match=r"phrases=3; expected a fitted Phrases"):
        Word2Vec(phrases=3).fit(TEXTS)
    with pytest.raises(AttributeError, match="has learned nothing yet; call fit first"):
        Word2Vec(phrases=Phrases()).fit(TEXTS)


def test_source_is_known_by_its_phrases(tmp_path):
    phrases = Phrases(**LOOSE).fit(TEXTS)
    others = Phrases(**LOOSE).fit(TEXTS[:2])
    plain = describe_source(CorpusConfig(TEXTS))
    joined = describe_source(CorpusConfig(TEXTS, phrases=phrases))
    del plain["phrases"]  # as stores of before had it
    require_same_source(plain, CorpusConfig(TEXTS), tmp_path)
    require_same_source(joined, CorpusConfig(TEXTS, phrases=phrases), tmp_path)
    nothing_said = CorpusConfig(None, None, None, None, None)
    require_same_source(joined, nothing_said, tmp_path)
    for stored, source in [
        (plain, CorpusConfig(TEXTS, phrases=phrases)),
        (joined, CorpusConfig(TEXTS)),
        (joined, CorpusConfig(TEXTS, phrases=others)),
        (joined, CorpusConfig(None, None, None, None, None, others)),
    ]:
        with pytest.raises(CheckpointError, match="resume with the same phrases, or start in"):
            require_same_source(stored, source, tmp_path)


# Bad input


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"min_count": 0}, "min_count=0; expected a whole number from 1 up"),
        ({"min_count": -3}, "min_count=-3; expected"),
        ({"threshold": float("nan")}, "threshold=nan; expected a number"),
        ({"threshold": float("inf")}, "threshold=inf; expected a number above 0"),
        ({"threshold": 0.0}, "threshold=0.0; expected a number above 0 with scoring='default'"),
        ({"threshold": -1}, "threshold=-1; expected a number above 0"),
        ({"threshold": 1.1, "scoring": "npmi"}, "threshold=1.1; expected a number from -1 to 1"),
        ({"threshold": -1.1, "scoring": "npmi"}, "with scoring='npmi'"),
        ({"scoring": "pmi"}, "scoring='pmi'; expected one of default, npmi"),
        ({"delimiter": ""}, "delimiter=''; expected at least one character"),
        ({"connector_words": "german"}, "connector_words='german'; expected english"),
        ({"connector_words": [1]}, r"connector_words=\[1\]; expected a list of words"),
        ({"connector_words": 1}, "connector_words=1; expected a list of words"),
        ({"rounds": 0}, "rounds=0; expected a whole number from 1"),
        ({"max_vocab_size": 0}, "max_vocab_size=0; expected"),
    ],
)
def test_parameters_that_are_impossible_are_refused(parameters, says):
    with pytest.raises(ParameterError, match=says):
        Phrases(**parameters).fit(TEXTS)


@pytest.mark.parametrize("rounds", [1, 2])
@pytest.mark.parametrize(
    ("corpus", "says"),
    [
        ([], "the corpus is empty"),
        (["", " "], "the corpus is empty"),
        (["word"], "no two of the 1 words of the corpus stand beside each other"),
        (["one", "two"], "no two of the 2 words"),
        (["one of"], "no two of the 2 words"),
    ],
)
def test_corpora_without_pairs_are_refused(corpus, says, rounds):
    with pytest.raises(CorpusError, match=says):
        Phrases(rounds=rounds, connector_words="english").fit(corpus)


def test_corpus_without_phrases_is_none(tmp_path):
    phrases = Phrases(min_count=100, rounds=2).fit(TEXTS)
    assert phrases.phrases_ == {}
    assert next(phrases.transform(["new york"])) == ["new", "york"]
    phrases.save(tmp_path / "p")
    assert Phrases.load(tmp_path / "p").phrases_ == {}


def test_nothing_learned_is_said():
    for use in (lambda it: it.transform(TEXTS), lambda it: it.merge(it), lambda it: it.save("p")):
        with pytest.raises(AttributeError, match="has learned nothing yet; call fit first"):
            use(Phrases())
    assert not hasattr(Phrases(), "phrases_")


def test_what_needs_all_counts_says_so(tmp_path):
    Phrases(**LOOSE).fit(TEXTS).save(tmp_path / "p", counts=False)
    lean = Phrases.load(tmp_path / "p")
    for use in (lambda it: it.partial_fit(TEXTS), lambda it: it.merge(it)):
        with pytest.raises(ParameterError, match="without the counts of all pairs and cannot"):
            use(lean)
        with pytest.raises(ParameterError, match="rounds=2; phrases of one round alone can"):
            use(Phrases(rounds=2, **LOOSE).fit(TEXTS))
    with pytest.raises(ParameterError, match=r"cannot merge Phrases\(min_count=1\) with Phrases"):
        Phrases(**LOOSE).fit(TEXTS).merge(Phrases(**LOOSE | {"min_count": 2}).fit(TEXTS))


def test_tokenizer_that_is_a_function_is_not_saved(tmp_path):
    phrases = Phrases(**LOOSE | {"tokenizer": str.split}).fit(TEXTS)
    with pytest.raises(ParameterError, match=r"tokenizer=.* cannot be written to a file"):
        phrases.save(tmp_path / "p")
    assert list(tmp_path.iterdir()) == []


def test_load_file_of_something_else_is_refused(tmp_path):
    with pytest.raises(FileFormatError, match=r"cannot read .* expected a file of phrases"):
        Phrases.load(tmp_path / "none")
    Path(tmp_path / "text").write_text("a b c " * 100)
    with pytest.raises(FileFormatError):
        Phrases.load(tmp_path / "text")
    vectors = Word2Vec(vector_size=4, min_count=1, epochs=1).fit(TEXTS).vectors_
    vectors.save(tmp_path / "v.safetensors")
    with pytest.raises(FileFormatError, match="is a file of Vectors, expected Phrases"):
        Phrases.load(tmp_path / "v.safetensors")
