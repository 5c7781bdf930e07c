"""What a host holds: frozen values, a file per group of kinds; see `nlan.resources.base`."""

from nlan.resources.address import Address, FdbEntry, Route, Sysctl
from nlan.resources.base import (
    FABRIC,
    HOST,
    IMPACTS,
    NAMESPACE,
    Difference,
    Impact,
    Key,
    Rank,
    Resource,
    link_key,
)
from nlan.resources.foreign import Foreign
from nlan.resources.link import Bridge, Veth, Vxlan
from nlan.resources.namespace import Cgroup, HostsFile, Namespace
from nlan.resources.stack import Stack

__all__ = [
    "FABRIC",
    "HOST",
    "IMPACTS",
    "NAMESPACE",
    "Address",
    "Bridge",
    "Cgroup",
    "Difference",
    "FdbEntry",
    "Foreign",
    "HostsFile",
    "Impact",
    "Key",
    "Namespace",
    "Rank",
    "Resource",
    "Route",
    "Stack",
    "Sysctl",
    "Veth",
    "Vxlan",
    "link_key",
]
