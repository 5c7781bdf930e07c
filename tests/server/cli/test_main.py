"""The words of the command line: what is taken, what is refused and how."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from nlan.cli import main as command
from nlan.cli.verbs import VERBS
from nlan.errors import InputError
from support import ROOT
from tega.errors import StoreFull


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What verbs are given, instead of running."""
    found: list[dict[str, object]] = []
    verb = SimpleNamespace(run=lambda arguments: found.append({**vars(arguments)}))
    monkeypatch.setattr(command, "import_module", lambda name: verb)
    return found


@pytest.mark.parametrize(
    "words",
    [
        "up f --confirm inf",
        "up f --confirm nan",
        "up f --timeout -1",
        "up f --timeout soon",
        "ping a b -c 0",
        "ping a b --timeout nan",
        "history -n -5",
        "rollback 0",
        "diff -- -1",
        "generate ring 4 --bgp --hosts -1",
    ],
)
def test_numbers_that_mean_nothing_are_refused(
    words: str, taken: list[dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(words.split()) == 1
    assert " is no number " in capsys.readouterr().err
    assert not taken


def test_only_exec_takes_a_command_after_two_dashes(taken: list[dict[str, object]]) -> None:
    """`nlan down -- wan` took down whatever lab ran."""
    assert command.main(["down", "--", "wan"]) == 0
    assert command.main(["set", "pe1.x", "--", "-- no --"]) == 0
    assert command.main(["exec", "pe1", "--", "ls", "--", "-l"]) == 0
    assert [one.get("lab") for one in taken[:1]] == ["wan"]
    assert taken[1]["value"] == "-- no --"
    assert (taken[2]["node"], taken[2]["command"]) == ("pe1", ["ls", "--", "-l"])


def test_a_command_without_two_dashes_is_told_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["exec", "pe1", "ls"]) == 1
    assert "stand after `--`" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["down wan --all", "ping pe1 --all", "exec pe1 --all -- ls"])
def test_one_or_all(
    words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """`nlan down wan --all` took down every lab."""
    monkeypatch.setenv("NLAN_RUN_DIR", f"{tmp_path}/run")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert command.main(words.split()) == 1
    assert "say one of " in capsys.readouterr().err


@pytest.mark.parametrize("words", [["ls", "--json", "--bogus"], ["nothing", "--json"], ["exec", "--json"]])
def test_with_json_an_error_of_words_is_json_too(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(words) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["kind"] == InputError.__name__
    assert not json.loads(out)["error"]["message"].startswith("error")
    assert not err


@pytest.mark.parametrize("words", [["up", "\udcff"], ["set", "r1", "\udcff"], ["ls", "\udcff", "--json"]])
def test_words_that_are_no_text_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """They cannot be written down, and were a traceback."""
    assert command.main(words) == 1
    out, err = capsys.readouterr()
    assert "`\N{REPLACEMENT CHARACTER}` is no UTF-8" in (json.loads(out)["error"]["message"] if out else err)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["statsu"], "no verb is called `statsu` (did you mean `status`?)"),
        (["limits"], "no verb is called `limits` (`nlan --help` lists them)"),
        (["up", "f", "--dryrun"], "unrecognized arguments: --dryrun (did you mean `--dry-run`?)"),
        (["down", "a", "b"], "unrecognized arguments: b"),
        (["down", "a", "-l", "b"], "two labs are named, a and b"),
    ],
)
def test_a_wrong_word_is_told_of_the_verb_that_it_was_said_to(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(words) == 1
    err = capsys.readouterr().err
    verb = words[0] if words[0] in {verb.name for verb in VERBS} else "[-h]"
    assert err.startswith(f"usage: nlan {verb} ")
    assert err.endswith(f"error: {said}\n")


OF_NO_LAB = {"ls", "generate", "doctor", "schema", "completion"}


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS if verb.name not in OF_NO_LAB])
def test_the_lab_is_named_alike_to_every_verb(verb: str, taken: list[dict[str, object]]) -> None:
    needed = {"up": "f", "plan": "f", "show": "f", "shell": "n", "rollback": "1", "set": "p v", "unset": "p"}
    words = [verb, *needed.get(verb, "").split(), "-l", "wan"]
    assert command.main(words) == 0
    assert taken[0]["lab"] == "wan"


@pytest.mark.parametrize("as_json", [True, False])
def test_a_bug_is_reported_as_one(
    as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(arguments: object) -> None:
        raise KeyError("nobody thought of it")

    monkeypatch.setattr(command, "import_module", lambda name: SimpleNamespace(run=run))
    assert command.main(["ls", *["--json"] * as_json]) == 1
    out, err = capsys.readouterr()
    if as_json:
        found = json.loads(out)["error"]
        assert (found["kind"], err) == ("InternalError", "")
        assert found["traceback"][0].startswith("Traceback")
        assert found["traceback"][-1] == "KeyError: 'nobody thought of it'"
    else:
        assert "KeyError: 'nobody thought of it'\nthis is a bug in nlan" in err


@pytest.mark.parametrize("words", ["--version", "schema", "generate ring 3", "ls --json --bogus"])
def test_a_full_disk_behind_stdout_is_a_sentence(words: str) -> None:
    with open("/dev/full", "w") as full:
        done = python("-m", "nlan", *words.split(), stdout=full.fileno())
    assert (done.returncode, done.stderr) == (1, "error: standard output: No space left on device\n")


def test_whom_a_full_disk_listens_to_goes_on() -> None:
    with open("/dev/full", "w") as full:
        done = python("-m", "nlan", "statsu", stderr=full.fileno())
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize("verb", ["history", "diff", "confirm", "down", "watch", "restore"])
def test_a_path_is_no_lab_s_name(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`nlan history ../x` made a database there."""
    monkeypatch.setenv("NLAN_STATE_DIR", f"{tmp_path}/state")
    monkeypatch.setenv("NLAN_RUN_DIR", f"{tmp_path}/run")
    (tmp_path / "x" / "tega").mkdir(parents=True)
    (tmp_path / "state").mkdir()
    assert command.main([*verb.split(), "--lab", "../x"]) == 1
    assert "../x" in capsys.readouterr().err
    assert not list((tmp_path / "x" / "tega").iterdir())


def python(*words: str, **streams: int) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    return subprocess.run([sys.executable, *words], env=environment, cwd=ROOT, text=True, **given)  # type: ignore[call-overload, no-any-return]


@pytest.fixture
def broken() -> Iterator[int]:
    """A pipe whose reader is gone."""
    read, write = os.pipe()
    os.close(read)
    yield write
    os.close(write)


@pytest.mark.parametrize("words", ["--version", "up --help", "schema", "show nofile --json", "ls -x --json"])
def test_a_reader_that_is_gone_is_no_traceback(words: str, broken: int) -> None:
    done = python("-m", "nlan", *words.split(), stdout=broken)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_traceback(closed: str) -> None:
    for words, code in (("generate ring 3", 0), ("show nofile", 1)):
        line = f"{sys.executable} -m nlan {words} {closed}"
        done = subprocess.run(["sh", "-c", line], cwd=ROOT / "src", capture_output=True, text=True)
        assert (done.returncode, "Traceback" in done.stderr) == (code, False)


def test_whom_nobody_listens_to_goes_on(broken: int) -> None:
    """A sentence into a pipe without a reader ended a change half-way."""
    code = "from nlan.cli.output import say\nsay('one')\nsay('two')\nprint('went on')"
    done = python("-c", code, stderr=broken)
    assert (done.returncode, done.stdout) == (0, "went on\n")


@pytest.mark.parametrize("words", [["ls"], ["ls", "--json"]])
def test_a_failure_of_the_database_is_a_sentence(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(arguments: object) -> None:
        raise StoreFull("no room is left")

    monkeypatch.setattr(command, "import_module", lambda name: SimpleNamespace(run=run))
    assert command.main(words) == 1
    out, err = capsys.readouterr()
    said = json.loads(out)["error"]["message"] if out else err
    assert "the lab's database: no room is left" in said
