"""Distributions that do not go together, that have bugs, or that are gone: named, each with what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from plugins.installing import beside, write_metadata
from plugins.test_parts import LAB
from support import Nlan

SERVICE = """
from nlan.schema.written.scalars import Text
from nlan.schema.written.sections import Contribution, Key
from nlan.services.base import Service, Stage


class Drains(Service):
    name, stage = "drains", Stage.SEGMENTS

    def contribution(self):
        return Contribution({"a node": [Key("sinks", Text(), "Something else.")]})


class Repainted(Service):
    name, stage = "repainted", Stage.PROGRAMS

    def expand(self, node, lab, context):
        import msgspec
        return [msgspec.structs.replace(one, mtu=1000) for one in context.stands_on if one.kind == "ifb"]


class Careless(Service):
    name, stage = "careless", Stage.PROGRAMS

    def expand(self, node, lab, context):
        return [] + None


DRAINS, REPAINTED, CARELESS = Drains(), Repainted(), Careless()
"""
KINDS = """
from lookout.ifb import IfbKind


class Breaking(IfbKind):
    def create(self, desired):
        raise KeyError(desired.name)


KIND = Breaking()
"""


@pytest.fixture
def more(nlan: Nlan, tmp_path: Path) -> Path:
    """Give a folder for another distribution, beside what is installed."""
    site = tmp_path / "more"
    site.mkdir()
    (site / "drains.py").write_text(SERVICE)
    (site / "breaking.py").write_text(KINDS)
    beside(nlan, site)
    return site


def test_two_services_with_one_key(nlan: Nlan, more: Path) -> None:
    write_metadata(more, "our-drains", "0.3", {"nlan.services": {"drains": "drains:DRAINS"}})
    words = (
        "the service drains of our-drains 0.3 and the service sinks of nlan-lookout 1.2 do not go together: "
        "`sinks` of a node is contributed, and is there already; uninstall one of them"
    )
    file = nlan.write(LAB)
    assert nlan("plan", file, code=1).err == f"error: {words}\n"
    assert nlan("plan", file, "--json", code=1).json["error"]["kind"] == "PluginError"
    assert f"clash: {words}\n" in nlan.run("doctor").out


def test_two_services_that_describe_one_thing_differently(nlan: Nlan, more: Path) -> None:
    write_metadata(more, "our-paint", "2", {"nlan.services": {"repainted": "drains:REPAINTED"}})
    assert nlan("plan", nlan.write(LAB), code=1).err == (
        "error: the service sinks of nlan-lookout 1.2 and the service repainted of our-paint 2 describe "
        "r1 ifb flood differently: do not use both, or uninstall one of them\n"
    )
    nlan("plan", nlan.write("nodes: [r1]\n", "other.yaml"), code=2)


def test_two_kinds_of_one_name(nlan: Nlan, more: Path) -> None:
    write_metadata(more, "our-blocks", "1", {"nlan.kinds": {"blocks": "breaking:KIND"}})
    words = (
        "the kind blocks of our-blocks 1 and the kind ifb of nlan-lookout 1.2 both make resources "
        "called ifb: uninstall one of them"
    )
    assert f"clash: {words}\n" in nlan.run("doctor").out
    assert words in nlan.run("up", nlan.write(LAB), "--lab", nlan.name("two")).err


def test_a_kind_of_a_name_that_nlan_has(nlan: Nlan, more: Path) -> None:
    (more / "lesser.py").write_text("from nlan.kinds.bridge import KIND\n")
    write_metadata(more, "our-bridges", "1", {"nlan.kinds": {"lesser": "lesser:KIND"}})
    reason = "InternalError: nlan has a kind of resource bridge of its own"
    assert f"left out: kinds lesser of our-bridges 1: {reason}\n" in nlan.run("doctor").out


def test_a_bug_of_a_plugin_is_the_plugins(nlan: Nlan, more: Path) -> None:
    write_metadata(more, "our-care", "0.1", {"nlan.services": {"careless": "drains:CARELESS"}})
    file = nlan.write(LAB)
    lines = nlan("plan", file, code=1).err.splitlines()
    assert lines[-2].startswith("TypeError: ")
    assert lines[-1] == (
        "this is a bug in the service careless of our-care 0.1; please report it to its authors, "
        "not to nlan's, with the lines above"
    )
    error = nlan("plan", file, "--json", code=1).json["error"]
    assert error["message"].startswith("a bug in the service careless of our-care 0.1: TypeError: ")


@pytest.mark.lab
@pytest.mark.skipif(os.geteuid() != 0, reason="labs need root")
def test_a_bug_of_a_plugin_in_the_middle_undoes_what_was_done(nlan: Nlan, more: Path, site: Path) -> None:
    lab = nlan.name("half")
    nlan.env["PYTHONPATH"] = nlan.env["PYTHONPATH"].replace(str(site), "")
    (more / "lookout").symlink_to(site / "lookout")
    points = {
        "nlan.services": {"sinks": "lookout.sinks:SERVICE"},
        "nlan.kinds": {"blocks": "breaking:KIND"},
    }
    write_metadata(more, "our-blocks", "1", points)
    error = nlan("up", nlan.write(LAB), "--lab", lab, code=1).err
    assert "a bug in the kind blocks of our-blocks 1: KeyError: 'drain'" in error
    assert "everything was undone: the network is as it was before" in error
    assert lab not in nlan.running()


@pytest.mark.lab
@pytest.mark.skipif(os.geteuid() != 0, reason="labs need root")
def test_a_lab_of_a_plugin_that_is_gone_says_so_and_goes(nlan: Nlan) -> None:
    lab = nlan.name("gone")
    nlan("up", nlan.write(LAB), "--lab", lab)
    path = nlan.env.pop("PYTHONPATH")
    words = (
        f"{lab}: its database cannot be read (Object contains unknown field `sinks` - at `$.nodes[0]`): "
        "it was made with services sinks of nlan-lookout 1.2, which is not installed; install that again, or "
        "`nlan up FILE` describes the lab anew"
    )
    assert nlan("set", "r2.forwarding", "true", "-l", lab, code=1).err == f"error: {words}\n"
    assert words in nlan("ls").err
    assert [row["reason"] for row in nlan("ls", "--json").json if row["lab"] == lab] == [words]
    nlan("exec", "r1", "-l", lab, "--", "true")
    nlan("down", lab)
    assert lab not in nlan.running()
    nlan.env["PYTHONPATH"] = path
    nlan("rollback", "1", "-l", lab)
    nlan("down", lab)
