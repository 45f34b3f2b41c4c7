"""The pipeline from documents to the counts of a corpus."""

import itertools

import pytest

from textdl.bow.count import CountVectorizer
from textdl.bow.engine.analysis import TextAnalysis, term_function
from textdl.bow.engine.counting import count_corpus, make_counter
from textdl.errors import CorpusReadError


def test_generator_is_read_once_and_little_ahead(small_chunks):
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            if taken > 50:
                raise CorpusReadError("enough")
            yield "the cat sat on the mat " * 3

    with pytest.raises(CorpusReadError, match="enough"):
        CountVectorizer(n_jobs=2).fit(endless())
    assert taken == 51
    texts = ("the cat sat" for _ in range(30))
    assert CountVectorizer().fit(texts).n_documents_ == 30


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"ngram_range": (1, 2), "stop_words": ["the"]},
        {"analyzer": "char", "ngram_range": (1, 2)},
        {"analyzer": "char_wb", "ngram_range": (2, 3)},
        {"analyzer": str.split},
    ],
    ids=str,
)
def test_count_corpus_against_loop(parameters):
    chunks = [["the cat sat", "a cat"], ["", "the dog, the cat"]]
    analysis = TextAnalysis(**parameters)
    counts = count_corpus(make_counter(analysis), chunks, 2, keep_documents=True)
    terms = counts.present()
    names = [name.decode() for name in counts.names().encoded(terms)]
    documents = list(map(term_function(analysis), itertools.chain(*chunks)))
    assert (
        counts.documents == len(documents) == sum(chunk.counts.shape[0] for chunk in counts.chunks)
    )
    assert set(names) == set(itertools.chain(*documents))
    for name, term in zip(names, terms, strict=True):
        assert counts.document_frequency[term] == sum(name in terms for terms in documents)
        assert counts.term_frequency[term] == sum(terms.count(name) for terms in documents)
    totals = sum(chunk.counts.sum() for chunk in counts.chunks)
    assert totals == counts.term_frequency.sum()
