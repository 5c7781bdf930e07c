"""A node's part of neutron-lan's modules, read and changed in its words: what its master's verbs did.

The words are those of `nlan.importers.neutron_lan.words`. What is changed is the text of the lab's file, as
its database keeps it: a revision like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nlan.api.edits import Edit
from nlan.api.edits.written import Changed, Origin, change_file, node_in_file
from nlan.errors import InputError, NotFoundError, Problem
from nlan.importers.neutron_lan import crud
from nlan.importers.neutron_lan.crud import Act as Act
from nlan.importers.neutron_lan.words import MODULES, Module
from nlan.importers.neutron_lan.written import Underlay
from nlan.schema.syntax.report import nearest

if TYPE_CHECKING:
    from nlan import model
    from nlan.api.handle import Handle
    from nlan.state import LabState


def module_edit(act: crud.Act, node: str, module: str, words: Sequence[str]) -> Edit:
    """Add, update or delete words of a module at a node.

    Args:
        act: Which of them.
        node: The node.
        module: Such as ``subnets``.
        words: ``WORD=VALUE``, lists as ``a,b``, mappings as ``k:v,k:v``; ``_index=VALUE`` tells which item.

    Raises:
        InputError: There is no such module or word. The change raises it, too, for what cannot be.
    """
    wanted = crud.asked(module, words)

    def change(state: LabState, lab: model.Lab) -> Changed:
        origin = Origin(state.source(), state.allocations())
        tree = _node(lab, origin, node)
        try:
            path, value = crud.changed(act, tree, wanted, _underlay(lab))
        except InputError as error:
            raise InputError([one._replace(path=f"{node}.{one.path}") for one in error.problems]) from None
        return change_file(lab, origin, (node, *path), value)

    return Edit(change, " ".join((act, node, module, *words)))


def module_of(lab: Handle, node: str, module: str, words: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return a module's items at a node, in neutron-lan's words: those words of them that are asked for.

    Raises:
        InputError: There is no such node, module or word.
        NotFoundError: Nothing is known of the lab.
    """
    wanted = crud.asked(module, words)
    with lab.state() as state:
        known = state.lab()
        if known is None:
            raise NotFoundError(f"nothing is known of a lab {lab.name}")
        tree = _node(known, Origin(state.source(), state.allocations()), node)
    return list(crud.got(tree, wanted, _underlay(known)))


def modules(name: str = "") -> tuple[Module, ...]:
    """Return what neutron-lan's modules say: of one, or of all.

    Raises:
        InputError: There is no such module.
    """
    return (crud.asked(name, ()).module,) if name else MODULES


def _node(lab: model.Lab, origin: Origin, name: str) -> Any:
    names = [node.name for node in lab.nodes]
    if name not in names:
        hint = nearest(name, names)
        raise InputError([Problem(name, f"there is no node `{name}`", hint=hint)])
    return node_in_file(origin, name)


def _underlay(lab: model.Lab) -> Underlay:
    return Underlay({node.name: str(node.underlay.ip) for node in lab.nodes if node.underlay})
