"""BIRD's configuration as nlan writes it: statements, one after the other, and how one changes into another.

A statement is what stands at the top level of bird.conf: an option, or a protocol with all that is in
its braces. BIRD itself compares protocol by protocol when it is configured anew, and leaves alone what
is equal; so does `compare`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from nlan.model.codec import Base
from nlan.secrets import HIDDEN, Secret

OPTIONS = "options"
"""The name of what is no protocol: the router's identifier, tables, the log."""


class Statement(Base, frozen=True, kw_only=True):
    """A statement of the configuration.

    Attributes:
        name: The protocol's, or `OPTIONS`.
        lines: As they stand in the file, a protocol's braces included.
        password: What a BGP session is signed with (TCP MD5), or None; it stands in no line.
    """

    name: str
    lines: tuple[str, ...]
    password: Secret | None = None

    @property
    def kind(self) -> str:
        """What it is: ``bgp``, ``ospf``, ``static``, ``kernel``, ``pipe``, … or `OPTIONS`."""
        return OPTIONS if self.name == OPTIONS else self.lines[0].split()[1]

    @property
    def peer(self) -> str:
        """The address of a BGP session's peer."""
        return next((line.split()[1] for line in self.lines if line.startswith("\tneighbor ")), "")

    def text(self) -> str:
        """Return it as it stands in the file, the password too."""
        if self.password is None:
            return "\n".join(self.lines)
        return "\n".join((*self.lines[:-1], f'\tpassword "{self.password.reveal()}";', self.lines[-1]))

    def shown(self) -> tuple[str, ...]:
        """Return its lines with the password hidden."""
        if self.password is None:
            return self.lines
        return (*self.lines[:-1], f"\tpassword {HIDDEN};", self.lines[-1])


def text(statements: Iterable[Statement]) -> str:
    """Return the file."""
    return "".join(f"{statement.text()}\n" for statement in statements)


class Change(NamedTuple):
    """What is to be done to a configuration, by the statements' names.

    Attributes:
        added: They are new.
        removed: They go.
        changed: They differ.
    """

    before: Mapping[str, Statement]
    after: Mapping[str, Statement]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def counts(self) -> str:
        """Return how many there are of each."""
        return f"{len(self.added)} to add, {len(self.removed)} to remove, {len(self.changed)} to change"

    def details(self) -> tuple[str, ...]:
        """Return the lines that go and those that come, each below its protocol's name."""
        names = dict.fromkeys((*self.removed, *self.changed, *self.added))
        return tuple(line for name in names for line in self._of(name))

    def _of(self, name: str) -> Iterator[str]:
        old, new = _shown(self.before.get(name)), _shown(self.after.get(name))
        both = self.before.get(name), self.after.get(name)
        is_key_alone = old == new and None not in both
        yield from (f"- {name}: {line.strip()}" for line in old if line not in new)
        yield from (f"+ {name}: {line.strip()}" for line in new if line not in old)
        if is_key_alone:
            yield f"+ {name}: password {HIDDEN};"

    def effects(self) -> tuple[str, ...]:
        """Return the sessions and adjacencies that do not survive it, in words.

        From BIRD's own ``*_reconfigure`` (proto/bgp/bgp.c, proto/ospf/ospf.c, nest/proto.c): of a BGP session
        it takes other filters and another ``next hop self`` while the session stays; anything else of
        it, and a channel that comes or goes, restarts the protocol.
        """
        return tuple(self._effects())

    def _effects(self) -> Iterator[str]:
        if OPTIONS in self.changed and _identifier(self.before) != _identifier(self.after):
            yield "all sessions (router id)"
            return
        for name in self.removed:
            yield from _removal(self.before[name])
        for name in self.changed:
            yield from _effect(self.before[name], self.after[name])

    def lost_routes(self) -> tuple[str, ...]:
        """Return the prefixes that static routes lead to before the change and none does after it."""
        kept = set(_routes(self.after))
        return tuple(prefix for prefix in dict.fromkeys(_routes(self.before)) if prefix not in kept)

    def reinstalls(self) -> tuple[str, ...]:
        """Return the kernel protocols that begin anew: their routes go and come again."""
        kernels = (name for name in self.changed if self.before[name].kind == "kernel")
        return tuple(
            name for name in kernels if _unfiltered(self.before[name]) != _unfiltered(self.after[name])
        )


def compare(wanted: Sequence[Statement], observed: Sequence[Statement]) -> Change:
    """Return what turns one configuration into the other."""
    after, before = {s.name: s for s in wanted}, {s.name: s for s in observed}
    return Change(
        before,
        after,
        tuple(name for name in after if name not in before),
        tuple(name for name in before if name not in after),
        tuple(name for name, s in after.items() if name in before and before[name] != s),
    )


def _shown(statement: Statement | None) -> tuple[str, ...]:
    return statement.shown() if statement is not None else ()


def _identifier(statements: Mapping[str, Statement]) -> str:
    lines = statements[OPTIONS].lines if OPTIONS in statements else ()
    return next((line for line in lines if line.startswith("router id ")), "")


def _removal(statement: Statement) -> Iterator[str]:
    if statement.kind == "bgp":
        yield f"{statement.peer} (removed)"
    elif statement.kind == "ospf":
        yield f"all adjacencies ({statement.name} ends)"


QUIET_OF_PEER = re.compile(r"\t+(description |import |export |next hop self)")
"""Lines of a BGP session that it survives when they change."""


def _effect(before: Statement, after: Statement) -> Iterator[str]:
    if before.kind == "bgp":
        if before.password != after.password or _loud(before) != _loud(after):
            yield f"{after.peer} (changed)"
    elif before.kind == "ospf":
        yield from _ospf_effects(before, after)


def _loud(statement: Statement) -> list[str]:
    return [line for line in statement.lines if not QUIET_OF_PEER.match(line)]


def _unfiltered(statement: Statement) -> list[str]:
    return [line for line in statement.lines if not re.match(r"\t+(import|export) ", line)]


_AREA = re.compile(r"\tarea (\S+) \{")
_INTERFACE = re.compile(r'\t\tinterface "([^"]+)"(?: (\S+))? \{')
_ADJACENCY = re.compile(r"\t{3}(type|stub|hello|dead) ")
"""Lines of an interface that its adjacencies do not survive; another type restarts all of OSPF."""


def _ospf_effects(before: Statement, after: Statement) -> Iterator[str]:
    old, new = dict(_interfaces(before)), dict(_interfaces(after))
    if len({area for area, *_ in old}) > 1 and len({area for area, *_ in new}) <= 1:
        yield "all adjacencies (no area border router any more)"
        return
    if len({area for area, *_ in old}) <= 1 and len({area for area, *_ in new}) > 1:
        yield "all adjacencies (an area border router now)"
        return
    for key, lines in old.items():
        kept = new.get(key)
        if kept is None:
            yield f"adjacencies on {key[1]}"
        elif [x for x in lines if _RESTARTS.match(x)] != [x for x in kept if _RESTARTS.match(x)]:
            yield f"all adjacencies ({key[1]} changes its type)"
            return
        elif [x for x in lines if _ADJACENCY.match(x)] != [x for x in kept if _ADJACENCY.match(x)]:
            yield f"adjacencies on {key[1]}"


_RESTARTS = re.compile(r"\t{3}(type|stub) ")


def _interfaces(statement: Statement) -> Iterator[tuple[tuple[str, str, str], list[str]]]:
    """Yield area, interface and prefix, with the lines that stand below."""
    area, lines = "", list[str]()
    for line in statement.lines:
        if found := _AREA.match(line):
            area = found[1]
        elif found := _INTERFACE.match(line):
            lines = []
            yield (area, found[1], found[2] or ""), lines
        elif line.startswith("\t\t\t"):
            lines.append(line)


def _routes(statements: Mapping[str, Statement]) -> Iterator[str]:
    for statement in statements.values():
        if statement.kind == "static" and not statement.name.startswith("announced"):
            yield from (line.split()[1] for line in statement.lines if line.startswith("\troute "))
