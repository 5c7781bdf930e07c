"""What the parts of the model are called in messages, and what their fields take beyond their types."""

from __future__ import annotations

from nlan.schema.written import common
from nlan.schema.written.sections import Contribution
from nlan.schema.written.table import NodeKeys
from nlan.services.vhosts.model import VhostLan

CONTRIBUTION = Contribution(
    {},
    titles={
        VhostLan: "a host LAN",
    },
    fields={
        (VhostLan, "mtu"): common.MTU,
    },
    routing={"a node": (NodeKeys.hosts, NodeKeys.vhosts)},
)
