"""Where the lines of raw FRR configuration stand."""

from __future__ import annotations

from pathlib import Path

from nlan.schema import load

INLINE = """\
nodes:
  r1:
    frr: |
      router rip
       network eth1
  r2:
    frr:
      daemons: [ripd]
      text: |
        router rip
  r3:
    frr: router rip
  r4:
    frr:
      file: r4.conf
{% for i in [5, 6] %}
  r${i}:
    frr: |
      ! router
      router rip
{% endfor %}
links: [r1 -- r2 -- r3 -- r4 -- r5 -- r6]
"""


def test_each_line_has_its_place(tmp_path: Path) -> None:
    file = tmp_path / "lab.yaml"
    file.write_text(INLINE)
    (tmp_path / "r4.conf").write_text("router rip\n network eth1\n")
    found = load(file).raw
    assert found["r1"] == (str(file), (4, 5, 6))
    assert found["r2"] == (str(file), (10, 11))
    assert found["r3"] == (str(file), (12,))
    assert found["r4"] == (str(tmp_path / "r4.conf"), (1, 2, 3))
    assert found["r6"][1][:2] == (19, 20)
