"""Which runtime has made which nodes of a lab, where that is not the usual one: a file of its run directory.

It is written before a node is made and after one is gone, with the lab's lock held, so that whoever comes by
later, with or without the lab's file, goes to the right runtime. A lab of the usual one alone has none.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from nlan.errors import HostError

FILE = "runtimes"


class Placement(NamedTuple):
    """Runtimes by name.

    Attributes:
        default: That of the fabric, and of the nodes that ask for none; empty for the usual one.
        nodes: Those of the others, by node.
    """

    default: str
    nodes: Mapping[str, str]


NOWHERE = Placement("", {})


def read(directory: Path) -> Placement:
    """Return what is written in a lab's run directory.

    Raises:
        HostError: It cannot be read.
    """
    path = directory / FILE
    try:
        return msgspec.convert(msgspec.json.decode(path.read_bytes()), Placement)
    except (FileNotFoundError, NotADirectoryError):
        return NOWHERE
    except (OSError, msgspec.MsgspecError) as error:
        raise HostError(f"{path}: which runtimes its nodes have cannot be read: {error}") from error


def write(directory: Path, placement: Placement) -> None:
    """Write it down, whole; nothing is kept where there is nothing to say."""
    path = directory / FILE
    if placement == NOWHERE:
        path.unlink(missing_ok=True)
        return
    fresh = path.with_name(f"{FILE}.new")
    fresh.write_bytes(msgspec.json.encode(placement))
    os.replace(fresh, path)
