"""Words and punctuation as in the Penn Treebank, by NLTK; no download is ever needed.

NLTK finds sentences (`PunktSentenceTokenizer`), and sends each through some thirty substitutions
(`NLTKWordTokenizer`). `TreebankRuns` gives the same tokens more than ten times as fast, since it
asks NLTK only once about each kind of run. A run is what stands between two ASCII spaces. Which
rules are local, that is, do not look beyond a run (NLTK 3.10, ``punkt.py`` and ``destructive.py``):

**Sentences.** A candidate for the end is one of ``. ? !`` before a mark (``) " ; } ] * : @ ' ( {``
or a curly quote), or before white space and a further run (`period_context_re`). Of several in a
run only the last counts, since they overlap (`_match_potential_end_contexts`). What is decided
about is the run up to there and, if white space follows, the next run. As nothing was learned from
text (no collocations, no sentence starters, no orthographic contexts), there matter of

- the run: whether its last token is an abbreviation, an initial, a number or an ellipsis;
- the next run: whether it begins with a capital, a small letter or punctuation.

Not local are closing marks that stand alone behind the candidate: `_realign_boundaries` moves them
into the sentence before.

**Words.** In the order in which the substitutions come:

| substitutions | what they look at |
|---|---|
| ``«“‘„`` and backticks, dots, dashes, brackets, ``; @ # $ % & ? ! *``, closing quotes | itself |
| ``"`` at the start; ``"`` or two ``'`` behind a bracket or a space | start of sentence, run |
| ``'`` that a word follows, which is no clitic | run |
| last period, and closing marks behind it | end of sentence; run, unless that is closing marks |
| ``:`` and ``,``, unless a digit follows; ``'`` before a space; clitics | run, space behind |
| contractions | run, and the space around it, which by then is there even at the ends |

Some of these take in the space behind the run, and so keep it from what begins the next run and
needs a space before it: a lone ``'``, which is a token anyway. Where a rule says "space", other
white space does not count; but by the time of the clitics all of it has become spaces.

So a run has the same tokens wherever it stands in a sentence, except as the first one (if a quote
or a period is its first character) and as the last one. The rest (`NotLocalError`) is left to NLTK,
the whole text: closing marks alone at the end of a sentence, control characters that are white
space to some engines only, white space other than spaces around quotes.

No version of NLTK is pinned: all this is checked on a page of hard cases before the first text.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from nltk.tokenize.destructive import NLTKWordTokenizer
from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

from textdl.text.tokenizers import Tokenizer
from textdl.text.tokenizers.run_memo import fast_if_equal
from textdl.text.tokenizers.treebank_runs import TreebankRuns

# Words whose period does not end a sentence. Punkt learns them from text; what others learned would
# have to be downloaded, so it gets the common ones.
ABBREVIATIONS = (
    "mr mrs ms dr prof rev gen col capt lt sgt gov sen rep hon st jr sr mt ft vs etc e.g i.e cf al "
    "ca approx dept univ inc ltd co corp u.s u.k u.n ph.d b.c a.d a.m p.m"
)

# Characters that rules have, or could have; a character of each kind that none of them knows.
_CHARACTERS = (
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\u2012\u2013\u2014\u2015\u2018\u2019\u201a\u201c\u201d\u201e"
    "\u00ab\u00bb\u2026\u2022\u2032\u00b0\u00b2\u00bd\u00d7\u20ac\u00a3\u00e9\u00df\u05d0\u4e2d"
    "\u3002\uff0c\u0301\u200b\u00a0\u3000\U0001f600"
)
_NEIGHBORS = "\"'`.,:?!)(-"
_PAIRS = "ab{0} {0}Cd.{0} It{0}s"
_AROUND = ("a{0}b", "{0}ab", "Ab.{0} Cd", "1{0}2.", "{0} ef")
_SENTENCES = (
    "\"Don't panic!\" said Mr. Dent (42). 'Tis only a towel... They'll've gone; we cannot, can't.",
    "I'm gonna, you're gotta, gimme 'em, lemme more'n wanna; d'ye see? It's J. R. Smith's 5. dog.",
    "He said \"etc.\" (i.e. this). \"Why?\" \"No!\" ''Yes'' ``quoted'' \u201cso.\u201d it\u2019s.",
    "Pi is 3.14, e.g. at 10:30 a.m. on 1,000,000 pages: 5,6 :7 ;8 --- all--of--it -- and-so-on.",
    'In the U.S. army. He left the U.S. The end?! Really?... (Yes.) [No.] {a.} <b.> a.) b) c."',
    "one . two . . three ... four ? five ! ' six ' \" seven \" '' eight '' ) nine ). ten .) . ",
    "line one.\n\"Line two\"\n'line three'\t''four''\r\n5' 6'' 7\"\n\n Mr.\nDent. x' \ny'\nz.",
    "x@y.org http://a.b/c?d=e&f=g#h $5.00 50% a*b **c** snake_case C++ #tag <br /><br />The end",
    "I.B.M. Corp. v. A.T.&T. Inc.,no.space?here.Or(there).'It's'.\"so\".No. 7. 8th. 9.a 10.B",
)


def _hard_cases() -> Iterator[str]:
    """A page of texts that touch every rule."""
    for text in _SENTENCES:
        yield text
        yield text.lower()
    for character in _CHARACTERS:
        yield " ".join(form.format(character) for form in _AROUND)
    for first in _NEIGHBORS:
        yield " ".join(_PAIRS.format(first + second) for second in _NEIGHBORS)


def _sentence_tokenizer() -> PunktSentenceTokenizer:
    parameters = PunktParameters()
    parameters.abbrev_types.update(ABBREVIATIONS.split())
    return PunktSentenceTokenizer(parameters)


@cache
def _runs() -> TreebankRuns:
    return TreebankRuns(_sentence_tokenizer(), ABBREVIATIONS.split(), NLTKWordTokenizer())


def tokenize_by_nltk(text: str) -> list[str]:
    """What `tokenize` has to give, by NLTK alone."""
    return _runs().tokenize_by_nltk(text)


@cache
def _tokenizer() -> Tokenizer:
    return fast_if_equal(_runs().tokenize, tokenize_by_nltk, _hard_cases())


def tokenize(text: str) -> list[str]:
    """Cut a text into sentences, then each of them into words.

    The Treebank rules part a final period from its word only at the end of the string.
    """
    return _tokenizer()(text)
