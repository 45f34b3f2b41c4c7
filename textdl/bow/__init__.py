"""Bags of words: counts, TF-IDF, BM25 and hashing, as scikit-learn's, on all cores."""
