"""`python -m nlan` is the `nlan` command."""

import sys

from nlan.cli.main import main

sys.exit(main())
