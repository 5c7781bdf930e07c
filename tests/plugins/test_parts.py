"""Somebody else's distribution is known to every verb that needs no network, and to none of nlan's files."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

from plugins.installing import DISTRIBUTION, beside, project, write_metadata
from support import ROOT, Nlan

NAMES = {name for parts in project()["entry-points"].values() for name in parts}
LAB = """\
nodes:
  r1: {sinks: {flood: {mtu: 1400, address: 198.51.100.1/24}, drain: }}
  r2:
links: [r1 -- r2]
"""


@pytest.mark.parametrize("name", sorted({*NAMES, "lookout"}))
def test_nlan_has_no_word_of_it(name: str) -> None:
    found = subprocess.run(["grep", "-rliwI", "--", name, ROOT / "src"], capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (1, "")


def test_doctor_lists_its_parts_and_tries_what_its_kind_needs(nlan: Nlan) -> None:
    rows = {row["name"]: row for row in json.loads(nlan.run("doctor", "--json").out)}
    groups = project()["entry-points"]
    origins = {
        f"{group.removeprefix('nlan.')} {name}": f"{project()['name']} {project()['version']}"
        for group, parts in groups.items()
        for name in parts
    }
    assert {name: rows[name]["detail"] for name in origins} == origins
    assert all(rows[name]["present"] for name in origins)
    assert rows["ifb"]["purpose"] == "sinks"


def test_what_is_broken_is_named_and_left_out(nlan: Nlan, tmp_path: Path) -> None:
    site = tmp_path / "broken"
    groups = project()["entry-points"]
    write_metadata(
        site, "breakage", "0.1", {g: {"lost": "nowhere:LOST", "half": "half:HALF"} for g in groups}
    )
    (site / "half.py").write_text("HALF = object()\n")
    beside(nlan, site)
    doctor = nlan.run("doctor").out
    for seam in (group.removeprefix("nlan.") for group in groups):
        lost = f"left out: {seam} lost of breakage 0.1: ModuleNotFoundError: No module named 'nowhere'\n"
        assert lost in doctor
        assert f"left out: {seam} half of breakage 0.1: it lacks " in doctor
    assert "nlan-lookout 1.2" in doctor
    nlan("plan", nlan.write(LAB), code=2)


def test_its_keys_are_in_the_schema(nlan: Nlan) -> None:
    schema = nlan("schema").json
    node = schema["$defs"]["node"]["properties"]
    assert node["sinks"]["description"] == "Sinks by the name of their interface."
    sink = schema["$defs"]["sink"]["properties"]
    assert set(sink) == {"mtu", "address", "swallows"}
    assert "beacon" in json.dumps(node["engine"])
    assert "patchbay" in json.dumps(schema["$defs"]["lab"]["properties"]["dataplane"])


def test_its_keys_and_its_page_are_in_the_reference(nlan: Nlan) -> None:
    reference = nlan("schema", "--docs").out
    assert "\n- [Sinks: where packets end](https://lookout.example/sinks)\n" in reference
    assert "\n## sink\n\nAn interface that swallows what is sent to it.\n" in reference
    assert "| `sinks`, `Sinks` | " in reference


def test_what_it_plans_is_shown(nlan: Nlan) -> None:
    file = nlan.write(LAB)
    operations = nlan.operations(file)
    assert [o for o in operations if " ifb " in o or "198.51.100" in o] == [
        "+ r1 ifb drain [hitless]",
        "+ r1 ifb flood [hitless]",
        "+ r1 address flood 198.51.100.1/24 [hitless]",
    ]
    shown = nlan("show", file, "--json").json["nodes"][0]["sinks"]
    assert shown == [
        {"name": "flood", "mtu": 1400, "addresses": ["198.51.100.1/24"], "swallows": [], "wired": ""},
        {"name": "drain", "mtu": 1500, "addresses": [], "swallows": [], "wired": ""},
    ]


def test_what_is_wrong_with_its_keys_is_said_where_it_stands(nlan: Nlan) -> None:
    file = nlan.write("nodes: {r1: {sinks: {flood: {mtu: 1000, address: '2001:db8::1/64', colour: red}}}}\n")
    assert nlan("plan", file, code=1).err == (
        f"{file}:1:35: error: nodes.r1.sinks.flood.mtu: "
        "IPv6 needs an MTU of 1280 at least (RFC 8200), and `flood` has 1000\n"
        f"{file}:1:68: error: nodes.r1.sinks.flood.colour: `colour` is no key of a sink\n"
        "2 errors; nothing was touched\n"
    )


CUT = """\
nodes: [r1, r2]
links: [r1 -- r2, {link: r1 -- r2, type: cut, mtu: 1400}]
"""


def test_its_type_of_links_is_chosen_in_a_file(nlan: Nlan) -> None:
    file = nlan.write(CUT)
    assert {o.split(" [")[0] for o in nlan.operations(file) if " eth2 " in o} == {
        "+ r1 ifb eth2",
        "+ r2 ifb eth2",
        "+ r1 address eth2 10.1.0.5/30",
        "+ r2 address eth2 10.1.0.6/30",
    }
    assert '[taillabel="eth2, cut", headlabel="eth2, cut"]' in nlan("export", "graphviz", file).out
    assert "cut" in json.dumps(nlan("schema").json["$defs"]["link"]["properties"]["type"])
    assert "`cut`: two sinks, which hear nothing of each other" in nlan("schema", "--docs").out
    wrong = nlan.write(CUT.replace("cut", "cot"), "wrong.yaml")
    assert "`cot` is not `veth`, `vxlan`, `l2vpn` or `cut`" in nlan("plan", wrong, code=1).err


SWALLOWING = LAB.replace("198.51.100.1/24", "198.51.100.1/24, swallows: 203.0.113.0/24")
EXPECTED = """
import sys
from pathlib import Path
from nlan.expect import expectation
from nlan.schema import load
routes = expectation(load(Path(sys.argv[1])).lab).routes
print({name: [*map(str, prefixes)] for name, prefixes in routes.items()})
"""


def test_what_it_brings_is_expected(nlan: Nlan) -> None:
    file = nlan.write(SWALLOWING)
    assert "+ r1 route 203.0.113.0/24 [hitless]" in nlan.operations(file)
    command = [sys.executable, "-c", EXPECTED, file]
    asked = subprocess.run(command, env=nlan.env, capture_output=True, text=True, check=True)
    assert asked.stdout == "{'r1': ['203.0.113.0/24']}\n"
    nowhere = nlan.write(LAB.replace("drain: ", "drain: {swallows: 2001:db8::/32}"))
    assert "`drain` has no IPv6 address to lead there by" in nlan("plan", nowhere, code=1).err


TALLY = "# tally\nrouter r1 64496\nrouter r2 64497\nwire r1 r2\nsink r1 flood 1400\n"


def test_its_files_are_read(nlan: Nlan) -> None:
    operations = nlan.operations(nlan.write(TALLY, "lab.tally"))
    assert "+ r1 ifb flood [hitless]" in operations
    assert "+ r1 veth eth1 [hitless]" in operations


def test_what_is_wrong_with_its_files_is_said_of_their_own_lines(nlan: Nlan) -> None:
    wrong = TALLY.replace("64497", "99999999999").replace("1400", "14") + "paint r1\n"
    file = nlan.write(wrong, "lab.tally")
    assert nlan("plan", file, code=1).err == (
        f"{file}:3:11: error: nodes.r2.asn: 99999999999 is above 4294967295, the largest AS number "
        "(RFC 6793)\n"
        f"{file}:5:15: error: nodes.r1.sinks.flood.mtu: 14 is below 68, the smallest MTU\n"
        f"{file}:6:1: error: `paint r1` is no line of a tally\n3 errors; nothing was touched\n"
    )


def test_its_format_is_written(nlan: Nlan, tmp_path: Path) -> None:
    assert nlan("export", "--json").json["rollcall"] == "who is there, a file for each node"
    file = nlan.write(LAB)
    assert "2 files" in nlan("export", "rollcall", file, code=1).err
    done = nlan("export", "rollcall", file, "-o", str(tmp_path / "rolls"))
    assert (done.out, done.err) == ("", "left out: 1 links are not told\n")
    assert (tmp_path / "rolls/lab/r2.txt").read_text() == "r2: here\n"
    shown = nlan("export", "rollcall", file, "--json").json
    assert shown["left_out"] == ["1 links are not told"]
    assert shown["files"]["lab/r1.txt"] == "r1: here\n"


def test_its_verb_is_helped_with(nlan: Nlan) -> None:
    assert "count the nodes of a lab" in nlan("--help").out
    assert "count the nodes of a lab" in nlan("census", "--help").out


def test_an_installer_finds_the_same_in_it(site: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "installed"
    shutil.copytree(DISTRIBUTION, source)  # building leaves files behind
    pip = [sys.executable, "-m", "pip", "-q", "install", "--no-deps", "--target", str(target), str(source)]
    done = subprocess.run(pip, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert _listed(target) == _listed(site)


def _listed(folder: Path) -> tuple[set[str], set[tuple[str, str, str]]]:
    """Return the modules that are installed in a folder, and the entry points."""
    modules = {str(path.relative_to(folder)) for path in folder.rglob("*.py")}
    (found,) = distributions(path=[str(folder)])
    return modules, {(point.group, point.name, point.value) for point in found.entry_points}
