"""Bag-of-words: counts, TF-IDF, BM25 and hashing, as scikit-learn has them, on all cores.

A corpus goes through `fit_transform` (in `vocabulary_vectorizer`) so: count, learn columns, weigh.

    parameters             every parameter: default, range, choices, description
    count                  CountVectorizer
    tfidf                  TfidfTransformer, TfidfVectorizer, and their weights
    bm25                   BM25Transformer, BM25Vectorizer, and their weights
    hashing                HashingVectorizer
    vectorizer             what all vectorizers share
    vocabulary_vectorizer  what those share that learn a vocabulary: fit, transform, merge
    vocabulary             what is learned: statistics of terms, pruning, columns
    search                 nearest documents, and the files that they came from
    matching               the most similar pairs of two lists of texts, near-duplicates of one
    persistence            what a file holds, and what of it is believed
    loading                opening the file of whatever vectorizer; the table of them
    engine/                how text is counted fast (see there)

Importing a module imports SciPy, and scikit-learn's base classes; `parameters` needs neither.
"""
