"""Placeholders and templates."""

import pytest

from nlan.schema.syntax import rendering
from nlan.schema.syntax.report import Report
from nlan.schema.syntax.template import CLOSE, OPEN, mark_names, spelled
from nlan.services.router.model import Router

from ..conftest import Load, Problems


def test_plain_names_keep_every_column_and_need_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "nlan.schema.syntax.rendering", None)  # importing it would fail
    text = "a: ${pe1}, ${ce-1}\n# ${1 + 1} in a comment\n"
    marked = mark_names(text, Report("f"))
    assert marked is not None
    assert marked[1] is None
    assert marked[0].index(OPEN) == text.index("$")
    assert marked[0].index(CLOSE) == text.index("}")
    assert spelled(marked[0]) == text


def test_problem_behind_a_placeholder_has_its_own_column(problems_of: Problems) -> None:
    text = "pe1: {Ptn: {w: {Links: {LocalIp: '${pe1}'}, L2Vpn: [{Peers: ['${pe1}'], Vni: 0}]}}}\n"
    errors = [problem for problem in problems_of(text) if problem.severity == "error"]
    assert [(problem.line, problem.column) for problem in errors] == [(1, text.index("0}") + 1)]


def test_loop_and_expressions(read: Load) -> None:
    loaded = read(
        "nodes:\n{% for i in range(1, 4) %}\n  r${i}: {asn: ${64495 + i}}\n{% endfor %}\nlinks: [r1 -- r2]\n"
    )
    assert [node.name for node in loaded.lab.nodes] == ["r1", "r2", "r3"]


def test_problem_behind_what_a_tag_became_has_its_own_column(problems_of: Problems) -> None:
    line = "  r${i}: {asn: ${64495 + i}, mtu: ${9 * i}, hots: 1}"
    text = f"nodes:\n{{% for i in range(1, 3) %}}\n{line}\n{{% endfor %}}\n"
    columns = {problem.path: (problem.line, problem.column) for problem in problems_of(text)}
    assert columns["nodes.r1.hots"] == columns["nodes.r2.hots"] == (3, line.index("hots") + 1)
    assert columns["nodes.r1.mtu"] == (3, line.index("${9") + 1)


def test_lines_are_the_sources_also_inside_of_messages(problems_of: Problems) -> None:
    loop = "{% for i in range(9) %}\n- s${i}\n{% endfor %}\n"
    text = (
        f"nodes:\n{loop}- r1: {{loopback: 192.0.2.1}}\n- r2: {{loopback: 192.0.2.1}}\n- r2\nlinks:\nlinks:\n"
    )
    said = {problem.line: problem.message for problem in problems_of(text)}
    assert said[9].endswith("the first is in line 8")
    ends = "{link: r1 -- r2, ends: {\n  r1: 192.0.2.1/24,\n  r2: 192.0.2.1/24}}"
    both = f"nodes:\n{loop}- r1\n- r2\nlinks:\n- {ends}\n"
    said = {problem.line: problem.message for problem in problems_of(both)}
    assert said[10].endswith("stands at r1 too (line 9)")


def test_lines_that_end_in_carriage_returns_are_counted_once(problems_of: Problems) -> None:
    text = "nodes:\n{% for i in range(1, 3) %}\n- r${i}\n{% endfor %}\nlniks: []\n"
    (problem,) = problems_of(text.replace("\n", "\r\n"))
    assert (problem.line, problem.column) == (5, 1)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("${ ''.__class__.__mro__[1].__subclasses__() }", "unsafe"),
        ("${ cycler.__init__.__globals__.os }", "no node is called"),
        ("${ [].append(1) }", "unsafe"),
        ("${ 'a' * 10**9 }", "memory"),
        (
            "{% set n = namespace(a='aa') %}{% for i in range(99) %}{% set n.a = n.a ~ n.a %}{% endfor %}",
            "memory",
        ),
        (
            "{% for i in range(99999) %}{% for j in range(99) %}${i}xxxxxxxxx{% endfor %}{% endfor %}",
            "grows above",
        ),
        ("{% include '/etc/passwd' %}", "fails"),
        ("{% import 'os' as os %}", "fails"),
        ("${ range(10**9) }", "too big"),
        ("${ unknown.name + 1 }", "undefined"),
        ("${ 1 | nosuchfilter }", "nosuchfilter"),
        ("{% for i in [1] %}" * 30 + "{% endfor %}" * 30, "too many statically nested blocks"),
        ("${'\\ud800'}", "surrogates not allowed"),
    ],
)
def test_templates_are_held_in_the_sandbox(template: str, said: str, problems_of: Problems) -> None:
    (problem,) = problems_of(f"nodes: [r1]\nname: {template}\n")
    assert said in problem.message


def test_node_whose_name_is_no_word_is_called_by_a_function(read: Load, problems_of: Problems) -> None:
    text = "{% if true %}\nnodes: {ce-1: , b: {routes: {192.0.2.0/24: NODE}}}\n{% endif %}\n"
    (problem,) = problems_of(text.replace("NODE", "${ce-1}"))
    assert problem.hint == "a node whose name is no plain word is `${node('NAME')}`"
    router = read(text.replace("NODE", "${node('ce-1')}")).lab.node("b").find(Router)
    assert router is not None
    assert str(router.routes[0].via) == "10.10.10.1"


def test_template_that_does_not_end_is_stopped(
    monkeypatch: pytest.MonkeyPatch, problems_of: Problems
) -> None:
    monkeypatch.setattr(rendering, "SECONDS", 0.5)
    loop = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    (problem,) = problems_of(f"nodes: [r1]\n{loop}\n")
    assert "ran longer than" in problem.message
