"""Where a node is attached, by the words of a file: an interface, a link's other end, a network."""

from __future__ import annotations

from typing import NamedTuple

from nlan.model.codec import IpInterface
from nlan.schema.resolving.drafts import NodeDraft
from nlan.schema.syntax.report import Position, Report, listed, nearest


class Attached(NamedTuple):
    """An interface of a node, with the node's addresses on it."""

    interface: str
    addresses: tuple[IpInterface, ...]


def find_attached(node: NodeDraft, word: str, at: Position, report: Report) -> Attached | None:
    """Return the interface that a word means; None after recording that it means none, or several."""
    known = _known(node)
    found = list(dict.fromkeys(known.get(word, ())))
    if len(found) == 1:
        return found[0]
    if found:
        names = listed([f"`{one.interface}`" for one in found], "or")
        report.error(at, f"`{word}` may mean several interfaces of {node.name}", f"say {names}")
    else:
        words = listed([f"`{one}`" for one in known], "or") or "nothing: no link or network has it"
        hint = nearest(word, known) or f"{node.name} has {words}"
        report.error(at, f"{node.name} has no interface, link or network `{word}`", hint)
    return None


def _known(node: NodeDraft) -> dict[str, list[Attached]]:
    """Return the words that mean an interface: its name, its network's, that of the node at the other end."""
    found: dict[str, list[Attached]] = {}
    for segment, end in node.ends:
        attached = Attached(end.interface, tuple(end.addresses))
        others = [other.node.name for other in segment.ends if other is not end]
        names = others if segment.kind == "link" else [segment.name]
        for name in (*names, end.interface):
            found.setdefault(name, []).append(attached)
    for interface, addresses in node.stubs.items():
        found.setdefault(interface, []).append(Attached(interface, tuple(addresses)))
    return found
