"""Every kind of drift that somebody may cause in a node, as data: what is done, and what nlan makes of it.

The table of docs/keep.md lists the same kinds; `tests/unit/test_docs.py` compares the two.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

LAB = """
ipv6: true
nodes:
  pe1: {asn: 64496, ospf: true, hosts: 1, limits: {pids: 300}, dns: {}}
  pe2: {asn: 64496, ospf: true, hosts: 1}
  ce1: {asn: 64497, engine: gobgp}
networks:
  wan: {nodes: ["pe[1-2]"], vni: 1}
links: [pe1 -- pe2, {link: pe1 -- ce1, rate: 100M}]
"""
HOST = "pe1/172.21.1.2"


class Kind(NamedTuple):
    """A kind of drift.

    Attributes:
        title: In words, as the documents list it.
        node: Where it happens.
        script: What is done there, for sh; ``stop PROGRAM`` and ``kill PROGRAM`` are signals from outside,
            ``outside: …`` is for sh there.
        seen: An operation that the plan lists, without its sign: ``pe1 veth eth1``; or what is foreign.
        undo: What takes a foreign thing away.
    """

    title: str
    node: str
    script: str
    seen: str
    undo: str = ""

    @property
    def is_foreign(self) -> bool:
        """Whether it is shown, and stays unless the lab is exclusive."""
        return bool(self.undo)


def vtysh(*lines: str) -> str:
    """Return the command that types lines."""
    return "vtysh" + "".join(f" -c '{line}'" for line in ("configure terminal", *lines))


LINKS = (
    Kind("a link removed", "pe1", "ip link del eth1", "pe1 veth eth1"),
    Kind("a tunnel removed", "pe1", "ip link del vxlan1", "pe1 vxlan vxlan1"),
    Kind("a bridge removed", "pe1", "ip link del int_br1", "pe1 bridge int_br1"),
    Kind("a host's link removed", HOST, "ip link del eth0", f"{HOST} veth eth0"),
    Kind("a link's queue removed", "pe1", "tc qdisc del dev eth2 root", "pe1 queue eth2"),
    Kind("a link down", "pe1", "ip link set eth1 down", "pe1 veth eth1"),
    Kind("a bridge down", "pe1", "ip link set int_br1 down", "pe1 bridge int_br1"),
    Kind("the loopback down", "pe1", "ip link set lo down", "pe1 stack"),
    Kind("a host's loopback down", HOST, "ip link set lo down", f"{HOST} stack"),
    Kind("another MTU", "pe1", "ip link set eth1 mtu 1400", "pe1 veth eth1"),
    Kind("another MAC address", "pe1", "ip link set eth1 address 02:00:00:00:00:01", "pe1 veth eth1"),
    Kind("another group", "pe1", "ip link set eth1 group 0", "pe1 veth eth1"),
    Kind("another group of a bridge", "pe1", "ip link set int_br1 group 0", "pe1 bridge int_br1"),
    Kind("another name", "pe1", "ip link set eth1 down; ip link set eth1 name eth9", "pe1 veth eth1"),
    Kind("another alias", "pe1", "ip link set eth1 alias mine", "pe1 veth eth1"),
    Kind("no ARP", "pe1", "ip link set eth1 arp off", "pe1 veth eth1"),
    Kind("no multicast", "pe1", "ip link set eth1 multicast off", "pe1 veth eth1"),
    Kind(
        "no link-local address",
        "pe1",
        "ip -6 addr flush dev eth1 scope link",
        "pe1 address eth1 2001:db8:1::1/64",
    ),
    Kind("no longer a port", "pe1", "ip link set vxlan1 nomaster", "pe1 vxlan vxlan1"),
    Kind("spanning tree", "pe1", "ip link set int_br1 type bridge stp_state 1", "pe1 bridge int_br1"),
    Kind("snooping", "pe1", "ip link set int_br1 type bridge mcast_snooping 1", "pe1 bridge int_br1"),
    Kind("an isolated port", "pe1", "bridge link set dev vxlan1 isolated on", "pe1 vxlan vxlan1"),
    Kind("a port that learns nothing", "pe1", "bridge link set dev vxlan1 learning off", "pe1 vxlan vxlan1"),
    Kind("a port that floods nothing", "pe1", "bridge link set dev vxlan1 flood off", "pe1 vxlan vxlan1"),
    Kind(
        "a port of hosts isolated", "pe1", "bridge link set dev 172.21.1.2 isolated on", f"{HOST} veth eth0"
    ),
    Kind("no learning", "pe1", "ip link set vxlan1 type vxlan nolearning", "pe1 vxlan vxlan1"),
    Kind("another TTL", "pe1", "ip link set vxlan1 type vxlan id 1 ttl 1", "pe1 vxlan vxlan1"),
    Kind(
        "another tunnel end", "pe1", "ip link set vxlan1 type vxlan id 1 local 10.10.10.9", "pe1 vxlan vxlan1"
    ),
)
ADDRESSES = (
    Kind("an address removed", "pe1", "ip addr del 10.1.0.1/30 dev eth1", "pe1 address eth1 10.1.0.1/30"),
    Kind(
        "an IPv6 address removed",
        "pe1",
        "ip addr del 2001:db8:1::1/64 dev eth1",
        "pe1 address eth1 2001:db8:1::1/64",
    ),
    Kind("a loopback address removed", "pe1", "ip addr del 10.0.0.1/32 dev lo", "pe1 address lo 10.0.0.1/32"),
    Kind(
        "another prefix length",
        "pe1",
        "ip addr del 10.1.0.1/30 dev eth1; ip addr add 10.1.0.1/24 dev eth1",
        "pe1 address eth1 10.1.0.1/30",
    ),
    Kind(
        "IPv6 switched off",
        "pe1",
        "echo 1 > /proc/sys/net/ipv6/conf/eth1/disable_ipv6",
        "pe1 address eth1 2001:db8:1::1/64",
    ),
)
ROUTES = (
    Kind("a connected route removed", "pe1", "ip route del 10.1.0.0/30", "pe1 address eth1 10.1.0.1/30"),
    Kind(
        "an IPv6 connected route removed",
        "pe1",
        "ip route del 2001:db8:1::/64 dev eth1",
        "pe1 address eth1 2001:db8:1::1/64",
    ),
    Kind(
        "a local route removed",
        "pe1",
        "ip route del table local local 10.1.0.1",
        "pe1 address eth1 10.1.0.1/30",
    ),
    Kind(
        "an IPv6 local route removed",
        "pe1",
        "ip -6 route del table local local 2001:db8:1::1 dev eth1",
        "pe1 address eth1 2001:db8:1::1/64",
    ),
    Kind("a default route removed", HOST, "ip route del default", f"{HOST} route 0.0.0.0/0"),
    Kind(
        "a default route moved",
        HOST,
        "ip route replace default via 172.21.1.9",
        f"{HOST} route 0.0.0.0/0",
    ),
    Kind("no rule for local", "pe1", "ip rule del pref 0", "pe1 stack"),
    Kind("no rule for main", "pe1", "ip rule del pref 32766", "pe1 stack"),
    Kind("no IPv6 rule for main", "pe1", "ip -6 rule del pref 32766", "pe1 stack"),
    Kind("no rules at all", HOST, "ip rule flush; ip rule del pref 0", f"{HOST} stack"),
)
ENTRIES = (
    Kind(
        "a tunnel's far end removed",
        "pe1",
        "bridge fdb del 00:00:00:00:00:00 dev vxlan1 dst 10.10.10.2",
        "pe1 fdb vxlan1 10.10.10.2",
    ),
    Kind(
        "a tunnel's far end added",
        "pe1",
        "bridge fdb append 00:00:00:00:00:00 dev vxlan1 dst 10.10.10.77",
        "pe1 fdb vxlan1 10.10.10.77",
    ),
)
SYSCTLS = (
    Kind("no forwarding", "pe1", "echo 0 > /proc/sys/net/ipv4/ip_forward", "pe1 sysctl net/ipv4/ip_forward"),
    Kind(
        "no forwarding of one interface",
        "pe1",
        "echo 0 > /proc/sys/net/ipv4/conf/eth1/forwarding",
        "pe1 sysctl net/ipv4/ip_forward",
    ),
    Kind(
        "no forwarding of new interfaces",
        "pe1",
        "echo 0 > /proc/sys/net/ipv4/conf/default/forwarding",
        "pe1 sysctl net/ipv4/ip_forward",
    ),
    Kind(
        "no IPv6 forwarding",
        "pe1",
        "echo 0 > /proc/sys/net/ipv6/conf/all/forwarding",
        "pe1 sysctl net/ipv6/conf/all/forwarding",
    ),
    Kind(
        "no IPv6 forwarding of one interface",
        "pe1",
        "echo 0 > /proc/sys/net/ipv6/conf/eth1/forwarding",
        "pe1 sysctl net/ipv6/conf/all/forwarding",
    ),
    Kind(
        "a reverse path filter",
        "pe1",
        "echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter",
        "pe1 sysctl net/ipv4/conf/all/rp_filter",
    ),
    Kind(
        "a reverse path filter of one interface",
        "pe1",
        "echo 1 > /proc/sys/net/ipv4/conf/eth1/rp_filter",
        "pe1 sysctl net/ipv4/conf/all/rp_filter",
    ),
    Kind(
        "flows spread otherwise",
        "pe1",
        "echo 0 > /proc/sys/net/ipv4/fib_multipath_hash_policy",
        "pe1 sysctl net/ipv4/fib_multipath_hash_policy",
    ),
)
PROGRAMS = (
    Kind("dnsmasq killed", "pe1", "kill dnsmasq", "pe1 program dnsmasq"),
    Kind("dnsmasq stopped", "pe1", "stop dnsmasq", "pe1 program dnsmasq"),
    Kind("a file of dnsmasq's changed", "pe1", "echo >>$NODE/dnsmasq.program/records", "pe1 program dnsmasq"),
    Kind("dnsmasq's receipt removed", "pe1", "rm $NODE/dnsmasq.program.json", "pe1 program dnsmasq"),
    Kind("dnsmasq's pid file removed", "pe1", "rm $NODE/dnsmasq.pid", "pe1 program dnsmasq"),
)
DAEMONS = (
    Kind("bgpd killed", "pe2", "kill bgpd", "pe2 frr bgpd"),
    Kind("zebra killed", "pe2", "kill zebra", "pe2 frr zebra"),
    Kind("ospfd killed", "pe2", "kill ospfd", "pe2 frr ospfd"),
    Kind("gobgpd killed", "ce1", "kill gobgpd", "ce1 gobgp gobgpd"),
    Kind("bgpd stopped", "pe2", "stop bgpd", "pe2 frr bgpd"),
    Kind("zebra stopped", "pe2", "stop zebra", "pe2 frr zebra"),
    Kind("mgmtd stopped", "pe2", "stop mgmtd", "pe2 frr mgmtd"),
    Kind("gobgpd stopped", "ce1", "stop gobgpd", "ce1 gobgp gobgpd"),
    Kind("bgpd's receipt removed", "pe2", "rm $NODE/receipt-bgpd.json", "pe2 frr bgpd"),
    Kind("bgpd's socket removed", "pe2", "rm /run/frr/bgpd.vty", "pe2 frr bgpd"),
    Kind("gobgpd's receipt removed", "ce1", "rm $NODE/gobgpd-receipt.json", "ce1 gobgp gobgpd"),
    Kind("bgpd's pid file removed", "pe2", "rm $NODE/run-frr/bgpd.pid", "pe2 frr bgpd"),
    Kind("zebra's pid file removed", "pe2", "rm $NODE/run-frr/zebra.pid", "pe2 frr zebra"),
    Kind("gobgpd's pid file removed", "ce1", "rm $NODE/gobgpd.pid", "ce1 gobgp gobgpd"),
    Kind(
        "a line removed",
        "pe2",
        vtysh("router bgp 64496", "no neighbor 10.0.0.1"),
        "pe2 frr bgpd",
    ),
    Kind(
        "a line added",
        "pe2",
        vtysh("router bgp 64496", "neighbor 192.0.2.9 remote-as 64511"),
        "pe2 frr bgpd",
    ),
    Kind("a second BGP instance", "pe2", vtysh("router bgp 64510 vrf red"), "pe2 frr bgpd"),
    Kind("a passive interface", "pe2", vtysh("interface eth1", "ip ospf passive"), "pe2 frr ospfd"),
    Kind("OSPF's cost", "pe2", vtysh("interface eth1", "ip ospf cost 1000"), "pe2 frr ospfd"),
    Kind("an interface shut down", "pe2", vtysh("interface eth1", "shutdown"), "pe2 frr mgmtd"),
    Kind("a peer of GoBGP", "ce1", "gobgp neighbor add 192.0.2.9 as 64499", "ce1 gobgp gobgpd"),
    Kind("a prefix of GoBGP removed", "ce1", "gobgp global rib del 10.0.0.3/32", "ce1 gobgp gobgpd"),
    Kind("a prefix of GoBGP added", "ce1", "gobgp global rib add 192.0.2.0/24", "ce1 gobgp gobgpd"),
    Kind(
        "an IPv6 prefix of GoBGP added",
        "ce1",
        "gobgp global rib add -a ipv6 2001:db8:9::/48",
        "ce1 gobgp gobgpd",
    ),
)
NODES = (
    Kind("the hosts file", "pe1", "echo 192.0.2.1 mine >> /etc/hosts", "hosts"),
    Kind("a limit", "pe1", "outside: echo max > $CGROUP/pids.max", "pe1 cgroup"),
)
FOREIGN = (
    Kind(
        "a rule",
        "pe1",
        "ip rule add pref 32765 blackhole to 10.0.0.0/8",
        "ip rule 32765 blackhole to 10.0.0.0/8",
        "ip rule del pref 32765",
    ),
    Kind(
        "an IPv6 rule",
        "pe1",
        "ip -6 rule add pref 100 prohibit from 2001:db8::/32 iif eth1",
        "ip -6 rule 100 prohibit from 2001:db8::/32 iif eth1",
        "ip -6 rule del pref 100",
    ),
    Kind(
        "a chain that drops",
        "pe1",
        "nft add table inet mine; nft add chain inet mine forward"
        " '{type filter hook forward priority 0; policy drop;}'",
        "nft table inet mine (chain forward, policy drop)",
        "nft delete table inet mine",
    ),
    Kind(
        "a host's table",
        HOST,
        "nft add table ip mine; nft add chain ip mine in '{type filter hook input priority 0;}'",
        "nft table ip mine (chain in, policy accept)",
        "nft delete table ip mine",
    ),
    Kind(
        "a queue",
        "pe1",
        "tc qdisc add dev eth1 root tbf rate 8bit burst 1k limit 1k",
        "queue tbf on eth1",
        "tc qdisc del dev eth1 root",
    ),
    Kind(
        "a queue for what arrives",
        "pe1",
        "tc qdisc add dev eth1 clsact",
        "queue clsact on eth1",
        "tc qdisc del dev eth1 clsact",
    ),
    Kind(
        "an address",
        "pe1",
        "ip addr add 10.0.0.2/32 dev lo",
        "address 10.0.0.2/32 on lo",
        "ip addr del 10.0.0.2/32 dev lo",
    ),
    Kind(
        "an IPv6 address",
        "pe1",
        "ip addr add 2001:db8::2/128 dev lo",
        "address 2001:db8::2/128 on lo",
        "ip addr del 2001:db8::2/128 dev lo",
    ),
    Kind(
        "a route",
        "pe1",
        "ip route add 10.0.0.2/32 via 10.1.0.6",
        "route 10.0.0.2/32 via 10.1.0.6 on eth2",
        "ip route del 10.0.0.2/32 via 10.1.0.6",
    ),
    Kind(
        "a blackhole",
        "pe1",
        "ip route add blackhole 172.21.2.2/32",
        "route blackhole 172.21.2.2/32",
        "ip route del blackhole 172.21.2.2/32",
    ),
    Kind(
        "an IPv6 route",
        "pe1",
        "ip route add unreachable 2001:db8::2/128 metric 1",
        "route unreachable 2001:db8::2/128",
        "ip route del unreachable 2001:db8::2/128 metric 1",
    ),
    Kind(
        "a forwarding entry of a tunnel",
        "pe1",
        "bridge fdb add 02:00:00:00:00:99 dev vxlan1 dst 10.10.10.9",
        "fdb 02:00:00:00:00:99 on vxlan1 to 10.10.10.9",
        "bridge fdb del 02:00:00:00:00:99 dev vxlan1 dst 10.10.10.9",
    ),
    Kind(
        "a forwarding entry of a bridge",
        "pe1",
        "bridge fdb add 02:00:00:00:00:98 dev vxlan1 master static",
        "fdb 02:00:00:00:00:98 on vxlan1",
        "bridge fdb del 02:00:00:00:00:98 dev vxlan1 master",
    ),
    Kind(
        "a neighbour",
        "pe1",
        "ip neigh replace 10.1.0.2 lladdr 02:00:00:00:00:97 dev eth1 nud permanent",
        "neighbour 10.1.0.2 02:00:00:00:00:97 on eth1",
        "ip neigh del 10.1.0.2 dev eth1",
    ),
    Kind(
        "an IPv6 neighbour",
        "pe1",
        "ip neigh replace 2001:db8:1::2 lladdr 02:00:00:00:00:96 dev eth1 nud permanent",
        "neighbour 2001:db8:1::2 02:00:00:00:00:96 on eth1",
        "ip neigh del 2001:db8:1::2 dev eth1",
    ),
    Kind(
        "an address that is answered for",
        "pe1",
        "ip neigh add proxy 10.1.0.99 dev eth1",
        "proxy neighbour 10.1.0.99 on eth1",
        "ip neigh del proxy 10.1.0.99 dev eth1",
    ),
    Kind(
        "an XDP program",
        "pe1",
        f"{sys.executable} {Path(__file__).with_name('xdp_pass.py')} eth1",
        "XDP program on eth1",
        "ip link set eth1 xdp off",
    ),
    Kind(
        "a port",
        "pe1",
        "ip link add mine0 type veth peer mine2; ip link set mine0 master int_br1 up",
        "link mine0 (veth), a port of int_br1",
        "ip link del mine0",
    ),
)
HARMLESS = (
    Kind(
        "a link",
        "pe1",
        "ip link add mine1 type bridge",
        "link mine1 (bridge)",
        "ip link del mine1",
    ),
    Kind(
        "an address of another network",
        "pe1",
        "ip addr add 192.0.2.1/24 dev eth1",
        "address 192.0.2.1/24 on eth1",
        "ip addr del 192.0.2.1/24 dev eth1",
    ),
    Kind(
        "a route to another network",
        "pe1",
        "ip route add 198.51.100.0/24 via 10.1.0.2",
        "route 198.51.100.0/24 via 10.1.0.2 on eth1",
        "ip route del 198.51.100.0/24 via 10.1.0.2",
    ),
)

OWN = (*LINKS, *ADDRESSES, *ROUTES, *ENTRIES, *SYSCTLS, *DAEMONS, *PROGRAMS, *NODES)
KINDS = (*OWN, *FOREIGN, *HARMLESS)
