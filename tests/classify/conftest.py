"""Small texts of known classes, and the folder of the large ones."""

import os
from pathlib import Path

import pytest

TEXTS = [
    "the probe orbits the moon",
    "a rocket to the moon, and an orbit",
    "the crew left the shuttle in orbit",
    "the goalie saved the puck",
    "hockey: a puck, a stick, a goalie",
    "the team lost the hockey game",
    "le chat noir dort ☘",
    "un chien et un chat",
]
LABELS = ["space"] * 3 + ["hockey"] * 3 + ["été"] * 2


@pytest.fixture(scope="session")
def data_folder():
    root = Path(__file__).parents[2]
    folder = Path(os.environ.get("TEXTDL_DATA", root.parent / "shared" / "data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no test data in {folder}; set TEXTDL_DATA")
    return folder / "labelled"
