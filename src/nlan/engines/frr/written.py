"""The key `frr` of a node: how it is written, read and resolved."""

from __future__ import annotations

from nlan.engines.frr.model import FrrRaw
from nlan.schema.resolving.addresses import UnknownAddressError, address_of
from nlan.schema.resolving.drafts import NodeDraft
from nlan.schema.resolving.segments import Wiring
from nlan.schema.resolving.settings import Settings
from nlan.schema.syntax import foreign, template
from nlan.schema.syntax.report import Position, Report, values
from nlan.schema.written.kinds import Kind, ListOf, Shapes
from nlan.schema.written.scalars import Bool, Choice, Lines, Text
from nlan.schema.written.sections import Contribution, Key, Record, Section, keys_of


class FrrKeys:
    """The keys of frr."""

    text = Key(
        "text", Lines(), "The lines, as in frr.conf; `${r2@r3}` is r2's address on its segment with r3."
    )
    file = Key("file", Text("a file name"), "A file with them, relative to this one.")
    daemons = Key(
        "daemons",
        ListOf(
            Choice(
                "zebra",
                "bgpd",
                "ospfd",
                "ospf6d",
                "isisd",
                "ripd",
                "ripngd",
                "bfdd",
                "staticd",
                "pimd",
                "pim6d",
                "ldpd",
                "eigrpd",
                "babeld",
                "vrrpd",
                "pathd",
                "nhrpd",
                "fabricd",
            )
        ),
        "Daemons that it needs.",
    )
    only = Key("only", Bool(), "Derive nothing: this is the whole configuration.", default="`false`")


FRR = Section("frr", "FRR configuration that you bring.", keys_of(FrrKeys))

_ANY: Kind[str | Record] = Shapes("FRR's lines or a mapping", scalar=Lines(), map=FRR)


class NodeKeys:
    """What a node may say."""

    frr: Key[str | Record] = Key("frr", _ANY, "FRR configuration that you bring.")


CONTRIBUTION = Contribution(
    {"a node": keys_of(NodeKeys)},
    sections=(FRR,),
    titles={FrrRaw: "raw FRR configuration"},
    fields={(FrrRaw, "text"): Lines()},
    routing={"a node": keys_of(NodeKeys)},
    foreign=(
        foreign.Kind(
            r"^(frr version |frr defaults |router (bgp|ospf6?|isis|rip|ripng) ?[^:\n]*$)",
            "this is a configuration of FRR",
            "a lab names it: `nodes: {r1: {frr: {file: frr.conf}}}`",
        ),
    ),
    lines="FRR's lines",
    pages={"Raw FRR: configuration that you bring": "services/raw-frr.md"},
)


def resolve(node: NodeDraft, wiring: Wiring) -> FrrRaw | None:
    """Return what a node says under `frr`, or None."""
    written, settings = node.written.get(NodeKeys.frr), wiring.settings
    if written is None:
        return None
    settings.positions.put(node.written.position(NodeKeys.frr), "node", node.name, "frr")
    if not isinstance(written, Record):
        settings.positions.put(
            node.written.position(NodeKeys.frr)._replace(path=""), "node", node.name, "frr", "text"
        )
        return FrrRaw(text=_with_addresses(written, node.written.position(NodeKeys.frr), wiring))
    text, file = written.get(FrrKeys.text), written.get(FrrKeys.file)
    at = written.position(FrrKeys.text)._replace(
        path="" if file is None else str(settings.path.parent / file)
    )
    settings.positions.put(at, "node", node.name, "frr", "text")
    if (text is None) == (file is None):
        settings.report.error(written.at, "one of `text` and `file` is required")
    elif file is not None:
        text = _text_of(file, written, settings)
    at = written.position(FrrKeys.text if file is None else FrrKeys.file)
    return FrrRaw(
        text=_with_addresses(text or "", at, wiring),
        daemons=values(written.get(FrrKeys.daemons)),
        only=written.get(FrrKeys.only, False),
    )


def _with_addresses(text: str, at: Position, wiring: Wiring) -> str:
    """Return FRR's lines with the addresses that placeholders stand for."""

    def find(written: str) -> str:
        try:
            return address_of(written, wiring)
        except UnknownAddressError as error:
            message, *hint = error.args
            wiring.settings.report.error(at, f"`${{{written}}}`: {message}", *hint)
            return ""

    return template.fill_names(text, find)[0] or ""


def _text_of(name: str, written: Record, settings: Settings) -> str:
    from nlan.schema.syntax.parts import read_part

    path = settings.path.parent / name
    inner = Report(str(path))
    text = read_part(name, settings.path, inner)
    for problem in inner.problems():
        where = ":".join(str(part) for part in (path, problem.line, problem.column) if part)
        settings.report.error(written.position(FrrKeys.file), f"{where}: {problem.message}", problem.hint)
    return template.mark_addresses(text or "")
