"""Services of the registry: the order in which they are expanded, and what each is handed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_interface
from pathlib import Path
from typing import ClassVar

import pytest

from nlan.dataplanes.linux import Linux
from nlan.engines.base import Daemon
from nlan.errors import HostError, InputError
from nlan.expand import expand
from nlan.kinds.sysctl import Sysctl
from nlan.model import Lab, Node
from nlan.registry import Part, Registry
from nlan.resources import Key, Resource
from nlan.schema import load
from nlan.schema.resolving.contributors import contributors
from nlan.schema.written import common
from nlan.schema.written.sections import Contribution
from nlan.schema.written.sections import Key as WrittenKey
from nlan.services.base import Context, Service, Stage, services
from nlan.services.router.model import Router
from nlan.services.vhosts.model import VhostLan, Vhosts

LAB = Lab(name="lab", nodes=(Node(name="a"),))


class Mark(Service):
    """A stranger's: it writes down how much was there before it."""

    name = "mark"
    stage = Stage.HOSTS

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return a setting that tells."""
        kinds = ",".join(sorted({resource.kind for resource in context.stands_on}))
        return (Sysctl(namespace=node.name, name="mark", value=f"{context.dataplane.name} {kinds}"),)


MARK = Mark()
WITH_MARK = Registry([Part("services", "mark", "stranger 1", f"{__name__}:MARK")])


class Other(Linux):
    """A stranger's data plane, whose tunnel ends are others."""

    name = "other"

    def switch(self, lab: str, node: str, interface: str, mtu: int) -> Iterator[Resource]:
        """Yield a setting that stands for a switch."""
        yield Sysctl(namespace=node, name="switch", value=interface)


OTHER = Other()
WITH_OTHER = Registry([Part("dataplanes", "other", "stranger 1", f"{__name__}:OTHER")])


def test_own_services_are_expanded_by_stage_and_then_by_name() -> None:
    own = services(Registry([]))
    assert list(own) == sorted(own, key=lambda service: (service.stage, service.name))
    known = ["node", "links", "ptn", "queues", "vhosts", "router"]
    assert [s.name for s in own if s.name in known] == known


def test_a_stranger_s_service_is_expanded_in_its_stage_and_told_what_it_stands_on() -> None:
    names = [service.name for service in services(WITH_MARK)]
    own = [service.name for service in services(Registry([]))]
    assert [name for name in names if name != "mark"] == own
    assert names.index("ptn") < names.index("mark") < names.index("queues")
    desired = expand(LAB, registry=WITH_MARK)
    (mark,) = (r for r in desired.values() if isinstance(r, Sysctl) and r.name == "mark")
    assert mark.value == "linux namespace,stack,sysctl"
    assert mark.key not in expand(LAB, registry=Registry([]))


class Tap(Resource, frozen=True, kw_only=True):
    """A stranger's kind of link."""

    kind: ClassVar[str] = "tap"
    is_link: ClassVar[bool] = True
    namespace: str

    @property
    def key(self) -> Key:
        """One per node."""
        return Key(self.kind, self.namespace, "tap")


class Taps(Service):
    """A stranger's: each node has a link of its kind."""

    name = "taps"
    stage = Stage.HOSTS

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return it."""
        return (Tap(namespace=node.name),)


TAPS = Taps()
WITH_TAPS = Registry([Part("services", "taps", "stranger 1", f"{__name__}:TAPS")])


class Clash(Service):
    """A stranger's, whose key is there already."""

    name = "clash"
    stage = Stage.HOSTS

    def contribution(self) -> Contribution:
        """Return it."""
        return Contribution({"a node": [WrittenKey("asn", common.MTU, "Something else.")]})


CLASH = Clash()


def test_a_service_whose_key_is_there_already_is_left_out_and_named() -> None:
    registry = Registry([Part("services", "clash", "stranger 1", f"{__name__}:CLASH")])
    assert "clash" not in [service.name for service in contributors(registry)]
    assert "clash" not in [service.name for service in services(registry)]
    assert [str(broken) for broken in registry.broken] == [
        "services clash of stranger 1: InternalError: "
        "the service clash: `asn` of a node is contributed, and is there already"
    ]


def test_daemons_start_after_a_stranger_s_links() -> None:
    lab = Lab(name="lab", nodes=(Node(name="a", services=(Router(),)),))
    daemons = [r for r in expand(lab, registry=WITH_TAPS).values() if isinstance(r, Daemon)]
    assert daemons
    assert all(Key("tap", "a", "tap") in daemon.requires() for daemon in daemons)


def test_services_ask_the_data_plane_that_the_lab_names() -> None:
    lans = Vhosts(lans=(VhostLan(gateway=ip_interface("203.0.113.1/24")),))
    lab = Lab(name="lab", nodes=(Node(name="a", services=(lans,)),), dataplane="other")
    keys = expand(lab, registry=WITH_OTHER)
    assert Key("sysctl", "a", "switch") in keys
    assert not [key for key in keys if key.kind == "bridge"]
    with pytest.raises(HostError, match="no data plane other is installed"):
        expand(lab, registry=Registry([]))


def test_a_file_names_a_data_plane_that_is_installed() -> None:
    text = "name: x\nnodes: [a]\ndataplane: {}\n"
    assert load(Path("x.yaml"), text=text.format("linux")).lab.dataplane == "linux"
    with pytest.raises(InputError, match="linux"):
        load(Path("x.yaml"), text=text.format("nowhere"))
