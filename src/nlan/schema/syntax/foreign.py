"""Files of other tools, and words of theirs: named as such, with what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from nlan.schema.syntax.report import Position, Report
from nlan.schema.syntax.tree import Map, Seq, Tree


class Kind(NamedTuple):
    """A kind of file that is no lab: what it looks like, what it is, what to do with it.

    Attributes:
        pattern: A regular expression; ``^`` and ``$`` are those of lines.
        what: Such as ``this is a Mako template``.
        hint: What to write instead.
    """

    pattern: str
    what: str
    hint: str


_TEXTS = (
    Kind(
        r"^[ \t]*(% ?(for|if|while|endfor|endif|endwhile)\b|<%[!\s]|<%(def|block|include)\b)",
        "this is a Mako template",
        "templates are Jinja2's: `{% for i in range(1, 5) %}` … `{% endfor %}`, and `${i}` as in Mako",
    ),
    Kind(
        r"^[A-Za-z0-9_.-]+\[([0-9]+|image|mem|ipv6|bridged|port|sysctl|exec|shell)\] ?=",
        "this is a lab.conf of Kathara",
        "a collision domain is `networks: {A: {type: lan, nodes: [r1, r2]}}`; FRR's lines are `frr`",
    ),
)


def is_foreign_text(text: str, report: Report, kinds: Iterable[Kind] = ()) -> bool:
    """Tell whether the text is another tool's, after recording so.

    Args:
        text: The text.
        report: Where it is recorded.
        kinds: What others know besides, such as routing engines.
    """
    for kind in (*_TEXTS, *kinds):
        if (match := re.search(kind.pattern, text, re.MULTILINE)) is not None:
            report.error(Position("", text.count("\n", 0, match.start()) + 1), kind.what, kind.hint)
            return True
    return False


def is_foreign_tree(tree: Tree, report: Report) -> bool:
    """Tell whether what was read describes something else than a lab, after recording so."""
    found = _of_list(tree) if isinstance(tree, Seq) else _of_map(tree) if isinstance(tree, Map) else None
    if found is None:
        return False
    at, what, hint = found
    report.error(Position("", at.line, at.column), what, hint)
    return True


def _of_map(tree: Map) -> tuple[Tree, str, str] | None:
    topology = tree.find("topology")
    if isinstance(topology, Map) and isinstance(topology.find("nodes"), Map):
        hint = "say its nodes as `nodes: [r1, r2]` and its endpoints as `links: [r1:eth1 -- r2:eth1]`"
        return topology, "this is a topology of containerlab", hint
    services = tree.find("services")
    if isinstance(services, Map) and any(
        isinstance(one, Map) and one.find("image", "build") for _, one in services.entries
    ):
        return services, "this is a file of Docker Compose", "a lab has `nodes` and `links`"
    for _, node in tree.entries:
        if isinstance(node, Map) and node.find("passwd", "platform") and node.find("host"):
            hint = "it says where the routers of a state file are: `nlan up STATE --roster ROSTER`"
            return node, "this is a roster of neutron-lan", hint
    found = module_of_state(tree)
    return found and (found, "this is a state file of neutron-lan", "its importer reads it; `nlan doctor`")


def module_of_state(tree: Map) -> Tree | None:
    """Return the module by which a state file of neutron-lan is known; None where this is none.

    Some of its modules are keys of a node here, too, and are known by how they are written.
    """
    if tree.find("nodes", "Nodes", "links", "Links", "networks", "Networks"):
        return None
    for _, node in tree.entries:
        for key, value in node.entries if isinstance(node, Map) else ():
            inner = value if isinstance(value, Map) else None
            if (
                (key.text in _LISTS and isinstance(value, Seq))
                or (key.text == "bridges" and inner and inner.find("ovs_bridges", "controller"))
                or (key.text == "gateway" and inner and inner.find("rip", "network"))
            ):
                return key
    return None


_LISTS = frozenset(("vxlan", "subnets", "vpls", "ptn_nodes", "ptn_links", "ptn_l2vpn", "vhosts"))
"""Modules of neutron-lan that are lists, and that a node of nlan has not, or has as a mapping."""


def _of_list(tree: Seq) -> tuple[Tree, str, str] | None:
    first = next((item for item in tree.items if isinstance(item, Map)), None)
    if first is None or not first.find("do", "nlan", "comment", "sleep"):
        return None
    hint = "it has commands; a lab says what there is, and `nlan edit` and `nlan set` change it"
    return first, "this is a scenario of neutron-lan", hint


MODULES = {
    "bridges": "the bridges of `ptn` and `hosts` need no word; leave it out",
    "gateway": "RIP is said in FRR's lines: `frr`",
    "vxlan": "the tunnel ends are said in `ptn: {wan: {links: {local_ip: …}}}`, or follow from `networks`",
    "subnets": "say each VNI as a network: `networks: {n101: {vni: 101, nodes: [r1, r2]}}`",
    "services": "there is no word for service chains yet",
    "vpls": "say it as a network with `addresses: false`",
    "ptn_nodes": "say `ptn: {wan: {nodes: …}}`",
    "ptn_links": "say `ptn: {wan: {links: …}}`",
    "ptn_l2vpn": "say `ptn: {wan: {l2vpn: …}}`",
    "command": "`nlan exec NODE -- COMMAND` runs one",
}
"""The modules of neutron-lan that a node of nlan has not, or means otherwise; what to say instead."""
