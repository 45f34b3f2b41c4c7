import pytest

from textdl.text.tokenizers.run_memo import LONGEST_KEY, RunMemo, fast_if_equal


def test_run_memo_computes_each_key_once():
    computed = []
    memo = RunMemo(lambda run: computed.append(run) or run.upper())
    assert [memo[run] for run in ("a", "b", "a", "b")] == ["A", "B", "A", "B"]
    assert computed == ["a", "b"]


def test_run_memo_never_exceeds_its_bound():
    memo = RunMemo(len, most=10)
    for number in range(1_000):
        assert memo[str(number)] == len(str(number))
        assert len(memo) <= 10


@pytest.mark.parametrize("long", ["x" * (LONGEST_KEY + 1), ("x" * LONGEST_KEY, "y")])
def test_run_memo_long_key_is_not_kept(long):
    memo = RunMemo(len)
    assert memo[long] == len(long)
    assert not memo


def test_fast_if_equal_same_tokens_takes_the_fast_one():
    def fast(text):
        return text.split(" ")

    assert fast_if_equal(fast, str.split, ["a b", "c"]) is fast


@pytest.mark.parametrize("fast", [list, lambda text: 1 // 0], ids=["differs", "fails"])
def test_fast_if_equal_other_tokens_warns_and_takes_nltk(fast):
    with pytest.warns(RuntimeWarning, match=r"NLTK [\d.]+ does not cut texts as"):
        assert fast_if_equal(fast, str.split, ["a b"]) is str.split
