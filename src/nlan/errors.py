"""Every exception that nlan raises, sorted by who acts on it.

The exception knows whether trying again can help (`transient`); the place
that calls does not guess. Many things can fail at once: checks gather
`Problem` values and raise one `InputError` that carries them all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from nlan.secrets import hide


class Problem(NamedTuple):
    """One thing that is wrong (or doubtful) in a document.

    Attributes:
        path: Where in the document, e.g. ``pe1.Ptn.wan.L2Vpn[0].Vni``; empty for the whole file.
        message: What stands there and what was expected, as a sentence without the path.
        file: The file as the user named it.
        line: One-based line, 0 when unknown.
        column: One-based column, 0 when unknown.
        hint: What to write instead, e.g. ``did you mean `LocalIp`?``; may be empty.
        severity: ``error`` stops; ``warning`` is shown and harms nothing.
    """

    path: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        head = ": ".join(part for part in (place, self.severity, self.path) if part)
        return f"{head}: {self.message}" + (f" ({self.hint})" if self.hint else "")


def os_words(error: OSError) -> str:
    """Return the kernel's words, and of which file, without its number."""
    words = error.strerror or str(error)
    return words if error.filename is None else f"{words} ({os.fsdecode(error.filename)})"


class NlanError(Exception):
    """What nlan raises on purpose.

    Attributes:
        transient: Whether the same call may succeed later.
        parts: What it sums up, for programs: each failure by itself.
    """

    transient = False
    parts: Sequence[NlanError] = ()


class InputError(NlanError):
    """The author's turn: the document is wrong. Carries every problem found, in file order."""

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        """Take the problems, or one sentence that concerns no place in a file."""
        if isinstance(problems, str):
            problems = [Problem("", problems)]
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ConflictError(NlanError):
    """The caller's turn: somebody else was faster; read again and retry."""

    transient = True


class LockedError(ConflictError):
    """Another nlan works on the same lab at this moment."""


class OvertakenError(ConflictError):
    """The lab was changed after it was read for a change."""


class NotOwnedError(ConflictError):
    """The thing exists, and nlan did not make it."""

    transient = False


class HostError(NlanError):
    """The operator's turn: a privilege, a kernel feature or a daemon is missing."""


class PluginError(HostError):
    """The operator's turn: what other distributions add to nlan does not go together, or is missing."""


class NotFoundError(NlanError):
    """No lab, node or host answers to that name."""


class ApplyError(NlanError):
    """One operation failed.

    Attributes:
        node: The node (or namespace) it was for.
        operation: The operation in words, as the plan prints it.
        reason: The words of the kernel or of the daemon.
    """

    def __init__(self, node: str, operation: str, reason: str) -> None:
        """Keep the three parts and make one sentence of them."""
        self.node, self.operation, self.reason = node, hide(operation), hide(reason)
        super().__init__(hide(f"{node}: {operation}: {reason}"))


class VerificationError(NlanError):
    """Everything was applied, yet the network is not what was asked for; says what is missing.

    Attributes:
        reasons: What differs first in each node (or namespace).
    """

    def __init__(self, message: str, reasons: Mapping[str, str]) -> None:
        """Take the whole, and the reason for each node."""
        self.reasons = reasons
        super().__init__(message)


class RollbackError(NlanError):
    """Undoing failed too; says exactly what is left behind."""


class PeerError(NlanError):
    """The other end of a socket broke its protocol or vanished."""

    transient = True


class InternalError(NlanError):
    """A bug in nlan or in a plugin (`nlan.registry.origins.blamed` tells in whose)."""
