"""How bad a change of FRR's configuration is: which lines reset which sessions.

From FRR's own tables (``peer_flag_action_list`` and the like in bgpd, ``ospf_interface``): what is
not known here of a peer counts as resetting its session.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from nlan.engines.frr.config.tree import Change, Path, paths

QUIET_OF_PEER = re.compile(
    r"description|timers|advertisement-interval|next-hop-self|soft-reconfiguration|send-community|weight|"
    r"route-map|prefix-list|filter-list|distribute-list|maximum-prefix|default-originate|remove-private-AS|"
    r"as-override|allowas-in|attribute-unchanged|bfd|graceful-restart|unsuppress-map|addpath-tx|"
    r"disable-connected-check|capability software-version|send-community"
)
"""Lines of a peer that its session survives."""

_ALL_PEERS = re.compile(
    r"bgp (router-id|cluster-id|confederation|graceful-restart|fast-external|default ipv4-unicast)"
)

_ADJACENCY = re.compile(
    r"(no )?(ip ospf|ipv6 ospf6|isis|ip router isis|ipv6 router isis)\b(?! (cost|bfd|priority|retransmit))"
)
"""Lines of an interface that its adjacencies do not survive when they change."""

_BEGINS = re.compile(r"ipv6 ospf6 area|ip ospf area|ip router |ipv6 router ")
"""Lines of an interface with which it takes part."""


def effects(daemon: str, change: Change, new: Container[str] = ()) -> tuple[str, ...]:
    """Return the sessions that the change resets, in words; none means that nothing is lost.

    Args:
        daemon: Whose configuration changes.
        change: How.
        new: Interfaces that are made together with the change: nobody is adjacent there yet.
    """
    found = _bgp_effects(change) if daemon == "bgpd" else _igp_effects(change, new)
    return tuple(dict.fromkeys(found))


def lost_routes(wanted: Iterable[str], change: Change) -> tuple[str, ...]:
    """Return the prefixes that static routes lead to before the change and none does after it."""
    kept = {found for path in paths(wanted) if (found := _static_route(path))}
    gone = (found for path in change.removed if (found := _static_route(path)) and found not in kept)
    return tuple(dict.fromkeys(prefix for _, prefix in gone))


def _static_route(path: Path) -> tuple[Path, str] | None:
    """Return the sections and the prefix of a static route's line."""
    words = path[-1].split()
    return (path[:-1], words[2]) if words[0] in ("ip", "ipv6") and words[1:2] == ["route"] else None


def _bgp_effects(change: Change) -> Iterable[str]:
    new = {peer for path in change.added if (peer := _new_peer(path))}
    old = {peer for path in change.removed if (peer := _new_peer(path))}
    routers = [path for path in change.removed if len(path) == 1 and path[0].startswith("router bgp")]
    if routers:
        yield f"all BGP sessions ({'the AS changes' if _adds_router(change) else 'BGP ends'})"
        return
    fresh = {path[0] for path in change.added if len(path) == 1}
    for path in (*change.removed, *change.added):
        if path[0] in fresh or not path[0].startswith("router bgp"):
            continue
        line = path[-1].removeprefix("no ")
        if _ALL_PEERS.match(line):
            yield f"all BGP sessions ({' '.join(line.split()[:2])})"
        elif line.startswith("neighbor ") and (written := _peer_effect(line, new, old)):
            yield written


def _peer_effect(line: str, new: set[str], old: set[str]) -> str | None:
    _, peer, rest = line.split(" ", 2) if line.count(" ") > 1 else (*line.split(" "), "")
    if peer in old and peer not in new:
        return f"{peer} (removed)"
    if (peer in new and peer not in old) or QUIET_OF_PEER.match(rest):
        return None
    return f"{peer} ({rest.split(' ')[0]})"


def _new_peer(path: Path) -> str | None:
    words = path[-1].split()
    return words[1] if len(words) > 2 and words[0] == "neighbor" and words[2] == "remote-as" else None


def _adds_router(change: Change) -> bool:
    return any(len(path) == 1 and path[0].startswith("router bgp") for path in change.added)


def _igp_effects(change: Change, new: Container[str]) -> Iterable[str]:
    ends = [path for path in change.removed if path[0].startswith("router ") and len(path) == 1]
    if ends:
        yield from (f"all adjacencies ({path[0]} ends)" for path in ends)
        return
    fresh = {path[0] for path in change.added if len(path) == 1 and path[0].startswith("router ")}
    fresh |= {path[0] for path in change.added if _BEGINS.match(path[-1]) and not _moves(path, change)}
    for path in (*change.removed, *change.added):
        if path[0] not in fresh and path[0].removeprefix("interface ") not in new:
            yield from _adjacency_effect(path, removed=path in change.removed)


def _moves(path: Path, change: Change) -> bool:
    """Tell whether an interface took part already, elsewhere."""
    return any(other[0] == path[0] and _BEGINS.match(other[-1]) for other in change.removed)


def _adjacency_effect(path: Path, *, removed: bool) -> Iterable[str]:
    head, line = path[0], path[-1]
    if head.startswith("router ") and re.match(r"(ospf6? router-id|ospf6 router-id|net )", line):
        yield f"all adjacencies ({line.rsplit(' ', 1)[0]})"
    elif removed and head.startswith("router ospf") and line.startswith(("network ", "area ")):
        yield f"adjacencies in {line.removeprefix('network ')}"
    elif head.startswith("interface ") and _ADJACENCY.match(line):
        yield f"adjacencies on {head.removeprefix('interface ')}"
