"""Random texts in which the rules of tokenizers meet each other."""

from collections.abc import Iterator
from random import Random

MARKS = r"""
    ' " '' `` ` . .. ... ? ! , : ; - -- --- ( ) [ ] { } < > * @ # $ % & / \ _ | + = ~ ^
    “ ” ‘ ’ „ ‚ « » – — ― … 。 ，
"""
WORDS = """
    a I A x J. dog Dog DOG The it Mr. mr etc. U.S. e.g. i.e ph.d. a.m. o'clock well-known x2
    n't 's 'S 'LL 're 'VE 'd 'm 't 'tis 'Twas 'em don't Don't rock'n'roll cannot Cannot can not
    gimme gonna gotta lemme wanna d'ye more'n whatcha 3 3.14 1,000 10:30 -5 5. 1990s 4th 12-13
    555 1234 (555) :-) :D 8) <3 #tag @me <br /> &amp; &#46; http://a.b/c?d=e x@y.org
    ² ½ ١ été École straße 中文 אב é İ ǅ ª Ⅰ Ⓐ ẞ 😀
"""
# Marks without width, and control characters.
ODD = ["\u0301", "\u0345", "\u200d", "\ufe0f", "\u200b", "\ufeff", "\x00", "\x07", "\x7f", ". . ."]
SPACES = ["  ", "   ", "\n", "\n\n", "\t", "\r\n", " \n", "\n ", "\x0b", "\x0c", "\x1c", "\x1d"]
SPACES += ["\x1e", "\x1f", "\x85", "\u00a0", "\u2003", "\u2028", "\u2029", "\u3000", "\u202f"]
PIECES = [*MARKS.split(), *WORDS.split(), *ODD]


def hard_texts(count: int, seed: int) -> Iterator[str]:
    """Yield texts of up to 25 hard pieces, from all run together to all apart."""
    random = Random(seed)
    for _ in range(count):
        share_of_spaces = random.choice([0, 0.2, 0.5, 0.8, 1])
        space = random.choice([[" "], [" "] * 60 + SPACES])
        pieces = [random.choice(SPACES)] if random.random() < 0.1 else []
        for _ in range(random.randrange(1, random.choice([3, 8, 25]))):
            pieces.append(random.choice(PIECES))
            if random.random() < share_of_spaces:
                pieces.append(random.choice(space))
        yield "".join(pieces)
