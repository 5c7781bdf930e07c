"""What a file says of a node's links to what is no node."""

from __future__ import annotations

from nlan.schema.written import common
from nlan.schema.written.kinds import Kind, MapOf, ScalarKind, Shapes
from nlan.schema.written.scalars import Choice, Text
from nlan.schema.written.sections import Contribution, Key, Record, Section, keys_of
from nlan.services.attachments.model import Attachment, Attachments, Mode, Tunnel, Type

TYPES: ScalarKind[Type] = Choice("tap", "macvlan", "macvtap", "nic")
MODES: ScalarKind[Mode] = Choice("private", "vepa", "bridge", "passthru")
OWNER = Text("a user's name", "[a-z_][a-z0-9_-]{0,31}")
ON = Text("an interface such as `eth1`, or another node's such as `r2:eth1`", "[A-Za-z0-9_.:-]{1,80}")
NIC = Text("the name of one of the machine's NICs", "[^/:\\s]{1,15}")


class PortKeys:
    """The keys of a link of a node."""

    type = Key(
        "type",
        TYPES,
        "`tap`: for a program; `macvlan`, `macvtap`: on another interface, with a MAC address of its own, "
        "the second for a program; `nic`: a NIC of the machine, moved in and given back.",
        default="`tap`, or `macvlan` where `on` or `nic` is said",
    )
    nic = Key("nic", NIC, "The machine's NIC that it is, or is on.")
    on = Key("on", ON, "The node's interface that it is on, or another node's.")
    mode = Key(
        "mode",
        MODES,
        "Who hears whom of those on one interface.",
        default="`bridge`",
    )
    address = Key("address", common.ADDRESSES, "The node's addresses on it.", default="none")
    mtu = Key(
        "mtu", common.MTU, "In bytes.", default="a tap: the lab's `mtu`; else the NIC's, or that of `on`"
    )
    owner = Key("owner", OWNER, "The user who may open a tap besides root.", default="nobody")


PORT = Section(
    "a link of a node", "An interface that is joined to no other node's by a link.", keys_of(PortKeys)
)
PORTS: Kind[common.Addresses | Record] = Shapes(
    "addresses or a mapping", scalar=common.ADDRESSES, seq=common.ADDRESSES, map=PORT
)
LINKS = Key("links", MapOf(common.IFNAME, PORTS), "Taps, macvlans and NICs, by the interface's name.")
CONTRIBUTION = Contribution(
    {"a node": [LINKS]},
    [PORT],
    titles={Attachments: "attachments", Attachment: "an attachment", Tunnel: "a tunnel"},
    fields={
        (Attachment, "interface"): common.IFNAME,
        (Attachment, "mtu"): common.MTU,
        (Attachment, "owner"): OWNER,
        (Tunnel, "interface"): common.IFNAME,
        (Tunnel, "vni"): common.VNI,
        (Tunnel, "mtu"): common.MTU,
    },
    pages={"Links of a node: taps, macvlans, NICs": "services/attachments.md"},
    types={"a link": {"vxlan": "a VXLAN tunnel between the two alone, without a bridge"}},
)
