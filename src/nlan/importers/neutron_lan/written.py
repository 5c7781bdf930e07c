"""What a lab's file says of a node, in the words of neutron-lan's modules; and one of them changed there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from nlan.importers.base import Map, Scalar, Seq, Tree
from nlan.importers.neutron_lan.words import Module, Shape
from nlan.schema.syntax.template import BRACE, CLOSE, OPEN

Value = str | list[str] | dict[str, str]
"""What a word says, by its shape."""
Words = dict[str, Value]
Path = tuple[str, ...]

RIP = "router rip\n version 2\n redistribute connected\n network {}\nexit\n"
"""RIPv2 on an interface, in FRR's lines."""
_RIP = re.compile(re.escape(RIP).replace(r"\{\}", r"(\S+)"))

_LISTS: Mapping[str, Path] = {
    "vxlan": ("dvr", "vxlan"),
    "subnets": ("dvr", "subnets"),
    "vpls": ("ptn", "vpls", "l2vpn"),
    "vhosts": ("vhosts", "vhost_props"),
}
"""Where the items of modules stand that are a list in a node, too."""
_PARTS = {"ptn_nodes": "nodes", "ptn_links": "links"}
"""Which part of a network of `ptn` is a module's item."""


class Underlay:
    """The nodes' addresses, by which they are called in neutron-lan's words."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        """Take each node's address."""
        self._addresses = {f"{OPEN}{BRACE}{name}{CLOSE}": ip for name, ip in addresses.items()}
        self._names = {ip: name for name, ip in self._addresses.items()}

    def said(self, text: str) -> str:
        """Return a word of the file with the address that it stands for."""
        return self._addresses.get(text, text)

    def written(self, text: str) -> str:
        """Return what stands for an address in the file."""
        return self._names.get(text, text)


class Item(NamedTuple):
    """An item of a module, as a node has it.

    Attributes:
        words: In neutron-lan's words.
        tree: As the file has it, which may say more than that.
    """

    words: Words
    tree: Map


class Change(NamedTuple):
    """What is to be written: a value at a path below a node; None takes it away."""

    path: Path
    value: Tree | None


def items_of(node: Tree, module: Module, underlay: Underlay) -> list[Item]:
    """Return a module's items at a node."""
    return list(_items(node, module, underlay))


def _items(node: Tree, module: Module, underlay: Underlay) -> Iterator[Item]:
    if module.name == "bridges":
        own = _find(node, "dvr", "ovs_bridges")
        if isinstance(own, Scalar) and own.text == "true":
            yield Item({"ovs_bridges": "enabled"}, _NOTHING)
    elif module.name == "gateway":
        lines = _find(node, "frr")
        if isinstance(lines, Scalar) and (found := _RIP.fullmatch(lines.text)):
            yield Item({"rip": "enabled", "network": found[1]}, _NOTHING)
    elif module.name in _PARTS:
        part = _PARTS[module.name]
        for name, network in _networks(node):
            tree = _find(network, part)
            if isinstance(tree, Map):
                words = {"nodes": _mapped(tree)} if part == "nodes" else _said(tree, module, underlay)
                yield Item({"id": name, **words}, tree)
    elif module.name == "ptn_l2vpn":
        for name, network in _networks(node):
            for tree in _listed(_find(network, "l2vpn")):
                yield Item({"id": name, **_said(tree, module, underlay)}, tree)
    elif module.name in _LISTS:
        for tree in _listed(_find(node, *_LISTS[module.name])):
            yield Item(_said(tree, module, underlay), tree)


def change_of(
    node: Tree, module: Module, items: list[Item], number: int, words: Words, underlay: Underlay
) -> Change:
    """Return what writes an item (the last and one more: a new one) with these words; none: it goes."""
    name = str(words.get("id") or (items[number].words.get("id", "") if number < len(items) else ""))
    if module.name == "bridges":
        return Change(("dvr", "ovs_bridges"), _word("true") if words else None)
    if module.name == "gateway":
        text = RIP.format(words["network"]) if words else ""
        return Change(("frr",), Scalar(text, False, 0, 0) if words else None)
    old = items[number].tree if number < len(items) else _NOTHING
    tree = _tree(module, words, old, underlay) if words else None
    if module.name in _PARTS:
        path: Path = ("ptn", name, _PARTS[module.name])
        if module.name == "ptn_nodes" and tree is not None:
            return Change(path, _find(tree, "nodes"))
        return Change(path, tree)
    alike = [(n, item) for n, item in enumerate(items) if item.words.get("id", name) == name]
    kept = [tree if n == number else item.tree for n, item in alike]
    if number == len(items):
        kept.append(tree)
    place = _LISTS.get(module.name, ("ptn", name, "l2vpn"))
    return Change(place, Seq(tuple(one for one in kept if one is not None), 0, 0))


def _tree(module: Module, words: Words, old: Map, underlay: Underlay) -> Map:
    """Return an item in nlan's words, with what it says that neutron-lan has no words for."""
    own = {_fold(word.name) for word in module.words}
    rest = [(key, value) for key, value in old.entries if _fold(key.text) not in own]
    new = [
        (_word(word.name), _written(word.name, words[word.name], underlay))
        for word in module.words
        if word.name in words and word.name != "id"
    ]
    return Map((*new, *rest), 0, 0)


def _written(name: str, value: Value, underlay: Underlay) -> Tree:
    if isinstance(value, list):
        return Seq(tuple(_word(underlay.written(one)) for one in value), 0, 0)
    if isinstance(value, dict):
        tree = Map(tuple((_word(key), _word(one)) for key, one in value.items()), 0, 0)
        return Seq((tree,), 0, 0) if name == "ip_dvr" else tree
    return _word(underlay.written(value) if name == "local_ip" else value)


def _said(tree: Map, module: Module, underlay: Underlay) -> Words:
    words: Words = {}
    for word in module.words:
        value = _find(tree, word.name)
        said = None if value is None else _value(value, word.shape, underlay)
        if said is not None:
            words[word.name] = said
    return words


def _value(tree: Tree, shape: Shape, underlay: Underlay) -> Value | None:
    if shape == "list":
        items = tree.items if isinstance(tree, Seq) else (tree,)
        return [underlay.said(one.text) for one in items if isinstance(one, Scalar)]
    first = tree.items[0] if isinstance(tree, Seq) and tree.items else tree
    if shape == "map":
        return _mapped(first) if isinstance(first, Map) else None
    return underlay.said(first.text) if isinstance(first, Scalar) and not first.is_null else None


def _mapped(tree: Map) -> dict[str, str]:
    return {_snake(key.text): one.text for key, one in tree.entries if isinstance(one, Scalar)}


def _networks(node: Tree) -> Iterator[tuple[str, Tree]]:
    """Yield a node's packet transport networks but for those that stand for VPLS."""
    ptn = _find(node, "ptn")
    for key, value in ptn.entries if isinstance(ptn, Map) else ():
        if not key.text.startswith("vpls"):
            yield key.text, value


def _listed(tree: Tree | None) -> list[Map]:
    items = tree.items if isinstance(tree, Seq) else (tree,)
    return [item for item in items if isinstance(item, Map)]


def _find(tree: Tree, *path: str) -> Tree | None:
    """Return what stands at a path, whose keys may be in either spelling."""
    found: Tree | None = tree
    for name in path:
        entries = found.entries if isinstance(found, Map) else ()
        found = next((value for key, value in entries if _fold(key.text) == _fold(name)), None)
    return found


def _fold(word: str) -> str:
    return word.replace("_", "").lower()


def _snake(word: str) -> str:
    return word if word.islower() else re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).lower()


def _word(text: str) -> Scalar:
    return Scalar(text, True, 0, 0)


_NOTHING = Map((), 0, 0)
