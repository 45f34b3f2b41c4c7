"""Corpora that this repository makes: one folder each, with a README and a builder."""
