"""Which labs there are, and which one is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nlan.api.environment.nodes import machine, open_nodes
from nlan.api.inside import names
from nlan.api.upkeep.pidfile import keeper_of
from nlan.errors import HostError, NotFoundError
from nlan.paths import Paths
from nlan.runtimes.base import Nodes
from nlan.state import find_state, known_labs
from nlan.values import natural

if TYPE_CHECKING:
    from nlan.api.environment import Environment

MOST_LISTED = 12
"""How many labs an error names."""


def running(paths: Paths) -> list[str]:
    """Return the labs that exist on this machine, sorted."""
    return machine(paths).labs()


def choose(environment: Environment, name: str | None) -> Nodes:
    """Return the lab that is meant: the one of that name, or the only one.

    Raises:
        NotFoundError: It does not run, or none runs, or several do.
        HostError: The caller lacks the privilege.
    """
    environment.privileges.need_root()
    paths = environment.paths
    found = machine(paths).labs()
    if name is None and len(found) == 1:
        return open_nodes(paths, found[0])
    if name is None:
        raise NotFoundError(f"several labs run, say which: {_listed(found)}" if found else "no lab runs")
    if name not in found:
        raise NotFoundError(f"no lab {name} runs; there {_are(found)}")
    return open_nodes(paths, name)


def second_names(nodes: Nodes) -> dict[str, str]:
    """Return the hosts of a lab by their second addresses (`nlan.api.inside.names`), as it is remembered."""
    state = find_state(nodes.machine.paths.state, nodes.lab)
    if state is None:
        return {}
    with state:
        return names.second_names(state.lab())


def known_name(paths: Paths, name: str | None) -> str:
    """Return the lab that is meant, running or only remembered.

    Raises:
        NotFoundError: None is meant, or several may be.
    """
    if name is not None:
        return name
    for known in (machine(paths).labs(), known_labs(paths.state)):
        if len(known) == 1:
            return known[0]
        if known:
            raise NotFoundError(f"several labs, say which: {_listed(known)}")
    raise NotFoundError("no lab is known")


def known(paths: Paths, name: str | None = None) -> list[str]:
    """Return the labs that have a database, sorted; only the one of a name where one is given.

    Raises:
        NotFoundError: There is none of that name.
        HostError: The caller may not see them.
    """
    found = known_labs(paths.state)
    if name is None:
        return found
    if name not in found:
        raise NotFoundError(f"no lab {name} is known")
    return [name]


def _are(names: list[str]) -> str:
    if not names:
        return "is none"
    return f"{'is' if len(names) == 1 else 'are'} {_listed(names)}"


def _listed(names: list[str]) -> str:
    """Return the names as a list that fits a line or two."""
    if len(names) <= MOST_LISTED:
        return ", ".join(names)
    return f"{', '.join(names[:MOST_LISTED])} and {len(names) - MOST_LISTED} more (`nlan ls`)"


class Listed(NamedTuple):
    """A lab of this machine.

    Attributes:
        lab: Its name.
        state: ``running``; ``down``, yet its history is there; ``lost`` (it should run: after a boot,
            `restore` brings it back); ``unreadable`` (it does not run, nor can its database be read).
        nodes: How many.
        hosts: How many stand behind nodes.
        processes: How many run in it.
        kept_by: The process id of its keep.
        file: The file that it was last brought up from.
        reason: Why its database cannot be read; empty where it can.
    """

    lab: str
    state: str
    nodes: int
    hosts: int
    processes: int
    kept_by: int | None
    file: str
    reason: str = ""


def listed(environment: Environment) -> list[Listed]:
    """Return every lab, those that run and those that are remembered, sorted.

    Raises:
        HostError: The caller lacks the privilege.
    """
    environment.privileges.need_root()
    paths = environment.paths
    here = set(running(paths))
    every = sorted(here.union(known_labs(paths.state)), key=natural)
    return [_running(paths, lab) if lab in here else _from_database(paths, lab) for lab in every]


def _running(paths: Paths, lab: str) -> Listed:
    nodes = open_nodes(paths, lab)
    namespaces = nodes.namespaces()
    people = names.visible(namespaces)
    return Listed(
        lab=lab,
        state="running",
        nodes=sum("/" not in name for name in people),
        hosts=sum("/" in name for name in people),
        processes=sum(map(len, nodes.all_processes(namespaces).values())),
        kept_by=keeper_of(paths, lab),
        file=(remembered := _from_database(paths, lab)).file,
        reason=remembered.reason,
    )


def _from_database(paths: Paths, lab: str) -> Listed:
    """Return a lab by its database: history and addresses are there until it is purged."""
    try:
        state = find_state(paths.state, lab)
        if state is not None:
            with state:
                known, file, is_wanted = state.lab(), state.source()[0], state.was_up()
            nodes = known.nodes if known is not None else ()
            hosts = sum(1 for node in nodes for _ in node.hosts())
            # After a boot, what was up is not there, and `nlan restore` brings it back.
            return Listed(lab, "lost" if is_wanted else "down", len(nodes), hosts, 0, None, file)
    except HostError as error:
        return Listed(lab, "unreadable", 0, 0, 0, None, "", str(error))
    return Listed(lab, "unreadable", 0, 0, 0, None, "")
