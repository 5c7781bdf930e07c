"""FRR configuration as a tree: comparing two, the commands that turn one into the other.

A configuration is a tuple of lines in FRR's own spelling, indented by one blank a level, without
``exit`` and ``!``. A line's *path* is the headers of the sections it stands in and itself; two
configurations are equal when their sets of paths are. `nlan.engines.frr.config.impact` judges changes.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import NamedTuple

from nlan.secrets import hide

Path = tuple[str, ...]

_CLOSING = re.compile(r"(exit|quit|end)$|exit-(address-family|vrf|vni|link-params)$|end-\S+$")
_NOISE = re.compile(
    r"!|Building configuration|Current configuration|frr version |frr defaults |hostname |domainname |"
    r"service integrated-vtysh-config|no service integrated-vtysh-config|(no )?(ip|ipv6) forwarding$|"
    r"log (file|stdout|syslog|timestamp|commands)"
)
"""What a daemon prints of itself or of the kernel, and what nlan sets to watch it."""
NO_FAMILY = "no bgp default ipv4-unicast"
"""With it, a peer takes part in IPv4 only where told so, as in all other families."""


OF_KERNEL = ("interface ", "vrf ")
"""Sections for what the kernel has: empty, they say nothing."""


class Change(NamedTuple):
    """What parts two configurations.

    Attributes:
        added: Paths that are wanted and not there, in the wanted order.
        removed: Paths that are there and not wanted.
    """

    added: tuple[Path, ...]
    removed: tuple[Path, ...]

    def details(self) -> tuple[str, ...]:
        """Return the lines with ``-`` and ``+``, each with the sections around it."""
        return (
            *(f"- {_shown(path)}" for path in self.removed),
            *(f"+ {_shown(path)}" for path in self.added),
        )


class Command(NamedTuple):
    """One line to type in a section.

    Attributes:
        section: Headers to enter first.
        line: The command, perhaps with ``no``.
        takes_back: Whether it only takes back a line, which may be gone already.
    """

    section: Path
    line: str
    takes_back: bool = False


def _shown(path: Path) -> str:
    return hide(" / ".join(path))


def canonical(text: str) -> tuple[str, ...]:
    """Return the configuration lines of what ``show running-config`` prints."""
    found: list[str] = []
    for raw in text.splitlines():
        line = raw.strip()
        if not line or _NOISE.match(line) or _CLOSING.match(line):
            continue
        depth = len(raw) - len(raw.lstrip())
        if depth == 0 and found and found[-1].startswith(OF_KERNEL):
            found.pop()  # an interface or a VRF of which nothing is said
        found.append(" " * depth + line)
    if found and found[-1].startswith(OF_KERNEL):
        found.pop()
    return tuple(found)


def spoken_of(those: Iterable[Path]) -> list[Path]:
    """Return the paths without interfaces and VRFs of which nothing is said: the kernel has them, not FRR."""
    found = list(those)
    heads = {path[0] for path in found if len(path) > 1}
    return [path for path in found if path[0] in heads or not path[0].startswith(OF_KERNEL)]


def paths(lines: Iterable[str]) -> dict[Path, None]:
    """Return the paths of the lines, in order, each once."""
    found: dict[Path, None] = {}
    stack: list[str] = []
    for line in lines:
        text = line.lstrip()
        del stack[len(line) - len(text) :]
        stack.append(text.rstrip())
        found[tuple(stack)] = None
    return found


def lines(those: Iterable[Path]) -> tuple[str, ...]:
    """Return the lines of the paths, those of one section together, sections in order of mention."""
    return tuple(_section(list(dict.fromkeys(those)), 0))


def _section(those: Sequence[Path], depth: int) -> Iterator[str]:
    heads: dict[str, list[Path]] = {}
    for path in those:
        heads.setdefault(path[0], []).append(path[1:])
    # A family speaks of peers, which must be known by then.
    for head, below in sorted(heads.items(), key=lambda item: item[0].startswith("address-family ")):
        yield " " * depth + head
        yield from _section([path for path in below if path], depth + 1)


def merge(lines_: Iterable[str], more: Iterable[str]) -> tuple[str, ...]:
    """Return both, the lines of `more` within the sections that are there already."""
    return lines({**paths(lines_), **paths(more)})


def overridden(written: Iterable[Path], later: Iterable[Path]) -> dict[Path, None]:
    """Return what holds once `later` was typed after `written`, in order.

    A line replaces one that gives the same thing another value, and ``no …`` takes back what it names.
    """
    found: dict[Path, None] = dict.fromkeys(written)
    slots = {(path[:-1], slot): path for path in found if (slot := _slot(path[-1])) is not None}
    for path in later:
        section, line = path[:-1], path[-1]
        for gone in [other for other in found if _takes_back(section, line, other)]:
            del found[gone]
        if (slot := _slot(line)) is not None:
            before = slots.get((section, slot), path)
            if before != path:
                found.pop(before, None)
            slots[section, slot] = path
        for depth in range(1, len(path) + 1):
            found[path[:depth]] = None
    return found


_NO_PEER = re.compile(r"no neighbor (\S+)( remote-as\b.*)?$")
"""Takes along what the families say of it."""


def _takes_back(section: Path, line: str, other: Path) -> bool:
    """Tell whether a line of a section undoes another line, or a section with all that is in it."""
    depth = len(section)
    if len(other) <= depth or other[:depth] != section or other[depth] == line:
        return False
    before = other[depth]
    if peer := _NO_PEER.match(line):
        return f"{other[-1].removeprefix('no ')} ".startswith(f"neighbor {peer[1]} ")
    if line.startswith("no "):
        return f"{before} ".startswith(f"{line[3:]} ")
    return before.startswith("no ") and f"{line} ".startswith(f"{before[3:]} ")


def file_text(lines_: Sequence[str]) -> str:
    """Return the text of a configuration file: every section closed."""
    text: list[str] = []
    stack: list[str] = []
    for line in (*lines_, ""):
        depth = len(line) - len(line.lstrip())
        if line and depth > len(stack):
            depth = len(stack)
        while len(stack) > depth:
            header = stack.pop()
            if text[-1].strip() != header or is_header(header):
                text.append(" " * len(stack) + _closing(header))
        stack.append(line.strip())
        text.append(line)
    return "\n".join(text[:-1]) + "\n"


def is_header(line: str) -> bool:
    """Tell whether the line opens a section."""
    return bool(_HEADER.match(line))


_HEADER = re.compile(
    r"(router|interface|vrf|address-family|key chain|nexthop-group|pbr-map)\b|"
    r"route-map \S+ (permit|deny)|bfd$|rpki$|mpls ldp$|segment-routing$"
)


def _closing(header: str) -> str:
    return "exit-address-family" if header.startswith("address-family") else "exit"


def compare(desired: Iterable[str], observed: Iterable[str]) -> Change:
    """Return what has to be added to and removed from `observed`; the order of lines says nothing."""
    wanted, seen = paths(desired), paths(observed)
    return Change(
        tuple(path for path in wanted if path not in seen),
        tuple(path for path in seen if path not in wanted),
    )


def commands(change: Change, wanted: Container[Path] = ()) -> list[Command]:
    """Return the commands that carry out the change: removals first, then additions in order.

    A section that goes takes its lines along; a peer that goes is one ``no neighbor``; a line that
    only gets another value is set, not removed and set. A peer group that is `wanted` stays without
    its AS.
    """
    slots = {(path[:-1], slot) for path in change.added if (slot := _slot(path[-1])) is not None}
    removals = [
        path
        for path in change.removed
        if (path[:-1], _slot(path[-1])) not in slots and not _is_said_anew(path, change.added)
    ]
    gone = {path for path in removals if _stands_alone(path)}
    result = [
        Command(path[:-1], _taken_back(path, wanted), takes_back=True)
        for path in _removal_order(removals)
        if not _taken_along(path, gone) and not stays_empty(path)
    ]
    return result + [Command(path[:-1], path[-1]) for path in change.added]


def _is_said_anew(path: Path, added: Sequence[Path]) -> bool:
    """Tell whether a ``no …`` line goes since what it denies is added."""
    if not path[-1].startswith("no "):
        return False
    denied = path[-1][3:] + " "
    return any(other[:-1] == path[:-1] and f"{other[-1]} ".startswith(denied) for other in added)


def _taken_back(path: Path, wanted: Container[Path]) -> str:
    peer = _peer_of_remote_as(path)
    stays = peer is not None and (*path[:-1], f"neighbor {peer} peer-group") in wanted
    return f"no {path[-1]}" if stays else negated(path[-1])


def _removal_order(removals: Sequence[Path]) -> list[Path]:
    """Inner lines first, so that users of policy let go of it; peers and sections last.

    Of lines side by side, the last first: it may stand on one before it, as FRR shows them.
    """
    last_first = list(reversed(removals))
    return sorted(last_first, key=lambda path: (-len(path), path[-1].startswith("no ")))


def _stands_alone(path: Path) -> bool:
    """Tell whether removing the line removes what is below it, or belongs to it."""
    return (is_header(path[-1]) and not stays_empty(path)) or _peer_of_remote_as(path) is not None


def _taken_along(path: Path, gone: Iterable[Path]) -> bool:
    for other in gone:
        if path != other and path[: len(other)] == other:
            return True
        peer = _peer_of_remote_as(other)
        if peer is not None and path != other and path[: len(other) - 1] == other[:-1]:
            words = path[-1].removeprefix("no ").split()
            if words[:2] == ["neighbor", peer]:
                return True
    return False


def stays_empty(path: Path) -> bool:
    """Tell sections that are not removed themselves: the kernel has the thing, or FRR the family."""
    return path[-1].startswith((*OF_KERNEL, "address-family "))


_AREA_KIND = re.compile(r"(area \S+ (?:stub|nssa)) no-summary$")
_REMOTE_AS = re.compile(r"neighbor (\S+) (remote-as \S+|interface.*|peer-group)$")


def _peer_of_remote_as(path: Path) -> str | None:
    match = _REMOTE_AS.match(path[-1])
    return match[1] if match else None


def negated(line: str) -> str:
    """Return the command that takes `line` back."""
    if line.startswith("no "):
        return line[3:]
    if kind := _AREA_KIND.match(line):
        return f"no {kind[1]}"  # with its last word, that word alone would go
    peer = _REMOTE_AS.match(line)
    if peer is not None:
        return f"no neighbor {peer[1]}" + (" peer-group" if line.endswith(" peer-group") else "")
    return f"no {line}"


_VALUED = re.compile(
    r"(?P<slot>neighbor \S+ (remote-as|description|password|update-source|ebgp-multihop|timers connect|"
    r"timers(?= \d)|local-as|advertisement-interval|weight|maximum-prefix|port|"
    r"(route-map|prefix-list|filter-list|distribute-list)(?= \S+ (in|out)$))|"
    r"bgp router-id|bgp cluster-id|timers bgp|coalesce-time|maximum-paths( ibgp)?(?= \d)|"
    r"ospf6? router-id|ospf6 router-id|timers throttle spf|timers throttle lsa all|timers lsa min-arrival|"
    r"auto-cost reference-bandwidth|((?P<v2>ip ospf)|ipv6 ospf6) (cost|hello-interval|dead-interval|"
    r"retransmit-interval|priority|network|transmit-delay)|"
    r"bgp route-map delay-timer|bgp default local-preference|description|call|on-match|"
    r"set (as-path \S+|extcommunity \S+|evpn gateway-ip \S+|ipv6 next-hop \S+|"
    r"(ip|ipv[46] vpn|l3vpn) next-hop|\S+))\b"
    r".*?(?P<of> in| out|(?(v2) \d+\.\d+\.\d+\.\d+|(?!)))?$"
)
"""Commands of which there is one at most, or of a direction, or of an address: setting it replaces that."""


def _slot(line: str) -> str | None:
    match = _VALUED.match(line)
    return None if match is None else match["slot"] + (match["of"] or "")
