"""The WAN of examples/wan-bgp.yaml for other tools: the same routers, segments and FRR lines.

`describe` writes what a peer's script needs as JSON and files: no overlay, so every L2VPN is a link
or a switch. The scripts run in each tool's own Python, which has no nlan; `run.py` starts them.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import msgspec

from nlan.engines.frr.config.tree import file_text
from nlan.engines.frr.render.daemons import frr_daemons
from nlan.engines.frr.run.files import VTYSH_CONF
from nlan.expect import expectation
from nlan.interfaces import l2vpn_name, lan_name
from nlan.model import Lab, Node
from nlan.schema import load
from nlan.services.ptn.model import L2Vpn, Ptn
from nlan.services.router.model import Router
from nlan.services.vhosts.model import VhostLan, Vhosts


def describe(file: Path, directory: Path) -> None:
    """Write ``lab.json`` and each router's FRR files into `directory`."""
    lab = load(file).lab
    lab = msgspec.structs.replace(lab, nodes=tuple(map(_with_frr, lab.nodes)))
    for node in lab.nodes:
        _write_frr(node, directory / node.name)
    value = {
        "directory": str(directory),
        "routers": {node.name: _router(node) for node in lab.nodes},
        "segments": _segments(lab),
        "hosts": _hosts(lab),
        "routes": {name: len(prefixes) for name, prefixes in expectation(lab).routes.items()},
    }
    (directory / "lab.json").write_text(json.dumps(value, indent=1), encoding="utf-8")


def _with_frr(node: Node) -> Node:
    assert node.find(Router) is not None
    return node.having(msgspec.structs.replace(node.find(Router), engine="frr"))


def _write_frr(node: Node, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755)
    (directory / "vtysh.conf").write_text(VTYSH_CONF, encoding="utf-8")
    for daemon in frr_daemons(node, "lab"):
        text = _renamed(node, file_text(daemon.config or ()))
        (directory / f"{daemon.daemon}.conf").write_text(text, encoding="utf-8")


def _renamed(node: Node, text: str) -> str:
    """FRR's lines with the names that the interfaces have here, which are each other's only."""
    names = {
        l2vpn_name(l2vpn.vni): _wan(node, l2vpn)
        for network in node.get(Ptn).networks
        for l2vpn in network.l2vpns
    }
    names |= {lan_name(str(lan.gateway.ip)): _lan(node, lan) for lan in node.get(Vhosts).lans}
    return re.sub(r"(?m)^interface (\S+)$", lambda m: f"interface {names.get(m[1], m[1])}", text)


def _wan(node: Node, l2vpn: L2Vpn) -> str:
    return f"{node.name}-s{l2vpn.vni}"


def _lan(node: Node, lan: VhostLan) -> str:
    return f"{node.name}-lan{node.get(Vhosts).lans.index(lan)}"


def _router(node: Node) -> dict[str, object]:
    """The lines of shell that make a router of a namespace which has its own /etc/frr and /run/frr."""
    assert node.find(Router) is not None
    daemons = [daemon.daemon for daemon in frr_daemons(node, "lab")]
    ordered = ["mgmtd", "zebra", *(name for name in daemons if name not in ("mgmtd", "zebra"))]
    return {
        "start": [
            "sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=2",
            *(f"ip addr add {address} dev lo" for address in node.get(Router).loopbacks),
            "chown frr:frr /run/frr",
            *(f"/usr/lib/frr/{name} -d -A 127.0.0.1" for name in ordered),
        ]
    }


def _segments(lab: Lab) -> list[dict[str, object]]:
    ends: dict[int, list[tuple[str, str, str]]] = {}
    for node in lab.nodes:
        for network in node.get(Ptn).networks:
            for l2vpn in network.l2vpns:
                for address in l2vpn.addresses:
                    ends.setdefault(l2vpn.vni, []).append((node.name, _wan(node, l2vpn), str(address)))
    return [{"name": f"s{vni}", "ends": members} for vni, members in sorted(ends.items())]


def _hosts(lab: Lab) -> list[dict[str, object]]:
    return [
        {
            "router": node.name,
            "interface": _lan(node, lan),
            "gateway": str(lan.gateway),
            "hosts": [str(address) for address in lan.hosts],
        }
        for node in lab.nodes
        for lan in node.get(Vhosts).lans
    ]


if __name__ == "__main__":
    describe(Path(sys.argv[1]), Path(sys.argv[2]))
