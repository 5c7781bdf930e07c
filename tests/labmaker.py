"""Small random labs, and random edits of them, as a person would make them.

Everything comes from a `random.Random`: the same seed gives the same labs. What the loader refuses or warns
of is not given: such a lab need not converge.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from nlan.errors import NlanError
from nlan.schema import load

Lab = dict[str, Any]
NAMES = ("r1", "r2", "r3", "r4", "r5", "r6", "edge", "core")
ASNS = (64496, 64497, 64498)


class LabMaker:
    """Makes labs; `directory` is where they are tried."""

    def __init__(self, seed: int, directory: Path) -> None:
        self._random, self._file = random.Random(seed), directory / f"tried-{seed}.yaml"

    def new(self) -> Lab:
        """Return a lab of two to four nodes."""
        while True:
            lab: Lab = {"nodes": {}, "links": [], "networks": {}}
            for name in self._random.sample(NAMES, self._random.randint(2, 4)):
                lab["nodes"][name] = self._node()
            names = list(lab["nodes"])
            for one, other in pairwise(names):
                lab["links"].append(self._link(one, other))
            for edit in self._random.choices(EDITS, k=self._random.randint(0, 4)):
                edit(self, lab)
            if self._is_sound(lab):
                return lab

    def edited(self, lab: Lab) -> Lab:
        """Return the lab after one to four edits; now and then a wholly other one."""
        if self._random.random() < 0.1:
            return self.new()
        while True:
            other = copy.deepcopy(lab)
            for edit in self._random.choices(EDITS, k=self._random.randint(1, 4)):
                edit(self, other)
            if other != lab and self._is_sound(other):
                return other

    def _is_sound(self, lab: Lab) -> bool:
        if not 2 <= len(lab["nodes"]) <= 6:
            return False
        self._file.write_text(text(lab), encoding="utf-8")
        try:
            return not load(self._file).warnings
        except NlanError:
            return False

    def _node(self) -> Lab:
        node: Lab = {}
        if self._random.random() < 0.7:
            node["asn"] = self._random.choice(ASNS)
        if self._random.random() < 0.5 or not node:
            node["ospf"] = True
        if self._random.random() < 0.4:
            node["hosts"] = self._random.randint(1, 2)
        if "ospf" not in node and self._random.random() < 0.25:
            node["engine"] = "gobgp"
        return node

    def _link(self, one: str, other: str) -> Lab:
        link: Lab = {"link": f"{one} -- {other}"}
        if self._random.random() < 0.4:
            link["type"] = "l2vpn"
        return link

    def _pick(self, lab: Lab) -> str:
        return self._random.choice(list(lab["nodes"]))

    # -- edits

    def add_node(self, lab: Lab) -> None:
        free = [name for name in NAMES if name not in lab["nodes"]]
        if free:
            name, other = self._random.choice(free), self._pick(lab)
            lab["nodes"][name] = self._node()
            lab["links"].append(self._link(name, other))

    def remove_node(self, lab: Lab) -> None:
        if len(lab["nodes"]) == 1:
            return
        name = self._pick(lab)
        del lab["nodes"][name]
        lab["links"] = [link for link in lab["links"] if name not in link["link"].split(" -- ")]
        for network in lab["networks"].values():
            network["nodes"] = [one for one in network["nodes"] if one != name]

    def rename_node(self, lab: Lab) -> None:
        free = [name for name in NAMES if name not in lab["nodes"]]
        if not free:
            return
        old, new = self._pick(lab), self._random.choice(free)
        lab["nodes"] = {new if name == old else name: node for name, node in lab["nodes"].items()}
        for link in lab["links"]:
            link["link"] = " -- ".join(new if end == old else end for end in link["link"].split(" -- "))
        for network in lab["networks"].values():
            network["nodes"] = [new if one == old else one for one in network["nodes"]]

    def change_node(self, lab: Lab) -> None:
        lab["nodes"][self._pick(lab)] = self._node()

    def change_as(self, lab: Lab) -> None:
        lab["nodes"][self._pick(lab)]["asn"] = self._random.choice(ASNS)

    def toggle_ospf(self, lab: Lab) -> None:
        node = lab["nodes"][self._pick(lab)]
        if node.pop("ospf", None) is None:
            node["ospf"] = True

    def toggle_engine(self, lab: Lab) -> None:
        node = lab["nodes"][self._pick(lab)]
        if node.pop("engine", None) is None:
            node["engine"] = "gobgp"

    def change_hosts(self, lab: Lab) -> None:
        lab["nodes"][self._pick(lab)]["hosts"] = self._random.randint(0, 2)

    def change_loopback(self, lab: Lab) -> None:
        node = lab["nodes"][self._pick(lab)]
        if node.pop("loopback", None) is None:
            node["loopback"] = f"192.0.2.{self._random.randint(1, 254)}/32"

    def change_routes(self, lab: Lab) -> None:
        node = lab["nodes"][self._pick(lab)]
        if node.pop("routes", None) is None:
            node["routes"] = {f"198.51.100.{self._random.randint(0, 15) * 16}/28": "blackhole"}

    def change_bgp(self, lab: Lab) -> None:
        node = lab["nodes"][self._pick(lab)]
        if node.pop("bgp", None) is None:
            node["bgp"] = self._random.choice(
                [
                    {"redistribute": ["connected", "static"]},
                    {"networks": ["203.0.113.0/24"]},
                    {"maximum_paths": 4},
                    {"hold_time_s": 9, "keepalive_s": 3},
                    {"password": "documented"},
                ]
            )

    def add_link(self, lab: Lab) -> None:
        if len(lab["nodes"]) > 1:
            one, other = self._random.sample(list(lab["nodes"]), 2)
            lab["links"].append(self._link(one, other))

    def remove_link(self, lab: Lab) -> None:
        if lab["links"]:
            lab["links"].pop(self._random.randrange(len(lab["links"])))

    def change_link(self, lab: Lab) -> None:
        if not lab["links"]:
            return
        link = self._random.choice(lab["links"])
        what = self._random.choice(["type", "mtu", "cost", "prefix"])
        values = {
            "type": "l2vpn",
            "mtu": 1400,
            "cost": self._random.randint(1, 50),
            "prefix": f"198.18.{self._random.randint(0, 255)}.0/24",
        }
        if link.pop(what, None) is None:
            link[what] = values[what]

    def change_vni(self, lab: Lab) -> None:
        tunnels = [link for link in lab["links"] if link.get("type") == "l2vpn"]
        if tunnels:
            self._random.choice(tunnels)["vni"] = self._random.randint(100, 999)

    def change_network(self, lab: Lab) -> None:
        if lab["networks"].pop("net", None) is None:
            members = [name for name in lab["nodes"] if self._random.random() < 0.7]
            lab["networks"]["net"] = {"nodes": members, "type": self._random.choice(["l2vpn", "lan"])}

    def toggle_ipv6(self, lab: Lab) -> None:
        if lab.pop("ipv6", None) is None:
            lab["ipv6"] = True


EDITS: tuple[Callable[[LabMaker, Lab], None], ...] = (
    LabMaker.add_node,
    LabMaker.remove_node,
    LabMaker.rename_node,
    LabMaker.change_node,
    LabMaker.change_as,
    LabMaker.toggle_ospf,
    LabMaker.toggle_engine,
    LabMaker.change_hosts,
    LabMaker.change_loopback,
    LabMaker.change_routes,
    LabMaker.change_bgp,
    LabMaker.add_link,
    LabMaker.remove_link,
    LabMaker.change_link,
    LabMaker.change_link,
    LabMaker.change_vni,
    LabMaker.change_network,
    LabMaker.toggle_ipv6,
)


def text(lab: Lab) -> str:
    """Return the lab as a file."""
    return yaml.safe_dump({key: value for key, value in lab.items() if value}, sort_keys=False)
