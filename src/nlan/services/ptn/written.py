"""What a file says of packet transport networks: a node's own, and links and networks over tunnels."""

from __future__ import annotations

from nlan.schema.syntax.report import Position, Written
from nlan.schema.syntax.tree import Map, Scalar, Seq, Tree
from nlan.schema.written.addresses import Address, Interface
from nlan.schema.written.common import (
    HOSTS,
    MTU,
    NAME,
    VID,
    VNI,
)
from nlan.schema.written.kinds import Json, Kind, ListOf, MapOf, Reader, ScalarKind, shape
from nlan.schema.written.scalars import Line, Text
from nlan.schema.written.sections import Contribution, Key, Record, Section, keys_of
from nlan.services.ptn.model import L2Vpn, PtnNetwork, VpnHost


class Networks(Kind[list[tuple[Written[str], Record]]]):
    """Packet transport networks: a mapping by name, or `Networks:` as a list with `Id`.

    Reads to a list of (name as `Written`, record).
    """

    wanted = "networks by name, or a list `Networks` with `Id`"

    def __init__(self, name: ScalarKind[str], network: Section) -> None:
        """Take the kinds of a network's name and of the network."""
        self.networks = MapOf(name, network)
        self._items = Key("networks", ListOf(network, single=False), "")
        self._list = Section("Ptn", "", [self._items])

    def read(self, tree: Tree, at: Position, reader: Reader) -> list[tuple[Written[str], Record]] | None:
        """Read either shape; the list's `Id` becomes the name."""
        if not isinstance(tree, Map) and not (isinstance(tree, Scalar) and tree.is_null):
            reader.report.error(at, f"expected {self.wanted}, got {shape(tree)}")
            return None
        inner = tree.find("Networks", "networks") if isinstance(tree, Map) else None
        if not isinstance(inner, Seq):
            return self.networks.read(tree, at, reader)
        record = self._list.read(tree, at, reader)
        return [self._named(item.value, reader) for item in (record.get(self._items, []) if record else [])]

    @staticmethod
    def _named(record: Record, reader: Reader) -> tuple[Written[str], Record]:
        if not record.has(PtnKeys.id):
            reader.report.error(record.at, "`Id` is required: the network's name")
        return Written(record.get(PtnKeys.id, ""), record.position(PtnKeys.id)), record

    def schema(self) -> Json:
        """Either shape."""
        shapes: list[Json] = [
            {
                "type": "object",
                "properties": {name: {"type": "array", "items": self.networks.value.schema()}},
                "required": [name],
                "additionalProperties": False,
            }
            for name in ("Networks", "networks")
        ]
        return {"anyOf": [*shapes, self.networks.schema()]}


class PtnNodesKeys:
    """The keys of Ptn nodes."""

    ptn = Key("ptn", Text(), "The tunnel bridge.")
    l2sw = Key("l2sw", Text(), "The learning switch.")


PTN_NODES = Section(
    "Ptn nodes",
    "Names of the two switches; read and kept, the kernel's bridges need none.",
    keys_of(PtnNodesKeys),
)


class PtnLinksKeys:
    """The keys of Ptn links."""

    local_ip = Key(
        "local_ip",
        Address(),
        "The tunnel end's address: `${node}`.",
        default="the node's underlay address",
    )
    remote_ips = Key("remote_ips", ListOf(Address()), "The other ends; what counts is each L2VPN's `Peers`.")


PTN_LINKS = Section(
    "Ptn links", "The tunnel end and the other ends it has tunnels to.", keys_of(PtnLinksKeys)
)


class L2VpnKeys:
    """The keys of an L2VPN."""

    vni = Key("vni", VNI, "VXLAN network identifier.", required=True)
    vid = Key("vid", VID, "VLAN ID of the switch; read and kept.")
    peers = Key("peers", ListOf(Address()), "Tunnel ends that frames are flooded to: `[${pe1}, ${pe2}]`.")
    ip = Key("ip", ListOf(Interface()), "Addresses of the interface `int_br<Vni>`.")
    mtu = Key("mtu", MTU, "Bytes that pass whole.", default="the lab's `mtu`")
    hosts = Key("hosts", ListOf(Interface()), "Addresses of hosts behind `int_br<Vni>`.")


L2VPN = Section(
    "an L2VPN", "A layer-2 network over VXLAN, as this node takes part in it.", keys_of(L2VpnKeys)
)


class PtnKeys:
    """The keys of a Ptn network."""

    id = Key("id", NAME, "Its name, in the list spelling.")
    nodes = Key("nodes", PTN_NODES, "Its switches; read and kept.")
    links = Key("links", PTN_LINKS, "The tunnel ends.", own=False)
    l2vpn = Key("l2vpn", ListOf(L2VPN), "Its L2VPNs.", original="L2Vpn")


PTN = Section("a Ptn network", "A named set of L2VPNs that share a tunnel end.", keys_of(PtnKeys))


class OfNode:
    """What a node says."""

    ptn = Key("ptn", Networks(NAME, PTN), "Service: packet transport networks.")


class OfLink:
    """What a link says of its tunnel."""

    vni = Key("vni", VNI, "VXLAN network identifier, of a single link.", default="allocated by name")


class OfNetwork:
    """What a network says of its tunnels."""

    vni = Key("vni", VNI, "VXLAN network identifier.", default="allocated by name")
    vid = Key("vid", VID, "VLAN ID; read and kept.")


class OfEnd:
    """What an end of a tunnel says."""

    hosts = Key("hosts", HOSTS, "How many hosts are behind this node on an L2VPN.", default="0")


CONTRIBUTION = Contribution(
    {
        "a node": keys_of(OfNode),
        "a link": keys_of(OfLink),
        "a network": keys_of(OfNetwork),
        "an end": keys_of(OfEnd),
    },
    [PTN, PTN_LINKS, PTN_NODES, L2VPN],
    titles={PtnNetwork: "a Ptn network", L2Vpn: "an L2VPN", VpnHost: "a host of an L2VPN"},
    fields={
        (PtnNetwork, "name"): Line("a network's name", word=True),
        (L2Vpn, "vni"): VNI,
        (L2Vpn, "vid"): VID,
        (L2Vpn, "mtu"): MTU,
    },
    pages={"Ptn: layer-2 networks over VXLAN": "services/ptn.md"},
    types={"a link": {"l2vpn": "over VXLAN"}, "a network": {"l2vpn": "over VXLAN"}},
)
