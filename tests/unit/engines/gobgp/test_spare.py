"""What is said of the whole lab and means nothing to GoBGP is no part of what GoBGP shall do."""

from __future__ import annotations

from pathlib import Path

from nlan.schema import check, load
from nlan.services.router.model import Router

FILE = """
bgp: {maximum_paths: 4, redistribute: [connected, kernel]}
nodes:
  rr: {asn: 64496, engine: gobgp}
  r1: {asn: 64496}
links: [rr -- r1]
"""


def test_it_is_left_out_so_that_the_lab_can_be_changed_without_its_file() -> None:
    loaded = load(Path("lab.yaml"), text=FILE)
    assert len(loaded.warnings) == 2
    reflector, other = (node.get(Router).bgp for node in loaded.lab.nodes if node.find(Router))
    assert reflector is not None
    assert other is not None
    assert (reflector.maximum_paths, reflector.redistribute) == (None, ("connected",))
    assert (other.maximum_paths, other.redistribute) == (4, ("connected", "kernel"))
    assert check(loaded.lab) == ()
