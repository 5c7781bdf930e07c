"""The receipt of a GoBGP, whole and damaged."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from nlan.engines.gobgp.files import Files
from nlan.engines.gobgp.resource import GobgpDaemon

ASKED = GobgpDaemon(namespace="rr", asn=64500, router_id=IPv4Address("192.0.2.5"), after=())


@pytest.mark.parametrize("octets", [b"", b"{", b"[]", b"7", b'{"asked": 1, "shown": null}', b"{}", b"\xff"])
def test_a_damaged_receipt_is_none(octets: bytes, tmp_path: Path) -> None:
    files = Files(tmp_path)
    assert files.read_receipt() is None
    files.write_receipt(ASKED, (), None)
    receipt = files.read_receipt()
    assert receipt is not None
    assert receipt.asked == ASKED
    files.receipt.write_bytes(octets)
    assert files.read_receipt() is None
