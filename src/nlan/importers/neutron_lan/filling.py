"""Placeholders filled: whom a router's tunnels lead to, by roster and state."""

from __future__ import annotations

from collections.abc import Iterable

from nlan.importers.base import Scalar, Seq, Sources, Tree
from nlan.importers.neutron_lan.building import address_of, word
from nlan.importers.neutron_lan.reading import Item, Router
from nlan.importers.neutron_lan.roster import Roster
from nlan.schema.syntax.report import nearest

LOCAL, REMOTES, PEERS, PORTS = "<local_ip>", "<remote_ips>", "<peers>", "<sfports>"
_ALL = (LOCAL, REMOTES, PEERS, PORTS)
_TUNNELS = ("vxlan", "ptn_links")


class Filling:
    """Gives words with what their placeholders stand for."""

    def __init__(self, routers: list[Router], roster: Roster, sources: Sources) -> None:
        """Take all routers of the file, and where they are."""
        self._routers, self._roster, self._sources = routers, roster, sources
        self.hosts = {router.name: self._host(router) for router in routers}
        self._held = {host.text for host in self.hosts.values() if host is not None}
        self._inner = {
            item.text("ip").partition("/")[0]
            for router in routers
            for item in router.items("vpls", "ptn_l2vpn")
        }
        self._unknown: set[str] = set()

    def _host(self, router: Router) -> Scalar | None:
        """Return where a router is: by the roster, else by its own words."""
        if self._roster.name:
            if router.name not in self._roster.hosts:
                message = f"`{router.name}` is not in the roster {self._roster.name}"
                hint = nearest(router.name, self._roster.hosts) or "`--roster FILE` names another"
                self._sources.error(router.key, message, hint)
            return self._roster.hosts.get(router.name)
        said = (item.words.get("local_ip") for item in router.items(*_TUNNELS))
        return next((one for one in said if isinstance(one, Scalar) and one.text not in _ALL), None)

    def local(self, router: Router, item: Item) -> Scalar:
        """Return where the tunnels of an item end: at the router's own address where it says nothing."""
        value = item.words.get("local_ip")
        if not isinstance(value, Scalar):
            return address_of(router.name, item.at)
        return next(iter(self._filled(router, item, value, ())), value)

    def addresses(self, router: Router, item: Item, name: str, module: str) -> Seq | None:
        """Return addresses of routers that an item lists; None where it says nothing of them."""
        listed = item.words.get(name)
        if not isinstance(listed, Seq):
            return None
        others = [other for other in self._routers if other is not router]
        if name == "remote_ips":
            meant = [other for other in others if _has(other, module, "id", item) and other.items(module)]
        else:
            meant = [other for other in others if _has(other, module, "vni", item)]
        filled = (one for value in listed.items for one in self._filled(router, item, value, meant))
        return listed._replace(items=tuple(filled))

    def ports(self, router: Router, item: Item) -> Seq | None:
        """Return a subnet's ports; those of functions are the interfaces that are called after its VNI."""
        listed = item.words.get("ports")
        if not isinstance(listed, Seq):
            return None
        own = [
            name.text
            for service in router.items("services")
            for name in names_of(service)
            if name.text.rpartition(".")[2] == item.text("vni")
        ]
        filled: list[Tree] = []
        for value in listed.items:
            is_placeholder = isinstance(value, Scalar) and value.text == PORTS
            filled += [word(name, value) for name in own] if is_placeholder else [value]
        return listed._replace(items=tuple(filled))

    def _filled(self, router: Router, item: Item, value: Tree, meant: Iterable[Router]) -> Iterable[Scalar]:
        """Return the addresses that a word is, or stands for."""
        if not isinstance(value, Scalar):
            self._sources.error(value, "expected an address")
        elif value.text == LOCAL:
            yield address_of(router.name, value)
        elif value.text in (REMOTES, PEERS):
            yield from (address_of(other.name, value) for other in meant)
        elif value.text.startswith("<"):
            known = ", ".join(f"`{one}`" for one in _ALL)
            self._sources.error(value, f"`{value.text}` is no placeholder here; there are {known}")
        elif value.text in self._held or value.text in self._inner:
            yield value
        else:
            self._nobodys(value)

    def _nobodys(self, value: Scalar) -> None:
        """Record an address that no router has, once."""
        if value.text in self._unknown or self._roster.is_lost:
            return
        self._unknown.add(value.text)
        by = f"by the roster {self._roster.name}, no" if self._roster.name else "no"
        hint = "name the file that says where they are: `--roster FILE`"
        self._sources.error(value, f"{by} router of this file has the address {value.text}", hint)


def names_of(service: Item) -> list[Scalar]:
    """Return the interfaces of a function's chain."""
    chain = service.words.get("chain")
    return [one for one in chain.items if isinstance(one, Scalar)] if isinstance(chain, Seq) else []


def _has(router: Router, module: str, name: str, item: Item) -> bool:
    """Tell whether a router's module has an item with the same word, or of neither one has it."""
    return any(one.text(name) == item.text(name) for one in router.items(module))
