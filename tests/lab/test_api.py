"""nlan from Python: what docs/api.md and the README show is run, and each call is what the page says."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nlan import Environment, Lab, Listener, NlanError, labs
from nlan.api import LabText, Operation, Paths, Plan, Report, edits
from nlan.errors import ApplyError, InputError, LockedError, NotFoundError
from nlan.keep import Session
from nlan.services.router.model import Router
from support import EXAMPLES, ROOT, Machine, Nlan

FILE = """
nodes:
  r1: {asn: 64496, hosts: 1}
  r2: {asn: 64497, hosts: 1}
links: [r1 -- r2]
"""


class Recorder(Listener):
    """Records what it is called with."""

    one_by_one = True

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self.counts = {"before": 0, "done": 0, "waiting": 0, "ended": 0}
        self.notes: list[str] = []

    def say(self, text: str) -> None:
        self.notes.append(text)

    def planned(self, plan: Plan) -> None:
        self.plans.append(plan)

    def before(self, operation: Operation) -> None:
        self.counts["before"] += 1

    def done(self, operation: Operation, error: NlanError | None) -> None:
        self.counts["done"] += error is None

    def waiting(self, text: str) -> None:
        self.counts["waiting"] += 1

    def ended(self) -> None:
        self.counts["ended"] += 1


@pytest.fixture(scope="module")
def environment(module_nlan: Nlan) -> Environment:
    return Environment(Paths()._replace(state=Path(module_nlan.env["NLAN_STATE_DIR"])))


@pytest.fixture(scope="module")
def lab(module_nlan: Nlan, environment: Environment) -> Iterator[Lab]:
    """A lab that runs."""
    lab = Lab.from_text(FILE, name=module_nlan.name(), environment=environment)
    assert lab.up().converged
    yield lab
    lab.down(purge=True)


@pytest.mark.parametrize("page", ["README.md", "docs/api.md"])
def test_what_the_page_shows_works(
    page: str, nlan: Nlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name, machine = nlan.name(), Machine.look(nlan.prefix)
    run_block(page, 0, nlan, tmp_path, monkeypatch)
    out = capsys.readouterr().out
    assert re.match(rf"{name}: \d\d operations, \d+\.\d\d s\n", out)
    assert "10.0.0.1/32" in out
    assert name not in nlan.running()
    machine.same(nlan.prefix)


def test_a_program_keeps_a_lab(
    nlan: Nlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine.look(nlan.prefix)
    run_block("docs/api.md", 1, nlan, tmp_path, monkeypatch)
    assert re.match(r"create r[12] veth eth1: missing \(\d+ ms\)\n", capsys.readouterr().out)
    assert nlan.name() not in nlan.running()
    machine.same(nlan.prefix)


def run_block(page: str, number: int, nlan: Nlan, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run one of a page's blocks of Python, in a folder with the example under the test's name of a lab."""
    blocks = re.findall(r"^```python\n(.*?)^```$", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)
    (folder / "examples").mkdir()
    text = (EXAMPLES / "two-routers.yaml").read_text()
    (folder / "examples" / "two-routers.yaml").write_text(f"name: {nlan.name()}\n{text}")
    monkeypatch.setenv("NLAN_STATE_DIR", nlan.env["NLAN_STATE_DIR"])
    monkeypatch.chdir(folder)
    exec(compile(blocks[number], page, "exec"), {})


def test_a_session_ends_as_soon_as_it_begins_where_it_was_stopped(lab: Lab) -> None:
    reports: list[Report] = []
    with Session(lab, reports.append) as session:
        assert lab.kept_by == os.getpid()
        with pytest.raises(LockedError, match="kept already"), Session(lab):
            pass
        session.stop()
        session.run()
    assert [report.event for report in reports] == ["ended"]
    assert reports[0].fields == {"reason": "stopped"}
    session.stop()
    assert (lab.kept_by, session.is_lost) == (None, False)


def test_a_listener_is_told_how_far_a_run_is(nlan: Nlan, environment: Environment) -> None:
    recorder = Recorder()
    lab = Lab.from_text(FILE, name=nlan.name(), environment=environment, listener=recorder)
    expected = lab.plan()
    done = lab.up(wait="no")
    assert [str(o) for o in done.plan.operations] == [str(o) for o in expected.operations]
    assert recorder.plans == [done.plan]
    assert recorder.counts["before"] == recorder.counts["done"] == len(done.plan)
    assert recorder.counts["ended"]
    assert not lab.plan()
    assert lab.down(purge=True).forgotten
    with pytest.raises(NotFoundError, match=f"no lab {lab.name} runs"):
        lab.down()


def test_a_lab_that_runs_answers(lab: Lab, environment: Environment) -> None:
    same = Lab.find(lab.name, environment=environment)
    status = same.status()
    assert status.ok
    assert [node.bgp_up for node in status.nodes if "/" not in node.name] == [1, 1]
    assert same.resolved() == lab.resolved()
    assert same.namespaces() == ["r1", "r2"]
    assert same.exec("r1", ["hostname"]) == (0, "r1\n", "")
    assert same.exec("r1", ["sh", "-c", "kill -9 $$"]).exit == 137
    assert {name: one.stdout for name, one in same.exec_all(["hostname"]).items()} == {
        "r1": "r1\n",
        "r2": "r2\n",
    }
    assert same.ping().ok
    assert same.ping("r1", "192.0.2.77", timeout_s=0.1).pairs[0].rtt_ms == [None]
    (listed,) = [one for one in labs(environment) if one.lab == lab.name]
    assert (listed.state, listed.nodes, listed.hosts) == ("running", 2, 2)


def test_a_change_is_planned_made_compared_and_taken_back(lab: Lab) -> None:
    before = lab.history(1)[0].revision
    edit = edits.set_value("r1.asn", "64500")
    assert [o.key.kind for o in lab.plan(edit).operations] == ["frr", "frr"]
    done = lab.change(edit, wait="up", message="another AS")
    assert (done.waited, done.lab.node("r1").get(Router).bgp.asn) == ("up", 64500)  # type: ignore[union-attr]
    assert lab.history(1)[0].message == "another AS"
    differences = {".".join(one.path): (one.before, one.after) for one in lab.diff(before, done.revision)}
    assert differences["r1.router.bgp.asn"] == (64496, 64500)
    assert lab.distance(before).plan
    lab.rollback(before)
    assert not lab.distance(before).plan
    assert not lab.plan()


def test_a_change_that_nobody_confirms_undoes_itself(lab: Lab) -> None:
    done = lab.set("r1.asn", "64501", confirm_s=0.2, wait="no")
    assert done.waiting is not None
    assert not lab.wait_for_confirmation(done.waiting)
    assert lab.status().revision != done.revision
    waiting = lab.set("r1.asn", "64501", confirm_s=60, wait="no").waiting
    assert waiting is not None
    assert lab.confirm() == waiting
    with pytest.raises(NotFoundError, match="no change waits to be confirmed"):
        lab.confirm()
    lab.set("r1.asn", "64496")


def test_a_text_is_edited(lab: Lab) -> None:
    def shorter(text: LabText) -> object:
        return text.read(text.text.replace("mtu: 1500", "mtu: 1400"))

    lab.edit(shorter, node="r1", wait="up")  # type: ignore[arg-type]
    assert {one.mtu for one in lab.known().node("r1").interfaces} == {1400}  # type: ignore[union-attr]
    lab.up()
    assert not lab.plan()


def test_what_happens_is_told_as_it_happens(lab: Lab) -> None:
    with lab.watch() as watching:
        change = threading.Thread(target=lambda: lab.exec("r1", ["ip", "link", "add", "x", "type", "bridge"]))
        change.start()
        report = next(one for one in watching if one.fields.get("interface") == "x")
        change.join()
    assert (report.event[:5], report.fields["node"]) == ("link-", "r1")
    lab.exec("r1", ["ip", "link", "del", "x"])


def test_what_is_wrong_is_an_error_of_its_kind(lab: Lab, environment: Environment) -> None:
    with pytest.raises(InputError) as raised:
        Lab.from_text("nodes:\n  r1: {asn: 64496, hots: 1}\n", environment=environment)
    (problem,) = raised.value.problems
    assert (problem.line, problem.column, problem.path) == (2, 20, "nodes.r1.hots")
    with pytest.raises(InputError):
        lab.set("r1.asn", "many")
    with pytest.raises(NotFoundError):
        lab.exec("r7", ["true"])
    with pytest.raises(NotFoundError):
        Lab("nowhere", environment=environment).status()
    lab.exec("r1", ["ip", "link", "add", "int_br9", "type", "bridge"])
    more = FILE + "networks:\n  more: {nodes: [r1, r2], vni: 9, prefix: 192.0.2.0/26, bgp: false}\n"
    with pytest.raises(ApplyError, match="everything was undone") as failed:
        Lab.from_text(more, name=lab.name, environment=environment).up(wait="no")
    assert failed.value.node == "r1"
    lab.exec("r1", ["ip", "link", "del", "int_br9"])
    assert not lab.plan()
