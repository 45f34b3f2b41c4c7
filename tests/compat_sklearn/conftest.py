"""What scikit-learn's own tests ask for, which its `conftest.py` would give."""

import pytest


@pytest.fixture
def global_random_seed():
    return 42
