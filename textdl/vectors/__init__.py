"""Labeled vectors: the matrix, queries, files and evaluation.

The map; NumPy is all that a lookup needs:

    vectors.py    `Vectors`: what users ask of words and their vectors
    subwords.py   vectors of words without rows, from those of their n-grams
    tokenizer_file.py  the tokenizer that came with vectors of tokens
    query.py      the answers, as functions on arrays: nearest rows, close spellings
    alignment.py  vectors of several models, turned towards each other and averaged
    evaluate.py   word-similarity benchmarks and analogies
    formats/      one file per format, and the table of them
"""
