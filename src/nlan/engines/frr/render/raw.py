"""Raw FRR configuration, split among the daemons that take its lines.

An frr.conf is one text for all daemons; vtysh hands every line to those that understand it. Here
`nlan.engines.frr.config.read` tells which those are. What several know goes where it says something:
policy (route maps, lists, key chains) to the daemons whose lines refer to it, all else to those that run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from nlan.engines.frr.config.read import Line, read
from nlan.engines.frr.config.tree import Path
from nlan.engines.frr.config.words import EVERYBODY

POLICY_USERS = ("bgpd", "ospfd", "ospf6d", "isisd", "pimd", "eigrpd", "ripd", "ripngd", "pim6d", "mgmtd")
"""Who takes route maps, lists and key chains; mgmtd for those it manages, where they refer to them."""

POLICY_USERS_THEMSELVES = (*POLICY_USERS[:-1], "zebra")
"""The same without mgmtd."""

MANAGED = frozenset({"ripd", "ripngd"})
"""Whose policy is mgmtd's, where there is one."""

STEP = 5
"""By how much FRR numbers the entries of a list."""

_POLICY = re.compile(
    r"(no )?(ip prefix-list|(ipv6 |mac )?access-list|ipv6 prefix-list|route-map|key chain) \S"
)
_ENTRY = re.compile(
    r"(?P<list>(ip|ipv6) prefix-list \S+|(ipv6 )?access-list \S+|"
    r"bgp (as-path access-list|(large-|ext)?community-list( standard| expanded)?) \S+) "
    r"(seq (?P<seq>\d+) )?(?P<rule>(permit|deny) .+)"
)
_FOR_ALL = re.compile(r"(no )?allow-reserved-ranges$")
"""Of what every daemon knows, that which is not a name, a log or a door, which are nlan's to decide."""

_LOG_OF_MANAGED = re.compile(r"(no )?debug (ripng|rip|static)\b")
_INSTANCE = re.compile(r"router ospf (\d+)\b")
_OF_INSTANCE = re.compile(r"(no )?ip ospf (\d+) area ")

Split = dict[str, dict[Path, int]]
"""Per daemon the lines with the sections around them, and where each stands in the text, from 1."""


def split(text: str, running: Mapping[str, Iterable[Path]], *, manager: bool = True) -> Split:
    """Return the lines of the text, in canonical spelling, per daemon.

    Args:
        text: As in frr.conf.
        running: Daemons that run anyway, and their lines.
        manager: Whether there is an mgmtd; what would be its, is zebra's otherwise.
    """
    lines = list(numbered(line for line in read(text) if not _is_noise(line, manager=manager)))
    policy = [line for line in lines if _POLICY.match(line.path[0])]
    found: Split = {}
    common: list[Line] = []
    for line in lines:
        if _POLICY.match(line.path[0]):
            continue
        if line.opens in ("interface", "vrf"):
            continue  # the kernel has them; what is in them tells whose they are
        owners = owners_of(line, manager=manager)
        if len(owners) == 1:
            _put(found, next(iter(owners)), line)
        elif line.opens is None:
            common.append(line)
    if "ospfd" in found:
        found |= _by_instance(found.pop("ospfd"))
    for line in common:
        for daemon in sorted(owners_of(line, manager=manager) & (found.keys() | running.keys())):
            _put(found, daemon, line)
    return _with_policy(found, policy, running, manager=manager)


def _is_noise(line: Line, *, manager: bool) -> bool:
    """Tell names, passwords, logs and doors; and what the daemons that mgmtd speaks for should log."""
    if manager and _LOG_OF_MANAGED.match(line.path[0]):
        return True
    return EVERYBODY in line.owners and not _FOR_ALL.match(line.path[0])


def _put(found: Split, daemon: str, line: Line) -> None:
    own = found.setdefault(daemon, {})
    for depth in range(1, len(line.path) + 1):
        own.setdefault(line.path[:depth], line.number)


def owners_of(line: Line, *, manager: bool = True) -> Set[str]:
    """Return the daemons that a line (with the sections it stands in) belongs to."""
    central = "mgmtd" if manager else "zebra"
    owners = line.owners if manager else {central if owner == "mgmtd" else owner for owner in line.owners}
    if EVERYBODY in owners:
        return frozenset(POLICY_USERS) | {"zebra", "mgmtd"}
    of_kernel = line.path[0].startswith(("interface ", "vrf "))
    if of_kernel and central in owners:
        return {central}
    if not manager and (found := re.match(r"(no )?(ip|ipv6) (rip|ripng) ", line.path[-1])):
        return {f"{found[3]}d"}
    if owners:
        return owners
    return {central if of_kernel else "zebra"}


def numbered(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield the lines; entries of lists that have no number get the one that FRR would give them.

    The first entry that matches counts, so their order says something, which FRR keeps in numbers.
    """
    last: dict[str, int] = {}
    seen: set[tuple[str, str]] = set()
    for line in lines:
        match = _ENTRY.fullmatch(line.path[-1]) if len(line.path) == 1 else None
        if match is None:
            yield line
            continue
        name, rule = match["list"], match["rule"]
        if match["seq"] is None and (name, rule) in seen:
            continue  # as FRR does
        number = int(match["seq"] or last.get(name, 0) + STEP)
        last[name] = max(last.get(name, 0), number)
        seen.add((name, rule))
        yield line._replace(path=(f"{name} seq {number} {rule}",))


# -- several ospfd


def _by_instance(lines: Mapping[Path, int]) -> Split:
    """Return ospfd's lines by its processes: one for each number, ``ospfd`` where there is none.

    FRR runs either one process without a number or one for each. What an interface says with no number
    holds in all.
    """
    numbers = sorted({match[1] for path in lines if (match := _INSTANCE.match(path[0]))}, key=int)
    if not numbers:
        return {"ospfd": dict(lines)}
    found: Split = {f"ospfd-{number}": {} for number in numbers}
    for path, at in lines.items():
        match = _INSTANCE.match(path[0])
        written = match[1] if match else (of[2] if (of := _OF_INSTANCE.match(path[-1])) else "")
        for number in numbers:
            if written in ("", number) and path[0] != "router ospf":
                found[f"ospfd-{number}"][path] = at
    return found


# -- policy


def _with_policy(
    found: Split, policy: Sequence[Line], running: Mapping[str, Iterable[Path]], *, manager: bool
) -> Split:
    """Return the daemons' lines with the policy that each refers to before them."""
    named: dict[str, list[Line]] = {}
    heads = {line.path[0]: line.owners for line in policy if len(line.path) == 1}
    for line in policy:
        named.setdefault(_policy_name(line.path[0]), []).append(line)
    written = {daemon: _words(path[-1] for path in lines) for daemon, lines in running.items()}
    for daemon, lines in found.items():
        written.setdefault(daemon, set()).update(_words(path[-1] for path in lines))
    result = dict(found)
    for daemon, names in _users(named, written, manager=manager).items():
        holder = "mgmtd" if manager and daemon in MANAGED else daemon
        known = {holder.partition("-")[0]} | (set() if manager else {"mgmtd"})
        own: Split = {}
        for line in (line for name, those in named.items() if name in names for line in those):
            if all(not owners or owners & known for owners in (line.owners, heads[line.path[0]])):
                _put(own, holder, line)
        result[holder] = {**own.get(holder, {}), **result.get(holder, {})}
    return result


def _users(
    named: Mapping[str, Sequence[Line]], written: Mapping[str, set[str]], *, manager: bool
) -> dict[str, set[str]]:
    """Return the policy that each daemon refers to, also by way of other policy.

    What nobody refers to goes to the first routing daemon that runs.
    """
    users = POLICY_USERS if manager else POLICY_USERS_THEMSELVES
    instances = [daemon for daemon in written if daemon.startswith("ospfd-")]
    result: dict[str, set[str]] = {}
    for daemon in (*users, *instances):
        words, used = set(written.get(daemon, ())), set[str]()
        while new := {name for name in named if name in words} - used:
            used |= new
            words |= _words(line.path[-1] for name in new for line in named[name])
        result[daemon] = used
    first = next((daemon for daemon in users if daemon in written), users[-1])
    result[first] |= named.keys() - set().union(*result.values())
    return {daemon: used for daemon, used in result.items() if used}


def _policy_name(head: str) -> str:
    """Return the name of a route map, list or key chain, which its first line has after the kind."""
    words = head.removeprefix("no ").split()
    return words[2] if words[0] in ("ip", "ipv6", "mac", "key") else words[1]


def _words(those: Iterable[str]) -> set[str]:
    return {word for line in those for word in line.split()}
