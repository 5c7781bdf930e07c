"""The modules of neutron-lan and their words: what a state file may say of a router."""

from __future__ import annotations

from typing import Literal, NamedTuple

Shape = Literal["word", "list", "map"]


class Word(NamedTuple):
    """A word of a module.

    Attributes:
        name: As it is written.
        meaning: What it says, and within which limits.
        shape: What is written there.
        default: What counts where it is left out.
    """

    name: str
    meaning: str
    shape: Shape = "word"
    default: str = ""


class Module(NamedTuple):
    """A module.

    Attributes:
        name: As it is written.
        meaning: What it makes.
        words: What it says.
        key: The word that tells its items apart; none where a router has one.
    """

    name: str
    meaning: str
    words: tuple[Word, ...]
    key: str = ""

    def word(self, name: str) -> Word | None:
        """Return the word of that name."""
        return next((word for word in self.words if word.name == name), None)


_VNI = Word("vni", "VXLAN network identifier: 0 to 16777215")
_VID = Word("vid", "VLAN ID: 1 to 4094")
_PEERS = Word("peers", "addresses of the routers that frames are flooded to", "list", "[]")
_LOCAL = Word("local_ip", "the router's own address")
_REMOTES = Word("remote_ips", "addresses of the routers that tunnels lead to", "list", "[]")
_ID = Word("id", "which packet transport network")
_IP = Word("ip", "the router's address there, with its prefix length")

MODULES = (
    Module(
        "bridges",
        "the router's switches",
        (
            Word("ovs_bridges", "`enabled`"),
            Word("controller", "an OpenFlow controller, such as `tcp:192.0.2.1:6633`", default="own flows"),
        ),
    ),
    Module(
        "services",
        "functions that traffic passes",
        (
            Word("name", "the function's name"),
            Word("chain", "its interfaces, `LABEL.VNI` each: `[mz.101, dmz.1001]`", "list", "[]"),
        ),
        "name",
    ),
    Module(
        "gateway",
        "RIP to the outside",
        (Word("rip", "`enabled`"), Word("network", "the interface that RIP is spoken on")),
    ),
    Module("vxlan", "tunnels to other routers", (_LOCAL, _REMOTES), "local_ip"),
    Module(
        "subnets",
        "distributed subnets",
        (
            _VNI,
            _VID,
            Word(
                "ip_dvr",
                "the gateway: `addr:ADDRESS/LENGTH,mode:MODE,dhcp:enabled`; "
                "MODE is dvr, hub, spoke or spoke_dvr",
                "map",
            ),
            Word("ip_vhost", "a host's address, with its prefix length"),
            Word("default_gw", "the router's own default gateway"),
            Word("ports", "interfaces of the router that are in it", "list", "[]"),
            _PEERS,
        ),
        "vni",
    ),
    Module("vpls", "layer-2 networks", (_VNI, _VID, _PEERS, _IP), "vni"),
    Module(
        "ptn_nodes",
        "switches of a packet transport network",
        (
            _ID,
            Word("nodes", "their names: `ptn:NAME,l2sw:NAME`", "map"),
            Word("controller", "an OpenFlow controller, such as `tcp:192.0.2.1:6633`", default="own flows"),
        ),
        "id",
    ),
    Module("ptn_links", "its tunnels", (_ID, _LOCAL, _REMOTES), "id"),
    Module("ptn_l2vpn", "its layer-2 networks", (_ID, _VNI, _VID, _PEERS, _IP), "vni"),
    Module(
        "vhosts",
        "hosts behind the router",
        (
            Word("network", "the router's address there, with its prefix length"),
            Word("vhosts", "how many: 0 to 10"),
            Word("connect", "the OpenFlow switch that they are behind", default="a LAN of their own"),
        ),
        "network",
    ),
    Module("command", "commands at every start", (Word("command", "lines for the shell", "list"),)),
)
"""In the order in which neutron-lan carried them out."""

BY_NAME = {module.name: module for module in MODULES}
