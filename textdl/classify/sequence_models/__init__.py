"""Networks that read a text word by word: convolution and recurrence.

config      parameters of the classifier and of the tokens, each once
networks    the networks by name: cnn, rnn, gru, lstm
training    how they are trained
tokens      texts to sequences of ids
classifier  the estimator on such sequences
"""
