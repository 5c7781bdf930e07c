"""The answers of a daemon, however the bytes arrive; what a refusal is."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nlan.engines.frr.run import vty
from nlan.engines.frr.run.load import shortened
from nlan.engines.frr.run.vty import Answer, Vty, parse_answers
from nlan.errors import PeerError


def test_answers_are_parted_wherever_the_octets_are_cut() -> None:
    octets = b"\0\0\0\0hello\n\0\0\0\x02\0\0\0\x01"
    whole = [Answer(0, ""), Answer(2, "hello\n"), Answer(1, "")]
    for cut in range(len(octets)):
        first, rest = parse_answers(octets[:cut])
        second, rest = parse_answers(rest + octets[cut:])
        assert (first + second, rest) == (whole, b"")


def test_a_warning_is_no_refusal_and_words_of_refusal_are_one() -> None:
    assert not Answer(1, "").failed
    assert not Answer(6, "").failed
    assert Answer(13, "").failed
    assert Answer(0, "% There is already same network statement.\n").failed
    assert Answer(2, "% [BGP] Unknown command: x\n").words == "[BGP] Unknown command: x"


def test_a_removal_is_tried_with_fewer_words() -> None:
    assert list(shortened("no neighbor 192.0.2.1 password x")) == [
        "no neighbor 192.0.2.1 password x",
        "no neighbor 192.0.2.1 password",
        "no neighbor 192.0.2.1",
        "no neighbor",
    ]


Speaker = Callable[[socket.socket], None]


@pytest.fixture
def speaking(tmp_path: Path) -> Iterator[Callable[[Speaker], Path]]:
    """Give what makes a socket on which somebody speaks to the first who calls."""
    listener = socket.socket(socket.AF_UNIX)
    threads: list[threading.Thread] = []

    def listen(speak: Speaker) -> Path:
        listener.bind(str(tmp_path / "bgpd.vty"))
        listener.listen()

        def serve() -> None:
            with listener.accept()[0] as caller:
                speak(caller)

        threads.append(threading.Thread(target=serve))
        threads[0].start()
        return tmp_path / "bgpd.vty"

    yield listen
    for thread in threads:
        thread.join()
    listener.close()


def _without_end(caller: socket.socket) -> None:
    try:
        while True:
            caller.sendall(b"x" * 4096)
    except OSError:
        return


def _bit_by_bit(caller: socket.socket) -> None:
    caller.settimeout(0.01)
    while True:
        try:
            caller.sendall(b"\0\0\0\0")
            while caller.recv(1 << 16):
                continue
        except TimeoutError:
            continue
        except OSError:
            return


def test_an_answer_without_an_end_is_given_up(
    speaking: Callable[[Speaker], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vty, "ANSWER_MAX", 100_000)
    with Vty(speaking(_without_end)) as talk, pytest.raises(PeerError, match="without an end"):
        talk.ask("show running-config")


def test_answers_that_go_on_and_on_are_given_up(
    speaking: Callable[[Speaker], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vty, "TOGETHER_S", 0.05)
    with Vty(speaking(_bit_by_bit)) as talk, pytest.raises(PeerError, match=r"not done .* after 0\.05 s"):
        talk.together(["show running-config"] * 1000)


def test_a_link_to_a_socket_is_none(speaking: Callable[[Speaker], Path], tmp_path: Path) -> None:
    path = speaking(lambda caller: None)
    (tmp_path / "link.vty").symlink_to(path)
    with pytest.raises(OSError, match=r"link\.vty"):
        Vty(tmp_path / "link.vty")
    Vty(path).close()
