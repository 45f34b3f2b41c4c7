"""Labeled vectors: the matrix, queries, files and evaluation."""
