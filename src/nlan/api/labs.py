"""Which labs there are, which one is meant, and whether the caller may touch it."""

from __future__ import annotations

import os

from nlan.api import names
from nlan.api.nodes import open_nodes
from nlan.errors import HostError, NotFoundError
from nlan.runtimes import NetnsRuntime, Paths, labs
from nlan.state import find_state, known_labs

MOST_LISTED = 12
"""How many labs an error names."""


def running(paths: Paths) -> list[str]:
    """Return the labs that exist on this machine, sorted."""
    return labs(paths)


def choose(paths: Paths, name: str | None) -> NetnsRuntime:
    """Return the lab that is meant: the one of that name, or the only one.

    Raises:
        NotFoundError: It does not run, or none runs, or several do.
        HostError: The caller lacks the privilege.
    """
    need_root()
    found = labs(paths)
    if name is None and len(found) == 1:
        return open_nodes(paths, found[0])
    if name is None:
        raise NotFoundError(f"several labs run, say which: {_listed(found)}" if found else "no lab runs")
    if name not in found:
        raise NotFoundError(f"no lab {name} runs; there {_are(found)}")
    return open_nodes(paths, name)


def second_names(place: NetnsRuntime) -> dict[str, str]:
    """Return the hosts of a lab by their second addresses (`nlan.api.names`), as it is remembered."""
    state = find_state(place.paths.state, place.lab)
    if state is None:
        return {}
    with state:
        return names.second_names(state.lab())


def remembered_name(paths: Paths, name: str | None) -> str:
    """Return the lab that is meant, running or only remembered.

    Raises:
        NotFoundError: None is meant, or several may be.
    """
    if name is not None:
        return name
    for known in (labs(paths), known_labs(paths.state)):
        if len(known) == 1:
            return known[0]
        if known:
            raise NotFoundError(f"several labs, say which: {_listed(known)}")
    raise NotFoundError("no lab is known")


def need_root() -> None:
    """Check that the caller may work with namespaces.

    Raises:
        HostError: It may not; says what to do.
    """
    if os.geteuid() != 0:
        raise HostError(
            "this needs root: run it with sudo (`nlan show`, `generate` do without, and `plan` where the lab "
            "does not run)"
        )


def _are(names: list[str]) -> str:
    if not names:
        return "is none"
    return f"{'is' if len(names) == 1 else 'are'} {_listed(names)}"


def _listed(names: list[str]) -> str:
    """Return the names as a list that fits a line or two."""
    if len(names) <= MOST_LISTED:
        return ", ".join(names)
    return f"{', '.join(names[:MOST_LISTED])} and {len(names) - MOST_LISTED} more (`nlan ls`)"
