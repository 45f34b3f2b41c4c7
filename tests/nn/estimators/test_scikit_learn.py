"""scikit-learn's own checks of an estimator; the slower ones run with the long tests."""

import warnings

import pytest
from sklearn.exceptions import SkipTestWarning
from sklearn.utils.estimator_checks import estimator_checks_generator

from textdl import MLPClassifier, MLPRegressor

# They share the shapes of their data, so little is compiled for them.
QUICK = {
    "check_complex_data",
    "check_dict_unchanged",
    "check_do_not_raise_errors_in_init_or_set_param",
    "check_dont_overwrite_attributes",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_empty_data_messages",
    "check_estimators_fit_returns_self",
    "check_estimators_pickle",
    "check_estimators_unfitted",
    "check_fit2d_predict1d",
    "check_get_params_invariance",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_mixin_order",
    "check_n_features_in",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_readonly_memmap_input",
    "check_sample_weights_list",
    "check_set_params",
    "check_supervised_y_2d",
    "check_valid_tag_types",
}


def checks():
    for model in (MLPClassifier(), MLPRegressor()):
        for _, check in estimator_checks_generator(model, mark=None):
            name = check.func.__name__
            marks = () if name in QUICK else pytest.mark.full
            yield pytest.param(model, check, marks=marks, id=f"{type(model).__name__}-{name}")


@pytest.mark.parametrize(("model", "check"), list(checks()))
def test_checks_of_scikit_learn(model, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        check(model)
