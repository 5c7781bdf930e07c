"""Labs as text of other tools, and of nlan."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from nlan.exporters.base import SEAM, Exported
from nlan.registry import Part, Registry
from nlan.schema import load

EXAMPLES = Path(__file__).parents[3] / "examples"


SMALL = """
nodes: {r1: {asn: 64496}, r2: {asn: 64497}, h1: , h2: }
links: [r1 -- r2]
networks: {office: {type: lan, nodes: [h1, h2, r1]}}
"""


def test_a_drawing() -> None:
    exported = Registry(()).of(SEAM)["graphviz"].export(load(Path("small.yaml"), text=SMALL).lab)
    assert exported.left_out == ()
    assert exported.files == {
        PurePosixPath("-"): """\
graph "small" {
  "r1" [shape=box, label="r1\\nAS 64496"];
  "r2" [shape=box, label="r2\\nAS 64497"];
  "h1" [shape=ellipse, label="h1"];
  "h2" [shape=ellipse, label="h2"];
  "r1" -- "r2" [taillabel="eth1", headlabel="eth1"];
  "segment 1" [shape=point];
  "h1" -- "segment 1" [taillabel="eth1"];
  "h2" -- "segment 1" [taillabel="eth1"];
  "r1" -- "segment 1" [taillabel="eth2"];
}
"""
    }


def test_every_node_and_segment_of_a_lab_is_drawn() -> None:
    exported = Registry(()).of(SEAM)["graphviz"].export(load(EXAMPLES / "wan-bgp.yaml").lab)
    (text,) = exported.files.values()
    assert text.count("shape=box") == 9
    assert text.count("shape=point") == 2  # the WANs, where all five meet
    assert text.count('-- "segment') == 10
    assert text.count("headlabel") == 8  # PE to CE
    assert exported.left_out == ("the 16 hosts behind nodes are not drawn",)


class Counting:
    """Somebody else's: how many nodes there are."""

    summary = "a number"

    def export(self, lab: object) -> Exported:
        return Exported({PurePosixPath("-"): str(lab)}, ("everything but their number is left out",))


COUNTING = Counting()


def test_formats_are_listed_with_where_they_come_from() -> None:
    own = f"{__name__}:COUNTING"
    registry = Registry(
        [Part("exporters", "count", "counting 1.0", own), Part("exporters", "x", "x 1", "os:path")]
    )
    formats = {part.name: part.origin for part in registry.parts(SEAM)}
    assert formats == {"graphviz": "nlan", "count": "counting 1.0"}
    assert {name: one.summary for name, one in registry.of(SEAM).items()}["count"] == "a number"
    assert [one.part.name for one in registry.broken] == ["x"]
