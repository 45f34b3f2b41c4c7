"""Estimators after scikit-learn's conventions: multi-layer perceptrons on the functional core.

classifier.py   MLPClassifier; labels to targets, outputs to labels
regressor.py    MLPRegressor
parameters.py   what both are given, and what it says of the training
mlp.py          how both are fitted
base.py         what every fitted network shares: attributes, outputs, files, checks
persistence.py  any saved network from its file
"""
