"""Sequence tagging: one label per token, such as its part of speech, or B-PER and I-PER of a name.

tagger    the estimator, `SequenceTagger`
config    its parameters
columns   files of tokens and tags in columns (CoNLL)
words     words as ids; unknown ones by their shape
network   the networks by name: as for classes of texts, without pooling
entities  what tags say of entities, and precision, recall and F1 of them
"""
