"""Estimators after scikit-learn's conventions: multi-layer perceptrons on the functional core.

classifier.py   MLPClassifier; labels to targets, outputs to labels
regressor.py    MLPRegressor
mlp.py          what both share: parameters and fitting
base.py         what every fitted network shares: attributes, outputs, files, checks
persistence.py  any saved network from its file
"""
