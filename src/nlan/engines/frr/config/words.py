"""The words of FRR's configuration: which sections there are, which commands each has, who knows them.

The table, ``words.txt``, is what FRR's daemons answer when asked for their commands
(``scripts/frr-words``), each cut to its first words. They are enough to do as vtysh does: to find the
section that a line belongs to by trying, to spell out abbreviations, and to find the daemons.
A command that is not in the table may still be one, of another version of FRR.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

TABLE = Path(__file__).with_name("words.txt")

EVERYBODY = "*"
"""The owner of what all daemons know: names, logs, passwords."""

RAW_DAEMONS = (
    "babeld",
    "bfdd",
    "bgpd",
    "eigrpd",
    "fabricd",
    "isisd",
    "ldpd",
    "nhrpd",
    "ospf6d",
    "ospfd",
    "pathd",
    "pbrd",
    "pim6d",
    "pimd",
    "ripd",
    "ripngd",
    "sharpd",
    "staticd",
    "vrrpd",
)
"""FRR's daemons that run where a line is for them; a distribution may lack some."""

CONFIG = "config"
"""The section that all others stand in."""

_NUMBER = re.compile(r"\d+")
_FOUR = re.compile(r"\d+\.\d+\.\d+\.\d+(/\d+)?")
_SIX = re.compile(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(/\d+)?")
_VARIABLES = (("#", _NUMBER), ("4", _FOUR), ("6", _SIX))
_ANY = "*"

_OPENINGS: dict[str, tuple[tuple[str, str], ...]] = {
    CONFIG: (
        (r"router (bgp|ospf6?|isis|openfabric|ripng|rip|eigrp|babel|pim6?)\b", r"\1"),
        (r"(interface|vrf|pbr-map|nexthop-group) \S", r"\1"),
        (r"route-map \S+ (permit|deny) \d", "routemap"),
        (r"key chain \S", "keychain"),
        (r"(bfd|rpki|segment-routing)$", r"\1"),
        (r"mpls ldp$", "ldp"),
        (r"l2vpn \S", "ldp l2vpn"),
        (r"pseudowire \S", "pw"),
        (r"line vty$", "vty"),
        (r"log extended-syslog \S", "extended"),
    ),
    "interface": ((r"link-params$", "link-params"),),
    "vrf": ((r"rpki$", "rpki"),),
    "bgp": (
        (r"address-family \S", "bgp family"),
        (r"segment-routing srv6$", "bgp srv6"),
        (r"vnc defaults$", "bgp vnc defaults"),
        (r"vnc nve-group \S", "bgp vnc nve"),
        (r"vnc l2-group \S", "bgp vnc l2"),
        (r"vrf-policy \S", "bgp vrf policy"),
        (r"bmp targets \S", "bmp"),
    ),
    "bgp family": ((r"vni \d+$", "bgp evpn vni"),),
    "bfd": ((r"(peer|profile) \S", r"bfd \1"),),
    "keychain": ((r"key \d+$", "keychain key"),),
    "ldp": ((r"address-family \S", "ldp family"),),
    "ldp family": ((r"interface \S", "ldp family interface"),),
    "ldp l2vpn": ((r"member pseudowire \S", "pw"),),
    "isis": ((r"segment-routing srv6$", "isis-srv6"), (r"flex-algo \d+$", "isis-flex-algo")),
    "isis-srv6": ((r"node-msd$", "isis-srv6-node-msd"),),
    "segment-routing": ((r"traffic-eng$", "sr traffic-eng"), (r"srv6$", "srv6")),
    "sr traffic-eng": ((r"(segment-list|policy) \S", r"srte \1"), (r"pcep$", "pcep")),
    "srte policy": ((r"candidate-path .* dynamic$", "srte candidate-dyn"),),
    "pcep": ((r"pce(-config)? \S", "pce"), (r"pcc$", "pcc")),
    "srv6": (
        (r"locators$", "srv6-locators"),
        (r"encapsulation$", "srv6-encap"),
        (r"formats$", "srv6-formats"),
        (r"static-sids$", "srv6-sids"),
    ),
    "srv6-locators": ((r"locator \S", "srv6-locator"),),
    "srv6-formats": ((r"format (\S+)$", r"srv6-format-\1"),),
}


class Word(NamedTuple):
    """A word of commands: who knows what begins so, and what may follow."""

    owners: frozenset[str]
    below: dict[str, Word]


class Command(NamedTuple):
    """A line as the table has it.

    Attributes:
        words: Its words, abbreviations spelled out.
        owners: The daemons that know it.
        known: How many of its words are in the table; all that the table has, where `whole` is true.
        whole: Whether the table has such a command.
    """

    words: tuple[str, ...]
    owners: frozenset[str]
    known: int
    whole: bool


def find(section: str, words: Sequence[str]) -> Command:
    """Return what the section's commands make of the words, which begin with no ``no``."""
    found = list(_find(_section(section), tuple(words)))
    if not found:
        return Command(tuple(words), frozenset(), 0, False)
    most = max((command.whole, command.known) for command in found)
    best = [command for command in found if (command.whole, command.known) == most]
    if any(command.words != best[0].words for command in best):  # FRR will say that it is ambiguous
        return best[0]._replace(words=tuple(words))
    return best[0]


def opened(section: str, line: str) -> str | None:
    """Return the section that the line opens in `section`, None where it opens none."""
    for pattern, name in _OPENINGS.get(section, ()):
        if match := re.match(pattern, line):
            return match.expand(name)
    return None


def is_header(path: Sequence[str]) -> bool:
    """Tell whether the last of these lines, each in the section that the one before opens, opens one."""
    section: str | None = CONFIG
    for line in path:
        if section is None:
            return False
        section = opened(section, line)
    return section is not None


def _find(word: Word, words: tuple[str, ...]) -> Iterator[Command]:
    """Yield the readings of the words; none where the first is unknown."""
    if not words or not word.below:
        yield Command(words, word.owners, 0, True)
        return
    for spelled, below in _candidates(word, words[0]):
        rest = list(_find(below, words[1:])) or [Command(words[1:], below.owners, 0, False)]
        for one in rest:
            yield Command((spelled, *one.words), one.owners, one.known + 1, one.whole)


def _candidates(word: Word, written: str) -> Iterator[tuple[str, Word]]:
    """Yield what a word may be: itself, a value, or the one word that it is the beginning of."""
    if written in word.below and written not in ("#", "4", "6", "*"):
        yield written, word.below[written]
        return
    values = [word.below[key] for key, form in _VARIABLES if key in word.below and form.fullmatch(written)]
    if not values and _ANY in word.below:
        values = [word.below[_ANY]]
    if values:
        yield from ((written, value) for value in values)
    else:
        yield from ((full, below) for full, below in word.below.items() if full.startswith(written))


@cache
def _texts() -> dict[str, str]:
    parts = re.split(r"^\[(.+)\]$", TABLE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@cache
def _section(name: str) -> Word:
    root = Word(frozenset(), {})
    stack = [root]
    for line in _texts().get(name, "").splitlines():
        words, _, written = line.partition("=")
        depth = len(line) - len(line.lstrip())
        del stack[depth + 1 :]
        parent = stack[-1] if line else root
        owners = frozenset(written.split(",")) if written else parent.owners
        for text in words.split():
            parent.below[text] = Word(owners, {})
        if words.strip():
            stack.append(parent.below[text])
    return root
