"""Raw FRR configuration read as vtysh reads a file: each line with its sections and its daemons.

As there: a line belongs to the innermost open section that has such a command, so sections need no
``exit``, and indentation says nothing; words may be abbreviated; ``end`` and comments are passed over.
What no section has stands where its indentation puts it, for FRR itself to judge. Lines are spelled
as FRR shows them, as far as the words of `nlan.engines.frr.config.words` go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from ipaddress import ip_network
from typing import NamedTuple

from nlan.engines.frr.config import words as frrwords
from nlan.engines.frr.config.tree import Path

STATIC, RIP, RIPNG = "staticd", "ripd", "ripngd"

_LEAVING = {
    "exit-address-family": "address-family ",
    "exit-vrf": "vrf ",
    "exit-vni": "vni ",
    "exit-link-params": "link-params",
    "exit-bmp": "bmp targets ",
    "exit1-bmp": "bmp targets ",
    "exit-vrf-policy": "vrf-policy ",
    "exit-vnc": "vnc ",
}
"""What the closing words leave, by how it begins."""

_IN_SECTIONS_ONLY = re.compile(r"neighbor \S+ (capability (?!orf)|peer-group)")
"""Lines of a router that its families have, too."""
_LIST = re.compile(r"(ip|ipv6) (as-path|community-list|extcommunity-list|large-community-list)\b")
"""As FRR before version 7 had them: they begin with ``bgp`` now."""
_OF_VRF = re.compile(r"((ip|ipv6) (?:route|mroute) .+) vrf (\S+)$")
"""A static route that FRR shows in its VRF's section."""
_PREFIXED = re.compile(
    r"((?:(?:no )?(?:network|aggregate-address|summary-address|bgp listen range|(?:area \S+|nssa) range|"
    r"(?:ip|ipv6) m?route)|(?:ip |ipv6 )?(?:prefix|access)-list .*?(?:permit|deny)) )([\da-f.:]+/\d+)(?= |$)"
)
"""What FRR takes with host bits and shows without."""
_FAMILIES = {
    "ipv4": "ipv4 unicast",
    "ipv6": "ipv6 unicast",
    "vpnv4": "ipv4 vpn",
    "vpnv4 unicast": "ipv4 vpn",
    "vpnv6": "ipv6 vpn",
    "vpnv6 unicast": "ipv6 vpn",
    "evpn": "l2vpn evpn",
}
"""Address families that FRR shows in other words."""
_PLAIN_FAMILY = "address-family ipv4 unicast"


class Line(NamedTuple):
    """A line of the text.

    Attributes:
        path: The headers of its sections, and itself.
        number: Where it stands in the text, from 1.
        owners: The daemons that know it; ``*`` is every daemon; none: FRR has no such command, as far as
            is known here.
        section: The section that it stands in, by the name in `nlan.engines.frr.config.words`.
        opens: The section that it opens, or None.
    """

    path: Path
    number: int
    owners: frozenset[str]
    section: str
    opens: str | None


class _Open(NamedTuple):
    """An open section: its name in `nlan.engines.frr.config.words`, its header, how far that is indented."""

    name: str
    header: str
    indent: int
    owners: frozenset[str]


def read(text: str) -> Iterator[Line]:
    """Yield the lines in order, without comments and the words that close sections."""
    stack: list[_Open] = []
    for number, raw in enumerate(text.splitlines(), 1):
        words = raw.split()
        if not words or words[0][0] in "!#" or words == ["end"]:
            continue
        if _closes(words, stack):
            continue
        indent = len(raw) - len(raw.lstrip())
        yield _placed(words, indent, number, stack)


def _closes(words: Sequence[str], stack: list[_Open]) -> bool:
    """Leave the sections that the words close; tell whether they do so."""
    written = " ".join(words)
    if written in ("exit", "quit"):
        del stack[-1:]
        return True
    begins = _LEAVING.get(written) or ("" if re.match(r"(exit1?|end)-\S+$", written) else None)
    if begins is None:
        return False
    for depth in range(len(stack) - 1, -1, -1):
        if stack[depth].header.startswith(begins):
            del stack[depth:]
            break
    return True


def _placed(words: Sequence[str], indent: int, number: int, stack: list[_Open]) -> Line:
    """Return the line where it belongs, and leave and open sections on the way."""
    no, bare = ("no ", words[1:]) if words[0] == "no" and len(words) > 1 else ("", words)
    depth, found = _level(bare, stack)
    if depth is None:
        depth = _by_indent(indent, stack)
        found = frrwords.find(_name(stack[:depth]), bare)
        found = found._replace(owners=found.owners if found.known else _of(stack[:depth]))
    del stack[depth:]
    section = _name(stack)
    text = _spelled(section, " ".join(found.words))
    headers = tuple(one.header for one in stack)
    if _is_of_family(section, text):
        headers, section = (*headers, _PLAIN_FAMILY), "bgp family"
    if section == frrwords.CONFIG and (found_vrf := _OF_VRF.match(text)):
        headers, section, text = (f"vrf {found_vrf[3]}",), "vrf", found_vrf[1]
    opens = None if no else frrwords.opened(section, text)
    owners = _of(stack) or _owners(section, text, found.owners)
    if opens is not None:
        stack.append(_Open(opens, text, indent, owners))
    return Line((*headers, no + text), number, owners, section, opens)


def _level(words: Sequence[str], stack: Sequence[_Open]) -> tuple[int | None, frrwords.Command]:
    """Return how many of the open sections a line leaves open: the innermost that has it counts.

    A header in full is one, though a section around may take it for an abbreviation (``mpls ldp`` for the
    ``mpls ldp-sync`` of OSPF).
    """
    outer = frrwords.find(frrwords.CONFIG, words)
    is_header = outer.whole and list(outer.words) == list(words) and _opens(frrwords.CONFIG, words)
    for depth in range(len(stack), -1, -1):
        section = _name(stack[:depth])
        found = frrwords.find(section, words)
        if not found.whole and section == "bgp":
            found = frrwords.find("bgp family", words)
        is_short = list(found.words) != list(words)
        if found.whole and not (_is_beside(section, found.words) or (depth and is_header and is_short)):
            return depth, found
    return None, frrwords.Command(tuple(words), frozenset(), 0, False)


def _is_beside(section: str, words: tuple[str, ...]) -> bool:
    """Tell a command that leaves its section for one beside: the next key, the next key chain."""
    is_key = section.startswith("keychain") and words[:1] == ("key",)
    return is_key and (words[1:2] == ("chain",) or section == "keychain key")


def _opens(section: str, words: Sequence[str]) -> bool:
    return frrwords.opened(section, " ".join(words)) is not None


def _by_indent(indent: int, stack: Sequence[_Open]) -> int:
    """Return how many sections an unknown line leaves open, by its indentation."""
    return sum(one.indent < indent for one in stack)


def _name(stack: Sequence[_Open]) -> str:
    return stack[-1].name if stack else frrwords.CONFIG


def _of(stack: Sequence[_Open]) -> frozenset[str]:
    """Return the daemon that the open sections are of; none where several know them."""
    return stack[-1].owners if stack and len(stack[-1].owners) == 1 else frozenset()


def _spelled(section: str, text: str) -> str:
    """Return the line as FRR shows it, where it shows other words than the table has."""
    if section == "bgp" and text.startswith("address-family "):
        family = text.removeprefix("address-family ")
        return f"address-family {_FAMILIES.get(family, family)}"
    if section in ("ospf", "ospf6") and text.startswith("router-id "):
        return f"{section} {text}"
    if section == frrwords.CONFIG and _LIST.match(text):
        return "bgp " + text.split(" ", 1)[1]
    return _PREFIXED.sub(lambda found: found[1] + _masked(found[2]), text)


def _masked(prefix: str) -> str:
    """Return a prefix without host bits; what is none, as it is."""
    with suppress(ValueError):
        return str(ip_network(prefix, strict=False))
    return prefix


def _is_of_family(section: str, text: str) -> bool:
    """Tell whether a line of a BGP router is one of its IPv4 family, as FRR takes and shows it."""
    if section != "bgp" or _IN_SECTIONS_ONLY.match(text):
        return False
    return frrwords.find("bgp family", text.split()).whole


def _owners(section: str, text: str, known: frozenset[str]) -> frozenset[str]:
    """Return the daemons that a line is for: of what mgmtd takes, those that it is told to."""
    if section in (frrwords.CONFIG, "vrf") and re.match(r"(ip|ipv6) (route|mroute) ", text):
        return frozenset((STATIC,))
    for name, daemon in (("ripng", RIPNG), ("rip", RIP)):
        if section == name or (section == frrwords.CONFIG and re.match(rf"router {name}\b", text)):
            return frozenset((daemon,))
    return known
