"""An unconfirmed change undone while the lab is watched."""

from __future__ import annotations

from collections.abc import Callable

from nlan.api.listener import Listener
from nlan.errors import NlanError
from nlan.plan import Operation
from nlan.resources import NAMESPACE


class Undoing(Listener):
    """Passes on what undoing says, and which namespaces it removes."""

    def __init__(self, say: Callable[[str], None], removed: Callable[[str], None]) -> None:
        """Take what is called with each sentence, and with each namespace that is removed."""
        self._say, self._removed = say, removed

    def say(self, text: str) -> None:
        self._say(text)

    def done(self, operation: Operation, error: NlanError | None) -> None:
        if operation.action == "delete" and operation.key.kind == NAMESPACE:
            self._removed(operation.key.namespace)
