"""State files of neutron-lan, with their roster: networks of Ptn and Dvr, hosts, gateways, functions.

The roster says which addresses the routers have; passwords and platforms mean nothing where all routers are
on one machine. Placeholders are filled as neutron-lan's template did. Words that it did not know are warned
of.
"""

from __future__ import annotations

from pathlib import Path

from nlan.importers.base import Map, SourceFile, Sources
from nlan.schema.syntax.foreign import module_of_state
from nlan.schema.syntax.report import Muted
from nlan.schema.syntax.tree import parse_tree


class NeutronLan:
    """The importer."""

    def recognises(self, path: Path, text: str) -> bool:
        """Tell it by its modules, which no other tool has."""
        tree = parse_tree(text, Muted())
        return isinstance(tree, Map) and module_of_state(tree) is not None

    def read(self, source: SourceFile | None, sources: Sources) -> Map:
        """Return the lab that a state file describes."""
        from nlan.importers.neutron_lan.lab import lab_of

        tree = source.yaml() if source is not None else None
        return lab_of(tree, sources) if isinstance(tree, Map) else Map((), 1, 1)


IMPORTER = NeutronLan()
