"""`python -m tega.server`."""

import sys

from tega.programs import server

if __name__ == "__main__":
    sys.exit(server())
