"""The embedding bag (fastText's supervised mode): vectors of terms, averaged into a softmax.

config      the parameters, with their defaults and ranges
batches     texts in batches of about the same number of non-zeros, for the workers of local SGD
model       the equations: a problem for `textdl.embed.local_sgd`; and training
classifier  the estimator, `EmbeddingBagClassifier`
"""
