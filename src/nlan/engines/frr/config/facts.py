"""What raw FRR configuration says of a router: interfaces, instances, peers.

`facts` reads a text (`nlan.engines.frr.config.read`) into typed values and knows nothing of the lab: what a
name or an address leads to is for the caller to find. Only what is written is there; of a value that
cannot be read (an address with a letter in it) nothing is said, FRR will refuse the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Address, ip_address, ip_interface, ip_network
from itertools import pairwise
from typing import TypeVar

from nlan.engines.frr.config.rawfrr import (
    PROTOCOLS,
    Protocol,
    RawBfdPeer,
    RawFrr,
    RawInstance,
    RawInterface,
    RawPeer,
    RawRoute,
)
from nlan.engines.frr.config.read import Line, read
from nlan.engines.frr.config.tree import Path
from nlan.model.codec import IpNetwork

T = TypeVar("T")


@lru_cache(maxsize=256)
def facts(text: str) -> RawFrr:
    """Return what the text says; the same text gives the same values."""
    lines = [line for line in read(text) if not line.path[-1].startswith("no ") or len(line.path) > 1]
    heads: dict[str, list[Line]] = {}
    for line in lines:
        heads.setdefault(line.path[0], []).append(line)
    instances = tuple(found for head, those in heads.items() if (found := _instance(head, those)) is not None)
    return RawFrr(
        interfaces={
            name: _interface(name, those)
            for head, those in heads.items()
            if (name := _second(head, "interface ")) is not None
        },
        instances=instances,
        peers=tuple(peer for one in instances if one.protocol == "bgp" for peer in _peers(one)),
        bfd=tuple(_bfd_peers(heads.get("bfd", ()))),
        routes=tuple(route for line in lines if (route := _route(line.path)) is not None),
        vrfs=tuple(name for head in heads if (name := _second(head, "vrf ")) is not None),
        daemons=frozenset(
            daemon for line in lines if len(line.owners) == 1 for daemon in line.owners - {"*"}
        ),
        ldp=tuple(_second(line.path[-1], "interface ") or "" for line in lines if _is_ldp(line)),
    )


def _is_ldp(line: Line) -> bool:
    return line.section == "ldp family" and line.path[-1].startswith("interface ")


def _second(text: str, begins: str) -> str | None:
    return text.split()[1] if text.startswith(begins) else None


def _parsed(parse: Callable[[str], T], text: str) -> T | None:
    try:
        return parse(text)
    except ValueError:
        return None


# -- interfaces

_SPEAKS: tuple[tuple[Protocol, str], ...] = (
    ("ospf", r"ip ospf (\d+ )?area (?P<area>\S+)"),
    ("ospf6", r"ipv6 ospf6 area (?P<area>\S+)"),
    ("isis", r"(?P<ip>ip|ipv6) router isis (?P<tag>\S+)"),
    ("openfabric", r"(?P<ip>ip|ipv6) router openfabric (?P<tag>\S+)"),
    ("pim", r"ip pim$"),
    ("pim6", r"ipv6 pim$"),
)
_PASSIVE: tuple[tuple[Protocol, str], ...] = (
    ("ospf", r"ip ospf passive"),
    ("ospf6", r"ipv6 ospf6 passive"),
    ("isis", r"isis passive"),
    ("openfabric", r"openfabric passive"),
    ("pim", r"ip pim passive"),
    ("pim6", r"ipv6 pim passive"),
)
_POINT_TO_POINT: tuple[tuple[Protocol, str], ...] = (
    ("ospf", r"ip ospf network point-to-point"),
    ("ospf6", r"ipv6 ospf6 network point-to-point"),
    ("isis", r"isis network point-to-point"),
)


def _interface(name: str, those: Iterable[Line]) -> RawInterface:
    configured = tuple(line.path[-1] for line in those if len(line.path) == 2)
    areas: dict[str, str] = {}
    tags: dict[str, str] = {}
    versions: dict[str, frozenset[int]] = {}
    for protocol, pattern in _SPEAKS:
        for match in (found for line in configured if (found := re.match(pattern, line))):
            groups = match.groupdict()
            areas |= {protocol: groups["area"]} if "area" in groups else {}
            tags |= {protocol: groups["tag"]} if "tag" in groups else {}
            version = {4 if groups.get("ip") == "ip" else 6}
            versions[protocol] = (
                versions.get(protocol, frozenset()) | version if "ip" in groups else frozenset()
            )
    addresses = (re.match(r"(ip|ipv6) address (\S+)$", line) for line in configured)
    given = (_parsed(ip_interface, match[2]) for match in addresses if match)
    return RawInterface(
        name=name,
        addresses=tuple(address for address in given if address is not None),
        shutdown="shutdown" in configured,
        speaks=_matching(_SPEAKS, configured),
        areas=areas,
        tags=tags,
        versions={protocol: those for protocol, those in versions.items() if those},
        passive=_matching(_PASSIVE, configured),
        point_to_point=_matching(_POINT_TO_POINT, configured),
        lines=configured,
    )


def _matching(table: Iterable[tuple[Protocol, str]], configured: Iterable[str]) -> frozenset[Protocol]:
    those = tuple(configured)
    return frozenset(
        protocol for protocol, pattern in table if any(re.match(pattern, line) for line in those)
    )


# -- instances

_ROUTER = re.compile(
    rf"router (?P<protocol>{'|'.join(sorted(PROTOCOLS, key=len, reverse=True))})"
    r"(?: (?!vrf\b|view\b)(?P<name>\S+))?(?: (?:vrf|view) (?P<vrf>\S+))?"
)
_ROUTER_ID = re.compile(r"(?:(?:bgp|ospf|ospf6|eigrp) )?router-id (\S+)$")


def _instance(head: str, those: Iterable[Line]) -> RawInstance | None:
    match = _ROUTER.match(head)
    if match is None:
        return None
    protocol: Protocol = match["protocol"]  # type: ignore[assignment]  # by the pattern
    below = tuple(line.path[1:] for line in those if len(line.path) > 1)
    configured = [path[-1] for path in below if len(path) == 1]
    identifiers = (_parsed(IPv4Address, found[1]) for line in configured if (found := _ROUTER_ID.match(line)))
    return RawInstance(
        protocol=protocol,
        name=match["name"] or "",
        vrf=match["vrf"] or "",
        asn=asn(match["name"] or "") or 0 if protocol == "bgp" else 0,
        router_id=next((one for one in identifiers if one is not None), None),
        networks=tuple(_networks(below)),
        interfaces=tuple(_started_interfaces(protocol, configured)),
        passive=frozenset(_words_after("passive-interface ", configured)),
        active=frozenset(_words_after("no passive-interface ", configured)),
        redistribute=tuple(_redistributed(below)),
        nets=tuple(_words_after("net ", configured)),
        level=next(iter(_words_after("is-type ", configured)), ""),
        confederation=next((asn(n) for n in _words_after("bgp confederation identifier ", configured)), None),
        shutdown="bgp shutdown" in configured,
        lines=below,
    )


def asn(text: str) -> int | None:
    """Return an AS number, dotted ones (RFC 5396) too; None for what is none."""
    match = re.fullmatch(r"(?:(\d+)\.)?(\d+)", text)
    return None if match is None else int(match[1] or 0) << 16 | int(match[2])


def _words_after(begins: str, configured: Iterable[str]) -> Iterable[str]:
    return (
        line[len(begins) :].split()[0] for line in configured if line.startswith(begins) and line != begins
    )


def _networks(below: Iterable[Path]) -> Iterable[tuple[IpNetwork, str]]:
    for path in below:
        match = re.match(r"network (\S+[./:]\S*)(?: area (\S+))?", path[-1])
        if match and (network := _parsed(lambda text: ip_network(text, strict=False), match[1])) is not None:
            yield network, match[2] or ""


def _started_interfaces(protocol: Protocol, configured: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in configured:
        if protocol == "ospf6" and (match := re.match(r"interface (\S+) area (\S+)", line)):
            yield match[1], match[2]
        elif protocol in ("rip", "ripng", "babel") and (match := re.match(r"network ([^\s./:]+)$", line)):
            yield match[1], ""


def _redistributed(below: Iterable[Path]) -> Iterable[str]:
    for path in below:
        if (source := _second(path[-1], "redistribute ")) is not None:
            family = path[0].removeprefix("address-family ") + " " if len(path) > 1 else ""
            yield family + source


# -- BGP's peers

_DEFINES = re.compile(r"(remote-as|peer-group|interface|local-as|description|shutdown)\b")
_GROUP = re.compile(r"(?:interface )?(?:v6only )?peer-group (\S+)$")
_DEFAULT_FAMILY = re.compile(r"bgp default (\S+)$")


def _peers(instance: RawInstance) -> Iterable[RawPeer]:
    configured = _by_peer(instance)
    groups = {peer for peer, lines in configured.items() if ((), "peer-group") in lines}
    defaults = _default_families(instance)
    for peer, lines in configured.items():
        own = [text for family, text in lines if family == ()]
        if peer in groups or not any(map(_DEFINES.match, own)):
            continue
        group = next((match[1] for line in own if (match := _GROUP.match(line))), None)
        yield _peer(instance, peer, lines, configured.get(group or "", []), defaults)


def _by_peer(instance: RawInstance) -> dict[str, list[tuple[Path, str]]]:
    """Return, by peer or group, its lines with their family."""
    found: dict[str, list[tuple[Path, str]]] = {}
    for path in instance.lines:
        match = re.match(r"(no )?neighbor (\S+) (.+)", path[-1])
        if match:
            found.setdefault(match[2], []).append((path[:-1], (match[1] or "") + match[3]))
    return found


def _default_families(instance: RawInstance) -> frozenset[str]:
    found = {"ipv4-unicast"}
    for path in instance.lines:
        if len(path) == 1 and (match := _DEFAULT_FAMILY.match(path[0].removeprefix("no "))):
            (found.discard if path[0].startswith("no ") else found.add)(match[1])
    return frozenset(name.replace("-", " ") for name in found if name.startswith(("ipv", "l2vpn")))


def _peer(
    instance: RawInstance,
    peer: str,
    own: list[tuple[Path, str]],
    group: list[tuple[Path, str]],
    defaults: frozenset[str],
) -> RawPeer:
    lines = [*own, *(one for one in group if one != ((), "peer-group"))]
    configured = [text for family, text in lines if family == ()]
    remote = _valued(r"(?:interface )?(?:v6only )?remote-as (\S+)", configured)
    local = _valued(r"local-as (\S+)", configured)
    hops = _valued(r"ebgp-multihop(?: (\d+))?$", configured)
    return RawPeer(
        peer=peer,
        address=_parsed(ip_address, peer),
        vrf=instance.vrf,
        asn=instance.asn,
        remote_as=None if remote is None else asn(remote) or remote,
        local_as=None if local is None else asn(local),
        families=_families(lines, defaults),
        update_source=_valued(r"update-source (\S+)", configured),
        ebgp_multihop=1 if hops is None else int(hops or 255),
        password=_valued(r"password( )", configured) is not None,
        shutdown=_valued(r"shutdown()", configured) is not None and "no shutdown" not in configured,
        passive="passive" in configured,
        bfd=_valued(r"bfd()", configured) is not None,
        others=tuple(text for _, text in lines),
    )


def _valued(pattern: str, configured: Iterable[str]) -> str | None:
    """Return what the first line has that matches; empty where it has none."""
    return next((match[1] or "" for line in configured if (match := re.match(pattern, line))), None)


def _families(lines: Iterable[tuple[Path, str]], defaults: frozenset[str]) -> frozenset[str]:
    """Return the activated families; the peer's own word counts before its group's."""
    reported: dict[str, bool] = {}
    for family, text in lines:
        if family and text in ("activate", "no activate"):
            reported.setdefault(family[0].removeprefix("address-family "), text == "activate")
    return frozenset(
        family for family in reported.keys() | defaults if reported.get(family, family in defaults)
    )


# -- BFD and static routes


def _bfd_peers(those: Iterable[Line]) -> Iterable[RawBfdPeer]:
    lines = list(those)
    for line in lines:
        words = line.path[-1].split()
        if len(line.path) != 2 or words[0] != "peer" or (peer := _parsed(ip_address, words[1])) is None:
            continue
        named = dict(pairwise(words))
        below = {other.path[2] for other in lines if len(other.path) == 3 and other.path[1] == line.path[1]}
        yield RawBfdPeer(
            peer=peer,
            local=_parsed(ip_address, named.get("local-address", "")),
            interface=named.get("interface", ""),
            vrf=named.get("vrf", ""),
            multihop="multihop" in words,
            shutdown="shutdown" in below,
            passive="passive-mode" in below,
        )


def _route(path: Path) -> RawRoute | None:
    match = re.match(r"(?:ip|ipv6) route (\S+) (?:(\d+(?:\.\d+){3}) )?(.+)", path[-1])
    if match is None:
        return None
    mask, words = match[2] if "/" not in match[1] else None, match[3].split()
    if mask is None and match[2]:
        words.insert(0, match[2])
    written = f"{match[1]}/{mask}" if mask else match[1]
    prefix = _parsed(lambda text: ip_network(text, strict=False), written)
    if prefix is None:
        return None
    via = _parsed(ip_address, words[0])
    rest = words[1:] if via is not None else words
    vrf = path[0].split()[1] if path[0].startswith("vrf ") else ""
    if "vrf" in rest[:-1]:
        vrf = rest[rest.index("vrf") + 1]
    blackhole = bool(rest) and rest[0] in ("blackhole", "reject", "Null0")
    plain = bool(rest) and rest[0] not in ("tag", "vrf", "label", "table", "nexthop-vrf", "bfd", "onlink")
    interface = rest[0] if plain and not blackhole and not rest[0].isdigit() else ""
    return RawRoute(prefix, via, interface, vrf, blackhole)
