"""The nine-router WAN in the original spelling, as a document that tests change and write."""

from __future__ import annotations

from typing import Any

import yaml

Document = dict[str, Any]
PES = (1, 2, 3, 4)
HOMES = {1: (1, 2), 2: (1, 2), 3: (3, 4), 4: (3, 4)}
"""The two PEs of each CE."""


def wan() -> Document:
    """Return four PEs and a route reflector (GoBGP) of AS 100, and four CEs with two host LANs each."""
    document: Document = {f"pe{pe}": _pe(pe) for pe in PES}
    document["rr"] = _rr()
    document.update({f"ce{ce}": edge(ce, HOMES[ce]) for ce in HOMES})
    return document


def text(document: Document) -> str:
    """Return the document as YAML."""
    return yaml.safe_dump(document, sort_keys=False)


def l2vpn(vni: int, address: str, *peers: str) -> Document:
    """Return an L2VPN with these peers."""
    return {"Vni": vni, "Peers": [f"${{{peer}}}" for peer in peers], "Ip": address}


def session(peer: str, asn: int, **more: bool) -> Document:
    """Return a BGP neighbour."""
    return {"Peer": peer, "RemoteAs": asn, **more}


def edge(ce: int, homes: tuple[int, ...]) -> Document:
    """Return a CE of AS 1000 + `ce`, homed to PEs."""
    vpns = [l2vpn(access_vni(pe, ce), f"10.20{pe}.1{ce}.2/24", f"pe{pe}") for pe in homes]
    lans = [{"Network": f"172.{n}.{ce}.1/24", "Vhosts": 2} for n in (21, 22)]
    return {
        "Ptn": {"access": {"Links": {"LocalIp": f"${{ce{ce}}}"}, "L2Vpn": vpns}},
        "Vhosts": {"VhostProps": lans},
        "Router": {
            "Loopback": f"10.1.2.{ce}/32",
            "Bgp": {str(1000 + ce): {"Neighbors": [session(f"10.20{pe}.1{ce}.1", 100) for pe in homes]}},
        },
    }


def access_vni(pe: int, ce: int) -> int:
    """Return the VNI between a PE and a CE."""
    return pe * 100 + 10 + ce


def plug(document: Document, pe: int, ce: int) -> None:
    """Give a PE the L2VPN to a CE and the session with it."""
    node = document[f"pe{pe}"]
    vpns(document, f"pe{pe}", "access").append(l2vpn(access_vni(pe, ce), f"10.20{pe}.1{ce}.1/24", f"ce{ce}"))
    node["Router"]["Bgp"]["100"]["Neighbors"].append(session(f"10.20{pe}.1{ce}.2", 1000 + ce))


def vpns(document: Document, node: str, network: str) -> list[Document]:
    """Return the list of a node's L2VPNs."""
    found: list[Document] = document[node]["Ptn"][network]["L2Vpn"]
    return found


def neighbors(document: Document, node: str) -> list[Document]:
    """Return the list of a node's BGP neighbours."""
    (bgp,) = document[node]["Router"]["Bgp"].values()
    found: list[Document] = bgp["Neighbors"]
    return found


def set_asn(document: Document, node: str, asn: int) -> None:
    """Move a node to another AS, on its own side."""
    router = document[node]["Router"]
    (bgp,) = router["Bgp"].values()
    router["Bgp"] = {str(asn): bgp}


def _pe(pe: int) -> Document:
    others = [f"pe{other}" for other in PES if other != pe] + ["rr"]
    links = {"LocalIp": f"${{pe{pe}}}"}
    document: Document = {
        "Ptn": {
            "wan": {
                "Links": links,
                "L2Vpn": [l2vpn(n, f"10.200.{n}.10{pe}/24", *others) for n in (1, 2)],
            },
            "access": {"Links": dict(links), "L2Vpn": []},
        },
        "Router": {
            "Loopback": f"10.1.1.{pe}/32",
            "Bgp": {"100": {"Neighbors": [session("10.200.1.105", 100, NextHopSelf=True)]}},
        },
    }
    for ce, homes in HOMES.items():
        if pe in homes:
            plug({f"pe{pe}": document}, pe, ce)
    return document


def _rr() -> Document:
    others = [f"pe{pe}" for pe in PES]
    clients = [session(f"10.200.1.10{pe}", 100, RouteReflectorClient=True) for pe in PES]
    return {
        "Ptn": {
            "wan": {
                "Links": {"LocalIp": "${rr}"},
                "L2Vpn": [l2vpn(n, f"10.200.{n}.105/24", *others) for n in (1, 2)],
            }
        },
        "Router": {
            "Loopback": "10.1.1.5/32",
            "EmbeddedBgp": True,
            "Bgp": {"100": {"Neighbors": clients}},
        },
    }
