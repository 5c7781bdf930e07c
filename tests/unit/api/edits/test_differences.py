"""Two labs compared, in the words of `nlan show`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nlan.api.edits.differences import MISSING, Difference, differences, without_secrets
from nlan.cli.commands.change.diff import _lines, _value
from nlan.model import Lab
from nlan.schema import load

PAIR = "nodes:\n  r1: {asn: 64496, hosts: 2, frr: 'bfd'}\n  r2: {asn: 64497}\nlinks: [r1 -- r2]\n"


def lab(*changes: tuple[str, str], text: str = PAIR) -> Lab:
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return load(Path("x.yaml"), text=text).lab


def shown(before: Lab, after: Lab, *, secrets: bool = False) -> list[str]:
    return [line for one in _shown(differences(before, after), secrets) for line in _lines(one)]


def _shown(found: list[Difference], secrets: bool) -> list[Difference]:
    return found if secrets else [without_secrets(one) for one in found]


def test_equal_labs_have_none() -> None:
    assert differences(lab(), lab()) == []


def test_a_value_is_told_by_its_path_as_set_takes_it() -> None:
    assert shown(lab(), lab(("64497", "64498"))) == [
        "- r1.router.bgp.peers.0.remote_as: 64497",
        "+ r1.router.bgp.peers.0.remote_as: 64498",
        "- r2.router.bgp.asn: 64497",
        "+ r2.router.bgp.asn: 64498",
    ]


def test_an_item_that_went_leaves_the_others_alone() -> None:
    assert shown(lab(("hosts: 2", "hosts: 3")), lab()) == ["- r1.vhosts.0.hosts.2: 172.21.1.4/24"]
    found = differences(lab(), lab(("\nlinks", "\n  r3:\nlinks")))
    assert [(one.path, one.before) for one in found] == [(("r3",), MISSING)]


def test_a_node_that_came_is_told_in_yaml() -> None:
    lines = shown(lab(), lab(("\nlinks", "\n  r3:\nlinks")))
    assert lines[:3] == ["+ r3:", "+     name: r3", "+     attached: false"]


def test_lines_of_frr_are_compared_as_lines() -> None:
    many = lab(("'bfd'", '"ip route 192.0.2.0/24 blackhole\\nbfd"'))
    assert shown(lab(), many) == ["~ r1.router.frr.text:", "+     ip route 192.0.2.0/24 blackhole"]


@pytest.mark.parametrize("secrets", [False, True])
def test_another_password_is_told_without_it(secrets: bool) -> None:
    before, after = (lab(("asn: 64496", f"asn: 64496, bgp: {{password: {key}}}")) for key in ("one", "two"))
    wanted = ["- r1.router.bgp.peers.0.password: {}", "+ r1.router.bgp.peers.0.password: {}"]
    keys = ("one", "two") if secrets else ("<secret>", "<secret>")
    told = shown(before, after, secrets=secrets)
    assert told == [line.format(key) for line, key in zip(wanted, keys, strict=True)]
    values = [_value(one) for one in _shown(differences(before, after), secrets)]
    assert ("two" in json.dumps(values)) == secrets
