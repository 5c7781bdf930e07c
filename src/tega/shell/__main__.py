"""`python -m tega.shell`."""

import sys

from tega.programs import cli

if __name__ == "__main__":
    sys.exit(cli())
