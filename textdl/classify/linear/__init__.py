"""The linear classifier: one hyperplane per class, by a solver, with calibrated probabilities.

config       the parameters, with their defaults and ranges
classifier   the estimator, `LinearClassifier`
calibration  folds, and the temperature that makes probabilities of scores
"""
