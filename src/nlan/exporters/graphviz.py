"""A drawing of nodes and segments in the language of Graphviz: ``dot -Tsvg``, ``neato``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from nlan.exporters.base import Exported, Exporter
from nlan.model import Lab, Node
from nlan.model.segments import Segment, segments_of
from nlan.model.service import End


class Graphviz:
    """Routers are boxes, plain hosts are round; a segment of two nodes is a line, others are a dot."""

    summary = "a drawing of nodes and segments, for dot or neato"

    def export(self, lab: Lab) -> Exported:
        """Return the drawing."""
        hosts = sum(1 for node in lab.nodes for _ in node.hosts())
        left_out = (f"the {hosts} hosts behind nodes are not drawn",) if hosts else ()
        return Exported({PurePosixPath("-"): "\n".join(_lines(lab)) + "\n"}, left_out)


def _lines(lab: Lab) -> Iterator[str]:
    yield f"graph {_quoted(lab.name)} {{"
    for node in lab.nodes:
        shape = "box" if any(service.is_router for service in node.services) else "ellipse"
        yield f"  {_quoted(node.name)} [shape={shape}, label={_quoted(_label(node))}];"
    labels = {
        (node.name, interface): text
        for node in lab.nodes
        for service in node.services
        for interface, text in service.labels()
    }
    members: dict[Segment, list[End]] = {}
    for end, segment in segments_of(lab).items():
        members.setdefault(segment, []).append((end[0], labels.get(end, end[1])))
    for number, ends in enumerate(members.values()):
        yield from _segment(f"segment {number}", ends)
    yield "}"


def _segment(name: str, ends: list[End]) -> Iterator[str]:
    if len(ends) == 2:
        (one, left), (other, right) = ends
        labels = f"taillabel={_quoted(left)}, headlabel={_quoted(right)}"
        yield f"  {_quoted(one)} -- {_quoted(other)} [{labels}];"
        return
    yield f"  {_quoted(name)} [shape=point];"
    for node, interface in ends:
        yield f"  {_quoted(node)} -- {_quoted(name)} [taillabel={_quoted(interface)}];"


def _label(node: Node) -> str:
    captions = (service.caption() for service in node.services)
    return "\n".join([node.name, *(caption for caption in captions if caption)])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


EXPORTER: Exporter = Graphviz()
