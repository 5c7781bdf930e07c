"""Random raw FRR configurations: what people write, in many orders and spellings.

`text` gives a whole configuration for a seed, `changed` another one that shares much with it. Interfaces
are ``ax`` and ``bx``. The same seed gives the same text.
"""

from __future__ import annotations

import random
from collections.abc import Callable

Block = list[str]
"""Lines of one section with its header, or lines of no section."""


def text(seed: int) -> str:
    """Return a configuration."""
    dice = random.Random(seed)
    return spelled(_blocks(dice), dice)


def changed(seed: int, steps: int) -> list[str]:
    """Return configurations, each made of the one before by a few changes."""
    dice = random.Random(seed)
    blocks = _blocks(dice)
    found = [spelled(blocks, dice)]
    for _ in range(steps):
        for _ in range(dice.randint(1, 3)):
            _change(blocks, dice)
        found.append(spelled(blocks, dice))
    return found


def spelled(blocks: list[Block], dice: random.Random) -> str:
    """Return the text of blocks, indented or not, with and without ``exit``, comments and ``end``."""
    lines: list[str] = []
    for block in blocks:
        style = dice.choice(("plain", "plain", "exits", "flat", "short"))
        for line in block:
            if style == "flat":
                line = line.strip()
            if style == "short":
                line = _abbreviated(line)
            lines.append(line)
        depth = len(block[-1]) - len(block[-1].lstrip()) if style == "exits" else 0
        lines += [" " * n + "exit" for n in reversed(range(depth))]
        if style == "flat" and block[0].startswith(("vrf ", "interface ")):
            lines.append("exit")
        lines += [dice.choice(("!", "", "end", "! a comment"))] * (dice.random() < 0.4)
    return "\n".join(lines) + "\n"


_SHORT = (
    ("interface ", "int "),
    ("neighbor ", "nei "),
    ("remote-as ", "remote "),
    ("ip prefix-list ", "ip pref "),
    ("description ", "desc "),
    ("redistribute ", "redist "),
    ("network ", "net "),
)


def _abbreviated(line: str) -> str:
    indent, rest = line[: len(line) - len(line.lstrip())], line.lstrip()
    for long, short in _SHORT:
        if rest.startswith(long):
            rest = short + rest[len(long) :]
    return indent + rest


def _blocks(dice: random.Random) -> list[Block]:
    kinds = dice.sample(KINDS, dice.randint(2, 6))
    return [kind(dice) for kind in kinds for _ in range(dice.choice((1, 1, 2)))]


def _change(blocks: list[Block], dice: random.Random) -> None:
    """Take a block or a line away, add one, or make one anew."""
    what = dice.choice(("drop", "add", "line", "line", "line", "anew"))
    at = dice.randrange(len(blocks)) if blocks else 0
    if what == "add" or not blocks:
        blocks.insert(at, dice.choice(KINDS)(dice))
    elif what == "drop" and len(blocks) > 1:
        del blocks[at]
    elif what == "anew":
        other = dice.choice(KINDS)(dice)
        same = [n for n, block in enumerate(blocks) if block[0] == other[0]]
        blocks[same[0] if same else at] = other
    elif len(blocks[at]) > 1:
        block = blocks[at]
        row = dice.randrange(1, len(block))
        depth = len(block[row]) - len(block[row].lstrip())
        end = row + 1
        while end < len(block) and len(block[end]) - len(block[end].lstrip()) > depth:
            end += 1
        del block[row:end]


# -- sections


def _prefix(dice: random.Random) -> str:
    return f"10.{dice.randint(0, 3)}.{dice.randint(0, 3)}.0/24"


def _name(dice: random.Random, kind: str) -> str:
    return f"{kind}{dice.randint(1, 3)}"


def _some(dice: random.Random, lines: list[str], least: int = 0) -> list[str]:
    """Return some of the lines in their order."""
    count = dice.randint(least, len(lines))
    picked = set(dice.sample(range(len(lines)), count))
    return [line for n, line in enumerate(lines) if n in picked]


def _prefix_list(dice: random.Random) -> Block:
    name, numbered = _name(dice, "PL"), dice.random() < 0.6
    seqs = sorted(dice.sample(range(1, 40), dice.randint(1, 4)))
    head = f"ip prefix-list {name}"
    lines = []
    for seq in seqs:
        rule = (
            f"{dice.choice(('permit', 'deny'))} {_prefix(dice)}{dice.choice(('', ' le 32', ' ge 25 le 30'))}"
        )
        lines.append(f"{head} seq {seq} {rule}" if numbered else f"{head} {rule}")
    return lines


def _prefix_list6(dice: random.Random) -> Block:
    name = _name(dice, "P6")
    return [
        f"ipv6 prefix-list {name} seq {5 * n} permit 2001:db8:{n}::/48" for n in range(1, dice.randint(2, 4))
    ]


def _access_list(dice: random.Random) -> Block:
    name = _name(dice, "AL")
    return [f"access-list {name} {dice.choice(('permit', 'deny'))} {_prefix(dice)}" for _ in range(2)]


def _as_path(dice: random.Random) -> Block:
    return [f"bgp as-path access-list {_name(dice, 'AP')} permit ^{dice.choice((64497, 64498))}$"]


def _community_list(dice: random.Random) -> Block:
    return [f"bgp community-list standard {_name(dice, 'CL')} permit 64496:{dice.randint(1, 3)}"]


def _route_map(dice: random.Random) -> Block:
    """No ``on-match``, which mgmtd of FRR 10.3 takes from a file, yet not once zebra runs."""
    lines = [f"route-map {_name(dice, 'RM')} {dice.choice(('permit', 'deny'))} {10 * dice.randint(1, 3)}"]
    return lines + _some(
        dice,
        [
            f" match ip address prefix-list {_name(dice, 'PL')}",
            f" match as-path {_name(dice, 'AP')}",
            f" match metric {dice.randint(1, 3)}",
            f" set metric {dice.randint(1, 9)}",
            f" set community 64496:{dice.randint(1, 9)}",
            f" set local-preference {dice.randint(1, 3)}00",
        ],
    )


def _key_chain(dice: random.Random) -> Block:
    lines = [f"key chain {_name(dice, 'KC')}"]
    for number in range(1, dice.randint(2, 4)):
        lines += [f" key {number}", f"  key-string secret{dice.randint(1, 3)}"]
        lines += _some(dice, ["  cryptographic-algorithm hmac-sha-256"])
    return lines


def _bgp(dice: random.Random) -> Block:
    vrf = dice.choice(("", "", "", " vrf red"))
    lines = [f"router bgp 64496{vrf}"]
    lines += _some(
        dice,
        [
            f" bgp router-id 192.0.2.{dice.randint(1, 3)}",
            " no bgp default ipv4-unicast",
            " no bgp ebgp-requires-policy",
            " bgp bestpath as-path multipath-relax",
            f" timers bgp {dice.choice(('3 9', '10 30'))}",
            f" bgp cluster-id 192.0.2.{dice.randint(7, 9)}",
            " bgp deterministic-med",
            " bgp log-neighbor-changes",
        ],
    )
    peers = [f"198.51.100.{n}" for n in dice.sample(range(2, 6), dice.randint(1, 3))]
    group = dice.choice((None, "CORE", "EDGE"))
    if group:
        lines += [
            f" neighbor {group} peer-group",
            f" neighbor {group} remote-as {dice.choice((64497, 64496))}",
        ]
        lines += _some(dice, [f" neighbor {group} update-source lo", f" neighbor {group} timers 5 15"])
    grouped = {peer for peer in peers if group and dice.random() < 0.5}
    for peer in peers:
        lines.append(
            f" neighbor {peer} peer-group {group}"
            if peer in grouped
            else f" neighbor {peer} remote-as {dice.choice((64497, 64498, 'external'))}"
        )
        lines += _some(
            dice,
            [
                f" neighbor {peer} description peer {dice.randint(1, 3)}",
                f" neighbor {peer} password secret{dice.randint(1, 3)}",
                f" neighbor {peer} timers connect {dice.randint(1, 9)}",
                f" neighbor {peer} ebgp-multihop {dice.randint(2, 5)}",
                f" neighbor {peer} shutdown",
                f" neighbor {peer} advertisement-interval {dice.randint(0, 3)}",
            ],
        )
    lines += _family(dice, [*peers, *([group] if group else [])])
    return lines


def _family(dice: random.Random, peers: list[str]) -> list[str]:
    lines: list[str] = []
    for family in _some(dice, ["ipv4 unicast", "ipv6 unicast"]):
        inside = _some(
            dice, ["  redistribute connected", f"  redistribute static route-map {_name(dice, 'RM')}"]
        )
        if family.startswith("ipv4"):
            inside += _some(dice, [f"  network {_prefix(dice)}", "  maximum-paths 4"])
        for peer in peers:
            inside += _some(
                dice,
                [
                    f"  {dice.choice(('', 'no '))}neighbor {peer} activate",
                    f"  neighbor {peer} route-map {_name(dice, 'RM')} {dice.choice(('in', 'out'))}",
                    f"  neighbor {peer} prefix-list {_name(dice, 'PL')} in",
                    f"  neighbor {peer} next-hop-self",
                    f"  neighbor {peer} soft-reconfiguration inbound",
                    f"  neighbor {peer} maximum-prefix {dice.randint(1, 3)}00",
                ],
            )
        lines += [f" address-family {family}", *inside] if inside else []
    return lines


def _ospf(dice: random.Random) -> Block:
    lines = [f"router ospf{dice.choice(('', '', '', ' vrf red'))}"]
    area = dice.choice(("0", "1", "0.0.0.2"))
    return lines + _some(
        dice,
        [
            f" ospf router-id 192.0.2.{dice.randint(1, 3)}",
            f" network 198.51.100.0/24 area {area}",
            f" network 203.0.113.0/24 area {dice.choice(('0', '3'))}",
            f" area {dice.choice((1, 3))} {dice.choice(('stub', 'stub no-summary', 'nssa'))}",
            f" redistribute connected{dice.choice(('', ' metric 7', ' route-map RM1'))}",
            " passive-interface bx",
            " default-information originate always",
            f" auto-cost reference-bandwidth {dice.choice((1000, 10000))}",
            " timers throttle spf 0 50 500",
            " log-adjacency-changes",
            f" distance {dice.randint(100, 120)}",
        ],
    )


def _ospf_interface(dice: random.Random) -> Block:
    return [
        f"interface {dice.choice(('ax', 'bx'))}",
        *_some(
            dice,
            [
                f" ip ospf cost {dice.randint(1, 50)}",
                f" ip ospf hello-interval {dice.randint(1, 5)}",
                f" ip ospf dead-interval {dice.randint(20, 40)}",
                " ip ospf network point-to-point",
                f" ip ospf priority {dice.randint(0, 3)}",
                " ip ospf authentication message-digest",
                f" ip ospf message-digest-key 1 md5 secret{dice.randint(1, 3)}",
                " ip ospf bfd",
            ],
            least=1,
        ),
    ]


def _ospf_area(dice: random.Random) -> Block:
    return [f"interface {dice.choice(('ax', 'bx'))}", f" ip ospf area {dice.choice(('0', '5'))}"]


def _ospf6(dice: random.Random) -> Block:
    return [
        "router ospf6",
        *_some(
            dice,
            [
                f" ospf6 router-id 192.0.2.{dice.randint(1, 3)}",
                " redistribute connected",
                f" area {dice.choice((1, 2))} stub",
                " timers lsa min-arrival 0",
                " log-adjacency-changes",
            ],
        ),
    ]


def _ospf6_interface(dice: random.Random) -> Block:
    return [
        f"interface {dice.choice(('ax', 'bx'))}",
        f" ipv6 ospf6 area {dice.choice(('0', '0.0.0.1'))}",
        *_some(dice, [f" ipv6 ospf6 cost {dice.randint(1, 50)}", " ipv6 ospf6 network point-to-point"]),
    ]


def _isis(dice: random.Random) -> Block:
    return [
        "router isis lab",
        f" net 49.0001.0000.0000.000{dice.randint(1, 3)}.00",
        *_some(
            dice,
            [
                f" is-type {dice.choice(('level-1', 'level-2-only'))}",
                " metric-style wide",
                f" lsp-gen-interval {dice.randint(1, 9)}",
                " redistribute ipv4 connected level-2",
                " log-adjacency-changes",
            ],
        ),
    ]


def _isis_interface(dice: random.Random) -> Block:
    return [
        f"interface {dice.choice(('ax', 'bx'))}",
        " ip router isis lab",
        *_some(
            dice, [" isis network point-to-point", f" isis metric {dice.randint(1, 60)}", " isis passive"]
        ),
    ]


def _rip(dice: random.Random) -> Block:
    return [
        "router rip",
        *_some(
            dice,
            [
                f" network {dice.choice(('ax', 'bx', '198.51.100.0/24'))}",
                " redistribute connected",
                f" timers basic {dice.choice(('5 15 10', '30 180 120'))}",
                " passive-interface bx",
                f" default-metric {dice.randint(1, 9)}",
                " version 2",
            ],
        ),
    ]


def _static(dice: random.Random) -> Block:
    hop = dice.choice(("198.51.100.9", "ax", "blackhole", "198.51.100.8 50", "198.51.100.7 tag 4"))
    return [f"ip route {_prefix(dice)} {hop}" for _ in range(dice.randint(1, 2))]


def _static_vrf(dice: random.Random) -> Block:
    return ["vrf red", f" ip route {_prefix(dice)} 198.51.100.{dice.randint(7, 9)}"]


def _described(dice: random.Random) -> Block:
    return [f"interface {dice.choice(('ax', 'bx'))}", f" description number {dice.randint(1, 9)}"]


def _bfd(dice: random.Random) -> Block:
    lines = ["bfd", f" profile {_name(dice, 'BF')}"]
    lines += _some(
        dice, [f"  detect-multiplier {dice.randint(2, 9)}", f"  receive-interval {dice.choice((100, 200))}"]
    )
    lines += _some(dice, [f" peer 198.51.100.{dice.randint(2, 4)}"])
    return lines


def _zebra(dice: random.Random) -> Block:
    return _some(
        dice,
        [
            f"ip protocol bgp route-map {_name(dice, 'RM')}",
            "ip nht resolve-via-default",
            f"router-id 192.0.2.{dice.randint(1, 3)}",
            "debug zebra rib",
            "zebra nexthop-group keep 5",
        ],
        least=1,
    )


def _debug(dice: random.Random) -> Block:
    return _some(dice, ["debug bgp updates in", "debug ospf event", "debug bgp keepalives"], least=1)


KINDS: tuple[Callable[[random.Random], Block], ...] = (
    _prefix_list,
    _prefix_list,
    _prefix_list6,
    _access_list,
    _as_path,
    _community_list,
    _route_map,
    _route_map,
    _route_map,
    _key_chain,
    _bgp,
    _bgp,
    _ospf,
    _ospf_interface,
    _ospf_area,
    _ospf6,
    _ospf6_interface,
    _isis,
    _isis_interface,
    _rip,
    _static,
    _static_vrf,
    _described,
    _bfd,
    _zebra,
    _debug,
)
