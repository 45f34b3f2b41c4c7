"""Temporal referencing: one training on the texts of all periods, with a word for each of them.

Chosen words are tagged by the period of their text, `gay` becoming `gay_1900` and `gay_2000`, so
that one model learns a vector for each, in one space: nothing has to be aligned. All other words
are shared by the periods.

In the paper a chosen word is tagged where it is the target, and left as it is in the context of
others. Here it is tagged in the text, and a model that is trained with ``context_separator`` gives
all periods of a word one vector as a context, and its own as a target. (Models without that
parameter, such as CBOW, take a tagged word for another one in every place.)

Reference: Dubossarsky, Hengchen, Tahmasebi and Schlechtweg 2019, "Time-out: temporal referencing
for robust modeling of lexical semantic change".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from textdl.errors import CorpusError, ParameterError
from textdl.text.corpus import Corpus, read_documents
from textdl.text.tokenizers import Tokenizer, get_tokenizer


def tag_periods(
    corpora: Mapping[str, Corpus],
    words: Iterable[str],
    *,
    tokenizer: str | Tokenizer = "nltk",
    lowercase: bool = True,
    separator: str = "_",
) -> Iterator[list[str]]:
    """The tokens of the texts of all periods, chosen words tagged by the period.

    Args:
        corpora: texts, or where they are, by the name of their period.
        words: that are tagged, as the tokenizer makes them.
        tokenizer: of the texts, a name or a function.
        lowercase: lower-case the texts.
        separator: between a word and its period.

    Yields:
        The tokens of each text, for `Word2Vec().fit` or the like.

    Raises:
        ParameterError: there are fewer than two periods, or no word; or a word, the separator or
            the name of a period is empty or has white space in it, or the name has the separator.
        CorpusError: a period has no text.

    References:
        Dubossarsky et al. 2019, "Time-out: temporal referencing for robust modeling of lexical
        semantic change".

    Example:
        >>> texts = {"1900": ["a gay party"], "2000": ["a gay parade"]}
        >>> list(tag_periods(texts, ["gay"], tokenizer="whitespace"))
        [['a', 'gay_1900', 'party'], ['a', 'gay_2000', 'parade']]
    """
    if isinstance(words, str) or not (chosen := set(words)):
        raise ParameterError(f"words are {words!r}; expected a list of at least one word to tag")
    if not isinstance(corpora, Mapping) or len(corpora) < 2:
        raise ParameterError(
            "expected the corpora of two or more periods, as a dict by their names"
        )
    for part, named in (("word", chosen), ("separator", [separator]), ("period", corpora)):
        for name in named:
            _require_one_word(part, name)
    for period in corpora:
        if separator in period:
            raise ParameterError(
                f"the period {period!r} has the separator {separator!r} in it, so that its words "
                "could not be told from others; choose another name or separator"
            )
    return _tagged(corpora, chosen, get_tokenizer(tokenizer, lowercase=lowercase), separator)


def _require_one_word(part: str, name: str) -> None:
    if name.split() != [name]:
        raise ParameterError(
            f"the {part} {name!r} is empty or has white space in it; expected what can be in one "
            "word"
        )


def _tagged(
    corpora: Mapping[str, Corpus], words: set[str], tokenize: Tokenizer, separator: str
) -> Iterator[list[str]]:
    for period, corpus in corpora.items():
        names = {word: f"{word}{separator}{period}" for word in words}
        is_empty = True
        for text in read_documents(corpus):
            is_empty = False
            yield [names.get(token, token) for token in tokenize(text)]
        if is_empty:
            raise CorpusError(f"the corpus of the period {period!r} is empty; expected texts")
