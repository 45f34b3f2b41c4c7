"""Labeled vectors: the matrix, queries, files and evaluation.

The map; NumPy is all that a lookup needs:

    vectors.py         `Vectors`: what users ask of words and their vectors
    subwords.py        vectors of words without rows, from those of their n-grams
    tokenizer_file.py  the tokenizer that came with vectors of tokens
    query.py           lengths, directions and cosines, as functions on arrays
    nearest.py         the rows of highest cosine with each query
    spelling.py        close spellings of a word that has no row
    alignment.py       vectors of several models, turned towards each other and averaged
    stability.py       how far several files agree on nearest words
    benchmarks.py      the files of word pairs and of analogies
    evaluate.py        how well vectors do on these
    comparison.py      whether one file does better than another
    bootstrap.py       how far such figures might be off
    formats/           one file per format, and the table of them
"""
