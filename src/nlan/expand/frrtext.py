"""FRR configuration as users write it, split among the daemons that own the lines.

An frr.conf is one text for all daemons; vtysh hands every line to those that understand it. Here
the same is done by the words that a line begins with. Policy (route maps, prefix lists, access
lists) goes to the daemons whose lines refer to it. Sections are found by their opening words, so that
a text without indentation is read like FRR reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nlan.resources.frrconfig import Path, lines

POLICY_USERS = ("bgpd", "ospfd", "ospf6d", "isisd", "pimd", "mgmtd")
"""Who takes route maps and lists; mgmtd for those it manages, where they refer to them."""

POLICY_USERS_THEMSELVES = ("bgpd", "ospfd", "ospf6d", "isisd", "pimd", "ripd", "ripngd", "zebra")
"""The same without mgmtd."""

STEP = 5
"""By how much FRR numbers the entries of a list."""

_OPENING = re.compile(
    r"(router|interface|route-map|vrf|key chain|bfd$|nexthop-group|pbr-map|mpls ldp|l2vpn \S+ type|"
    r"line vty|segment-routing|rpki|affinity-map)\b"
)
_TOP_LEVEL = re.compile(
    r"(no )?(router \S|interface \S|route-map \S+ (permit|deny)|vrf \S|key chain|bfd$|nexthop-group|pbr-map|"
    r"mpls ldp|line vty|segment-routing|rpki|access-list|ipv6 access-list|ip prefix-list|ipv6 prefix-list|"
    r"bgp (as-path|community-list|extcommunity-list|large-community-list)|hostname|domainname|log |debug |"
    r"password|enable |service|frr |username|banner|ip forwarding|ipv6 forwarding|zebra |"
    r"allow-external-route|"
    r"(ip|ipv6) (route|mroute|protocol|nht|import-table|as-path|community-list|router-id|multicast)\b)"
)
_IN_VRF = re.compile(r"(no )?(ip|ipv6) (route|mroute|protocol|nht|import-table|router-id)\b")
_NESTED = re.compile(
    r"(address-family|vni \d+$|peer |profile |key \d+$|traffic-eng|srv6|locator|encapsulation)"
)
_ENTRY = re.compile(
    r"(?P<list>(ip|ipv6) prefix-list \S+|(ipv6 )?access-list \S+|"
    r"bgp (as-path access-list|(large-|ext)?community-list( standard| expanded)?) \S+) "
    r"(seq (?P<seq>\d+) )?(?P<rule>(permit|deny) .+)"
)
_CLOSING = re.compile(r"(exit|quit)$|exit-(address-family|vrf|vni|link-params)|end-\S+$")

_NOISE = re.compile(
    r"(!|#|end$|frr version|frr defaults|hostname |domainname |service integrated-vtysh-config|"
    r"Building configuration|Current configuration|XFRR_|line vty|password |enable password|"
    r"service password-encryption|no service integrated-vtysh-config|"
    r"log (file|stdout|syslog|timestamp|commands))"
)
"""What says nothing of routing, or is nlan's to decide: a name, logs, doors."""

_OWNERS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern), owners)
    for pattern, owners in (
        (r"router bgp|bgp |rpki|debug bgp|no bgp |ip (as-path|community-list)|debug rpki", ("bgpd",)),
        (r"router ospf6|debug ospf6|ipv6 ospf6", ("ospf6d",)),
        (r"router ospf|debug ospf|ip ospf", ("ospfd",)),
        (r"router (isis|openfabric)|debug isis", ("isisd",)),
        (r"router ripng|debug ripng", ("ripngd",)),
        (r"router rip|debug rip", ("ripd",)),
        (r"router (pim|pim6)|ip (pim|igmp|multicast|mroute|msdp|ssmpingd)|debug (pim|igmp)", ("pimd",)),
        (r"router eigrp|debug eigrp", ("eigrpd",)),
        (r"router babel|debug babel", ("babeld",)),
        (r"bfd$|debug bfd", ("bfdd",)),
        (r"mpls ldp|l2vpn|debug mpls ldp", ("ldpd",)),
        (r"(ip|ipv6) (route|mroute) |debug static", ("staticd",)),
        (r"pbr-map|debug pbr", ("pbrd",)),
        (r"segment-routing|debug pathd", ("pathd",)),
        (r"nhrp|debug nhrp", ("nhrpd",)),
        (r"vrrp|debug vrrp", ("vrrpd",)),
        (r"(ip|ipv6) prefix-list|access-list|ipv6 access-list|route-map|ip access-list", POLICY_USERS),
        (r"key chain", ("ospfd", "eigrpd", "mgmtd")),
        (r"debug zebra|zebra |ip forwarding|ipv6 forwarding|no (ip|ipv6) forwarding", ("zebra",)),
    )
)
_ON_INTERFACE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), owner)
    for pattern, owner in (
        (r"(no )?ipv6 ospf6", "ospf6d"),
        (r"(no )?ip ospf", "ospfd"),
        (r"(no )?(isis|(ip|ipv6) router (isis|openfabric)|openfabric)", "isisd"),
        (r"(no )?ip (pim|igmp|multicast|mroute)", "pimd"),
        (r"(no )?ipv6 (pim|mld)", "pim6d"),
        (r"(no )?vrrp", "vrrpd"),
        (r"(no )?(ip|ipv6) eigrp", "eigrpd"),
        (r"(no )?babel", "babeld"),
        (r"(no )?(ip|ipv6) nhrp", "nhrpd"),
        (r"(no )?pbr-policy", "pbrd"),
    )
)


def split(text: str, running: Mapping[str, Iterable[str]], *, manager: bool = True) -> dict[str, list[str]]:
    """Return canonical lines (one blank of indentation a level) per daemon.

    Args:
        text: As in frr.conf.
        running: Daemons that run anyway, and their lines.
        manager: Whether there is an mgmtd; what would be its, is zebra's otherwise.
    """
    found: dict[str, list[Path]] = {}
    shared: dict[str, list[Path]] = {}
    for path in numbered(paths(text)):
        owners = owners_of(path)
        for owner in owners if owners != POLICY_USERS else ():
            found.setdefault(owner if manager or owner != "mgmtd" else "zebra", []).append(path)
        if owners == POLICY_USERS:
            shared.setdefault(_policy_name(path[0]), []).append(path)
    said = {daemon: _words(written) for daemon, written in running.items()}
    for daemon, own in found.items():
        said.setdefault(daemon, set()).update(_words(path[-1] for path in own))
    for daemon, names in _users(shared, said, POLICY_USERS if manager else POLICY_USERS_THEMSELVES).items():
        policy = [path for name, those in shared.items() if name in names for path in those]
        found[daemon] = [*policy, *found.get(daemon, [])]
    return {daemon: list(lines(those)) for daemon, those in found.items()}


def _users(
    shared: Mapping[str, list[Path]], said: Mapping[str, set[str]], users: Sequence[str]
) -> dict[str, set[str]]:
    """Return the policy that each daemon refers to, also by way of other policy.

    What nobody refers to goes to the first routing daemon that runs.
    """
    result: dict[str, set[str]] = {}
    for daemon in users:
        words, used = set(said.get(daemon, ())), set[str]()
        while new := {name for name in shared if name in words} - used:
            used |= new
            words |= _words(path[-1] for name in new for path in shared[name])
        result[daemon] = used
    first = next((daemon for daemon in users if daemon in said), users[-1])
    result[first] |= shared.keys() - set().union(*result.values())
    return {daemon: used for daemon, used in result.items() if used}


def _policy_name(head: str) -> str:
    """Return the name of a route map or list, which its first line has after the kind."""
    words = head.removeprefix("no ").split()
    return words[2] if words[0] in ("ip", "ipv6") else words[1]


def _words(those: Iterable[str]) -> set[str]:
    return {word for line in those for word in line.split()}


def owners_of(path: Path) -> tuple[str, ...]:
    """Return the daemons that a line (with the sections it stands in) belongs to."""
    head, last = path[0], path[-1].removeprefix("no ")
    if head.startswith("interface "):
        if len(path) == 1:
            return ()
        return (next((owner for pattern, owner in _ON_INTERFACE if pattern.match(path[1])), "mgmtd"),)
    if head.startswith("vrf "):
        return ("staticd",) if re.match(r"(ip|ipv6) route ", last) else ("mgmtd",)
    for pattern, owners in _OWNERS:
        if pattern.match(head.removeprefix("no ")):
            return owners
    return ("mgmtd",)


def paths(text: str) -> Iterator[Path]:
    """Yield every line with the headers of the sections around it, in order."""
    stack: list[tuple[int, str]] = []
    for raw in text.splitlines():
        line = " ".join(raw.split())
        if not line or _NOISE.match(line):
            continue
        if _CLOSING.match(line):
            if stack:
                stack.pop()
            continue
        indent = len(raw) - len(raw.lstrip())
        _leave(stack, indent, line)
        yield (*(header for _, header in stack), line)
        if _opens(line, bool(stack)):
            stack.append((indent, line))


def numbered(those: Iterable[Path]) -> Iterator[Path]:
    """Yield the paths; entries of lists that have no number get the one that FRR would give them.

    The first entry that matches counts, so their order says something, which FRR keeps in numbers.
    """
    last: dict[str, int] = {}
    seen: set[tuple[str, str]] = set()
    for path in those:
        match = _ENTRY.fullmatch(path[-1]) if len(path) == 1 else None
        if match is None:
            yield path
            continue
        name, rule = match["list"], match["rule"]
        if match["seq"] is None and (name, rule) in seen:
            continue  # as FRR does
        number = int(match["seq"] or last.get(name, 0) + STEP)
        last[name] = max(last.get(name, 0), number)
        seen.add((name, rule))
        yield (f"{name} seq {number} {rule}",)


def _leave(stack: list[tuple[int, str]], indent: int, line: str) -> None:
    """Close the sections that `line` does not belong to."""
    if indent == 0 and _TOP_LEVEL.match(line) and not (stack and _belongs(stack[0][1], line)):
        stack.clear()
    while len(stack) > 1 and (indent < stack[-1][0] or (indent == stack[-1][0] and _NESTED.match(line))):
        stack.pop()


def _belongs(header: str, line: str) -> bool:
    """Tell whether a line that looks like a top-level one belongs to the section that is open."""
    return header.startswith("vrf ") and bool(_IN_VRF.match(line))


def _opens(line: str, nested: bool) -> bool:
    return bool(_NESTED.match(line)) if nested else bool(_OPENING.match(line))
