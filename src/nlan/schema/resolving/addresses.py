"""`${r2@r3}` in raw configuration: r2's address on the segment that it shares with r3.

Behind the ``@`` stands a neighbour, a segment by its name, or an interface of the node (``lo``); behind
a slash the IP version, where it is not the first that there is. What addresses there are is known
when links and networks have theirs, so raw lines keep such placeholders until then.
"""

from __future__ import annotations

from nlan.model.codec import IpInterface
from nlan.schema.resolving.drafts import NodeDraft
from nlan.schema.resolving.segments import Wiring
from nlan.schema.syntax.report import listed, nearest


class UnknownAddressError(ValueError):
    """A placeholder stands for no address, or for several; the second argument is a hint."""


def address_of(written: str, wiring: Wiring) -> str:
    """Return the address that ``r2@r3`` or ``r2@r3/6`` stands for.

    Raises:
        UnknownAddressError: There is none, or more than one.
    """
    name, _, where = written.partition("@")
    where, slash, version = where.partition("/")
    node = wiring.nodes.get(name)
    if node is None:
        raise UnknownAddressError(f"no node is called `{name}`", nearest(name, wiring.nodes))
    found = _on_interface(node, where) or _on_segment(node, where, wiring)
    fitting = [value.ip for value in found if not slash or str(value.version) == version]
    if not fitting:
        kind = f"IPv{version} address" if slash else "address"
        raise UnknownAddressError(f"`{name}` has no {kind} at `{where}`")
    return str(min(fitting, key=lambda address: address.version))


def _on_interface(node: NodeDraft, where: str) -> list[IpInterface]:
    found = {end.interface: end.addresses for _, end in node.ends}
    return (found | node.stubs).get(where, [])


def _on_segment(node: NodeDraft, where: str, wiring: Wiring) -> list[IpInterface]:
    """Return the addresses on the one segment that is called so, or that the neighbour is on."""
    shared = [
        (segment, end)
        for segment, end in node.ends
        if segment.name == where
        or (where in wiring.nodes and any(other.node.name == where != node.name for other in segment.ends))
    ]
    if len(shared) > 1:
        names = listed([f"`${{{node.name}@{segment.name}}}`" for segment, _ in shared], "or")
        count = len(shared)
        raise UnknownAddressError(f"`{node.name}` and `{where}` share {count} segments", f"say {names}")
    if not shared:
        known = [name for segment, end in node.ends for name in (segment.name, end.interface)]
        known += [end.node.name for segment, _ in node.ends for end in segment.ends if end.node is not node]
        message = f"`{where}` is no neighbour, segment or interface of `{node.name}`"
        raise UnknownAddressError(message, nearest(where, known))
    return list(shared[0][1].addresses)
