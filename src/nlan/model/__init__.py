"""What a network is, resolved: every name bound, every default filled, every address allocated.

`Lab` is what `nlan.schema` makes from a file and what `nlan.expand` turns into
resources. All types are frozen; they travel as JSON through `to_json` and
`from_json` (field names are the snake_case spelling that `nlan show` prints).
"""

from nlan.model.codec import from_json, to_builtins, to_json, to_shown
from nlan.model.lab import Endpoint, Interface, Lab, Lan, Limits, Link, Node, Underlay
from nlan.model.ptn import L2Vpn, PtnNetwork, VpnHost
from nlan.model.router import (
    Bgp,
    BgpPeer,
    FrrRaw,
    Ospf,
    OspfArea,
    OspfInterface,
    Router,
    StaticRoute,
)
from nlan.model.vhosts import VhostLan

__all__ = [
    "Bgp",
    "BgpPeer",
    "Endpoint",
    "FrrRaw",
    "Interface",
    "L2Vpn",
    "Lab",
    "Lan",
    "Limits",
    "Link",
    "Node",
    "Ospf",
    "OspfArea",
    "OspfInterface",
    "PtnNetwork",
    "Router",
    "StaticRoute",
    "Underlay",
    "VhostLan",
    "VpnHost",
    "from_json",
    "to_builtins",
    "to_json",
    "to_shown",
]
