"""What an embedding model is made of: an input side and an output side, and their names.

    objective.py             the protocol of both sides, and how they are joined
    bands.py                 which tokens of a block are the context of which centers
    word_tables.py           the tables of words: how they begin, what their rows are called
    skipgram.py              an input side: a word predicts the words around it
    cbow.py                  an input side: the mean or the sum of the words around it predicts it
    document_rows.py         the table of documents, a row per tag
    dbow.py                  an input side: a document predicts its words (PV-DBOW)
    dm.py                    an input side: a document with the words around it predicts it (PV-DM)
    subwords.py              words as means of their subwords, for any input side (fastText)
    negative_sampling.py     an output side: the predicted word against noise words
    output_words.py          which output row a word has: words may share one, as periods of a word
    hierarchical_softmax.py  an output side: its path through a Huffman tree

To add an input side, write a module with a function ``input_side(text, config) -> InputSide`` (or a
list of them, which share their output side's table) and add a line to `ARCHITECTURES`, or to
`DOCUMENT_ARCHITECTURES` where documents have rows; to add an output side, one with
``output_side(text, config, inputs) -> OutputSide`` and a line in `LOSSES`.
"""

from __future__ import annotations

# The module of each input side, and of each output side. Here, so that names are known without JAX.
ARCHITECTURES: dict[str, str] = {"skipgram": "skipgram", "cbow": "cbow"}
DOCUMENT_ARCHITECTURES: dict[str, str] = {"dbow": "dbow", "dm": "dm"}
LOSSES: dict[str, str] = {"ns": "negative_sampling", "hs": "hierarchical_softmax"}

#: At which each pair of sides does well, as measured.
LEARNING_RATES: dict[tuple[str, str], float] = {
    ("skipgram", "ns"): 0.03,
    ("skipgram", "hs"): 0.03,
    ("cbow", "ns"): 0.2,
    ("cbow", "hs"): 0.2,
}
#: The same where words are means of subwords, which learn from all the words that have them.
SUBWORD_LEARNING_RATES: dict[tuple[str, str], float] = {
    **LEARNING_RATES,
    ("skipgram", "ns"): 0.05,
}
#: The same where documents have rows; of ns as measured on IMDb (scripts/README.md).
DOCUMENT_LEARNING_RATES: dict[tuple[str, str], float] = {
    ("dbow", "ns"): 0.05,
    ("dbow", "hs"): 0.05,
    ("dm", "ns"): 0.2,
    ("dm", "hs"): 0.2,
}
