"""The key `embedded_bgp` of a router's full form, which chooses GoBGP."""

from __future__ import annotations

from nlan.schema.syntax.report import Written
from nlan.schema.written.scalars import Bool
from nlan.schema.written.sections import Contribution, Key, Record

_EMBEDDED = Key("embedded_bgp", Bool(), "Speak BGP by GoBGP instead of FRR.", default="`false`")
CONTRIBUTION = Contribution(
    {"Router": [_EMBEDDED]}, pages={"EmbeddedBgp: GoBGP instead of FRR": "services/embedded-bgp.md"}
)


def chosen(router: Record) -> Written[bool] | None:
    """Return whether a router's full form chooses GoBGP, None where it does not say."""
    value = router.get(_EMBEDDED)
    return None if value is None else Written(value, router.position(_EMBEDDED))
