"""What a host holds: frozen values, a file per group of kinds; see `nlan.resources.base`."""

from nlan.resources.address import Address, FdbEntry, Route, Sysctl
from nlan.resources.base import FABRIC, HOST, IMPACTS, Difference, Impact, Key, Resource
from nlan.resources.daemon import FrrDaemon
from nlan.resources.gobgp import GobgpDaemon, LocalPath
from nlan.resources.link import Bridge, Veth, Vxlan, link_key
from nlan.resources.namespace import Cgroup, HostsFile, Namespace

__all__ = [
    "FABRIC",
    "HOST",
    "IMPACTS",
    "Address",
    "Bridge",
    "Cgroup",
    "Difference",
    "FdbEntry",
    "FrrDaemon",
    "GobgpDaemon",
    "HostsFile",
    "Impact",
    "Key",
    "LocalPath",
    "Namespace",
    "Resource",
    "Route",
    "Sysctl",
    "Veth",
    "Vxlan",
    "link_key",
]
