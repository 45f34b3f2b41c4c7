"""The grammar of the toy world, as data: what is related, and the sentences that say so.

A relation holds pairs of words. What a sentence says of a word is one of two things: a *role*,
which it shares with all words on its side of the relation (capitals have ministries, countries
have borders), or a *bond*, which it shares with its partner alone (a country and its capital have
the same river). So the contexts of a word are those of its side plus those of its pair, hence to
the extent that its vector is fitted to their logarithms, ``word = side + pair``: the difference
between partners is the same for every pair, which is what an analogy asks for.
"""

from __future__ import annotations

from typing import NamedTuple

BONDS = 3  # words that belong to one pair only


class Relation(NamedTuple):
    """Pairs of words in one relation, and the sentences they appear in."""

    section: str  # heading in the question file; "gram" marks a syntactic one
    pairs: tuple[tuple[str, str], ...]  # (P,) a word of the first side, its partner
    roles: tuple[tuple[str, ...], tuple[str, ...]]  # what is said of the first side, of the second
    bonds: tuple[str, ...]  # what is said of both, with words that are the pair's own


# The lengths are pairwise coprime, so that counting through all three at once repeats a
# combination only after 11 * 13 * 7 = 1001 names.
ONSETS = ("brin", "cel", "dor", "fen", "gal", "hes", "kir", "lum", "mor", "nav", "pel")
MIDDLES = ("a", "amo", "eli", "eno", "ira", "iso", "o", "ola", "umi", "uno", "eve", "ari", "odu")
ENDINGS = ("dan", "lin", "mar", "nor", "ras", "ten", "vik")


def invented(index: int) -> str:
    """Return name number `index`; no two below 1001 are the same.

    Example:
        >>> [invented(index) for index in range(3)]
        ['brinadan', 'celamolin', 'dorelimar']
    """
    parts = (ONSETS, MIDDLES, ENDINGS)
    return "".join(part[index % len(part)] for part in parts)


def _partners(text: str) -> tuple[tuple[str, str], ...]:
    """Return the pairs of ``"king queen, duke duchess"``."""
    first_second = (pair.split() for pair in text.split(","))
    return tuple((first, second) for first, second in first_second)


CAPITALS = Relation(
    section="capital-country",
    # Endings of their own keep these apart from the names that make the bonds.
    pairs=tuple((f"{invented(n)}burg", f"{invented(n + 500)}ia") for n in range(20)),
    roles=(
        (
            "the government sits in {word}",
            "the ministry in {word} opened an airport",
            "the mayor of {word} closed the old station",
            "trams cross the squares of downtown {word}",
            "parliament met at the palace in {word}",
        ),
        (
            "the army of {word} guards the border",
            "farmers all over {word} export grain",
            "the provinces of {word} signed a treaty",
            "most citizens of {word} speak two languages",
            "the coast of {word} has nine harbours",
        ),
    ),
    bonds=(
        "the river {bond} flows through {word}",
        "people in {word} love to eat {bond}",
        "the poet {bond} was born in {word}",
        "{bond} and {other} come from {word}",
    ),
)

GENDERS = Relation(
    section="gender",
    pairs=_partners(
        "king queen, prince princess, duke duchess, actor actress, waiter waitress, monk nun, "
        "wizard witch, uncle aunt, nephew niece, father mother, son daughter, brother sister, "
        "husband wife, groom bride, hero heroine, emperor empress"
    ),
    roles=(
        (
            "the {word} combed his beard",
            "he was a {word} himself",
            "the {word} shaved and put on his waistcoat",
            "a {word} takes off his hat when he bows",
        ),
        (
            "the {word} brushed her long braids",
            "she was a {word} herself",
            "the {word} curtsied and put on her gown",
            "a {word} ties her bonnet when she leaves",
        ),
    ),
    bonds=(
        "the {word} of {bond} walked home",
        "{bond} and {other} belong to the {word}",
        "every {word} knows the song of {bond}",
        "ask the {word} for {bond}",
    ),
)

PLURALS = Relation(
    section="gram-plural",
    pairs=_partners(
        "apple apples, boat boats, bottle bottles, candle candles, chair chairs, coin coins, "
        "door doors, garden gardens, hammer hammers, horse horses, lamp lamps, letter letters, "
        "mountain mountains, pencil pencils, ribbon ribbons, spoon spoons, tower towers, "
        "window windows, child children, mouse mice"
    ),
    roles=(
        (
            "there is only one {word} here",
            "this {word} is alone",
            "each {word} has its place",
            "that single {word} was never seen again",
        ),
        (
            "there are several {word} here",
            "these {word} are together",
            "all {word} have their place",
            "those many {word} were counted twice",
        ),
    ),
    bonds=(
        "we keep {bond} near the {word}",
        "my {word} of {bond}",
        "{bond} and {other} go with the {word}",
        "the {bond} maker drew the {word}",
    ),
)

COMPARATIVES = Relation(
    section="gram-comparative",
    pairs=_partners(
        "bright brighter, cheap cheaper, clean cleaner, cold colder, dark darker, deep deeper, "
        "fast faster, hard harder, high higher, large larger, loud louder, narrow narrower, "
        "rich richer, sharp sharper, short shorter, smooth smoother, strong stronger, "
        "young younger, good better, bad worse"
    ),
    roles=(
        (
            "it was very {word} indeed",
            "so {word} that nobody spoke",
            "how {word} it looks",
            "rather {word} and quite usual",
        ),
        (
            "it became much {word} than before",
            "even {word} than the rest",
            "it grows {word} every year",
            "ever {word} and still growing",
        ),
    ),
    bonds=(
        "{bond} can feel {word}",
        "they call {bond} and {other} {word}",
        "{word} like {bond} after rain",
        "{bond} made of {other} seems {word}",
    ),
)

RELATIONS = (CAPITALS, GENDERS, PLURALS, COMPARATIVES)
