"""`python -m tega.server`."""

import sys

from tega.server.main import main

sys.exit(main())
