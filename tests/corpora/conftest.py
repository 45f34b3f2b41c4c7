import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The builders are scripts, not part of the wheel: found in the repository, wherever pytest runs.
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))
