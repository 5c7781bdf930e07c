"""What a file says of distributed routers: a node's part in full, and whole ones at the lab."""

from __future__ import annotations

from nlan.model.codec import IpNetwork
from nlan.schema.syntax.report import Written
from nlan.schema.written.addresses import Address, Interface, SegmentPrefix
from nlan.schema.written.common import ADDRESSES, HOSTS, IFNAME, MTU, NAME, NODES, VID, VNI
from nlan.schema.written.kinds import Kind, ListOf, MapOf, Shapes
from nlan.schema.written.scalars import Bool, Choice, Names, Text
from nlan.schema.written.sections import Contribution, Key, Record, Section, keys_of
from nlan.services.dvr.model import Dvr, DvrHost, Gateway, Mode, Subnet

MODE: Choice[Mode] = Choice("dvr", "hub", "spoke", "spoke_dvr")


class GatewayKeys:
    """The keys of a gateway."""

    addr = Key("addr", Interface(), "The hosts' default route.", required=True)
    mode = Key("mode", MODE, "Who routes: each node, a hub, or a hub to the Internet alone.", required=True)
    dhcp = Key(
        "dhcp",
        Text(),
        "`enabled`: addresses are leased here; `dhcp` of the node says more.",
        default="none are",
    )


GATEWAY = Section("a subnet's gateway", "The gateway of a subnet at this node.", keys_of(GatewayKeys))


class SubnetKeys:
    """The keys of a subnet, as a node says it in full."""

    vni = Key("vni", VNI, "VXLAN network identifier.", required=True)
    vid = Key("vid", VID, "VLAN ID of the switch; read and kept.")
    ip_dvr = Key("ip_dvr", ListOf(GATEWAY), "The gateway, one of each family.")
    ip_vhost = Key("ip_vhost", ADDRESSES, "A host behind the node, an address of each family.")
    peers = Key("peers", ListOf(Address()), "Tunnel ends that frames are flooded to: `[${b}, ${c}]`.")
    ports = Key("ports", ListOf(IFNAME), "Interfaces of its links that are ports of the subnet.")
    default_gw = Key("default_gw", Address(), "The node's own default route.")
    mtu = Key("mtu", MTU, "Bytes that pass whole.", default="the lab's `mtu`")


SUBNET = Section("a Dvr subnet", "A subnet, as this node takes part in it.", keys_of(SubnetKeys))


class VxlanKeys:
    """The keys of a tunnel end."""

    local_ip = Key("local_ip", Address(), "`${node}`.", default="the node's underlay address")
    remote_ips = Key(
        "remote_ips", ListOf(Address()), "The other ends; what counts is each subnet's `Peers`.", own=False
    )


VXLAN = Section("Dvr tunnels", "The tunnel end and those that it has tunnels to.", keys_of(VxlanKeys))


class DvrKeys:
    """The keys of Dvr."""

    ovs_bridges = Key("ovs_bridges", Bool(), "Read and kept; the kernel's bridges need none.")
    subnets = Key("subnets", ListOf(SUBNET), "The subnets.")
    vxlan = Key("vxlan", ListOf(VXLAN), "The tunnel end.", own=False)


DVR = Section(
    "Dvr", "Distributed virtual routing: subnets, as this node takes part in them.", keys_of(DvrKeys)
)


class OfNode:
    """What a node says."""

    dvr = Key("dvr", DVR, "Service: distributed virtual routing.")


WIDE_MODE: Choice[Mode] = Choice("dvr", "spoke", "spoke_dvr")
_NODE = Names("a node's name")
PerNode = int | list[tuple[Written[str], int]]
_HOSTS: Kind[PerNode] = Shapes(
    "a number of hosts behind each node, or a mapping from node to number",
    scalar=HOSTS,
    map=MapOf(_NODE, HOSTS),
)


class WideKeys:
    """What a router says for all its subnets, and a subnet for itself."""

    nodes = Key("nodes", NODES, "The nodes that it is on.", default="all of the router, of the lab")
    mode = Key(
        "mode", WIDE_MODE, "Who routes: each node, a hub, or a hub to the Internet alone.", default="`dvr`"
    )
    hub = Key(
        "hub", _NODE, "The node that routes for the others.", default="none; where there is one: `spoke`"
    )
    hosts = Key("hosts", _HOSTS, "How many hosts are behind each node.", default="1")
    mtu = Key("mtu", MTU, "Bytes that pass whole.", default="the lab's `mtu`")


class WideSubnetKeys:
    """What a subnet says of its own."""

    prefix = Key("prefix", ListOf(SegmentPrefix()), "Its prefixes, one a family.", default="from the pool")
    gateway = Key("gateway", ADDRESSES, "The hosts' default route.", default="the first of the prefix")
    vni = Key("vni", VNI, "VXLAN network identifier.", default="allocated by name")
    vid = Key("vid", VID, "VLAN ID; read and kept.")


WIDE_SUBNET = Section("a router's subnet", "A subnet on many nodes.", keys_of(WideSubnetKeys, WideKeys))
_PREFIXES = ListOf(SegmentPrefix())
Wide = list[Written[IpNetwork]] | Record
_SUBNET: Kind[Wide] = Shapes("a prefix, or a mapping", scalar=_PREFIXES, seq=_PREFIXES, map=WIDE_SUBNET)


class RouterKeys:
    """What a distributed router says of its own."""

    subnets = Key("subnets", MapOf(NAME, _SUBNET), "Its subnets: `{red: 10.0.1.0/24}`.", required=True)


ROUTER = Section(
    "a distributed router", "One router that is on many nodes at once.", keys_of(RouterKeys, WideKeys)
)


class OfLab:
    """What a lab says."""

    routers = Key("routers", MapOf(NAME, ROUTER), "Distributed routers, by name.")


CONTRIBUTION = Contribution(
    {"a node": keys_of(OfNode), "a lab": keys_of(OfLab)},
    [ROUTER, WIDE_SUBNET, DVR, SUBNET, GATEWAY, VXLAN],
    titles={
        Dvr: "Dvr",
        Subnet: "a subnet of Dvr",
        Gateway: "a subnet's gateway",
        DvrHost: "a host of a subnet",
    },
    fields={
        (Subnet, "vni"): VNI,
        (Subnet, "vid"): VID,
        (Subnet, "mtu"): MTU,
        (Subnet, "ports"): IFNAME,
        (Gateway, "mode"): MODE,
    },
    pages={"Dvr: distributed virtual routers": "services/dvr.md"},
)
