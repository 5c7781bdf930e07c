"""`python -m tega.shell`."""

import sys

from tega.shell.main import main

sys.exit(main())
