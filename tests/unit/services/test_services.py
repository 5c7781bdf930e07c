"""Services of the registry: the order in which they are expanded, and what each is handed."""

from __future__ import annotations

from collections.abc import Iterable

from nlan.expand import expand
from nlan.kinds.sysctl import Sysctl
from nlan.model import Lab, Node
from nlan.registry import Part, Registry
from nlan.resources import Resource
from nlan.services.base import Context, Service, Stage, services

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


def test_own_services_are_expanded_by_stage_and_then_by_name():
    assert [s.name for s in services(Registry([]))] == ["node", "links", "ptn", "vhosts", "router"]


def test_a_stranger_s_service_is_expanded_in_its_stage_and_told_what_it_stands_on():
    assert [s.name for s in services(WITH_MARK)] == ["node", "links", "ptn", "mark", "vhosts", "router"]
    desired = expand(LAB, registry=WITH_MARK)
    (mark,) = (r for r in desired.values() if isinstance(r, Sysctl) and r.name == "mark")
    assert mark.value == "linux namespace,stack,sysctl"
    assert mark.key not in expand(LAB, registry=Registry([]))
