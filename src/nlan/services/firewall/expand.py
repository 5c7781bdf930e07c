"""A firewall as a table of nftables: a chain for what passes the node, one for what is meant for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nlan.kinds.nft import Chain, Nft
from nlan.services.firewall.model import Firewall, Rule, Side

VERDICTS = {"allow": "accept", "deny": "drop", "reject": "reject"}
COMMENT_MAX = 120
"""Characters; nft(8) takes 128."""
KNOWN = ("ct state established,related accept", "ct state invalid drop")
FORWARDED = 'ct status dnat accept comment "ports that are forwarded"'


def table(node: str, firewall: Firewall) -> Nft:
    """Return the table of a node's rules."""
    through = [rule for rule in firewall.rules if not rule.destination.itself]
    itself = [rule for rule in firewall.rules if rule.destination.itself]
    last = () if firewall.default == "allow" else (f'counter {VERDICTS[firewall.default]} comment "default"',)
    forward = Chain("forward", (*KNOWN, FORWARDED, *_rules(through), *last), hook="forward")
    chains = [forward]
    if itself:
        own = 'iifname "lo" accept'
        chains.append(Chain("input", (own, KNOWN[0], *_rules(itself)), hook="input"))
    return Nft(namespace=node, family="inet", name="nlan_firewall", chains=tuple(chains))


def _rules(rules: Iterable[Rule]) -> Iterator[str]:
    for rule in rules:
        words = [*_side("i", "saddr", rule.source), *_side("o", "daddr", rule.destination), *_what(rule)]
        words += ["counter", VERDICTS[rule.action], f'comment "{rule.text[:COMMENT_MAX]}"']
        yield " ".join(words)


def _side(way: str, address: str, side: Side) -> Iterator[str]:
    if side.interface is not None:
        yield f'{way}ifname "{side.interface}"'
    if side.prefix is not None:
        yield f"{'ip' if side.prefix.version == 4 else 'ip6'} {address} {side.prefix}"


def _what(rule: Rule) -> Iterator[str]:
    if rule.ports:
        ports = rule.ports[0] if len(rule.ports) == 1 else f"{{ {', '.join(rule.ports)} }}"
        yield f"{rule.protocol} dport {ports}"
    elif rule.protocol == "icmp":
        yield "meta l4proto { icmp, ipv6-icmp }"
    elif rule.protocol:
        yield f"meta l4proto {rule.protocol}"
