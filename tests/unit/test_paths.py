from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlan.paths import Paths, file_name, namespace_name
from nlan.values import NAME


def test_usual_places() -> None:
    paths = Paths()
    assert paths.pin("wan", "pe1") == Path("/run/netns/wan.pe1")
    assert paths.pin("wan", "ce1/172.21.1.2") == Path("/run/netns/wan.ce1.172.21.1.2")
    assert paths.pin("wan", "@fabric") == Path("/run/nlan/wan/ns/@fabric")
    assert paths.node("wan", "pe1") == Path("/run/nlan/wan/nodes/pe1")


def test_a_relative_path_is_taken_from_where_the_caller_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Daemons, and nlan in the background, stand elsewhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NLAN_RUN_DIR", "run")
    paths = Paths.from_environment()
    monkeypatch.chdir("/")
    assert paths.run == tmp_path / "run"


def test_environment_moves_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NLAN_RUN_DIR", "/tmp/run")
    monkeypatch.setenv("NLAN_STATE_DIR", "/tmp/state")
    monkeypatch.delenv("NLAN_NETNS_DIR", raising=False)
    paths = Paths.from_environment()
    assert (paths.run, paths.state, paths.netns) == (
        Path("/tmp/run"),
        Path("/tmp/state"),
        Path("/run/netns"),
    )


@given(st.from_regex(NAME, fullmatch=True), st.sampled_from(["", "172.21.1.2", "2001:db8::2"]))
def test_file_names_come_back(node: str, address: str) -> None:
    namespace = f"{node}/{address}" if address else node
    assert "/" not in file_name(namespace)
    assert namespace_name(file_name(namespace)) == namespace
