"""Text classification: labeled texts in, one saved model out.

text_classifier  the estimator, `TextClassifier`
label_prediction labels and scores from probabilities, for every classifier
fasttext_classifier  classifiers that fastText trained, to predict with
explanation      how far each word of a text moves the decision
loading          a classifier from a file of either program
config           its parameters
models           features and models by name, their defaults, and what makes them
averages         texts as means of word vectors, plain, TF-IDF weighted, SIF or uSIF
weightings       how these weigh words, and the common components that they remove
defaults         what the parameters become where they are left out
selection        what a model of auto becomes: candidates, and their race
autotune         a search for better parameters, by successive halving
linear/          the linear classifier: a solver, with calibrated probabilities
embedding_bag/   the embedding-bag classifier (fastText's supervised mode)
sequence_models/ networks that read texts word by word: convolution and recurrence
tagging/         one label per token: networks that read sentences, and what they find of entities
examples         reading labeled texts; labels as targets
report           accuracy, scores of classes, confusion matrix
persistence      a fitted classifier as an archive
"""
