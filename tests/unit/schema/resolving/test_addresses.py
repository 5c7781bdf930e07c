"""`${r2@r3}` in FRR's lines."""

from pathlib import Path

import pytest

from nlan.schema import load
from nlan.services.router.model import Router

from ..conftest import Load, Problems

LAB = """
ipv6: true
nodes:
  r1:
    asn: 64496
    hosts: {{172.21.1.1/24: 1}}
    frr: |
      ! {}
  r2: {{asn: 64497}}
  r3: {{loopback: [2001:db8::9, 192.0.2.9]}}
links:
- r1 -- r2
- r2 -- r3
- r2 -- r3
- {{link: r1 -- r3, prefix: "2001:db8:7::/64"}}
networks: {{wan: {{type: lan, nodes: [r1, r2], prefix: 192.0.2.0/24}}}}
"""


def line_of(read: Load, words: str) -> str:
    router = read(LAB.format(words)).lab.node("r1").find(Router)
    assert router is not None
    assert router.raw is not None
    return router.raw.text.removeprefix("! ").strip()


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("${r2@r1--r2}", "10.1.0.2"),
        ("${r2@r1--r2/6}", "2001:db8:1::2"),
        ("${ r1@wan }", "192.0.2.1"),
        ("${r1@r3}", "2001:db8:7::1"),
        ("${r3@r2--r3.2/4}", "10.1.0.10"),
        ("${r3@lo}", "192.0.2.9"),
        ("${r3@lo/6}", "2001:db8::9"),
        ("${r2@eth1/4} and ${r2@eth1/6}", "10.1.0.2 and 2001:db8:1::2"),
        ("${r1@br_172.21.1.1}", "172.21.1.1"),
    ],
)
def test_an_address_by_where_it_is(said: str, address: str, read: Load) -> None:
    assert line_of(read, said) == address


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        ("r9@r1", "no node is called `r9`", ""),
        ("r2@r3", "`r2` and `r3` share 2 segments", "say `${r2@r2--r3}` or `${r2@r2--r3.2}`"),
        ("r2@r1", "`r2` and `r1` share 2 segments", "say `${r2@r1--r2}` or `${r2@wan}`"),
        ("r1@wam", "`wam` is no neighbour, segment or interface of `r1`", "did you mean `wan`?"),
        ("r1@r1", "`r1` is no neighbour, segment or interface of `r1`", ""),
        ("r1@wan/6", "`r1` has no IPv6 address at `wan`", ""),
    ],
)
def test_what_stands_for_no_address_is_said(
    said: str, message: str, hint: str, problems_of: Problems
) -> None:
    (problem,) = (one for one in problems_of(LAB.format(f"${{{said}}}")) if one.severity == "error")
    assert (problem.path, problem.message) == ("nodes.r1.frr", f"`${{{said}}}`: {message}")
    assert problem.hint == hint or not hint


def test_an_address_does_not_attach_to_the_underlay(read: Load) -> None:
    lab = read(LAB.format("${r2@wan}")).lab
    assert lab.underlay is None
    assert not any(node.attached or node.underlay for node in lab.nodes)


def test_elsewhere_than_in_lines_it_means_nothing(problems_of: Problems) -> None:
    (problem,) = problems_of("nodes: {r1: {routes: {192.0.2.0/24: '${r2@r1}'}}, r2: }\nlinks: [r1 -- r2]")
    assert problem.message == "`${r2@r1}` stands for an address in FRR's lines alone"


def test_a_template_names_them_too(read: Load) -> None:
    text = (
        "nodes:\n{% for i in range(1, 4) %}\n  r${i}:\n    frr: |\n"
        "      ! ${node('r' ~ i, 'r' ~ (i + 1 if i < 3 else 2))} ${r1@r2}\n{% endfor %}\n"
        "links: [r1 -- r2 -- r3]\n"
    )
    texts = [node.get(Router).raw.text.strip() for node in read(text).lab.nodes if node.get(Router).raw]
    assert texts == ["! 10.1.0.1 10.1.0.1", "! 10.1.0.5 10.1.0.1", "! 10.1.0.6 10.1.0.1"]


def test_a_file_of_lines_names_them_too(tmp_path: Path) -> None:
    (tmp_path / "r1.conf").write_text("! ${r2@r1} ${r2}\n")
    lab = tmp_path / "lab.yaml"
    lab.write_text("nodes: {r1: {frr: {file: r1.conf}}, r2: }\nlinks: [r1 -- r2]\n")
    router = load(lab).lab.node("r1").find(Router)
    assert router is not None
    assert router.raw is not None
    assert router.raw.text == "! 10.1.0.2 ${r2}\n"
