"""Commands in a lab's nodes: in one, in many at once, or in the place of this process."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from nlan.api import catalog
from nlan.api.inside import names
from nlan.errors import HostError

if TYPE_CHECKING:
    from nlan.api.lab import Lab
    from nlan.runtimes.base import Nodes

NOT_FOUND = 127
"""What a shell exits with where a command does not exist."""
MOST_AT_ONCE = 16


class Executed(NamedTuple):
    """A command that has ended.

    Attributes:
        exit: Its exit code; 128 and the signal's number where a signal ended it, 127 where there is none.
        stdout: What it printed.
        stderr: What it printed besides.
    """

    exit: int
    stdout: str
    stderr: str


def find(lab: Lab, pattern: str | None) -> list[str]:
    """Return the namespaces that are meant; all nodes where there is no pattern."""
    nodes = catalog.choose(lab.environment, lab.name)
    existing = nodes.namespaces()
    if pattern is None:
        return [name for name in names.visible(existing) if "/" not in name]
    return names.match_namespaces(pattern, existing, lambda: catalog.second_names(nodes))


def find_one(lab: Lab, node: str) -> str:
    """Return the namespace that a name or an address means."""
    return _namespace(catalog.choose(lab.environment, lab.name), node)


def _namespace(nodes: Nodes, node: str) -> str:
    return names.find_namespace(node, nodes.namespaces(), lambda: catalog.second_names(nodes))


def run_one(lab: Lab, node: str, command: Sequence[str], timeout_s: float | None) -> Executed:
    """Run a command in a node.

    Raises:
        HostError: It took too long, and was killed.
    """
    nodes = catalog.choose(lab.environment, lab.name)
    namespace = _namespace(nodes, node)
    try:
        return _run(nodes, namespace, command, timeout_s=timeout_s)
    except TimeoutError as error:
        words = f"{command[0]} ran longer than {timeout_s:g} s, and was killed"
        raise HostError(f"{namespace}: {words}") from error


def enter(lab: Lab, node: str) -> None:
    """Take this process into a node, for good."""
    nodes = catalog.choose(lab.environment, lab.name)
    nodes.enter(_namespace(nodes, node))


def run_all(nodes: Nodes, wanted: Sequence[str], command: Sequence[str]) -> dict[str, Executed]:
    """Run the command in all of them; Ctrl-C, which reaches none of these sessions, ends them."""
    stop = os.eventfd(0, os.EFD_CLOEXEC)
    with ThreadPoolExecutor(max_workers=MOST_AT_ONCE) as pool:
        try:
            found = pool.map(lambda name: _run(nodes, name, command, stop=stop), wanted)
            return dict(zip(wanted, found, strict=True))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            os.eventfd_write(stop, 1)
            raise


def _run(
    nodes: Nodes,
    namespace: str,
    command: Sequence[str],
    *,
    stop: int = -1,
    timeout_s: float | None = None,
) -> Executed:
    try:
        done = nodes.run(namespace, command, stop=stop, timeout_s=timeout_s)
    except HostError as error:
        return Executed(NOT_FOUND, "", f"{error}\n")
    code = done.returncode if done.returncode >= 0 else 128 - done.returncode
    return Executed(code, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
