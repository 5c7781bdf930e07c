"""A process that compacts until it is killed, and says on standard output up to where.

Arguments: directory, commits that it leaves, ``compact`` or ``squeeze`` (as on a full disk).
"""

from __future__ import annotations

import os
import sys

from tega.database import open_database


def main(directory: str, kept: int, how: str) -> None:
    database = open_database(directory, durability="normal")
    while True:
        for number in range(40):
            database.put(("compactor", f"k{number}"), "y" * 200)
        if how == "squeeze":
            database.snapshot()
            database.put(("compactor", "k0"), 1)
            database._squeeze(database.head() - 1)
        database.compact(database.head() - kept)
        os.write(1, b"%d\n" % database.oldest())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
