"""A lab that an older nlan brought up is restored, changed, rolled back and taken down by this one."""

from __future__ import annotations

from pathlib import Path

from databases import OLDER, unpack
from support import Nlan


def test_a_lab_of_an_older_nlan_goes_on(nlan: Nlan) -> None:
    unpack(Path(nlan.env["NLAN_STATE_DIR"]))
    try:
        assert "up again" in nlan("restore", OLDER).out
        nlan("set", "ce1.asn", "64501", "--lab", OLDER)
        nlan("rollback", "1", "--lab", OLDER)
        assert nlan("diff", "--lab", OLDER).out == "the running network is at revision 11\n"
        states = [node["state"] for node in nlan("status", OLDER, "--json").json["nodes"].values()]
        assert set(states) == {"ok"}
        assert nlan("history", OLDER, "--json").json[0]["state"] == "current"
    finally:
        nlan("down", OLDER)
    assert "converged" in nlan("rollback", "1", "--lab", OLDER).out
    nlan("down", OLDER, "--purge")
