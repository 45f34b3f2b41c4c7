"""Words and punctuation as in the Penn Treebank, by NLTK; no download is ever needed."""

from __future__ import annotations

from nltk.tokenize.destructive import NLTKWordTokenizer
from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

# Words whose period does not end a sentence. Punkt learns them from text; what others learned would
# have to be downloaded, so it gets the common ones.
ABBREVIATIONS = (
    "mr mrs ms dr prof rev gen col capt lt sgt gov sen rep hon st jr sr mt ft vs etc e.g i.e cf al "
    "ca approx dept univ inc ltd co corp u.s u.k u.n ph.d b.c a.d a.m p.m"
)


def _sentence_tokenizer() -> PunktSentenceTokenizer:
    parameters = PunktParameters()
    parameters.abbrev_types.update(ABBREVIATIONS.split())
    return PunktSentenceTokenizer(parameters)


_SENTENCES = _sentence_tokenizer()
_WORDS = NLTKWordTokenizer()


def tokenize(text: str) -> list[str]:
    """Cut a text into sentences, then each of them into words.

    The Treebank rules part a final period from its word only at the end of the string.
    """
    return [word for sentence in _SENTENCES.tokenize(text) for word in _WORDS.tokenize(sentence)]
