"""What watching and keeping a lab tells: one report per thing that happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Report(NamedTuple):
    """One thing worth a line.

    Attributes:
        event: Its name, such as ``repaired``.
        text: A sentence.
        fields: The same for programs, plain JSON.
    """

    event: str
    text: str
    fields: dict[str, Any] = {}  # noqa: RUF012 - a tuple's default, never changed


Tell = Callable[[Report], None]
