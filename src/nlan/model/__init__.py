"""What a network is, resolved: every name bound, every default filled, every address allocated.

`Lab` is what `nlan.schema` makes from a file and what `nlan.expand` turns into
resources. All types are frozen; they travel as JSON through `to_json` and
`from_json` (field names are the snake_case spelling that `nlan show` prints). What a node holds of a
service is of a type of the service's own, in ``nlan.services.NAME.model``.
"""

from typing import TYPE_CHECKING, Any

from nlan.model.lab import Endpoint, Interface, Lab, Lan, Limits, Link, Node, Underlay
from nlan.model.service import ServiceModel
from nlan.model.stored import from_json, to_builtins, to_json, to_shown

__all__ = [
    "Endpoint",
    "Interface",
    "Lab",
    "Lan",
    "Limits",
    "Link",
    "Node",
    "ServiceModel",
    "Underlay",
    "from_json",
    "to_builtins",
    "to_json",
    "to_shown",
]

if TYPE_CHECKING:
    from nlan.services.ptn.model import L2Vpn as L2Vpn
    from nlan.services.ptn.model import PtnNetwork as PtnNetwork
    from nlan.services.ptn.model import VpnHost as VpnHost
    from nlan.services.router.model import Bgp as Bgp
    from nlan.services.router.model import BgpPeer as BgpPeer
    from nlan.services.router.model import FrrRaw as FrrRaw
    from nlan.services.router.model import Ospf as Ospf
    from nlan.services.router.model import OspfArea as OspfArea
    from nlan.services.router.model import OspfInterface as OspfInterface
    from nlan.services.router.model import Router as Router
    from nlan.services.router.model import StaticRoute as StaticRoute
    from nlan.services.vhosts.model import VhostLan as VhostLan
else:

    def __getattr__(name: str) -> Any:
        """Find a service's type by its former place, for those that still ask there."""
        from importlib import import_module

        for service in ("ptn", "router", "vhosts"):
            module = import_module(f"nlan.services.{service}.model")
            if name in vars(module):
                return vars(module)[name]
        raise AttributeError(name)
