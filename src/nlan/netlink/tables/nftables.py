"""Tables of nftables in a namespace, asked for over a socket of another netlink family."""

from __future__ import annotations

import socket
from collections import defaultdict
from typing import NamedTuple

from nlan.netlink import codec, wire
from nlan.netlink.channel import Channel, DumpRefusedError
from nlan.netlink.codec import Message, Refusal
from nlan.runtimes.base import Nodes

MARK = "nlan_"
"""How the names of nlan's own tables begin."""
_ALL = wire.NFGENMSG.pack(wire.NFPROTO_UNSPEC, 0, 0)
_FAMILIES = {
    wire.NFPROTO_INET: "inet",
    wire.NFPROTO_IPV4: "ip",
    wire.NFPROTO_ARP: "arp",
    wire.NFPROTO_NETDEV: "netdev",
    wire.NFPROTO_BRIDGE: "bridge",
    wire.NFPROTO_IPV6: "ip6",
}


class Table(NamedTuple):
    """A table.

    Attributes:
        family: NFPROTO_*.
        name: Unique in its family.
        chains: Those that packets go through, in words.
    """

    family: int
    name: str
    chains: tuple[str, ...]

    def __str__(self) -> str:
        family = _FAMILIES.get(self.family, self.family)
        return f"{family} {self.name}" + (f" ({'; '.join(self.chains)})" if self.chains else "")

    @property
    def removal(self) -> bytes:
        """The body of the message that removes it (`remove`)."""
        return wire.NFGENMSG.pack(self.family, 0, 0) + codec.text(wire.NFTA_TABLE_NAME, self.name)


def dump_tables(channel: Channel) -> list[Table] | None:
    """Return a namespace's tables, over a channel of nfnetlink; None where the kernel has no nftables."""
    try:
        tables = channel.dump(Message(wire.NFT_MSG_GETTABLE, 0, _ALL))
    except DumpRefusedError:
        return None
    chains = _chains(channel) if tables else {}
    found = []
    for _, body in tables:
        name = codec.as_text(codec.attributes(body, wire.NFGENMSG.size)[wire.NFTA_TABLE_NAME])
        found.append(Table(body[0], name, tuple(chains.get((body[0], name), ()))))
    return found


def words(nodes: Nodes, namespace: str) -> tuple[str, ...]:
    """Return the tables of a namespace in words; none where the kernel has no nftables.

    Raises:
        HostError: The namespace does not exist.
    """
    with _open(nodes, namespace) as channel:
        return tuple(sorted(str(table) for table in dump_tables(channel) or ()))


def remove(nodes: Nodes, namespace: str, body: bytes) -> Refusal | None:
    """Remove a table; return why not, None for success."""
    bracket = wire.NFGENMSG.pack(0, 0, wire.NFNL_SUBSYS_NFTABLES)
    begin, end = Message(wire.NFNL_MSG_BATCH_BEGIN, 0, bracket), Message(wire.NFNL_MSG_BATCH_END, 0, bracket)
    with _open(nodes, namespace) as channel:
        return channel.transaction(begin, Message(wire.NFT_MSG_DELTABLE, 0, body), end)


def _open(nodes: Nodes, namespace: str) -> Channel:
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    return Channel(nodes.open_socket(namespace, socket.AF_NETLINK, kind, wire.NETLINK_NETFILTER))


def _chains(channel: Channel) -> dict[tuple[int, str], list[str]]:
    found: dict[tuple[int, str], list[str]] = defaultdict(list)
    for _, body in channel.dump(Message(wire.NFT_MSG_GETCHAIN, 0, _ALL)):
        parts = codec.attributes(body, wire.NFGENMSG.size)
        if wire.NFTA_CHAIN_HOOK in parts:
            policy = int.from_bytes(parts.get(wire.NFTA_CHAIN_POLICY, b"\0\0\0\1"), "big")
            words = (
                f"chain {codec.as_text(parts[wire.NFTA_CHAIN_NAME])}, policy {'accept' if policy else 'drop'}"
            )
            found[body[0], codec.as_text(parts[wire.NFTA_CHAIN_TABLE])].append(words)
    return found
