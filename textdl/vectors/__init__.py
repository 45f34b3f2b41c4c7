"""Labelled vectors: the matrix, queries, files and evaluation."""
