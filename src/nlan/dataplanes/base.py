"""What services ask of a data plane: segments, ports, links, switches, tunnel ends.

A data plane is a module of ``nlan.dataplanes`` (or somebody's, by the entry point
``nlan.dataplanes``) that holds a `Dataplane` called ``DATAPLANE``. Services say what they want by the
lab's own names; how the interfaces in between are called is the data plane's alone. What a node itself
sees (``eth0``, ``int_br<vni>``, a link's interface) is the same on each of them: `nlan.interfaces`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, Protocol

from nlan.model.codec import IpAddress
from nlan.registry import Seam
from nlan.resources import Resource


class End(NamedTuple):
    """An interface of a namespace: of a node, or of a host behind it.

    Attributes:
        namespace: Where it is.
        interface: Its name.
        switch: What it is a port of there (`Dataplane.switch`); empty for nothing.
    """

    namespace: str
    interface: str
    switch: str = ""


class Segment(NamedTuple):
    """What several nodes share and none of them holds: the underlay, or a LAN by its name."""

    kind: Literal["underlay", "lan"]
    name: str = ""


UNDERLAY = Segment("underlay")
KERNEL = "linux"
"""The data plane of a lab that names none."""


class Dataplane(Protocol):
    """What a segment, a tunnel end, a port are made of.

    All methods are pure: equal questions give equal resources, whose names and MAC addresses depend on the
    names asked for alone. Two answers may hold the same resource (what all segments stand on). `lab` is the
    lab's name; `mtu` is in bytes. Addresses on the interfaces are not the data plane's: services add them.

    Attributes:
        name: Its own, such as ``linux``.
    """

    name: str

    def segment(self, lab: str, segment: Segment, mtu: int, *, exclusive: bool = False) -> Iterable[Resource]:
        """Return a segment without ports, and what all segments stand on.

        Args:
            lab: The lab's name.
            segment: Which one.
            mtu: In bytes.
            exclusive: Whether what somebody else puts beside the segments is taken away.
        """

    def port(self, lab: str, segment: Segment, end: End, mtu: int) -> Iterable[Resource]:
        """Return what plugs a node's interface into a segment."""

    def link(self, lab: str, one: End, other: End, mtu: int) -> Iterable[Resource]:
        """Return two interfaces that are joined to each other and to nothing else."""

    def switch(self, lab: str, node: str, interface: str, mtu: int) -> Iterable[Resource]:
        """Return a switch inside a node, on which the node's own interface is called `interface`.

        It passes frames between its ports and the node; a frame never leaves by the port it came by.
        """

    def plug(self, lab: str, switch: End, host: End, label: str, mtu: int) -> Iterable[Resource]:
        """Return what plugs an interface of a host into a switch inside a node.

        Args:
            lab: The lab's name.
            switch: The node, and its own interface on the switch.
            host: The host's interface.
            label: Unique among the switch's ports of hosts, such as the host's address.
            mtu: In bytes.
        """

    def carrier(
        self, lab: str, switch: End, label: str, mtu: int, *, exclusive: bool = False
    ) -> Iterable[Resource]:
        """Return what keeps a switch without hosts up: a port with nobody on it.

        Without one its prefix would have no carrier, and nobody would hear of it.
        """

    def tunnel(
        self, lab: str, switch: End, vni: int, local: IpAddress, peers: Iterable[IpAddress], mtu: int
    ) -> Iterable[Resource]:
        """Return a VXLAN tunnel end (RFC 7348) as a port of a switch: it floods to the peers.

        All peers of a VNI are behind one port, so that no frame goes from one peer to another by this node
        (split horizon). `local` among the peers means nothing.
        """


SEAM: Seam[Dataplane] = Seam(
    "dataplanes",
    "nlan.dataplanes",
    "DATAPLANE",
    needs=("name", "segment", "port", "link", "switch", "plug", "carrier", "tunnel"),
)
