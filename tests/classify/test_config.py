"""Parameters of a text classifier: documented and checked from one declaration."""

import subprocess
import sys
from dataclasses import fields

import pytest

from textdl import EmbeddingBagClassifier, TextClassifier
from textdl.classify.config import TextClassifierParameters
from textdl.classify.models import FEATURES, MODELS
from textdl.parameters import parameters_of


@pytest.mark.parametrize("kind", [TextClassifier, EmbeddingBagClassifier])
def test_docstring_describes_every_parameter(kind):
    known = parameters_of(kind)
    assert set(known) == set(kind().get_params())
    for name, parameter in known.items():
        assert f"        {name}: {parameter.description[:20]}" in kind.__doc__


def test_choices_are_those_of_the_registries():
    known = parameters_of(TextClassifierParameters)
    assert known["features"].choices == tuple(FEATURES)
    assert known["model"].choices == tuple(MODELS)


def test_descriptions_name_the_defaults():
    known = parameters_of(TextClassifierParameters)
    for name, parameter in known.items():
        is_said = parameter.default is not None or "default" in parameter.description
        assert is_said or name in ("vectors", "n_jobs")
    assert "power to which the idf" in known["idf_power"].description
    assert "(default: 2)" in known["idf_power"].description
    assert "idf raised to idf_power" in known["features"].description


def test_embedding_bag_defaults_stand_once():
    known = parameters_of(EmbeddingBagClassifier)
    for name, value in FEATURES["bag"].models["linear"].items():
        assert known[name].default == value
    assert {field.name for field in fields(EmbeddingBagClassifier)} == set(known)


def test_import_loads_neither_jax_nor_scikit_learn():
    check = (
        "import sys, textdl.classify.config, textdl.classify.examples; "
        "sys.exit(bool({'jax', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
