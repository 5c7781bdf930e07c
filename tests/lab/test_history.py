"""Revisions of a running lab: there and back, changes that undo themselves, changes without the file."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nlan.confirmation import Confirmation
from nlan.paths import Paths
from nlan.runtimes.netns.runtime import NetnsRuntime
from nlan.state import open_state
from support import Nlan
from wan import Document, edge, l2vpn, neighbors, plug, set_asn, text, vpns, wan

BEFORE = "nodes:\n  r1: {asn: 64496, hosts: 1}\n  r2: {asn: 64497, hosts: 1}\nlinks: [r1 -- r2]\n"
AFTER = BEFORE.replace("hosts: 1", "hosts: 2")


def more_l2vpn(lab: Document) -> None:
    vpns(lab, "pe1", "wan").append(l2vpn(900, "10.209.0.1/24", "pe2"))
    vpns(lab, "pe2", "wan").append(l2vpn(900, "10.209.0.2/24", "pe1"))


def more_vhosts(lab: Document) -> None:
    lab["ce1"]["Vhosts"]["VhostProps"][0]["Vhosts"] = 3


def other_mtu(lab: Document) -> None:
    vpns(lab, "pe1", "access")[0]["Mtu"] = 1400
    vpns(lab, "ce1", "access")[0]["Mtu"] = 1400


def one_more_ce(lab: Document) -> None:
    plug(lab, 1, 5)
    lab["ce5"] = edge(5, (1,))


def other_asn(lab: Document) -> None:
    set_asn(lab, "ce2", 1012)
    for pe in ("pe1", "pe2"):
        neighbors(lab, pe)[2]["RemoteAs"] = 1012


EDITS: tuple[Callable[[Document], None], ...] = (more_l2vpn, more_vhosts, other_mtu, one_more_ce, other_asn)
FLAPPING = {"ce2 10.201.12.1", "ce2 10.202.12.1", "pe1 10.201.12.2", "pe2 10.202.12.2"}
"""Ends of the sessions of the CE that moves to another AS and back."""


def test_the_wan_through_five_edits_and_back(nlan: Nlan) -> None:
    lab, document = nlan.name(), wan()
    revisions, files = [], []
    for n, change in enumerate((lambda _: None, *EDITS)):
        change(document)
        files.append(nlan.write(text(document), f"{n}.yaml"))
        done = nlan("up", files[-1], "--lab", lab, "-m", f"step {n}", "--json").json
        assert done["converged"]
        revisions.append(done["revision"])
        if n == 0:
            sessions = nlan.sessions(lab)
    history = nlan("history", lab, "--json").json
    assert [row["revision"] for row in history] == revisions[::-1]
    assert [row["message"] for row in history] == [f"step {n}" for n in range(5, -1, -1)]
    assert [row["applied"] for row in history] == [True, False, False, False, False, False]
    for file, revision in zip(files[-2::-1], revisions[-2::-1], strict=True):
        assert nlan("rollback", str(revision), "-l", lab, "--json").json["converged"]
        assert nlan.operations(file, "--lab", lab) == []
        nlan("diff", str(revision), "-l", lab)
    after = nlan.sessions(lab)
    assert {end for end in sessions | after if sessions.get(end) != after.get(end)} <= FLAPPING
    assert nlan("history", lab, "--json").json[0]["message"] == f"roll back to revision {revisions[0]}"
    assert "240 of 240 answered" in nlan("ping", "--all", "-l", lab).out


def test_a_rollback_in_one_step(nlan: Nlan) -> None:
    lab = _up(nlan)
    nlan("up", nlan.write(AFTER, "after.yaml"), "--lab", lab)
    nlan("down", lab)
    nlan("up", nlan.write(AFTER, "after.yaml"), "--lab", lab)
    nlan("rollback", "1", "-l", lab)
    assert nlan.operations(nlan.write(BEFORE), "--lab", lab) == []
    newest = nlan("history", lab, "--json").json[0]["revision"]
    for words in (("rollback", "2"), ("diff", "2"), ("diff", "1", "2")):  # a number of something else
        assert (
            "2 is no revision of the lab; `nlan history` lists them: 1" in nlan(*words, "-l", lab, code=1).err
        )
    for words in (("rollback", "4711"), ("diff", "4711"), ("diff", "1", "4711")):
        answer = nlan(*words, "-l", lab, code=1)
        assert re.fullmatch(
            rf"error: {lab}: revision 4711 does not exist; the newest is \d+ "
            r"\(`nlan history` lists the revisions\)\n",
            answer.err,
        )
    assert nlan("history", lab, "--json").json[0]["revision"] == newest


def test_after_down_an_earlier_revision_is_brought_up(nlan: Nlan) -> None:
    lab = _up(nlan)
    nlan("up", nlan.write(AFTER, "after.yaml"), "--lab", lab)
    nlan("down", lab)
    assert not any(row["applied"] for row in nlan("history", lab, "--json").json)
    assert "from nothing (the lab does not run) to revision 1:" in nlan("diff", "1", "-l", lab, code=2).out
    assert nlan("rollback", "1", "-l", lab, "--json").json["converged"]
    assert nlan.operations(nlan.write(BEFORE), "--lab", lab) == []
    newest = nlan("history", lab, "--json").json[0]
    assert (newest["state"], newest["message"]) == ("current", "roll back to revision 1")
    same = f"the running network, at revision {newest['revision']}, is what revision 1 describes\n"
    assert nlan("diff", "1", "-l", lab).out == same
    assert "nothing is known of a lab " in nlan("rollback", "1", "-l", f"{lab}x", code=1).err


def test_an_up_that_failed_is_marked_in_the_history(nlan: Nlan) -> None:
    lab = _up(nlan)
    wrong = BEFORE.replace("r2: {", 'r2: {frr: "router bgp 64497\\n neighbor nobody remote-as many", ')
    nlan("up", nlan.write(wrong, "wrong.yaml"), "--lab", lab, "-m", "try", "--strict", code=1)
    undone, failed, first = nlan("history", lab, "--json").json
    assert [row["state"] for row in (undone, failed, first)] == ["current", "failed", "past"]
    assert failed["reason"].startswith("r2: ")
    assert f"{failed['revision']}         failed " in nlan("history", lab).out


def test_an_unconfirmed_change_undoes_itself(nlan: Nlan) -> None:
    lab = _up(nlan)
    after = nlan.write(AFTER, "after.yaml")
    answer = nlan("up", after, "--lab", lab, "--confirm", "1", code=1)
    assert f"{lab}: not confirmed in time; the change is undone" in answer.err
    assert nlan.operations(nlan.write(BEFORE), "--lab", lab) == []
    newest = nlan("history", lab, "--json").json[0]
    assert newest["applied"]
    assert newest["message"] == "undone: not confirmed in time"
    nlan("confirm", lab, code=1)


def test_time_that_ends_while_a_change_waits_for_the_lock_is_over(nlan: Nlan) -> None:
    lab, before = _up(nlan), nlan.write(BEFORE)
    with NetnsRuntime(Paths(), lab).lock():
        with open_state(Path(nlan.env["NLAN_STATE_DIR"]), lab) as state:
            state.await_confirmation(Confirmation(revision=1, until=time.time() + 1.5, back_to=0))
        change = nlan.start("up", before, "--lab", lab)
        assert change.stderr is not None
        assert "waiting for it" in change.stderr.readline()
        time.sleep(1.5)  # what is tested is that this time has passed
    _, err = change.communicate(timeout=20)
    assert change.returncode == 0, err
    assert f"{lab}: revision 1 was not confirmed in time; undoing it" in err
    assert nlan.operations(before, "--lab", lab) == []
    nlan("confirm", lab, code=1)


def test_a_confirmed_change_stays(nlan: Nlan) -> None:
    lab = _up(nlan)
    after = nlan.write(AFTER, "after.yaml")
    change = nlan.start("up", after, "--lab", lab, "--confirm", "60")
    assert change.stdout is not None
    assert "converged" in change.stdout.readline()
    nlan("confirm", lab)
    _, err = change.communicate(timeout=10)
    assert change.returncode == 0, err
    assert nlan.operations(after, "--lab", lab) == []


def test_a_new_lab_that_nobody_confirms_goes_again(nlan: Nlan) -> None:
    lab = nlan.name()
    nlan("up", nlan.write(BEFORE), "--lab", lab, "--confirm", "0.5", code=1)
    assert lab not in nlan.running()


@pytest.mark.parametrize("command", [("status",), ("plan",), ("exec",), ("up",)], ids=lambda words: words[0])
def test_the_next_command_undoes_what_nobody_confirmed_to_a_killed_nlan(
    nlan: Nlan, command: tuple[str, ...]
) -> None:
    lab, before, after = _up(nlan), nlan.write(BEFORE), nlan.write(AFTER, "after.yaml")
    change = nlan.start("up", after, "--lab", lab, "--confirm", "1")
    assert change.stdout is not None
    assert "converged" in change.stdout.readline()
    change.kill()
    over = time.monotonic() + 1.0
    change.communicate()
    time.sleep(max(0.0, over - time.monotonic()))  # what is tested is that this time has passed
    words = {
        "status": ("status", lab),
        "plan": ("set", "r1.vhosts.0.mtu", "1500", "-l", lab, "--dry-run"),
        "exec": ("confirm", lab),
        "up": ("up", before, "--lab", lab),
    }[command[0]]
    answer = nlan.run(*words)
    assert "was not confirmed in time; undoing it" in answer.err
    assert nlan.operations(before, "--lab", lab) == []
    nlan("status", lab)


def test_set_and_unset_change_one_thing(nlan: Nlan) -> None:
    lab, file = _up(nlan), nlan.write(BEFORE)
    assert "+ r1 address lo 192.0.2.99/32" in _planned(
        nlan("set", "r1.router.loopbacks.1", "192.0.2.99/32", "-l", lab, "--dry-run").out
    )
    done = nlan("set", "r1.router.loopbacks.1", "192.0.2.99/32", "-l", lab, "--json").json
    assert [(o["action"], o["kind"], o["name"]) for o in done["operations"]] == [
        ("create", "address", "lo 192.0.2.99/32")
    ]
    assert nlan.operations(file, "--lab", lab) == ["- r1 address lo 192.0.2.99/32 [outage]"]
    nlan("unset", "r1.router.loopbacks.1", "-l", lab)
    assert nlan.operations(file, "--lab", lab) == []
    messages = [row["message"] for row in nlan("history", lab, "--json").json]
    assert messages[:2] == ["unset r1.router.loopbacks.1", "set r1.router.loopbacks.1 192.0.2.99/32"]


def test_set_in_the_words_of_the_file_changes_all_that_follows(nlan: Nlan) -> None:
    lab, file = _up(nlan), nlan.write(BEFORE)
    nlan("set", "r1.limits.pids", "200", "-l", lab)
    assert nlan("set", "r2.asn", "64499", "-l", lab, "--json").json["converged"]
    nlan("set", "r1.hosts", "2", "-l", lab)
    wanted = BEFORE.replace("64497", "64499").replace(
        "r1: {asn: 64496, hosts: 1}", "r1: {asn: 64496, hosts: 2}"
    )
    left = nlan.operations(nlan.write(wanted, "wanted.yaml"), "--lab", lab)
    assert len(left) == 1
    assert "cgroup" in left[0], "the limit that was set before is all that differs"
    nlan("ping", "--all", "-l", lab)
    nlan("rollback", "1", "-l", lab)
    assert nlan.operations(file, "--lab", lab) == []
    nlan("set", "r1.hosts", "3", "-l", lab)  # from what revision 1 said
    wanted = BEFORE.replace("r1: {asn: 64496, hosts: 1}", "r1: {asn: 64496, hosts: 3}")
    assert nlan.operations(nlan.write(wanted, "wanted.yaml"), "--lab", lab) == []
    newest = nlan("history", lab, "--json").json[0]["revision"]
    for path, said in (
        ("r1.interfaces.0.mtu", "both ends have their link's, `links.0.mtu`"),
        ("foo", "no node and no key of the file is called `foo`"),
        ("r1.asnn", "did you mean `asn`?"),
    ):
        assert said in nlan("set", path, "1400", "-l", lab, code=1).err
    assert nlan("history", lab, "--json").json[0]["revision"] == newest


def test_set_of_nonsense_touches_nothing(nlan: Nlan) -> None:
    lab = _up(nlan)
    for path, value in (
        ("r9.router", "{}"),
        ("r1.router.bgp.asn", "no number"),
        ("r1.router.bgp.peers.7", "{}"),
        ("", "1"),
        ("r1..router", "1"),
        ("r1.router", "{: ]"),
    ):
        answer = nlan("set", path, value, "-l", lab, code=1)
        assert "Traceback" not in answer.err, path
        assert "error" in answer.err, path
    nlan("unset", "r1.router.nothing", "-l", lab, code=1)
    assert [row["revision"] for row in nlan("history", lab, "--json").json] == [1]
    assert nlan.operations(nlan.write(BEFORE), "--lab", lab) == []


def test_edit_keeps_a_text_with_errors_and_applies_one_without(nlan: Nlan) -> None:
    lab = _up(nlan)
    nlan.env |= {"VISUAL": "sed -i 's/asn: 64496/asn: many/'", "TMPDIR": str(nlan.directory)}
    answer = nlan("edit", "r1", "-l", lab, code=1)
    (kept,) = nlan.directory.glob("nlan-edit-*.yaml")
    assert f"the edited text is kept in {kept}" in answer.err
    line = kept.read_text().splitlines().index("      asn: many") + 1
    problem = "r1.router.bgp.asn: `many` is not a whole number from 1 to 4294967295"
    assert f"{kept}:{line}:7: error: {problem}" in answer.err
    kept.unlink()
    nlan.env["VISUAL"] = "sed -i 's/mtu: 1500/mtu: 1400/'"
    done = nlan("edit", "r1", "-l", lab, "--json").json
    assert {o["action"] for o in done["operations"]} == {"update"}
    assert not list(nlan.directory.glob("nlan-edit-*.yaml"))


def test_diff_of_revisions_and_of_the_running_network(nlan: Nlan) -> None:
    lab = _up(nlan)
    nlan("up", nlan.write(AFTER, "after.yaml"), "--lab", lab)
    (first, second) = sorted(row["revision"] for row in nlan("history", lab, "--json").json)
    paths = {d["path"] for d in nlan("diff", str(first), str(second), "-l", lab, "--json", code=2).json}
    assert paths == {"r1.vhosts.0.hosts.1", "r2.vhosts.0.hosts.1"}
    assert nlan("diff", str(second), str(second), "-l", lab).out == "no difference\n"
    nlan("diff", "-l", lab)
    back = nlan("diff", str(first), "-l", lab, "--json", code=2).json["operations"]
    assert {(o["action"], o["kind"], o["namespace"]) for o in back} == {
        ("delete", "namespace", "r1/172.21.1.3"),
        ("delete", "namespace", "r2/172.21.2.3"),
    }
    nlan.inside(lab, "r1", "ip", "address", "del", "172.21.1.1/24", "dev", "br_172.21.1.1")
    assert "create  r1 address br_172.21.1.1 172.21.1.1/24" in nlan("diff", "-l", lab, code=2).out


def _up(nlan: Nlan) -> str:
    nlan("up", nlan.write(BEFORE), "--lab", nlan.name())
    return nlan.name()


def _planned(shown: str) -> str:
    return shown.replace("+ create  ", "+ ")


def test_what_cannot_be_undone_hinders_neither_a_look_nor_a_way_out(nlan: Nlan) -> None:
    """Where the node that comes back was, somebody else's namespace stands."""
    lab = nlan.name()
    nlan("up", nlan.write("nodes: [r1, r2, r3]\nlinks: [r1 -- r2]\n", "more.yaml"), "--lab", lab)
    nlan("up", nlan.write("nodes: [r1, r2]\nlinks: [r1 -- r2]\n"), "--lab", lab)
    with open_state(Path(nlan.env["NLAN_STATE_DIR"]), lab) as state:
        state.await_confirmation(Confirmation(revision=state.head(), until=time.time(), back_to=1))
    subprocess.run(["ip", "netns", "add", f"{lab}.r3"], check=True)
    try:
        answer = nlan("status", lab)
        assert "an unconfirmed change could not be undone" in answer.err
        assert "namespace that nlan did not make" in answer.err
        nlan("confirm", lab, code=1)
        nlan("set", "r1.limits.pids", "200", "-l", lab, code=1)
        nlan("up", nlan.write("nodes: [r1, r2]\n", "after.yaml"), "--lab", lab)
        assert nlan("status", lab).err == ""
    finally:
        subprocess.run(["ip", "netns", "del", f"{lab}.r3"], check=True)


def test_a_second_file_of_the_same_name_replaces_nothing_unasked(nlan: Nlan) -> None:
    """The second `up` turned the first one's network into its own without a word."""
    lab = nlan.name()
    for directory in ("one", "two", "moved"):
        (nlan.directory / directory).mkdir()
    one, two = nlan.write(BEFORE, f"one/{lab}.yaml"), nlan.write(AFTER, f"two/{lab}.yaml")
    nlan("up", one)
    nlan("up", nlan.write(BEFORE, f"moved/{lab}.yaml"))  # a copy describes the same network
    nlan("up", one)
    for words in (("plan", two), ("up", two, "--dry-run")):
        assert f"note: {lab} runs from {one}" in nlan(*words, code=2 * (words[0] == "plan")).err
    assert nlan("plan", two, "--json", code=2).json["replaces"] == one
    refused = nlan("up", two, code=1)
    assert refused.err.startswith(f"error: a lab {lab} runs already, from {one}: `--lab NAME` ")
    assert nlan.operations(one) == []
    nlan("up", two, "--replace")
    assert nlan.operations(two) == []
    Path(two).rename(nlan.directory / "moved" / f"{lab}.yaml")
    nlan("up", one)  # what it ran from is not there any more
    nlan("up", nlan.write(AFTER, f"two/{lab}.yaml"), "--lab", lab)  # this lab is meant
    nlan("down", lab)
    nlan("up", one)
    with subprocess.Popen(["cat", two], stdout=subprocess.PIPE) as cat:  # what comes by a pipe names the lab
        piped = nlan.argv("up", "/dev/stdin", "--lab", lab)
        assert subprocess.run(piped, env=nlan.env, stdin=cat.stdout).returncode == 0
    (row,) = [row for row in nlan("ls", "--json").json if row["lab"] == lab]
    assert row["file"] == ""
    nlan("up", one)


def test_what_is_remembered_is_seen_and_forgotten(nlan: Nlan) -> None:
    lab = nlan.name()
    nlan("up", nlan.write("nodes: [a, b]\nlinks: [a -- b]\n", f"{lab}.yaml"))
    nlan("down", lab)
    (row,) = [row for row in nlan("ls", "--json").json if row["lab"] == lab]
    assert (row["state"], row["nodes"]) == ("down", 2)
    assert re.search(f"{lab} +down +2 ", nlan("ls").out)
    assert "--purge` forgets" in nlan("down", lab, code=1).err
    file = nlan.write(BEFORE)
    assert "10.1.0.5/30" in nlan("show", file, "--lab", lab).out, "a -- b keeps its prefix"
    (forgotten,) = nlan("down", lab, "--purge", "--json").json
    assert forgotten["forgotten"]
    assert lab not in [row["lab"] for row in nlan("ls", "--json").json]
    assert "10.1.0.1/30" in nlan("show", file, "--lab", lab).out
    nlan("up", file, "--lab", lab)
    assert "history and addresses forgotten" in nlan("down", lab, "--purge").out
    assert not list(Path(nlan.env["NLAN_STATE_DIR"]).iterdir())
