"""What a node holds of a firewall."""

from __future__ import annotations

from typing import ClassVar, Literal

from nlan.model.codec import Base, IpNetwork
from nlan.model.service import ServiceModel

Action = Literal["allow", "deny", "reject"]


class Side(Base, frozen=True, kw_only=True):
    """Where a packet comes from, or goes to; made of nothing, it stands for anywhere.

    Attributes:
        interface: By which interface.
        prefix: Which addresses.
        itself: The node itself.
    """

    interface: str | None = None
    prefix: IpNetwork | None = None
    itself: bool = False


class Rule(Base, frozen=True, kw_only=True):
    """A rule.

    Attributes:
        text: As it is written, for people.
        action: What becomes of a packet.
        protocol: ``tcp``, ``udp`` or ``icmp`` (which is ICMPv6 too); empty for any.
        ports: The destination ports, each one port or a range such as ``1000-2000``; empty for any.
        source: Where it comes from.
        destination: Where it goes to.
    """

    text: str
    action: Action
    protocol: Literal["", "tcp", "udp", "icmp"] = ""
    ports: tuple[str, ...] = ()
    source: Side = Side()
    destination: Side = Side()


class Firewall(ServiceModel, frozen=True, kw_only=True):
    """The rules of a node; the first that fits decides.

    Attributes:
        default: What becomes of packets that pass the node and that no rule fits.
        rules: In the order of the file.
    """

    key: ClassVar[str] = "firewall"
    default: Action = "deny"
    rules: tuple[Rule, ...] = ()
