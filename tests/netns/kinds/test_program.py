"""Programs: started, told of a change, found again whatever was lost, ended with all that they started."""

from __future__ import annotations

import os
import signal

import msgspec
import pytest

from drifting import wait_until
from netns.support import by_key, create, delete, observe, succeeded, update
from nlan.kinds.program import CUT_SHORT, STANDS_STILL, File, Program, ProgramDriver
from nlan.runtimes.netns.runtime import NetnsRuntime

SCRIPT = """trap 'echo "again: $(cat {directory}/words)"' HUP
echo "ready: $(cat {directory}/words)"
while :; do sleep 1000 & wait $!; done
"""
TALKER = Program(
    namespace="a",
    name="talker",
    argv=("sh", "{directory}/script"),
    files=(File(name="script", text=SCRIPT), File(name="words", text="one", is_read_again=True)),
    reload="HUP",
    ready="ready:",
)


@pytest.fixture
def driver(place: NetnsRuntime) -> ProgramDriver:
    driver = ProgramDriver(place)
    assert succeeded(create(driver, TALKER))
    return driver


def with_words(text: str) -> Program:
    return msgspec.structs.replace(
        TALKER, files=(TALKER.files[0], File(name="words", text=text, is_read_again=True))
    )


def pid_of(place: NetnsRuntime) -> int:
    return int((place.directory("a") / "talker.pid").read_text())


def said(place: NetnsRuntime) -> str:
    return (place.directory("a") / "talker.program" / "output").read_text()


def seen(driver: ProgramDriver) -> Program:
    (found,) = observe(driver).values()
    assert isinstance(found, Program)
    return found


def test_it_is_ready_once_it_says_so(driver: ProgramDriver, place: NetnsRuntime) -> None:
    assert said(place) == "ready: one\n"
    assert observe(driver) == by_key(TALKER)
    assert TALKER.difference(seen(driver)) is None


def test_a_file_that_it_reads_again_changes_by_its_signal(driver: ProgramDriver, place: NetnsRuntime) -> None:
    pid, wanted = pid_of(place), with_words("two")
    difference = wanted.difference(seen(driver))
    assert difference is not None
    assert (difference.impact, difference.reason) == ("hitless", "words differs")
    assert difference.details == ("- one", "+ two")
    assert succeeded(update(driver, wanted, seen(driver)))
    wait_until(lambda: "again: two" in said(place))
    assert pid_of(place) == pid
    assert observe(driver) == by_key(wanted)


def test_what_it_reads_at_its_start_alone_is_a_restart(driver: ProgramDriver, place: NetnsRuntime) -> None:
    kept = place.directory("a") / "talker.program" / "kept by itself"
    kept.touch()
    pid, wanted = pid_of(place), msgspec.structs.replace(TALKER, argv=(*TALKER.argv, "more"))
    difference = wanted.difference(seen(driver))
    assert difference is not None
    assert (difference.impact, difference.in_place) == ("restart", True)
    assert succeeded(update(driver, wanted, seen(driver)))
    assert pid_of(place) != pid
    assert kept.exists()
    assert observe(driver) == by_key(wanted)


def test_a_secret_file_is_not_shown() -> None:
    one, other = (
        msgspec.structs.replace(TALKER, files=(File(name="key", text=text, is_secret=True),))
        for text in ("a", "b")
    )
    difference = one.difference(other)
    assert difference is not None
    assert difference.details == ()


def test_a_killed_one_is_missing_and_made_again(driver: ProgramDriver, place: NetnsRuntime) -> None:
    os.kill(pid_of(place), signal.SIGKILL)
    wait_until(lambda: observe(driver) == {})
    assert succeeded(create(driver, TALKER))
    assert observe(driver) == by_key(TALKER)


def test_one_that_stands_still_is_started_again(driver: ProgramDriver, place: NetnsRuntime) -> None:
    pid = pid_of(place)
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: seen(driver).wrong == (STANDS_STILL,))
    assert succeeded(update(driver, TALKER, seen(driver)))
    assert pid_of(place) != pid
    assert observe(driver) == by_key(TALKER)


def test_a_file_that_somebody_changed_is_put_back(driver: ProgramDriver, place: NetnsRuntime) -> None:
    (place.directory("a") / "talker.program" / "words").write_text("three")
    difference = TALKER.difference(seen(driver))
    assert difference is not None
    assert difference.details == ("- three", "+ one")
    assert succeeded(update(driver, TALKER, seen(driver)))
    assert observe(driver) == by_key(TALKER)


@pytest.mark.parametrize("lost", ["talker.pid", "talker.program.json"])
def test_what_was_lost_ends_no_process_by_mistake_and_leaves_none(
    driver: ProgramDriver, place: NetnsRuntime, lost: str
) -> None:
    """As where nlan was killed before it wrote the file."""
    (place.directory("a") / lost).unlink()
    assert succeeded(create(driver, TALKER))
    assert observe(driver) == by_key(TALKER)
    assert succeeded(delete(driver, TALKER))
    assert place.all_processes(["a"]) == {"a": {}}
    assert not [path for path in place.directory("a").iterdir() if path.name.startswith("talker")]


def test_a_change_that_was_cut_short_is_done_again(driver: ProgramDriver, place: NetnsRuntime) -> None:
    receipt = place.directory("a") / "talker.program.json"
    receipt.write_text(receipt.read_text().replace('"is_done":true', '"is_done":false'))
    assert seen(driver).wrong == (CUT_SHORT,)
    assert succeeded(update(driver, TALKER, seen(driver)))
    assert observe(driver) == by_key(TALKER)


def test_why_one_does_not_start_is_in_its_own_words(place: NetnsRuntime) -> None:
    broken = Program(
        namespace="b", name="broken", argv=("sh", "-c", "echo no such luck; exit 3"), ready="ready"
    )
    driver = ProgramDriver(place)
    (failure,) = create(driver, broken)
    assert str(failure) == "b: start broken: it ended at its start: no such luck"
    assert observe(driver) == {}


def test_one_that_is_not_installed_is_refused(place: NetnsRuntime) -> None:
    from nlan.kinds.program import KIND

    gone = Program(namespace="b", name="gone", argv=("no-such-program",), package="its-package")
    assert [*KIND.why_not(gone, place)] == [
        ("gone", "no-such-program is not installed; the package its-package has it")
    ]
