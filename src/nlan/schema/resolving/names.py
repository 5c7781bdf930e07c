"""Before anything is read in full: which nodes there are, and their underlay addresses.

`${pe1}` may stand anywhere, so the nodes' names and underlay addresses are found first, from
the bare tree. What is wrong there is reported when the tree is read.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from nlan.model.codec import IpInterface, IpNetwork
from nlan.schema.resolving.allocate import Allocator, singles
from nlan.schema.syntax.ranges import expand_names
from nlan.schema.syntax.report import Muted, Position, Report
from nlan.schema.syntax.tree import Map, Scalar, Seq, Tree
from nlan.schema.written import common, table
from nlan.schema.written.kinds import Reader
from nlan.schema.written.pools import POOLS, PoolKeys, PoolsKeys
from nlan.schema.written.sections import Record, Vocabulary, is_extension

NODES_MAX = 100_000
"""Nodes that a lab may have."""
UNDERLAY: IpNetwork = ipaddress.ip_network("10.10.10.0/24")
_SHORT = frozenset(word for name in ("nodes", "links", "networks") for word in (name, name.title()))


NodeTrees = dict[str, list[tuple[Scalar, Tree | None]]]
"""Nodes by name, each with the keys and values that speak of it."""


def is_short(tree: Map, vocabulary: Vocabulary) -> bool:
    """Tell whether the file is in the short form: it has `nodes`, `links` or `networks`."""
    if any(key.text in _SHORT for key, _ in tree.entries):
        return True
    own = [(key.text, value) for key, value in tree.entries if not is_extension(key.text)]
    of_node, lab, full = map(vocabulary.spellings, (table.NODE, table.LAB, table.FULL))
    if any(isinstance(value, Map) and value.find(*of_node) for _, value in own):
        return False
    return any(word in lab and word not in full for word, _ in own) or (
        not any(isinstance(value, Map) for _, value in own)
    )


def node_trees(tree: Map, short: bool, vocabulary: Vocabulary, report: Report) -> NodeTrees:
    """Return the nodes by name, in file order, each with the keys and values that speak of it.

    Raises:
        InputError: They are too many to look at anything else.
    """
    muted, count = Muted(), 0
    found: NodeTrees = {}
    for key, value in entries_of(tree, short, vocabulary):
        names = expand_names(key.text, Position(), muted)
        count += len(names)
        if count > NODES_MAX:
            report.error(Position("", key.line, key.column), f"the lab has more than {NODES_MAX} nodes")
            report.stop_if_failed()
        for name in names:
            found.setdefault(name, []).append((key, value))
    return found


def entries_of(tree: Map, short: bool, vocabulary: Vocabulary) -> list[tuple[Scalar, Tree | None]]:
    """Return what speaks of nodes, each a name or names and the value, in file order."""
    if not short:
        full = vocabulary.spellings(table.FULL)
        return [
            (key, value) for key, value in tree.entries if key.text not in full and not is_extension(key.text)
        ]
    nodes = tree.find("nodes", "Nodes")
    if nodes is None:
        return [(name, None) for name in _linked(tree.find("links", "Links"))]
    return list(_listed(nodes))


def breadth(item: tuple[Scalar, Tree | None]) -> int:
    """Sort what ranges say before what single names say, which wins."""
    return 0 if "[" in item[0].text else 1


def _listed(nodes: Tree) -> Iterator[tuple[Scalar, Tree | None]]:
    if isinstance(nodes, Scalar):
        yield from [(nodes, None)] if not nodes.is_null else []
    elif isinstance(nodes, Map):
        yield from nodes.entries
    else:
        for item in nodes.items:
            yield from _listed(item)


def _linked(links: Tree | None) -> list[Scalar]:
    """Return the names in the links of a file that has no `nodes`."""
    if links is None or (isinstance(links, Scalar) and links.is_null):
        return []
    if isinstance(links, Scalar):
        ends = [part.split(":")[0].strip() for part in links.text.split(" -- ")]
        return [Scalar(end, True, links.line, links.column) for end in ends if end]
    if isinstance(links, Seq):
        return [name for item in links.items for name in _linked(item)]
    words = ("nodes", "link", "line", "ring", "mesh")
    return [name for word in words for name in _linked(links.find(word, word.title()))]


class Underlay:
    """The nodes' underlay addresses."""

    def __init__(self, prefixes: tuple[IpNetwork, ...], addresses: dict[str, IpInterface]) -> None:
        """Take the pool's prefixes and the addresses by node."""
        self.prefixes, self.addresses = prefixes, addresses
        self.referenced: set[str] = set()

    def find(self, name: str) -> str | None:
        """Return the address that `${name}` stands for, and remember that something stands on it."""
        self.referenced.add(name)
        value = self.addresses.get(name)
        return str(value.ip) if value else None


def allocate_underlay(
    tree: Map, nodes: NodeTrees, allocator: Allocator, vocabulary: Vocabulary, report: Report
) -> Underlay:
    """Give every node its underlay address: as written, else the pool's next, recorded by name.

    Raises:
        InputError: The pool is used up, so that nothing is known of what `${name}` stands for.
    """
    muted = Reader(Muted(), lambda name: None, vocabulary)
    prefixes = _underlay_pool(tree, muted)
    pool = singles("underlay", prefixes[:1], host_length=False)
    written = {
        name: value for name, trees in nodes.items() if (value := _written_underlay(trees, prefixes, muted))
    }
    pool.block(ipaddress.ip_network(value.ip) for value in written.values())
    addresses: dict[str, IpInterface] = {}
    for name, trees in nodes.items():
        if name in written:
            addresses[name] = written[name]
            continue
        number = allocator.from_pool(pool, name, Position(name, trees[0][0].line, trees[0][0].column))
        if number is not None:
            addresses[name] = pool.interfaces(number)[0]
    if len(addresses) < len(nodes) and allocator.without_gone() is None:
        report.stop_if_failed()
    return Underlay(prefixes, addresses)


def _underlay_pool(tree: Map, muted: Reader) -> tuple[IpNetwork, ...]:
    pools = tree.find("pools", "Pools")
    record = POOLS.read(pools, Position(), muted) if isinstance(pools, Map) else None
    written = record.get(PoolsKeys.underlay) if record else None
    if isinstance(written, Record):
        both = written.get(PoolKeys.ipv4), written.get(PoolKeys.ipv6)
        return tuple(prefix for prefix in both if prefix is not None) or (UNDERLAY,)
    return tuple(item.value for item in written or ()) or (UNDERLAY,)


def _written_underlay(
    trees: list[tuple[Scalar, Tree | None]], prefixes: tuple[IpNetwork, ...], muted: Reader
) -> IpInterface | None:
    for _, tree in sorted(trees, key=breadth)[::-1]:
        value = tree.find("underlay", "Underlay") if isinstance(tree, Map) else None
        if isinstance(value, Scalar):
            written = common.UNDERLAY.read(value, Position(), muted)
            return None if written is None else with_prefix(written, prefixes)
    return None


def with_prefix(value: IpInterface, prefixes: tuple[IpNetwork, ...]) -> IpInterface:
    """Return the address with the prefix length of the pool that it lies in, where it has none."""
    if value.network.prefixlen < value.network.max_prefixlen:
        return value
    for prefix in prefixes:
        if prefix.version == value.version and value.ip in prefix:
            return type(value)((value.ip, prefix.prefixlen))
    return value
