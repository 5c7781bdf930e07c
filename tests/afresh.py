"""What a lab is, seen from outside: the kernel's tables, FRR's configuration, the routing tables, files.

`dump` gives it as lines, alike for labs that are alike: what differs between two starts of one file
(interface indexes, times, counters, process ids, identifiers of next-hop groups) is left out, and so is
which of several equal BGP paths is used: a router prefers the one that it learnt first, and those alone
beside it that have its AS path. So is the OSPF priority that a daemon starts with, so that it need not wait
for an election.
`settled` waits until nothing moves any more.
"""

from __future__ import annotations

import difflib
import json
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Set
from typing import Any

from support import Nlan

Dump = Mapping[str, tuple[str, ...]]
"""The lines of each subject, by ``node subject``."""

SCRIPT = r"""
show() { printf '\n== %s\n' "$*"; "$@" 2>&1; }
show ip -j -d address
show ip -j route show table all
show ip -j -6 route show table all
show ip -j rule
show ip -j -6 rule
show bridge -j fdb
show ip -j neighbor show nud permanent
show grep -s . /etc/hostname /etc/hosts /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding \
    /proc/sys/net/ipv4/conf/*/rp_filter /proc/sys/net/ipv4/conf/*/accept_local \
    /proc/sys/net/ipv4/conf/*/forwarding /proc/sys/net/ipv6/conf/*/accept_dad
if [ -e /run/frr/zebra.vty ]; then
    show grep -rsvE '^!|ip(v6)? ospf6? priority 0' /etc/frr
    show vtysh -c 'show running-config'
    show vtysh -c 'show ip route json'
    show vtysh -c 'show ipv6 route json'
fi
if [ -e /run/frr/bgpd.vty ]; then
    show vtysh -d bgpd -c 'show bgp ipv4 unicast json'
    show vtysh -d bgpd -c 'show bgp ipv6 unicast json'
fi
if [ -n "$(ip netns pids self 2>/dev/null)" ] || gobgp global >/dev/null 2>&1; then
    show gobgp -j neighbor
    show gobgp -j global rib -a ipv4
    show gobgp -j global rib -a ipv6
fi
"""
SETTLED_S = 0.4
"""For how long nothing may move."""


def dump(nlan: Nlan, lab: str) -> Dump:
    """Return what the lab is now."""
    answers = nlan("exec", "-l", lab, "--all", "--json", "--", "sh", "-c", SCRIPT).json
    found: dict[str, tuple[str, ...]] = {}
    for node, answer in answers.items():
        parts = [part.partition("\n")[::2] for part in answer["stdout"].split("\n== ")[1:]]
        counted = {prefix for subject, text in parts if " show bgp " in subject for prefix in _counted(text)}
        for subject, text in parts:
            found[f"{node} {subject[:40]}"] = tuple(sorted(_lines(subject, text, counted)))
    daemons = nlan.run("status", lab, "--json").json["nodes"]
    found |= {f"{node} daemons": tuple(daemons[node]["daemons"]) for node in daemons}
    return found | {"@fabric ip -j -d address": _fabric(lab)}


def settled(nlan: Nlan, lab: str, deadline_s: float = 60.0) -> Dump:
    """Return what the lab is, once it has been the same for a while; the last, where it never is."""
    end = time.monotonic() + deadline_s
    last, since = dump(nlan, lab), time.monotonic()
    while time.monotonic() < end and time.monotonic() - since < SETTLED_S:
        now = dump(nlan, lab)
        if now != last:
            last, since = now, time.monotonic()
    return last


def difference(one: Dump, other: Dump) -> str:
    """Return in which lines two labs differ, ``-`` of the one, ``+`` of the other; empty where in none."""
    out = []
    for subject in sorted({*one, *other}):
        lines = difflib.unified_diff(one.get(subject, ()), other.get(subject, ()), n=0, lineterm="")
        if changed := [line for line in lines if not line.startswith(("---", "+++", "@@"))]:
            out += [f"{subject}:", *(f"  {line}" for line in changed)]
    return "\n".join(out)


def _lines(subject: str, text: str, counted: Set[str]) -> Iterator[str]:
    words = subject.split()
    if words[0] == "ip" and "address" in words:
        return _links(json.loads(text or "[]"))
    if words[0] in ("ip", "bridge"):
        return (_flat(entry) for entry in _known(words, json.loads(text or "[]")))
    if words[0] == "vtysh" and "running-config" in words:
        return running(text)
    if words[0] == "vtysh" and "bgp" in words:
        return _bgp(text)
    if words[0] == "vtysh":
        return _routes(text, counted)
    if words[0] == "gobgp":
        return _gobgp(words, text)
    return (line for line in text.splitlines() if line.strip())


VOLATILE = {
    "age",
    "cacheinfo",
    "expires",
    "gc_timer",
    "hello_timer",
    "ifindex",
    "link",
    "link_index",
    "link_netnsid",
    "nhid",
    "num_rx_queues",
    "num_tx_queues",
    "tcn_timer",
    "topology_change_timer",
    "pref",
    "preferred_life_time",
    "root_port",
    "updated",
    "used",
    "valid_life_time",
}


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _clean(one) for key, one in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        return sorted((_clean(one) for one in value), key=repr)
    return value


def _flat(value: Any) -> str:
    return json.dumps(_clean(value), sort_keys=True)


LINK = ("address", "flags", "group", "ifalias", "ifname", "linkinfo", "master", "mtu", "qdisc")
BRIDGE_PORT = ("state", "isolated", "learning", "flood", "hairpin", "mcast_flood", "neigh_suppress")
BRIDGE = ("stp_state", "vlan_filtering", "ageing_time", "mcast_snooping")


def _links(links: list[dict[str, Any]]) -> Iterator[str]:
    """Yield links with their own attributes, and their addresses; the kernel's own of IPv6 not."""
    for link in links:
        one = {key: link[key] for key in LINK if key in link}
        info = dict(one.pop("linkinfo", {}))
        for key, kept in (("info_slave_data", BRIDGE_PORT), ("info_data", BRIDGE)):
            if "bridge" in (info.get("info_slave_kind"), info.get("info_kind")) and key in info:
                info[key] = {name: info[key].get(name) for name in kept}
        one["flags"] = sorted(set(one["flags"]) - {"LOWER_UP"})
        yield _flat({**one, "info": info})
        for address in link["addr_info"]:
            if address["scope"] != "link":
                yield f"{link['ifname']} {address['local']}/{address['prefixlen']} {address['scope']}"


def _known(words: list[str], entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield what stays: no entries that the kernel learnt, none of link-local addresses."""
    for entry in entries:
        if words[0] == "bridge" and entry.get("state") not in ("permanent", "static"):
            continue
        if str(entry.get("dst", "")).startswith(("fe80", "ff00", "multicast")):
            continue
        if entry.get("protocol") == "bgp":
            yield {name: entry[name] for name in ("dst", "metric", "protocol", "table") if name in entry}
            continue
        yield entry


PREAMBLE = re.compile(
    r"Building configuration|Current configuration|frr version|frr defaults|hostname|end$|exit|!|$"
)


def running(text: str) -> Iterator[str]:
    """Yield each line of a running configuration with the section that it stands in."""
    section: list[tuple[int, str]] = []
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip(" "))
        word = line.strip()
        if PREAMBLE.match(word):
            continue
        section = [*(one for one in section if one[0] < depth), (depth, word)]
        yield " / ".join(name for _, name in section)


def _documents(text: str) -> Iterator[dict[str, Any]]:
    decoder, at = json.JSONDecoder(), 0
    while at < len(text := text.strip()):
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError:
            return  # the daemon ended meanwhile, or says that there is no such instance
        at += len(text[at:]) - len(text[at:].lstrip())
        if isinstance(value, dict):
            yield value


def _counted(text: str) -> Iterator[str]:
    """Yield the prefixes of whose BGP paths all the nearest are used, whichever came first.

    Those are of one AS, and its own: farther off, others choose between equals, too.
    """
    for document in _documents(text):
        for prefix, paths in document.get("routes", {}).items():
            nearest = min((path.get("path", "") for path in paths), key=lambda path: len(path.split()))
            others = {path.get("path", "") for path in paths} - {nearest}
            if len(nearest.split()) <= 1 and all(len(path.split()) > 1 for path in others):
                yield prefix


def _routes(text: str, counted: Set[str]) -> Iterator[str]:
    """Yield the routes with their next hops, of those by BGP how many, where that is the same each time."""
    for document in _documents(text):
        for prefix, routes in document.items():
            for route in routes:
                hops = sorted(
                    f"{hop.get('ip', '')}@{hop.get('interfaceName', '')}"
                    for hop in route.get("nexthops", [])
                    if hop.get("active")  # zebra may go on listing one whose interface went; nothing uses it
                )
                if prefix.startswith("fe80") or (route["protocol"] == "kernel" and not route.get("selected")):
                    continue  # zebra hears from the kernel of connected routes that come while it runs
                if route["protocol"] == "bgp":
                    hops = [f"{len(hops) if prefix in counted else 'some' if hops else 'no'} next hops"]
                chosen = "*" if route.get("selected") else " "
                cost = "" if route["protocol"] == "bgp" else f" {route['distance']}/{route['metric']}"
                yield f"{chosen} {prefix} {route['protocol']}{cost} {' '.join(hops)}"


def _bgp(text: str) -> Iterator[str]:
    """Yield each prefix with what all of its best paths have in common, and how many paths there are."""
    for document in _documents(text):
        for prefix, paths in document.get("routes", {}).items():
            for path in paths:
                if path.get("bestpath"):
                    length = len(path.get("path", "").split())
                    yield f"{prefix} {path.get('pathFrom')} AS path of {length}, {path.get('locPrf')}"


def _gobgp(words: list[str], text: str) -> Iterator[str]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return  # the daemon ended meanwhile
    if "neighbor" in words:
        for peer in value or []:
            state = peer["state"]
            yield f"{state.get('neighbor_address')} {state.get('peer_asn')} {state.get('session_state')}"
        return
    for prefix, paths in (value or {}).items():
        for path in paths:
            if path.get("best"):
                sequences = [one for a in path.get("attrs", []) if a["type"] == 2 for one in a["as_paths"]]
                yield f"{prefix} AS path of {sum(one['num'] for one in sequences)}"


def _fabric(lab: str) -> tuple[str, ...]:
    """Return the links of the lab's fabric, the namespace of what belongs to no node."""
    words = ["nsenter", f"--net=/run/nlan/{lab}/ns/@fabric", "ip", "-j", "-d", "address"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return tuple(sorted(_links(json.loads(done.stdout or "[]"))))
