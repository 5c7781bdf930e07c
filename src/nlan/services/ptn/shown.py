"""What the parts of the model are called in messages, and what their fields take beyond their types."""

from __future__ import annotations

from nlan.schema.written import common
from nlan.schema.written.scalars import Line
from nlan.schema.written.sections import Contribution
from nlan.services.ptn.model import L2Vpn, PtnNetwork, VpnHost

CONTRIBUTION = Contribution(
    {},
    titles={
        PtnNetwork: "a Ptn network",
        L2Vpn: "an L2VPN",
        VpnHost: "a host of an L2VPN",
    },
    fields={
        (PtnNetwork, "name"): Line("a network's name", word=True),
        (L2Vpn, "vni"): common.VNI,
        (L2Vpn, "vid"): common.VID,
        (L2Vpn, "mtu"): common.MTU,
    },
)
