"""What a network is, resolved: every name bound, every default filled, every address allocated.

`Lab` is what `nlan.schema` makes from a file and what `nlan.expand` turns into
resources. All types are frozen; they travel as JSON through `to_json` and
`from_json` (field names are the snake_case spelling that `nlan show` prints). What a node holds of a
service is of a type of the service's own, in ``nlan.services.NAME.model``.
"""

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
