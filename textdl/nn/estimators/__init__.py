"""Estimators after scikit-learn's conventions: multi-layer perceptrons on the functional core.

classifier.py   MLPClassifier
regressor.py    MLPRegressor
mlp.py          what both share: parameters and fitting
base.py         what a fitted network knows, answers, saves and loads
classes.py      labels to targets, and outputs to labels
validation.py   the checks of what an estimator is given
persistence.py  any saved network from its file
"""
