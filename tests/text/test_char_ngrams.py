import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from textdl.errors import ParameterError
from textdl.string_array import StringArray
from textdl.text import char_ngrams as module
from textdl.text.char_ngrams import char_ngram_buckets, char_ngrams

LARGEST = 2**31 - 1
COMBINING = "é́́ नि 👩‍👩‍👧 👍🏽 ﷽ \U0010ffff \x7f\x80\u07ff\u0800\uffff"
CHARACTERS = st.characters(exclude_categories=["Cs"]) | st.sampled_from(f"ab<>/s{COMBINING}")
WORDS = st.text(CHARACTERS, max_size=9)
LENGTHS = st.tuples(st.integers(0, 4), st.integers(0, 12)).filter(lambda it: it[0] <= it[1])


def fnv1a(text):
    """The hash of the fastText program: `h = (h ^ uint32_t(int8_t(byte))) * 16777619`."""
    state = 2166136261
    for byte in text.encode("utf-8", "surrogatepass"):
        signed = byte - 256 if byte > 127 else byte
        state = ((state ^ (signed & 0xFFFFFFFF)) * 16777619) & 0xFFFFFFFF
    return state


def buckets_by_loop(word, min_n, max_n, bucket):
    """`Dictionary::computeSubwords` over bytes, as the program has it."""
    text = f"<{word}>".encode("utf-8", "surrogatepass")
    found = []
    for start in range(len(text)):
        if word == "</s>" or text[start] & 0xC0 == 0x80:
            continue
        end = start
        for n in range(1, max_n + 1):
            if end == len(text):
                break
            end += 1
            while end < len(text) and text[end] & 0xC0 == 0x80:
                end += 1
            if n >= min_n and not (n == 1 and (start == 0 or end == len(text))):
                found.append(fnv1a(text[start:end].decode("utf-8", "surrogatepass")) % bucket)
    return found


def rows_of(found):
    return [row.tolist() for row in np.split(found.buckets, found.offsets[1:-1])]


@given(st.lists(WORDS, min_size=1, max_size=6), LENGTHS, st.integers(1, LARGEST))
@example(["", "a", "</s>", "日本語", "👍🏽"], (1, 1), 7)
@example(["", "a", "</s>", "s"], (1, 12), 2_000_000)
@example(["ab"], (5, 9), LARGEST)
def test_char_ngram_buckets_same_as_loop_over_bytes(words, lengths, bucket):
    found = char_ngram_buckets(words, *lengths, bucket)
    assert found.offsets.dtype == np.int64
    assert found.buckets.dtype == np.int32
    assert rows_of(found) == [buckets_by_loop(word, *lengths, bucket) for word in words]


@given(WORDS, LENGTHS, st.integers(1, LARGEST))
def test_char_ngrams_hash_to_the_buckets(word, lengths, bucket):
    expected = [fnv1a(ngram) % bucket for ngram in char_ngrams(word, *lengths)]
    assert char_ngram_buckets([word], *lengths, bucket).buckets.tolist() == expected


@given(st.lists(WORDS, min_size=1), LENGTHS, st.integers(1, 12))
def test_char_ngram_buckets_do_not_depend_on_slices(words, lengths, size):
    whole = char_ngram_buckets(words, *lengths, 1000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHARACTERS_PER_SLICE", size)
        sliced = char_ngram_buckets(words, *lengths, 1000)
    np.testing.assert_array_equal(sliced.offsets, whole.offsets)
    np.testing.assert_array_equal(sliced.buckets, whole.buckets)


def test_char_ngrams_of_known_words():
    assert char_ngrams("where", 3, 3) == ["<wh", "whe", "her", "ere", "re>"]
    assert char_ngrams("é", 1, 9) == ["<é", "<é>", "é", "é>"]
    assert char_ngrams("", 1, 2) == ["<>"]
    assert char_ngrams("ab", 1, 1) == ["a", "b"]
    assert char_ngrams("</s>", 1, 6) == []
    assert char_ngrams("where", 0, 0) == []


def test_char_ngram_buckets_without_words_are_empty():
    for words in ([], ["</s>"]):
        found = char_ngram_buckets(words, 3, 6, 10)
        assert found.offsets.tolist() == [0] * (len(words) + 1)
        assert found.buckets.tolist() == []


def test_char_ngram_buckets_of_a_lone_surrogate_are_those_of_its_three_bytes():
    words = ["\ud800", "a\udcff\ud800b"]
    expected = [buckets_by_loop(word, 1, 3, 10**6) for word in words]
    assert rows_of(char_ngram_buckets(words, 1, 3, 10**6)) == expected


def test_char_ngram_buckets_of_a_string_array_same_as_of_a_list():
    words = ["up", "dôwn", ""]
    packed = char_ngram_buckets(StringArray.from_strings(words), 2, 4, 99)
    assert rows_of(packed) == rows_of(char_ngram_buckets(words, 2, 4, 99))


def test_char_ngram_buckets_of_a_long_word_and_long_ngrams():
    word = "ab日" * 300
    expected = buckets_by_loop(word, 640, 1000, 10**6)
    assert rows_of(char_ngram_buckets(["x", word], 640, 1000, 10**6)) == [[], expected]


@pytest.mark.parametrize(("min_n", "max_n"), [(3, 2), (-1, 3), (0, -1), (1, -2)])
def test_lengths_that_contradict_each_other_are_refused(min_n, max_n):
    message = f"min_n={min_n}, max_n={max_n}; expected"
    with pytest.raises(ParameterError, match=message):
        char_ngrams("word", min_n, max_n)
    with pytest.raises(ParameterError, match=message):
        char_ngram_buckets(["word"], min_n, max_n, 10)


@pytest.mark.parametrize("bucket", [0, -1, 2**31])
def test_bucket_out_of_range_is_refused(bucket):
    with pytest.raises(ParameterError, match=f"bucket={bucket}; expected from 1"):
        char_ngram_buckets(["word"], 3, 6, bucket)


def test_zero_buckets_without_subwords_are_fine():
    assert char_ngram_buckets(["word"], 0, 0, 0).offsets.tolist() == [0, 0]


@given(st.lists(WORDS.filter(lambda it: it != "</s>"), min_size=1), st.integers(1, 4))
def test_char_ngram_buckets_same_as_gensim(words, min_n):
    """Of all words but the end of a sentence, which gensim takes for a spelling."""
    gensim = pytest.importorskip("gensim.models.fasttext")
    found = rows_of(char_ngram_buckets(words, min_n, 6, 2_000_000))
    for word, row in zip(words, found, strict=True):
        assert sorted(gensim.ft_ngram_hashes(word, min_n, 6, 2_000_000)) == sorted(row)


@pytest.mark.parametrize(("min_n", "max_n"), [(1, 1), (1, 4), (2, 5), (3, 6), (1, 20)])
def test_char_ngram_buckets_same_as_fasttext_program(tmp_path, min_n, max_n):
    fasttext = pytest.importorskip("fasttext", reason="the fasttext package is not installed")
    corpus = tmp_path / "corpus.txt"
    words = ["where", "é", "a", "日本語", "👍🏽", "naïve", "<x>", *COMBINING.split()]
    corpus.write_text(" ".join(words) + "\n", encoding="utf-8")
    options = {"minn": min_n, "maxn": max_n, "bucket": 5003, "minCount": 1, "dim": 2, "thread": 1}
    model = fasttext.train_unsupervised(str(corpus), epoch=1, verbose=0, **options)
    vocabulary = model.get_words()
    assert set(words) <= set(vocabulary)
    unseen = ["unseen", "ünseen日", ""]
    texts = [*vocabulary, *unseen]
    for text, row in zip(
        texts, rows_of(char_ngram_buckets(texts, min_n, max_n, 5003)), strict=True
    ):
        ngrams, ids = model.get_subwords(text)
        own = int(text in vocabulary)
        assert (ids[own:] - len(vocabulary)).tolist() == row, text
        assert ngrams[own:] == char_ngrams(text, min_n, max_n)
