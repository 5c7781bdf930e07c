"""The written schema: every section and key, its kind and range, what it means, what it is by default.

Validation (`kinds`), the JSON Schema (`jsonschema`) and docs/reference/file.md (`docs`) all come
from this table. A key has two spellings, `local_ip` and `LocalIp`, and both are read everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from nlan.schema.syntax import foreign
from nlan.schema.written.kinds import ListOf, MapOf, Shapes
from nlan.schema.written.ptn import Ptn
from nlan.schema.written.scalars import (
    Address,
    AnyScalar,
    Asn,
    Bool,
    Choice,
    HoldTime,
    Integer,
    Interface,
    Ipv4,
    Line,
    Lines,
    Name,
    Names,
    No,
    Number,
    Password,
    Prefix,
    RouterId,
    SegmentPrefix,
    Setting,
    Size,
    Text,
    Words,
)
from nlan.schema.written.sections import Contribution, Key, Section, Vocabulary
from nlan.values import ASN_MAX, IFNAMSIZ, MTU_MAX, NAME_MAX, VID_MAX, VNI_MAX

VNI = Integer(1, VNI_MAX, "VNI", "RFC 7348")
VID = Integer(1, VID_MAX, "VLAN ID", "IEEE 802.1Q")
ASN = Asn(1, ASN_MAX, "AS number", "RFC 6793")
MTU = Integer(68, MTU_MAX, "MTU")
COST = Integer(1, 65535, "OSPF cost", "RFC 2328")
HOSTS = Integer(0, 65534, "number of hosts")
SECONDS = Integer(1, 65535, "number of seconds")
KEEPALIVE = Integer(0, 65535, "number of seconds")
HOLD_TIME = HoldTime()
PATHS = Integer(1, 64, "number of paths")
NAME = Name(NAME_MAX)
UNDERLAY = Interface(bare=True)
NODES = ListOf(Names("node names, or ranges of them such as `pe[1-4]`"))
IFNAME = Text(f"an interface name of at most {IFNAMSIZ} characters", "[A-Za-z0-9][A-Za-z0-9_.-]{0,14}")
AREA = Ipv4("an OSPF area such as `0` or `0.0.0.0`", decimal=True)
ROUTER_ID = RouterId()
PASSWORD = Password(longest=80)
SOURCE = Line("an address or interface", word=True)
DESCRIPTION = Line("a text")
ADDRESSES = ListOf(Interface())
BGP_SOURCES = ListOf(Choice("connected", "static", "ospf", "kernel"))
OSPF_SOURCES = ListOf(Choice("connected", "static", "bgp", "kernel"))
FAMILIES = ListOf(Choice("ipv4", "ipv6"))
OSPF_HERE = AnyScalar("`true`, `false` or an OSPF area", Bool(), AREA)

PTN_NODES = Section(
    "Ptn nodes",
    "Names of the two switches; read and kept, the kernel's bridges need none.",
    [
        Key("ptn", Text(), "The tunnel bridge."),
        Key("l2sw", Text(), "The learning switch."),
    ],
)
PTN_LINKS = Section(
    "Ptn links",
    "The tunnel end and the other ends it has tunnels to.",
    [
        Key(
            "local_ip",
            Address(),
            "The tunnel end's address: `${node}`.",
            default="the node's underlay address",
        ),
        Key("remote_ips", ListOf(Address()), "The other ends; what counts is each L2VPN's `Peers`."),
    ],
)
L2VPN = Section(
    "an L2VPN",
    "A layer-2 network over VXLAN, as this node takes part in it.",
    [
        Key("vni", VNI, "VXLAN network identifier.", required=True),
        Key("vid", VID, "VLAN ID of the switch; read and kept."),
        Key("peers", ListOf(Address()), "Tunnel ends that frames are flooded to: `[${pe1}, ${pe2}]`."),
        Key("ip", ListOf(Interface()), "Addresses of the interface `int_br<Vni>`."),
        Key("mtu", MTU, "Bytes that pass whole.", default="the lab's `mtu`"),
        Key("hosts", ListOf(Interface()), "Addresses of hosts behind `int_br<Vni>`."),
    ],
)
PTN = Section(
    "a Ptn network",
    "A named set of L2VPNs that share a tunnel end.",
    [
        Key("id", NAME, "Its name, in the list spelling."),
        Key("nodes", PTN_NODES, "Its switches; read and kept."),
        Key("links", PTN_LINKS, "The tunnel ends."),
        Key("l2vpn", ListOf(L2VPN), "Its L2VPNs.", original="L2Vpn"),
    ],
)
GATEWAYS = Shapes(
    "an address with its prefix length such as `192.0.2.1/24`, or one of each family",
    scalar=Interface(),
    seq=ListOf(Interface()),
)
VHOST_LAN = Section(
    "a host LAN",
    "A LAN behind the node with hosts on it.",
    [
        Key(
            "network",
            GATEWAYS,
            "The node's own address there, the hosts' default route; a list gives them IPv4 and IPv6.",
            default="from the pool `lans`",
        ),
        Key("vhosts", HOSTS, "How many hosts; they take the next addresses.", default="1"),
        Key("mtu", MTU, "In bytes.", default="the lab's `mtu`"),
        Key("name", NAME, "What its allocation is recorded under.", default="`lan1`, `lan2`, …"),
    ],
)
VHOSTS = Section(
    "Vhosts",
    "Virtual hosts behind the node.",
    [Key("vhost_props", ListOf(VHOST_LAN), "The host LANs.")],
)
NEIGHBOR = Section(
    "a BGP peer",
    "One BGP session.",
    [
        Key("peer", Address(), "The peer's address."),
        Key("node", Names("a node's name"), "The peer's node; its address is derived."),
        Key(
            "remote_as",
            ASN,
            "The peer's AS.",
            default="the AS of the node that holds the address",
            also=("peer_asn",),
        ),
        Key(
            "next_hop_self",
            Bool(),
            "Announce this router as next hop.",
            default="`true` towards iBGP peers of a border router (short form)",
        ),
        Key("route_reflector_client", Bool(), "Reflect routes to it (RFC 4456).", default="`false`"),
        Key("password", PASSWORD, "TCP MD5 key (RFC 2385)."),
        Key("update_source", SOURCE, "What the session is bound to."),
        Key(
            "ebgp_multihop",
            Integer(1, 255, "number of hops"),
            "Hops to an external peer that is not connected.",
        ),
        Key("families", FAMILIES, "Address families.", default="the family of the address"),
        Key("keepalive_s", KEEPALIVE, "Seconds between keepalives.", default="by `timers`"),
        Key("hold_time_s", HOLD_TIME, "Seconds until a silent peer is given up.", default="by `timers`"),
        Key("description", DESCRIPTION, "Free text.", default="the peer's node"),
        Key("external", Bool(), "The peer is not of this lab: do not look for it.", default="`false`"),
    ],
)
BGP_AS = Section(
    "a BGP AS",
    "BGP of one AS.",
    [
        Key("as", ASN, "The AS, in the list spelling."),
        Key("neighbors", ListOf(NEIGHBOR), "The peers."),
        Key("networks", ListOf(Prefix(loose=True)), "Prefixes announced besides."),
        Key("redistribute", BGP_SOURCES, "What is announced besides.", default="`connected`"),
        Key("maximum_paths", PATHS, "Equal paths installed at most."),
    ],
)
OSPF_AREA = Section(
    "an Ospf area",
    "An OSPF area and the prefixes whose interfaces run in it.",
    [
        Key("area", AREA, "The area, dotted or decimal.", required=True),
        Key("networks", ListOf(Prefix(loose=True)), "Prefixes; host bits do not matter."),
    ],
)
ROUTER = Section(
    "Router",
    "Routing of the node, in the full form.",
    [
        Key(
            "loopback",
            ListOf(Interface("a loopback address such as `192.0.2.1/32`", bare=True)),
            "Addresses of `lo`.",
        ),
        Key("embedded_bgp", Bool(), "Speak BGP by GoBGP instead of FRR.", default="`false`"),
        Key("ospf", ListOf(OSPF_AREA), "OSPF areas."),
        Key(
            "bgp",
            Shapes("BGP by AS number", seq=ListOf(BGP_AS), map=MapOf(ASN, BGP_AS)),
            "BGP by AS number, or a list with `As`.",
        ),
        Key(
            "router_id",
            ROUTER_ID,
            "For OSPF and BGP.",
            default="the first IPv4 loopback",
        ),
    ],
)
PEER_HERE = Shapes("a BGP peer, or `false` for no session", scalar=Bool(), map=NEIGHBOR)
BGP_HERE = Section(
    "bgp",
    "What to change of the BGP that is derived.",
    [
        Key(
            "peers",
            Shapes(
                "BGP peers", seq=ListOf(NEIGHBOR), map=MapOf(Text("a node's name or an address"), PEER_HERE)
            ),
            "By node or address: options of a derived session, another session, or `false` for none.",
        ),
        Key("derive", Bool(), "Derive sessions from links and networks.", default="`true`"),
        Key("networks", ListOf(Prefix()), "Prefixes announced besides."),
        Key("redistribute", BGP_SOURCES, "What is announced besides.", default="`connected`"),
        Key("maximum_paths", PATHS, "Equal paths installed at most."),
        Key("password", PASSWORD, "TCP MD5 key of every derived session."),
        Key("keepalive_s", KEEPALIVE, "Seconds, for every derived session."),
        Key("hold_time_s", HOLD_TIME, "Seconds, for every derived session."),
        Key(
            "next_hop_self",
            Bool(),
            "Towards iBGP peers.",
            default="`true` where the router has an external peer",
        ),
    ],
)
OSPF_NODE = Section(
    "ospf",
    "OSPF of the node.",
    [
        Key("area", AREA, "The area of its links, networks and loopback.", default="`0.0.0.0`"),
        Key("redistribute", OSPF_SOURCES, "What is announced besides.", default="`connected`"),
        Key("cost", COST, "Cost of its interfaces.", default="the daemon's"),
    ],
)
OSPF_ANY = Shapes("`true`, `false`, an area or a mapping", scalar=OSPF_HERE, map=OSPF_NODE)
ROUTE = Section(
    "a route",
    "A static route.",
    [
        Key("prefix", Prefix(), "Where to.", required=True),
        Key(
            "via",
            AnyScalar("an address or a node's name", Address(), NAME),
            "The next hop: an address, or a neighbouring node.",
        ),
        Key("interface", IFNAME, "Or the interface to send out of."),
        Key("blackhole", Bool(), "Or nowhere.", default="`false`"),
    ],
)
NEXT_HOP = AnyScalar("an address, a node's name or `blackhole`", Address(), NAME)
ROUTES = Shapes("static routes", seq=ListOf(ROUTE, single=False), map=MapOf(Prefix(), NEXT_HOP))
FRR = Section(
    "frr",
    "FRR configuration that you bring.",
    [
        Key("text", Lines(), "The lines, as in frr.conf; `${r2@r3}` is r2's address on its segment with r3."),
        Key("file", Text("a file name"), "A file with them, relative to this one."),
        Key(
            "daemons",
            ListOf(
                Choice(
                    "zebra",
                    "bgpd",
                    "ospfd",
                    "ospf6d",
                    "isisd",
                    "ripd",
                    "ripngd",
                    "bfdd",
                    "staticd",
                    "pimd",
                    "pim6d",
                    "ldpd",
                    "eigrpd",
                    "babeld",
                    "vrrpd",
                    "pathd",
                    "nhrpd",
                    "fabricd",
                )
            ),
            "Daemons that it needs.",
        ),
        Key("only", Bool(), "Derive nothing: this is the whole configuration.", default="`false`"),
    ],
)
LIMITS = Section(
    "limits",
    "What a node may use at most.",
    [
        Key("memory", Size(), "Such as `64M`."),
        Key("cpus", Number(), "Processors, such as `0.5`."),
        Key("pids", Integer(1, 2**22, "number of processes"), "Processes."),
    ],
)
POOL = Section(
    "a pool",
    "Where addresses are allocated from.",
    [
        Key("ipv4", SegmentPrefix(), "The IPv4 prefix."),
        Key("ipv6", SegmentPrefix(), "The IPv6 prefix."),
        Key("ipv4_length", Integer(8, 32, "prefix length"), "Prefix length of each piece."),
        Key("ipv6_length", Integer(16, 128, "prefix length"), "Prefix length of each piece."),
    ],
)
POOL_ANY = Shapes(
    "a prefix, two prefixes or a mapping",
    scalar=ListOf(SegmentPrefix()),
    seq=ListOf(SegmentPrefix()),
    map=POOL,
)
POOLS = Section(
    "pools",
    "Address pools. A name takes the lowest free piece and keeps it.",
    [
        Key("underlay", POOL_ANY, "Tunnel ends, one address a node.", default="`10.10.10.0/24`"),
        Key("loopbacks", POOL_ANY, "One address a router.", default="`10.0.0.0/16`, `2001:db8::/48`"),
        Key("links", POOL_ANY, "One piece a link.", default="`10.1.0.0/16` in /30, `2001:db8:1::/48` in /64"),
        Key(
            "networks",
            POOL_ANY,
            "One piece a network.",
            default="`10.200.0.0/16` in /24, `2001:db8:2::/48` in /64",
        ),
        Key(
            "lans",
            POOL_ANY,
            "One piece a host LAN.",
            default="`172.21.0.0/16` in /24, `2001:db8:3::/48` in /64",
        ),
    ],
)
END = Section(
    "an end",
    "One end of a link or network.",
    [
        Key("address", ADDRESSES, "Its addresses.", default="from the segment's prefix"),
        Key("interface", IFNAME, "Its interface's name.", default="`eth1`, `eth2`, … by link, kept"),
        Key("cost", COST, "OSPF cost.", default="the segment's"),
        Key("passive", Bool(), "Announced by OSPF, not spoken on.", default="`false`"),
        Key("hosts", HOSTS, "How many hosts are behind this node on an L2VPN.", default="0"),
    ],
)
END_ANY = Shapes("addresses or a mapping", scalar=ADDRESSES, seq=ADDRESSES, map=END)
SEGMENT_KEYS = [
    Key("prefix", ListOf(SegmentPrefix()), "Its prefixes, one a family.", default="from the pool"),
    Key("mtu", MTU, "In bytes.", default="the lab's `mtu`"),
    Key(
        "ospf",
        OSPF_HERE,
        "Run OSPF here, in this area.",
        default="where both ends run OSPF and are not of two ASes",
    ),
    Key("cost", COST, "OSPF cost.", default="the daemon's"),
    Key("bgp", Bool(), "Derive BGP sessions here.", default="`true`"),
    Key("addresses", Bool(), "`false`: layer 2 only, for the nodes.", default="`true`"),
]
LINK = Section(
    "a link",
    "Links with options. Say who is linked by one of `nodes`, `link`, `line`, `ring`, `mesh`.",
    [
        Key("nodes", NODES, "The two ends."),
        Key("link", Names("a link such as `a -- b`", Names.LINK), "As in the one-line spelling."),
        Key("line", NODES, "Each to the next."),
        Key("ring", NODES, "Each to the next, the last to the first."),
        Key("mesh", NODES, "Each to each."),
        Key("type", Choice("veth", "l2vpn"), "`l2vpn`: over VXLAN.", default="`veth`"),
        Key("vni", VNI, "VXLAN network identifier, of a single link.", default="allocated by name"),
        Key("ends", MapOf(Names("a node's name"), END_ANY), "What is special at an end."),
        *SEGMENT_KEYS,
    ],
)
NETWORK = Section(
    "a network",
    "A segment of many nodes.",
    [
        Key("type", Choice("l2vpn", "lan"), "`l2vpn`: over VXLAN; `lan`: a bridge.", default="`l2vpn`"),
        Key(
            "nodes",
            Shapes("nodes", scalar=NODES, seq=NODES, map=MapOf(Names("a node's name"), END_ANY)),
            "Its members.",
            required=True,
        ),
        Key("vni", VNI, "VXLAN network identifier.", default="allocated by name"),
        Key("vid", VID, "VLAN ID; read and kept."),
        *SEGMENT_KEYS,
    ],
)
ASN_ANY = AnyScalar("an AS number, `auto`, or `false` for none", ASN, Choice("auto"), No())
HOSTS_ANY = Shapes(
    "a number of hosts, host LANs, or a mapping from gateway address to number",
    scalar=HOSTS,
    seq=ListOf(Shapes("a number of hosts or a host LAN", scalar=HOSTS, map=VHOST_LAN), single=False),
    map=MapOf(Interface(), HOSTS),
)
LOOPBACK_ANY = Shapes(
    "loopback addresses, or `false` for none",
    scalar=AnyScalar("a loopback address, or `false` for none", Bool(), Interface(bare=True)),
    seq=ListOf(Interface(bare=True)),
)
SYSCTL = Setting()
SYSCTL_VALUE = Words("a setting's value")
PTN_ANY = Ptn(NAME, PTN)
NODE_KEYS = [
    Key(
        "role",
        Choice("router", "host"),
        "What the node is.",
        default="`router` where anything of routing is said of it",
    ),
    Key("asn", ASN_ANY, "Its AS; `auto` allocates one by name.", default="the lab's `asn`"),
    Key("ospf", OSPF_ANY, "Run OSPF.", default="the lab's `ospf`"),
    Key(
        "bgp",
        Shapes("`true`, `false` or a mapping", scalar=Bool(), map=BGP_HERE),
        "Run BGP, and how.",
        default="`true` where it has an AS",
    ),
    Key("route_reflector", Bool(), "Reflect routes to the other routers of its AS.", default="`false`"),
    Key("engine", Choice("frr", "gobgp"), "Which daemon speaks BGP.", default="`frr`"),
    Key("hosts", HOSTS_ANY, "Hosts behind it: a number, or `{172.21.1.1/24: 2}`, or a list of host LANs."),
    Key("loopback", LOOPBACK_ANY, "Addresses of `lo`.", default="from the pool `loopbacks`"),
    Key(
        "router_id",
        ROUTER_ID,
        "For OSPF and BGP.",
        default="the first IPv4 loopback",
    ),
    Key("routes", ROUTES, "Static routes: `{0.0.0.0/0: pe1}`, or a list."),
    Key(
        "gateway",
        ListOf(AnyScalar("an address or a node's name", Address(), NAME)),
        "Default route of a plain host.",
        default="the first router on its segments",
    ),
    Key("forwarding", Bool(), "Forward packets.", default="`true` for routers"),
    Key(
        "frr",
        Shapes("FRR's lines or a mapping", scalar=Lines(), map=FRR),
        "FRR configuration that you bring.",
    ),
    Key("limits", LIMITS, "Memory, processors, processes."),
    Key(
        "sysctls",
        MapOf(SYSCTL, SYSCTL_VALUE),
        "Kernel settings of its network namespace, such as `{net.ipv4.conf.all.rp_filter: 0}`.",
        default="what a router needs",
    ),
    Key(
        "exclusive",
        Bool(),
        "Take away what somebody else puts into it: rules, tables of nftables, queues, addresses, routes.",
        default="`false`: show it",
    ),
    Key("underlay", UNDERLAY, "Its underlay address.", default="from the pool `underlay`"),
    Key("mtu", MTU, "Bytes of its host LANs.", default="the lab's `mtu`"),
    Key("ptn", PTN_ANY, "Service: packet transport networks."),
    Key("vhosts", VHOSTS, "Service: virtual hosts."),
    Key("router", ROUTER, "Service: routing."),
    *(
        Key(name, Text(), "", served=False)
        for name in ("dvr", "interfaces", "links", "bridges", "vrf", "services")
    ),
]
NODE = Section("a node", "One node and what it offers.", NODE_KEYS, foreign.MODULES)
LAB_KEYS = [
    Key("name", NAME, "The lab's name.", default="the file's name"),
    Key(
        "timers",
        Choice("lab", "standard"),
        "Fast convergence, or the daemons' own defaults.",
        default="`lab`",
    ),
    Key("mtu", MTU, "Bytes that pass whole everywhere.", default="1500"),
    Key("underlay_mtu", MTU, "Bytes of the underlay.", default="what the overlay needs: 1550"),
    Key("pools", POOLS, "Address pools."),
    Key(
        "exclusive",
        Bool(),
        "Take away what somebody else puts into the nodes and segments.",
        default="`false`: show it",
    ),
]
SHORT_KEYS = [
    *LAB_KEYS,
    Key(
        "nodes",
        Shapes(
            "node names, or a mapping of nodes",
            scalar=NODES,
            seq=ListOf(
                Shapes(
                    "a node's name, or a mapping of one",
                    scalar=Names("a node's name"),
                    map=MapOf(Names("a node's name"), NODE),
                )
            ),
            map=MapOf(Names("a node's name"), NODE),
        ),
        "The nodes, by name or range (`pe[1-4]`); what a single name says wins over a range.",
    ),
    Key(
        "links",
        ListOf(
            Shapes(
                "a link such as `a -- b`, or a mapping",
                scalar=Names("a link such as `a -- b`", Names.LINK),
                map=LINK,
            )
        ),
        "Direct links: `a -- b`, `a -- b -- c`, `spine[1-2] -- leaf[1-4]` (each to each), or with options.",
    ),
    Key("networks", MapOf(NAME, NETWORK), "Segments of many nodes, by name."),
    Key("defaults", NODE, "What every node says that does not say otherwise."),
    Key("asn", ASN_ANY, "The AS of every node; `auto` gives each its own."),
    Key("ospf", OSPF_ANY, "OSPF on every router."),
    Key(
        "bgp",
        Shapes("`true`, `false` or a mapping", scalar=Bool(), map=BGP_HERE),
        "BGP options of every router.",
    ),
    Key("route_reflector", NODES, "Nodes that reflect routes to the other routers of their AS."),
    Key("ipv6", Bool(), "IPv6 besides IPv4, everywhere.", default="`false`"),
    Key("ipv4", Bool(), "`false`: IPv6 alone.", default="`true`"),
]
LAB = Section("a lab", "The short form.", SHORT_KEYS)
FULL = Section("the lab settings", "What may stand beside the nodes in the full form.", LAB_KEYS)

SECTIONS: tuple[Section, ...] = (
    LAB,
    NODE,
    LINK,
    NETWORK,
    END,
    POOLS,
    POOL,
    BGP_HERE,
    NEIGHBOR,
    OSPF_NODE,
    ROUTE,
    VHOST_LAN,
    FRR,
    LIMITS,
    PTN,
    PTN_LINKS,
    PTN_NODES,
    L2VPN,
    VHOSTS,
    ROUTER,
    BGP_AS,
    OSPF_AREA,
    FULL,
)
"""Every section, in the order of the documentation."""


def vocabulary(contributions: Iterable[Contribution] = ()) -> Vocabulary:
    """Return the sections and keys of this table, and what is contributed to them."""
    return Vocabulary(SECTIONS, contributions)
