import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_folder():
    folder = Path(
        os.environ.get("TEXTDL_DATA", Path(__file__).parents[3] / "shared" / "data")
    ).resolve()
    if not folder.is_dir():
        pytest.skip(f"no test data in {folder}; set TEXTDL_DATA")
    return folder
