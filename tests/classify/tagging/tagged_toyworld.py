"""Tagged sentences of the toy world: capitals and countries are places, its nobility persons."""

from corpora.toyworld.build import sentences
from corpora.toyworld.grammar import RELATIONS

TYPES = {"capital-country": "LOC", "gender": "PER"}


def tagged_sentences(count, seed=1):
    """Sentences, some names of two tokens ("old king"), and their tags in BIO."""
    kinds = {
        word: TYPES[relation.section]
        for relation in RELATIONS
        if relation.section in TYPES
        for pair in relation.pairs
        for word in pair
    }
    words, tags = [], []
    for number, line in enumerate(sentences(count, seed)):
        row, marks = [], []
        for word in line.split():
            kind = kinds.get(word)
            if kind is not None and number % 3 == 0:
                row.append("Old")
                marks.append(f"B-{kind}")
            row.append(word.capitalize() if kind else word)
            inside = kind is not None and number % 3 == 0
            marks.append("O" if kind is None else f"{'I' if inside else 'B'}-{kind}")
        words.append(row)
        tags.append(marks)
    return words, tags
