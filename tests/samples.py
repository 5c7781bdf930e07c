"""What tests of several layers use: resources in the namespaces a, b and the fabric, and small labs."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

import msgspec

from nlan.kinds.address import Address
from nlan.kinds.bridge import Bridge
from nlan.kinds.cgroup import Cgroup
from nlan.kinds.device import Device
from nlan.kinds.fdb import FdbEntry
from nlan.kinds.hosts import HostsFile
from nlan.kinds.namespace import Namespace
from nlan.kinds.nft import Chain, Nft, Set
from nlan.kinds.program import File, Program
from nlan.kinds.queue import Queue
from nlan.kinds.route import Route
from nlan.kinds.sysctl import Sysctl
from nlan.kinds.veth import Veth
from nlan.kinds.vxlan import Vxlan
from nlan.resources import Resource


def with_(resource: Resource, **fields: Any) -> Any:
    """Return the resource with other values."""
    return msgspec.structs.replace(resource, **fields)


BRIDGE = Bridge(namespace="a", name="br", mac="02:00:5e:00:53:01", mtu=1500)
QUEUE = Queue(namespace=BRIDGE.namespace, interface=BRIDGE.name, rate=10_000_000)
PROGRAM = Program(
    namespace="a",
    name="nap",
    argv=("sleep", "1000"),
    files=(File(name="nap.conf", text="sound = yes\n"),),
)
BRIDGE2 = Bridge(namespace="a", name="br2", mac="02:00:5e:00:53:02", mtu=1500)
FABRIC = Bridge(namespace="@fabric", name="underlay", mac="02:00:5e:00:53:03", mtu=9000)
PAIR = Veth(
    namespace="a",
    name="eth1",
    peer_namespace="b",
    peer_name="eth2",
    mac="02:00:5e:00:53:11",
    peer_mac="02:00:5e:00:53:12",
    mtu=1500,
)
UPLINK = Veth(
    namespace="a",
    name="eth0",
    peer_namespace="@fabric",
    peer_name="u1",
    mac="02:00:5e:00:53:21",
    peer_mac="02:00:5e:00:53:22",
    mtu=9000,
    peer_master="underlay",
)
VXLAN = Vxlan(
    namespace="a",
    name="vxlan7",
    vni=7,
    local=ip_address("192.0.2.1"),
    master="br",
    mtu=1500,
    mac="02:00:5e:00:53:41",
)
VXLAN6 = with_(VXLAN, local=ip_address("2001:db8::1"))
GRE = Device(
    namespace="a",
    name="gre1",
    type="gre",
    mtu=1476,
    local=ip_address("192.0.2.1"),
    remote=ip_address("192.0.2.2"),
    tunnel_key=7,
    ttl=64,
)
GRETAP = with_(GRE, name="tap1", type="gretap", mac="02:00:5e:00:53:51", tunnel_key=None)
VLAN = Device(namespace="a", name="br.5", type="vlan", mtu=1500, mac="02:00:5e:00:53:52", parent="br", vid=5)
ENTRY = FdbEntry(namespace="a", device="vxlan7", remote=ip_address("192.0.2.2"))
ADDRESS = Address(namespace="a", interface="br", address=ip_interface("192.0.2.1/24"))
ADDRESS6 = Address(namespace="a", interface="br", address=ip_interface("2001:db8::1/64"))
OTHER = Address(namespace="a", interface="br2", address=ip_interface("198.51.100.1/24"))
ROUTE = Route(
    namespace="a", prefix=ip_network("203.0.113.0/24"), via=ip_address("192.0.2.254"), interface="br"
)
ROUTE6 = Route(namespace="a", prefix=ip_network("::/0"), via=ip_address("2001:db8::fe"), interface="br")
SWITCH = Sysctl(namespace="a", name="net/ipv4/ip_forward", value="1")
TABLE = Nft(
    namespace="a",
    family="bridge",
    name="nlan_sample",
    sets=(Set("private", "ipv4_addr", ("10.0.0.0/8", "192.168.0.0/16"), ("interval",)),),
    chains=(
        Chain(
            "forward",
            (
                'iifname { "p1", "p2" } arp operation request arp daddr ip 192.0.2.1 counter drop',
                "ip daddr @private ether daddr set 02:00:5e:00:53:01 accept",
            ),
            hook="forward",
        ),
    ),
)
HOSTS = HostsFile(text="192.0.2.1 pe1\n")
LIMITS = Cgroup(namespace="a", cpus=0.3, pids=17)
NAMESPACE = Namespace(name="n")

PTN = """\
name: ptn
nodes:
  pe[1-2]: {asn: 100}
  ce1: {asn: 1001, hosts: {172.21.1.1/24: 1}}
networks:
  wan: {nodes: ["pe[1-2]"], vni: 1, prefix: 10.200.1.0/24}
links:
- {link: pe1 -- ce1, type: l2vpn}
"""
"""A file: two routers of a provider, an L2VPN between them, and a customer's with a host behind it."""
PROVIDER = """
nodes:
  pe1: {asn: 64496, hosts: 1, limits: {pids: 200}}
  pe2: {asn: 64496, hosts: 1}
  rr: {asn: 64496, route_reflector: true}
  ce1: {asn: 64497, engine: gobgp}
networks:
  wan: {nodes: ["pe[1-2]", rr], vni: 1, prefix: 198.51.100.0/24}
links: [pe1 -- ce1]
"""
"""A file with something of everything: L2VPN, reflector, GoBGP, hosts, a limit."""
EBGP_PAIR = """
nodes:
  r1: {asn: 64496, hosts: 1}
  r2: {asn: 64497, hosts: 1}
links: [r1 -- r2]
"""
"""A file: two routers of two AS, a host behind each."""
