"""The embedding bag (fastText's supervised mode): vectors of terms, averaged into a softmax.

config      the parameters, with their defaults and ranges
model       the equations, batches of about the same number of non-zeros, and training
classifier  the estimator, `EmbeddingBagClassifier`
"""
