"""The driver of kernel switches: files below /proc/sys, as seen from inside a namespace.

A namespace does not tell which of its thousands of switches somebody has set. So nlan writes down the
names of those that it sets: one that is not wanted any more goes back to what a new namespace has, or,
where it is one of an interface, to what the namespace has for new interfaces.

What new interfaces have (``net/ipv6/conf/default/…``) is given to those that had what was before, too: an
interface that was there is then as one that comes.

Some switches of a namespace are its interfaces' too (`nlan.netlink.tables.netconf`): one interface that
says otherwise is a difference of the namespace's.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Protocol

from nlan.errors import ApplyError, HostError, NlanError
from nlan.kinds.base import Driver, Kind
from nlan.netlink.tables import netconf
from nlan.plan import Operation
from nlan.resources.base import NAMESPACE, Difference, Impact, KernelFile, Key, Rank, Resource, link_key
from nlan.runtimes.base import Nodes
from nlan.system import safefiles

JOURNAL_MAX = 1 << 26
"""Bytes of the file with the names."""
REPORTED = frozenset({"ip_forward", "forwarding", "rp_filter", "proxy_arp", "ignore_routes_with_linkdown"})
"""Last words of the switches of whose change there is an event."""
TWINS = {"net/ipv4/conf/all/forwarding": "net/ipv4/ip_forward"}
"""Switches of two names: who wants the one has set the other."""


class Sysctl(Resource, frozen=True, kw_only=True):
    """A kernel switch of a namespace.

    Attributes:
        namespace: Where.
        name: Path below /proc/sys, with slashes: ``net/ipv4/ip_forward``.
        value: As the kernel prints it.
    """

    kind: ClassVar[str] = "sysctl"
    is_ground: ClassVar[bool] = True
    rank: ClassVar[int] = Rank.SETTINGS + 40
    mutable: ClassVar[dict[str, Impact]] = {"value": "hitless"}
    delete_impact: ClassVar[Impact] = "hitless"
    namespace: str
    name: str
    value: str

    @property
    def key(self) -> Key:
        """The name."""
        return Key(self.kind, self.namespace, self.name)

    @property
    def unreported(self) -> KernelFile | None:
        """Itself, but for those whose change the kernel reports (RTM_NEWNETCONF)."""
        is_reported = self.name.rpartition("/")[2] in REPORTED
        return None if is_reported else KernelFile(self.name, self.value)

    def requires(self) -> tuple[Key, ...]:
        """Its namespace, and its interface where it is one of an interface."""
        own, words = Key(NAMESPACE, self.namespace, ""), self.name.split("/")
        if words[2:3] not in (["conf"], ["neigh"]) or words[3] in ("all", "default", "lo"):
            return (own,)
        return (own, link_key(self.namespace, words[3]))

    def difference(self, observed: Any) -> Difference | None:
        """Compare; a node that ceases to forward is an outage for who is behind it."""
        found = super().difference(observed)
        ceases = self.value == "0" and self.name in ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding")
        return found._replace(impact="outage") if found is not None and ceases else found


class Switchboard(Nodes, Protocol):
    """A place that says where to write down what was set (`nlan.runtimes.base.Nodes`)."""

    @property
    def sysctls_file(self) -> Path:
        """Where the file is."""

    def sysctl_defaults(self, names: Collection[str]) -> dict[str, str]:
        """Return the values that a new namespace has; without those that it lacks."""


class SysctlDriver:
    """Kernel switches: those that are wanted, and those that were."""

    kinds: tuple[str, ...] = ("sysctl",)

    def __init__(self, nodes: Switchboard, desired: Iterable[Resource] = ()) -> None:
        """Take the place, and from the desired resources the switches to observe."""
        self._nodes = nodes
        self._wanted: dict[str, dict[str, str]] = defaultdict(dict)
        for resource in desired:
            if isinstance(resource, Sysctl):
                self._wanted[resource.namespace][resource.name] = resource.value

    def observe(self, namespaces: Sequence[str]) -> Iterable[Sysctl]:
        """Return the wanted switches of the namespaces, and those that nlan set and that are not wanted.

        Left out is what the kernel lacks, and what is not wanted and as in a new namespace. Where
        nothing at all is wanted nobody asks for switches.
        """
        unwanted = self._unwanted(namespaces) if self._wanted else {}
        defaults = self._defaults(name for names in unwanted.values() for name in names)
        found: list[Sysctl] = []
        for namespace in namespaces:
            if namespace in self._wanted or namespace in unwanted:
                with suppress(HostError), self._nodes.inside(namespace):  # or it is gone
                    found += _observed_everywhere(namespace, self._wanted.get(namespace, {}))
                    left = _observed(namespace, unwanted.get(namespace, ()))
                    found += [s for s in left if s.value != _default(s.name, defaults)]
        return found

    def _unwanted(self, namespaces: Iterable[str]) -> dict[str, list[str]]:
        journal, found = self._read_journal(), {}
        for namespace in namespaces:
            wanted = self._wanted.get(namespace, {})
            names = [n for n in journal.get(namespace, ()) if n not in wanted and TWINS.get(n) not in wanted]
            if names:
                found[namespace] = names
        return found

    def _defaults(self, names: Iterable[str]) -> dict[str, str]:
        asked = set(names)
        return self._nodes.sysctl_defaults(asked) if asked else {}

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Write the values, namespace by namespace; what is deleted goes back to its default first."""
        outcomes: list[NlanError | None] = [None] * len(operations)
        by_namespace: dict[str, list[int]] = defaultdict(list)
        for position, operation in enumerate(operations):
            by_namespace[operation.key.namespace].append(position)
        self._note([o.key for o in operations if o.action != "delete"])
        gone = [o.key for o in operations if o.action == "delete"]
        defaults = self._defaults(key.name for key in gone)
        for namespace, positions in by_namespace.items():
            mine = {position: operations[position] for position in positions}
            for position, words in self._apply_in(namespace, mine, defaults).items():
                outcomes[position] = ApplyError(namespace, str(operations[position]), words)
        failed = {o.key for o, outcome in zip(operations, outcomes, strict=True) if outcome is not None}
        self._forget([key for key in gone if key not in failed])
        return outcomes

    def _apply_in(
        self, namespace: str, operations: Mapping[int, Operation], defaults: Mapping[str, str]
    ) -> dict[int, str]:
        """Write in one namespace and return why not, by the operation's position."""
        gone = {position: o.key.name for position, o in operations.items() if o.desired is None}
        failures: dict[int, str | None] = {}
        try:
            with self._nodes.inside(namespace):
                for position, name in gone.items():
                    wanted = self._wanted.get(namespace, ())
                    failures[position] = _restore(name, _default(name, defaults), wanted)
                if gone:  # one for all interfaces has changed each one's
                    for switch in self._wanted.get(namespace, {}).items():
                        _write(*switch)
                for position, operation in operations.items():
                    if isinstance(operation.desired, Sysctl):
                        failures[position] = self._write(operation.desired)
        except HostError as failure:
            failures = {position: str(failure) for position in operations if position not in gone}
        return {position: words for position, words in failures.items() if words is not None}

    def _write(self, switch: Sysctl) -> str | None:
        """Write a switch of the current namespace, and of interfaces that have another value still."""
        failure = _spread(switch.name, switch.value, self._wanted.get(switch.namespace, ()))
        wanted = {**self._wanted.get(switch.namespace, {}), switch.name: switch.value}
        for one in netconf.read(wanted)[1] if switch.name in netconf.SWITCHES else ():
            if one.name == switch.name:
                failure = failure or _write(netconf.SWITCHES[one.name].path.format(one.interface), one.usual)
        return failure

    # What was set

    def _read_journal(self) -> dict[str, list[str]]:
        try:
            found: dict[str, list[str]] = json.loads(safefiles.read(self._nodes.sysctls_file, JOURNAL_MAX))
        except (FileNotFoundError, ValueError):  # damaged: nobody knows any more
            return {}
        return found

    def _note(self, keys: Sequence[Key]) -> None:
        journal = self._read_journal()
        new = [key for key in keys if key.name not in journal.get(key.namespace, ())]
        for key in new:
            journal.setdefault(key.namespace, []).append(key.name)
        if new:
            self._write_journal(journal)

    def _forget(self, keys: Sequence[Key]) -> None:
        journal = self._read_journal() if keys else {}
        known = [key for key in keys if key.name in journal.get(key.namespace, ())]
        for key in known:
            journal[key.namespace].remove(key.name)
        if known:
            self._write_journal(journal)

    def _write_journal(self, journal: Mapping[str, Sequence[str]]) -> None:
        text = json.dumps({namespace: names for namespace, names in journal.items() if names})
        safefiles.write(self._nodes.sysctls_file, text.encode(), mode=0o644)


def _observed(namespace: str, names: Iterable[str]) -> Iterator[Sysctl]:
    for name in names:
        if (value := _read(name)) is not None:
            yield Sysctl(namespace=namespace, name=name, value=value)


def _observed_everywhere(namespace: str, wanted: Mapping[str, str]) -> Iterator[Sysctl]:
    """Yield the wanted switches; one that is right tells of the interfaces where it is not."""
    found, odd = netconf.read(wanted)
    for one in odd:
        if found.get(one.name, "").partition(",")[0] == wanted[one.name]:
            found[one.name] += f", {one.value} on {one.interface}"
    for name, value in found.items():
        yield Sysctl(namespace=namespace, name=name, value=value)
    yield from _observed(namespace, (name for name in wanted if name not in found))


def _default(name: str, defaults: Mapping[str, str]) -> str | None:
    """Return what a switch is where nobody sets it; call it inside the namespace."""
    if name in defaults:
        return defaults[name]
    family, _, rest = name.partition("/conf/")
    return _read(f"{family}/conf/default/{rest.rpartition('/')[2]}") if rest else None


def _restore(name: str, value: str | None, wanted: Collection[str]) -> str | None:
    """Write a default; what the kernel lacks, or has lost with its interface, needs none."""
    return None if value is None or _read(name) in (None, value) else _spread(name, value, wanted)


def _spread(name: str, value: str, wanted: Collection[str]) -> str | None:
    """Write a value; one for new interfaces also to those that have the former and nobody set."""
    directory, default, last = name.partition("/conf/default/")
    before = _read(name) if default else None
    failure = _write(name, value)
    if failure is None and before not in (None, value):
        for interface in os.listdir(f"/proc/sys/{directory}/conf"):
            own = f"{directory}/conf/{interface}/{last}"
            if interface not in ("all", "default", "lo") and own not in wanted and _read(own) == before:
                failure = failure or _write(own, value)
    return failure


def _read(name: str) -> str | None:
    try:
        with open(f"/proc/sys/{name}", encoding="ascii") as file:
            return " ".join(file.read().split())  # of several words, the kernel parts them by tabs
    except OSError:
        return None


def _write(name: str, value: str) -> str | None:
    """Write one value; return why not, None for success."""
    try:
        with open(f"/proc/sys/{name}", "w", encoding="ascii") as file:
            file.write(value)
    except OSError as failure:
        return f"{failure.strerror} (/proc/sys/{name})"
    return None


class SysctlKind(Kind[Sysctl]):
    """How kernel switches are set and found."""

    resource = Sysctl
    events = ("switch",)

    def driver(self, nodes: Any, kinds: Sequence[Any], desired: Iterable[Resource]) -> Driver:
        """Return their driver; it looks at those that are desired, and at those that were."""
        return SysctlDriver(nodes, desired)


KIND = SysctlKind()
