"""What happens in namespaces, one by one: what came or went, on which interface, in words.

`nlan.netlink.watch.Watcher` says where something moved; this says what. Interfaces are named
where the caller wants names, which costs a look at the links of a namespace at its first event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import NamedTuple

from nlan.errors import HostError
from nlan.netlink import codec, wire
from nlan.netlink.channel import open_channel
from nlan.netlink.tables import links
from nlan.netlink.tables.hops import Hop, hops_of
from nlan.netlink.tables.routes import DAEMONS, KernelRoute, parse_route
from nlan.netlink.watch import WHAT, Group, Listener, What, mask_of
from nlan.runtimes.base import Nodes

ALL: tuple[What, ...] = ("link", "address", "neighbor", "route", "switch", "policy")
"""All that the kernel tells of."""


class Event(NamedTuple):
    """One thing that the kernel reported.

    Attributes:
        namespace: Where.
        what: The kind of thing, or a `Group`'s; ``lost`` means that events were dropped: look again.
        gone: Whether it went away; else it came, or changed.
        interface: Its interface's name; empty where it has none, or where names were not asked for.
        text: The thing in words: an address, a prefix and its next hop, a neighbour.
        ours: Whether nlan compares it: a route that no routing daemon put there, a bridge's entry or a
            neighbour that was not learnt.
    """

    namespace: str
    what: What | str
    gone: bool = False
    interface: str = ""
    text: str = ""
    ours: bool = False


class EventWatcher:
    """Events of many namespaces behind one descriptor; close it, or deleted namespaces live on."""

    def __init__(self, nodes: Nodes, kinds: Iterable[What | Group] = ALL, *, names: bool = False) -> None:
        """Listen nowhere yet; `add` namespaces. With `names`, every event names its interface."""
        kinds = tuple(kinds)
        self._nodes, self._names = nodes, names
        others = (kind for kind in kinds if isinstance(kind, Group))
        self._others = {message: group.what for group in others for message in group.messages}
        self._listener = Listener(nodes, mask_of(kinds))
        self._known: dict[str, dict[int, str]] = {}
        self._states: dict[str, dict[str, str]] = {}

    def fileno(self) -> int:
        """Return a descriptor that is readable while events are there to be read."""
        return self._listener.fileno()

    def add(self, namespace: str) -> None:
        """Listen in that namespace too.

        Raises:
            HostError: It does not exist.
        """
        self._known.pop(namespace, None)
        self._states.pop(namespace, None)
        self._listener.add(namespace)
        if self._names:
            self._known[namespace] = self._look(namespace)

    def states(self, namespace: str) -> dict[str, str]:
        """Return which links were ``up`` or ``down`` when listening with names began there."""
        return self._states.get(namespace, {})

    def remove(self, namespace: str) -> None:
        """Listen there no more; fine if nobody did."""
        self._known.pop(namespace, None)
        self._states.pop(namespace, None)
        self._listener.remove(namespace)

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def events(self) -> Iterator[Event]:
        """Yield what has come so far, without waiting."""
        for namespace, data in self._listener.receive(0):
            if data is None:
                yield Event(namespace, "lost")
                continue
            for kind, _, _, body in codec.messages(data):
                event = self._event(namespace, kind, body)
                if event is not None:
                    yield event

    def skip(self) -> None:
        """Throw away what has come so far, undecoded."""
        for _ in self._listener.receive(0):
            continue

    def _event(self, namespace: str, kind: int, body: memoryview) -> Event | None:
        match WHAT.get(kind):
            case "link":
                return self._link(namespace, kind == wire.RTM_DELLINK, body)
            case "address":
                return self._address(namespace, kind == wire.RTM_DELADDR, body)
            case "route":
                return self._route(namespace, kind, body)
            case "neighbor":
                return self._neighbor(namespace, kind == wire.RTM_DELNEIGH, body)
            case "switch":
                return Event(namespace, "switch", kind == wire.RTM_DELNETCONF)
            case "policy":
                return Event(namespace, "policy")
            case _:
                what = self._others.get(kind)
                return None if what is None else Event(namespace, what)

    def _link(self, namespace: str, gone: bool, body: memoryview) -> Event:
        link = links.parse_link(body)
        known = self._known.get(namespace)
        if known is not None:
            known[link.number] = link.name
        return Event(namespace, "link", gone, link.name, _state(link), link.is_marked)

    def _address(self, namespace: str, gone: bool, body: memoryview) -> Event:
        _, length, _, _, index = wire.IFADDRMSG.unpack_from(body)
        found = codec.attributes(body, wire.IFADDRMSG.size)
        packed = bytes(found.get(wire.IFA_LOCAL) or found[wire.IFA_ADDRESS])
        text = f"{ip_address(packed)}/{length}"
        return Event(namespace, "address", gone, self._name(namespace, index), text)

    def _route(self, namespace: str, kind: int, body: memoryview) -> Event | None:
        route = parse_route(body)
        if route is None or kind not in (wire.RTM_NEWROUTE, wire.RTM_DELROUTE):
            return None
        ours = route.protocol not in DAEMONS
        if route.table != wire.RT_TABLE_MAIN:
            # The kernel's own come with addresses, of which there is an event, and do not go by themselves.
            is_told = not ours or (route.protocol == wire.RTPROT_KERNEL and kind == wire.RTM_NEWROUTE)
            return None if is_told else Event(namespace, "policy")
        name, words = self._words(namespace, route, body)
        return Event(namespace, "route", kind == wire.RTM_DELROUTE, name, words, ours)

    def _words(self, namespace: str, route: KernelRoute, body: memoryview) -> tuple[str, str]:
        """Return a route's interface and its words; of many next hops, each with its interface."""
        if route.via is not None:
            return self._name(namespace, route.oif), f"{route.prefix} via {route.via}"
        first, *others = hops_of(codec.attributes(body, wire.RTMSG.size))
        if others:
            hops = ", ".join(self._hop(namespace, hop) for hop in (first, *others))
            return "", f"{route.prefix} {hops}"
        words = f"{route.prefix} via {first.via}" if first.via else str(route.prefix)
        return self._name(namespace, first.oif), words

    def _hop(self, namespace: str, hop: Hop) -> str:
        """Return one of many next hops in words: ``via 192.0.2.1 on eth1``."""
        words = (
            f"via {hop.via}" if hop.via else "",
            f"on {name}" if (name := self._name(namespace, hop.oif)) else "",
        )
        return " ".join(filter(None, words))

    def _neighbor(self, namespace: str, gone: bool, body: memoryview) -> Event | None:
        """Groups (router solicitations) need no resolution, come and go by themselves, and are nobody."""
        family, index, state, _, _ = wire.NDMSG.unpack_from(body)
        if family != wire.AF_BRIDGE and state & wire.NUD_NOARP:
            return None
        found = codec.attributes(body, wire.NDMSG.size)
        destination = address_text(found.get(wire.NDA_DST))
        mac = found[wire.NDA_LLADDR].hex(":") if wire.NDA_LLADDR in found else ""
        words = (mac, destination) if family == wire.AF_BRIDGE else (destination, mac)
        text = " ".join(word for word in words if word)
        gone = gone or bool(state & (wire.NUD_FAILED | wire.NUD_INCOMPLETE))
        ours = bool(state & (wire.NUD_PERMANENT | (wire.NUD_NOARP if family == wire.AF_BRIDGE else 0)))
        return Event(namespace, "neighbor", gone, self._name(namespace, index), text, ours)

    def _name(self, namespace: str, index: int) -> str:
        known = self._known.get(namespace)
        if known is None or not index:
            return ""
        if index not in known:
            known.update(self._look(namespace))
        return known.get(index, f"#{index}")

    def _look(self, namespace: str) -> dict[int, str]:
        try:
            with open_channel(self._nodes, namespace) as channel:
                found = links.dump_links(channel)
        except HostError:
            return {}
        states = {name: _state(link) for name, link in found.by_name.items()}
        self._states.setdefault(namespace, states)
        return {number: link.name for number, link in found.by_index.items()}


def _state(link: links.Link) -> str:
    return "up" if link.up else "down"


def address_text(packed: memoryview | None) -> str:
    """Return an address that a message holds in words; empty where it holds none."""
    if packed is None or len(packed) not in (4, 16):
        return ""
    return str(ip_address(bytes(packed)))
