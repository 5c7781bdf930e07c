"""A lab as the text that `nlan show` prints, to be edited and read again."""

from __future__ import annotations

import msgspec

from nlan.api.edits.changes import edited
from nlan.errors import NotFoundError
from nlan.model import Lab
from nlan.schema.written.dump import to_yaml
from nlan.secrets import Marks

NOTE = "# `<secret 1>` stands for a key that is not shown: it may stay, move, or give way to another.\n"


class LabText:
    """The text of a lab, or of one node of it.

    Attributes:
        text: As it is now.
    """

    def __init__(self, lab: Lab, node: str | None = None, *, secrets: bool = False) -> None:
        """Write the text.

        Raises:
            NotFoundError: There is no such node.
        """
        self._lab, self._node = lab, node
        self._marks = None if secrets else Marks()
        shown = lab if node is None else _alone(lab, node)
        text = to_yaml(shown, self._marks.conceal if self._marks else None)
        self.text = NOTE + text if self._marks is not None and "<secret " in text else text

    def read(self, text: str, file: str = "") -> Lab:
        """Return the lab as an edited text describes it.

        Args:
            text: The edited one.
            file: Where it is, for messages.

        Raises:
            InputError: It is invalid YAML, or no valid lab.
        """
        return edited(self._lab, text, node=self._node, file=file, marks=self._marks)


def _alone(lab: Lab, node: str) -> Lab:
    if all(one.name != node for one in lab.nodes):
        raise NotFoundError(f"{node}: no such node")
    return msgspec.structs.replace(lab, nodes=(lab.node(node),), links=(), lans=(), underlay=None)
