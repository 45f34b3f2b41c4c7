"""Damaged files of every kind, and what users do with files: errors of the family, or answers."""

import pytest

from tests.fuzzing.kinds import KINDS
from tests.fuzzing.worker import Worker

FEW = 60
FEW_FORMATS = 200
MANY = 10_000
FEW_NETWORKS = 20  # programs are compiled for them
NETWORKS = ("classifier", "text-classifier-several")
FORMATS = (  # of vectors
    *("word2vec-text", "word2vec-binary", "word2vec-text.bz2", "word2vec-text.xz", "npz"),
    *("word2vec-text.zst", "glove", "fasttext-bin", "fasttext-ftz", "parquet", "projector"),
    *("projector-labels", "model2vec-vectors", "model2vec-tokenizer", "fasttext-classifier"),
    *("word2vec-text-gzip", "word2vec-binary-gzip", "arrow", "arrow-zstd", "arrow-lz4-stream"),
    *("vectors", "vectors-float16", "vectors-bfloat16", "vectors-int8"),
)
ONLY_FULL = (  # what reads the others reads most of these
    *("regressor", "embedding-bag", "text-classifier-tfidf", "text-classifier-counts"),
    *("text-classifier-vectors", "text-classifier-bag"),
)


@pytest.fixture(scope="module")
def worker():
    with Worker() as process:
        yield process


def assert_nothing_found(worker, kind, count):
    result = worker.run(kind, 0, count)
    shown = [f"{finding.seed}: {finding.what}" for finding in result.findings[:20]]
    assert not shown, (
        f"{len(result.findings)} of {count}, with python -m tests.fuzzing.worker {kind}"
    )
    assert result.used + result.refused == count
    assert result.refused > 0


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ONLY_FULL])
def test_damaged_file_is_used_or_refused(worker, kind):
    few = FEW_NETWORKS if kind in NETWORKS else FEW
    assert_nothing_found(worker, kind, FEW_FORMATS if kind in FORMATS else few)


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_file_is_used_or_refused_ten_thousand_times(worker, kind):
    assert_nothing_found(worker, kind, MANY)
