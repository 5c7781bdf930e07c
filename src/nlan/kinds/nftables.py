"""Tables of nftables in a namespace; nlan has none of its own, so all are foreign.

They are asked for over a socket of another netlink family. A kernel without nftables refuses once, and is
asked no more.
"""

from __future__ import annotations

import socket
import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence

from nlan.netlink import codec
from nlan.netlink.channel import NETFILTER, Channel, DumpRefusedError
from nlan.netlink.codec import Message, Refusal
from nlan.place import Place
from nlan.resources import Foreign

_SUBSYSTEM = 10 << 8
_GETTABLE, _DELTABLE, _GETCHAIN = (_SUBSYSTEM | number for number in (1, 2, 4))
_BATCH_BEGIN, _BATCH_END = 0x10, 0x11
_HEADER = struct.Struct(">BBH")
_TABLE_NAME, _CHAIN_TABLE, _CHAIN_NAME, _CHAIN_HOOK, _CHAIN_POLICY = 1, 1, 3, 4, 5
_FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
_ANY = 0


class Tables:
    """Looks for tables in one namespace after the other."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._absent = False

    def observe(self, namespace: str, channel: Channel) -> Iterator[Foreign]:
        """Yield the tables of a namespace, with the chains that packets go through."""
        if self._absent:
            return
        try:
            tables = channel.dump(Message(_GETTABLE, 0, _HEADER.pack(_ANY, 0, 0)))
        except DumpRefusedError:
            self._absent = True
            return
        chains = _chains(channel) if tables else {}
        for _, body in tables:
            name = codec.as_text(codec.attributes(body, _HEADER.size)[_TABLE_NAME])
            yield _foreign(namespace, body[0], name, chains.get((body[0], name), ()))


def words(place: Place, namespace: str) -> tuple[str, ...]:
    """Return the tables of a namespace in words; none where the kernel has no nftables.

    Raises:
        HostError: The namespace does not exist.
    """
    with _open(place, namespace) as channel:
        return tuple(sorted(foreign.words for foreign in Tables().observe(namespace, channel)))


def remove(place: Place, namespace: str, body: bytes) -> Refusal | None:
    """Remove a table; return why not, None for success."""
    bracket = _HEADER.pack(0, 0, _SUBSYSTEM >> 8)
    begin, end = Message(_BATCH_BEGIN, 0, bracket), Message(_BATCH_END, 0, bracket)
    with _open(place, namespace) as channel:
        return channel.transaction(begin, Message(_DELTABLE, 0, body), end)


def _open(place: Place, namespace: str) -> Channel:
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    return Channel(place.open_socket(namespace, socket.AF_NETLINK, kind, NETFILTER))


def _chains(channel: Channel) -> dict[tuple[int, str], list[str]]:
    found: dict[tuple[int, str], list[str]] = defaultdict(list)
    for _, body in channel.dump(Message(_GETCHAIN, 0, _HEADER.pack(_ANY, 0, 0))):
        parts = codec.attributes(body, _HEADER.size)
        if _CHAIN_HOOK in parts:
            policy = int.from_bytes(parts.get(_CHAIN_POLICY, b"\0\0\0\1"), "big")
            words = f"chain {codec.as_text(parts[_CHAIN_NAME])}, policy {'accept' if policy else 'drop'}"
            found[body[0], codec.as_text(parts[_CHAIN_TABLE])].append(words)
    return found


def _foreign(namespace: str, family: int, name: str, chains: Sequence[str]) -> Foreign:
    words = f"{_FAMILIES.get(family, family)} {name}" + (f" ({'; '.join(chains)})" if chains else "")
    body = _HEADER.pack(family, 0, 0) + codec.text(_TABLE_NAME, name)
    removal = NETFILTER, _DELTABLE, body
    return Foreign(namespace=namespace, what="nft table", words=words, harmless=not chains, removal=removal)
