"""Keys and passwords of a running lab: what any verb prints, and whose files they stand in."""

from __future__ import annotations

import os
import select
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from nlan.paths import Paths
from support import Nlan

MARK = "hush"
"""Every key of the lab has it in it."""
RAW = """
password hush-vty
enable password hush-enable
router bgp 64497
 neighbor 192.0.2.77 remote-as 64511
 neighbor 192.0.2.77 password hush-raw-bgp
router ospf
 network 10.9.0.0/24 area 0
 area 0 authentication message-digest
interface eth1
 ip ospf message-digest-key 1 md5 hush-ospf
 ip ospf authentication-key hushsim
 ip router isis core
 isis password clear hush-isis
 ip rip authentication string hush-rip
router isis core
 net 49.0001.0000.0000.0002.00
 area-password clear hush-area
 domain-password md5 hush-domain
router rip
 network 10.9.0.0/24
key chain ring
 key 1
  key-string hush-chain
"""
FILE = """
nodes:
  r1: {{asn: 64496, engine: gobgp, bgp: {{password: {key}}}, hosts: 1}}
  r2: {{asn: 64497, bgp: {{password: {key}}}, frr: {{text: "{raw}", daemons: [isisd, ripd, ospfd]}}}}
links: [r1 -- r2]
"""


def _file(key: str, raw: str = RAW) -> str:
    return FILE.format(key=key, raw=raw.replace("\n", "\\n"))


@pytest.fixture(scope="module")
def heard(module_nlan: Nlan) -> Iterator[list[tuple[str, str]]]:
    """What each verb printed while a lab of many keys lived, as (its words, all its output)."""
    nlan, said = module_nlan, []
    lab, file = nlan.name(), nlan.write(_file("hush-1"))

    def run(*words: str) -> None:
        answer = nlan.run(*words)
        said.append((" ".join(words), answer.out + answer.err))

    for verb in (("show", file), ("show", file, "--json"), ("plan", file, "-v"), ("up", file, "-vv")):
        run(*verb, "--lab", lab)
    watches = [nlan.start("watch", lab), nlan.start("watch", lab, "--json"), nlan.start("keep", lab)]
    for watch in watches:
        _await_line(nlan, lab, watch)
    other = nlan.write(
        _file("hush-2", RAW.replace("hush-raw", "hush-raws").replace("hush-ch", "hush-chs")), "other.yaml"
    )
    wrong = nlan.write(_file("'hush two words'"), "wrong.yaml")
    refused = nlan.write(
        _file("hush-2", " router bgp 64497\n neighbor nobody password hush-refused\n"), "x.yaml"
    )
    path = "r2.router.bgp.peers.0.password"
    vtysh = "configure terminal", "router bgp 64497", "neighbor 192.0.2.77 password hush-typed"
    for words in (
        ("plan", file, "--lab", lab, "--json"),
        ("plan", other, "--lab", lab, "-v"),
        ("plan", other, "--lab", lab, "--json"),
        ("up", other, "--lab", lab, "-v"),
        ("up", wrong, "--lab", lab),
        ("up", wrong, "--lab", lab, "--json"),
        ("up", refused, "--lab", lab),
        ("up", refused, "--lab", lab, "--json"),
        ("set", path, "hush-set", "-l", lab),
        (
            "set",
            "r2.router.bgp.peers.0",
            f"{{address: 10.1.0.1, peer_asn: 64496, password: {MARK}-map}}",
            "-l",
            lab,
        ),
        ("set", path, "[hush-list]", "-l", lab),
        ("set", "r2.router.frr.text", "router bgp 64497\\n neighbor 192.0.2.77 password hush-s", "-l", lab),
        ("exec", "r2", "-l", lab, "--", "vtysh", *(w for line in vtysh for w in ("-c", line))),
        ("status", lab),
        ("status", lab, "--json", "-v"),
        ("history", lab),
        ("history", lab, "--json"),
        ("diff", "-l", lab),
        ("diff", "1", "-l", lab, "-v"),
        ("diff", "1", "-l", lab, "--json"),
        ("ls", "--json"),
    ):
        run(*words)
    newest = nlan("history", lab, "--json").json[0]["revision"]
    run("diff", "1", str(newest), "-l", lab)
    run("diff", "1", str(newest), "-l", lab, "--json")
    run("rollback", "1", "-l", lab, "-v")
    for watch in watches:
        watch.terminate()
        out, err = watch.communicate(timeout=20)
        said.append((" ".join(map(str, watch.args[3:])), out + err))  # type: ignore[index,misc]
    yield said
    run("down", lab)


def _await_line(nlan: Nlan, lab: str, watch: Popen[str]) -> None:
    """Wait until it has its ears open: it tells of a link that comes."""
    assert watch.stdout is not None
    deadline = time.monotonic() + 20
    number = 0
    while not select.select([watch.stdout], [], [], 0.2)[0]:
        assert time.monotonic() < deadline
        number += 1
        nlan.run("exec", "r1", "-l", lab, "--", "ip", "link", "add", f"x{number}", "type", "veth")


def test_no_verb_prints_a_key(heard: list[tuple[str, str]]) -> None:
    told = {words: [line for line in out.splitlines() if MARK in line] for words, out in heard}
    assert {words: lines for words, lines in told.items() if lines} == {}


def test_that_there_are_keys_is_said(heard: list[tuple[str, str]]) -> None:
    out = {words.split()[0]: text for words, text in heard}
    for verb in ("show", "plan", "up", "watch", "diff", "history", "set"):
        assert any("<secret>" in text for words, text in heard if words.split()[0] == verb), (verb, out[verb])


def test_who_asks_is_told(heard: list[tuple[str, str]], module_nlan: Nlan) -> None:
    shown = module_nlan("show", module_nlan.write(_file("hush-1"), "s.yaml"), "--secrets").out
    assert "password: hush-1" in shown
    assert "key-string hush-chain" in shown


def test_no_process_has_a_key_among_its_arguments(heard: list[tuple[str, str]], module_nlan: Nlan) -> None:
    lab = Paths().run / module_nlan.name()
    arguments = {}
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            arguments[pid] = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
    assert any(b"bgpd" in words for words in arguments.values()), lab
    assert [words for words in arguments.values() if MARK.encode() in words] == []


def test_files_that_hold_keys_are_of_root_and_the_daemon(
    heard: list[tuple[str, str]], module_nlan: Nlan
) -> None:
    holders = []
    for top in (Paths().run / module_nlan.name() / "nodes", Path(module_nlan.env["NLAN_STATE_DIR"])):
        for directory, _, files in os.walk(top):
            holders += [path for name in files if _holds_keys(path := Path(directory, name))]
    assert {path.name for path in holders} >= {"bgpd.conf", "gobgpd.json", "tega.db", "receipt-bgpd.json"}
    assert [path for path in holders if _is_anybodys(path)] == []


def _holds_keys(path: Path) -> bool:
    return path.is_file() and MARK.encode() in path.read_bytes()


def _is_anybodys(path: Path) -> bool:
    """Tell whether others than its owner and group may read it, all directories above considered."""
    others = [bool(path.stat().st_mode & stat.S_IROTH)]
    others += [bool(above.stat().st_mode & stat.S_IXOTH) for above in path.parents if above != Path("/")]
    return all(others)
