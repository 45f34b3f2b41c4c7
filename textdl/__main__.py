"""`python -m textdl`: the command line."""

import sys

from textdl.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
