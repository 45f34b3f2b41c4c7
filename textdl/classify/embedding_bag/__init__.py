"""The embedding bag (fastText's supervised mode): vectors of terms, averaged into a softmax.

model       the equations: parameters, a step, an epoch
packing     batches of texts with as many non-zeros as any other
training    from a matrix of counts to vectors
classifier  EmbeddingBagClassifier
"""
