"""What a node holds of DNS."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from nlan.model.codec import IpAddress
from nlan.model.service import ServiceModel


class Dns(ServiceModel, frozen=True, kw_only=True):
    """The names that a node answers for.

    Attributes:
        domain: Of the names of its clients and records; empty for none.
        upstream: Whom it asks about names that it does not know.
        records: Addresses by name.
        listen: The interfaces that it answers on; none for all.
    """

    key: ClassVar[str] = "dns"
    domain: str = ""
    upstream: tuple[IpAddress, ...] = ()
    records: dict[str, tuple[IpAddress, ...]] = msgspec.field(default_factory=dict)
    listen: tuple[str, ...] = ()
