"""The key `embedded_bgp` of a router's full form, which chooses GoBGP."""

from __future__ import annotations

from nlan.schema.syntax import foreign
from nlan.schema.syntax.report import Written
from nlan.schema.written.scalars import Bool
from nlan.schema.written.sections import Contribution, Key, Record

_EMBEDDED = Key("embedded_bgp", Bool(), "Speak BGP by GoBGP instead of FRR.", default="`false`")
CONTRIBUTION = Contribution(
    {"Router": [_EMBEDDED]},
    pages={"EmbeddedBgp: GoBGP instead of FRR": "services/embedded-bgp.md"},
    foreign=(
        foreign.Kind(
            r"^\[(\[)?([Gg]lobal|[Nn]eighbors)\b",
            "this is a configuration of GoBGP",
            "say its peers as `nodes: {r1: {engine: gobgp, asn: 64496, bgp: {peers: …}}}`",
        ),
    ),
)


def chosen(router: Record) -> Written[bool] | None:
    """Return whether a router's full form chooses GoBGP, None where it does not say."""
    value = router.get(_EMBEDDED)
    return None if value is None else Written(value, router.position(_EMBEDDED))
