"""What a file says of interfaces that a node names."""

from __future__ import annotations

from nlan.schema.written import common
from nlan.schema.written.addresses import Address
from nlan.schema.written.kinds import MapOf
from nlan.schema.written.numbers import Integer
from nlan.schema.written.scalars import Choice
from nlan.schema.written.sections import AnyKey, Contribution, Key, Section, keys_of
from nlan.services.interfaces.model import Device, Devices, Mode

MODE: Choice[Mode] = Choice("gre", "gretap", "ipip", "sit", "vxlan", "vlan", "dummy")
TUNNEL_KEY = Integer(0, 2**32 - 1, "key", "RFC 2890")
TTL = Integer(1, 255, "TTL")
PORT = Integer(1, 65535, "port")


class InterfaceKeys:
    """The keys of an interface."""

    mode = Key("mode", MODE, "What it is.", required=True)
    local = Key("local", Address(), "A tunnel's own end.", default="the node's underlay address", own=False)
    remote = Key(
        "remote", common.HOP, "A tunnel's other end: an address, or the node that it leads to.", own=False
    )
    address = Key("address", common.ADDRESSES, "The node's own addresses on it.")
    mtu = Key("mtu", common.MTU, "In bytes.", default="what passes whole")
    key = Key("key", TUNNEL_KEY, "Tells GRE tunnels between the same two ends apart.", default="none")
    ttl = Key("ttl", TTL, "Of a tunnel's outer packets.", default="64")
    vni = Key("vni", common.VNI, "VXLAN network identifier.")
    port = Key("port", PORT, "VXLAN's UDP port.", default="4789")
    parent = Key("parent", common.IFNAME, "The interface that a VLAN is on.")
    vid = Key("vid", common.VID, "The VLAN's ID.")


INTERFACE = Section(
    "an interface", "An interface that a node names: a tunnel, a VLAN, a dummy.", keys_of(InterfaceKeys)
)
_GENERAL: tuple[AnyKey, ...] = (InterfaceKeys.mode, InterfaceKeys.address, InterfaceKeys.mtu)
_TUNNEL: tuple[AnyKey, ...] = (
    *_GENERAL,
    InterfaceKeys.local,
    InterfaceKeys.remote,
    InterfaceKeys.ttl,
)
KEYS: dict[str, tuple[AnyKey, ...]] = {
    "gre": (*_TUNNEL, InterfaceKeys.key),
    "gretap": (*_TUNNEL, InterfaceKeys.key),
    "ipip": _TUNNEL,
    "sit": _TUNNEL,
    "vxlan": (*_TUNNEL, InterfaceKeys.vni, InterfaceKeys.port),
    "vlan": (*_GENERAL, InterfaceKeys.parent, InterfaceKeys.vid),
    "dummy": _GENERAL,
}
"""What each mode may say."""
MUST: dict[str, tuple[AnyKey, ...]] = {
    "vxlan": (InterfaceKeys.remote, InterfaceKeys.vni),
    "vlan": (InterfaceKeys.parent, InterfaceKeys.vid),
    "dummy": (),
}
"""What each has to say; a tunnel its other end."""


class NodeKeys:
    """What a node may say."""

    interfaces = Key(
        "interfaces",
        MapOf(common.IFNAME, INTERFACE),
        "Service: interfaces by name, such as `{gre1: {mode: gre, remote: pe2, address: 192.0.2.1/30}}`.",
    )


CONTRIBUTION = Contribution(
    {"a node": keys_of(NodeKeys)},
    [INTERFACE],
    titles={Devices: "interfaces", Device: "an interface"},
    fields={
        (Device, "name"): common.IFNAME,
        (Device, "mtu"): common.MTU,
        (Device, "key"): TUNNEL_KEY,
        (Device, "ttl"): TTL,
        (Device, "vni"): common.VNI,
        (Device, "port"): PORT,
        (Device, "parent"): common.IFNAME,
        (Device, "vid"): common.VID,
    },
    pages={"Interfaces: tunnels, VLANs and dummies": "services/interfaces.md"},
)
