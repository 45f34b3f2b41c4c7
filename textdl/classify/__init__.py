"""Labelled text in, one saved model out."""
