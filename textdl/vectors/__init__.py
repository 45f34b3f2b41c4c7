"""Labeled vectors: the matrix, queries, files and evaluation.

The map; NumPy is all that a lookup needs:

    vectors.py         `Vectors`: what users ask of words and their vectors
    labeled.py         a labeled matrix: words, rows, and vectors of words without rows
    queries.py         what is asked of one, as functions
    searching.py       what finds the nearest rows, of all or of some
    approximate.py     an index that finds most of them faster, by usearch
    transport.py       word mover's distance, by POT
    subwords.py        vectors of words without rows, from those of their n-grams
    tokenizer_file.py  the tokenizer that came with vectors of tokens
    query.py           lengths, directions and cosines, as functions on arrays
    nearest.py         the rows of highest cosine with each query
    spelling.py        close spellings of a word that has no row
    alignment.py       vectors of several models, turned towards each other and averaged
    change.py          words whose meaning differs between corpora
    stability.py       how far several files agree on nearest words
    benchmarks.py      the files of word pairs and of analogies
    evaluate.py        how well vectors do on these
    word_sets.py       categorization, outlier detection, associations (WEAT)
    comparison.py      whether one file does better than another
    bootstrap.py       how far such figures might be off
    formats/           one file per format, and the table of them
"""
