"""What a file says of links and networks."""

from __future__ import annotations

from nlan.schema.syntax.report import Written
from nlan.schema.written.common import NAME, NODES, Addresses
from nlan.schema.written.kinds import Kind, ListOf, MapOf, Shapes
from nlan.schema.written.scalars import Choice, Names
from nlan.schema.written.sections import Contribution, Key, Record, Section, keys_of
from nlan.schema.written.segments import END_ANY, SegmentKeys


class LinkKeys:
    """The keys of a link."""

    nodes = Key("nodes", NODES, "The two ends.")
    link = Key("link", Names("a link such as `a -- b`", Names.LINK), "As in the one-line spelling.")
    line = Key("line", NODES, "Each to the next.")
    ring = Key("ring", NODES, "Each to the next, the last to the first.")
    mesh = Key("mesh", NODES, "Each to each.")
    type = Key("type", Choice("veth"), "`veth`: a pair of interfaces.", default="`veth`")
    ends = Key("ends", MapOf(Names("a node's name"), END_ANY), "What is special at an end.")


LINK = Section(
    "a link",
    "Links with options. Say who is linked by one of `nodes`, `link`, `line`, `ring`, `mesh`.",
    keys_of(LinkKeys, SegmentKeys),
)


Members = list[Written[str]] | list[tuple[Written[str], Addresses | Record]]
_MEMBERS: Kind[Members] = Shapes("nodes", scalar=NODES, seq=NODES, map=MapOf(Names("a node's name"), END_ANY))


class NetworkKeys:
    """The keys of a network."""

    type = Key("type", Choice("lan"), "`lan`: a bridge.", default="`l2vpn`")
    nodes = Key(
        "nodes",
        _MEMBERS,
        "Its members.",
        required=True,
    )


NETWORK = Section("a network", "A segment of many nodes.", keys_of(NetworkKeys, SegmentKeys))


_LINK: Kind[str | Record] = Shapes(
    "a link such as `a -- b`, or a mapping",
    scalar=Names("a link such as `a -- b`", Names.LINK),
    map=LINK,
)


class OfLab:
    """What a lab says."""

    links = Key(
        "links",
        ListOf(_LINK),
        "Direct links: `a -- b`, `a -- b -- c`, `spine[1-2] -- leaf[1-4]` (each to each), or with options.",
    )
    networks = Key("networks", MapOf(NAME, NETWORK), "Segments of many nodes, by name.")


CONTRIBUTION = Contribution(
    {"a lab": keys_of(OfLab)}, [LINK, NETWORK], pages={"Links and LANs": "services/links-and-lans.md"}
)
