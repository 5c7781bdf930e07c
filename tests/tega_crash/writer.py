"""A process that commits until it is killed, and says on standard output what was acknowledged.

Arguments: directory, durability, paths per commit. Each commit puts one
number at all paths; each line is the revision and that number.
"""

from __future__ import annotations

import os
import sys

from tega.api import Change, Op
from tega.database import open_database


def main(directory: str, durability: str, paths: int) -> None:
    database = open_database(directory, durability=durability)  # type: ignore[arg-type]
    name = f"w{os.getpid()}"
    number = 0
    while True:
        number += 1
        changes = [Change(Op.PUT, ("same", name, f"k{index}"), number) for index in range(paths)]
        changes.append(Change(Op.PUT, ("filler", f"n{number % 50}"), "x" * 300))
        commit = database.commit(changes, author=name)
        os.write(1, b"%d %d\n" % (commit.rev, number))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
