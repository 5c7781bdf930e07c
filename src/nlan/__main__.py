"""`python -m nlan` is the `nlan` command."""

import sys

try:
    from nlan.cli.main import main
except KeyboardInterrupt:
    print("\ninterrupted; nothing was touched yet", file=sys.stderr)
    sys.exit(130)

sys.exit(main())
