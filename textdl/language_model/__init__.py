"""Language models: the next character or word, by what stands before it.

model       the estimator, `LanguageModel`
config      its parameters
symbols     characters or words as ids, and back
streams     a text as parallel streams, read segment by segment
network     vectors, recurrent layers and a softmax over all symbols; loss of a segment
training    truncated backpropagation through time, with checkpoints
generation  text drawn from a model
"""
