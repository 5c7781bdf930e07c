"""Changes of a lab without its file, as values: what `Lab.change` carries out and `Lab.plan` shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from nlan.api.edits.written import Changed, Origin

if TYPE_CHECKING:
    from nlan.api.edits.text import LabText
    from nlan.model import Lab
    from nlan.state import LabState

Change = Callable[["LabState", "Lab"], "Lab | Changed"]
"""Returns the lab that shall be, with the file that describes it where that was changed."""


class Edit(NamedTuple):
    """A change of a lab.

    Attributes:
        change: Given the lab's database and the lab as it shall be, returns the lab that shall be instead.
        message: Kept with the revision where the user says none.
        again: Whether `change` is called again where somebody else's change came in between.
        revision: The earlier one that is returned to.
        needs_running: Whether the lab has to run.
    """

    change: Change
    message: str = ""
    again: bool = True
    revision: int | None = None
    needs_running: bool = True


def set_value(path: str, value: str) -> Edit:
    """Put a value at a path.

    Args:
        path: As in the file (``pe1.asn``) or in `nlan show` (``links.0.mtu``).
        value: As YAML.
    """
    from nlan.api.edits.changes import words_of
    from nlan.api.edits.setting import set_by_path

    def change(state: LabState, lab: Lab) -> Changed:
        return set_by_path(lab, Origin(state.source(), state.allocations()), path, value)

    return Edit(change, f"set {words_of(path, value)}")


def unset_value(path: str) -> Edit:
    """Remove what is at a path: a value, an item of a list, a whole node."""
    from nlan.api.edits.setting import unset_by_path

    def change(state: LabState, lab: Lab) -> Changed:
        return unset_by_path(lab, Origin(state.source(), state.allocations()), path)

    return Edit(change, f"unset {path}")


def to_revision(revision: int) -> Edit:
    """Return to an earlier revision; the lab need not run."""
    from nlan.api.edits.changes import at_revision

    def change(state: LabState, _: Lab) -> Lab:
        return at_revision(state, revision)

    message = f"roll back to revision {revision}"
    return Edit(change, message, revision=revision, needs_running=False)


def by_text(edit: Callable[[LabText], Lab], *, node: str | None = None, secrets: bool = False) -> Edit:
    """Change the text that `nlan show` prints.

    Args:
        edit: Given the text, returns what `LabText.read` makes of an edited one.
        node: The one whose text it is; None for the whole lab.
        secrets: Show keys and passwords; else marks stand for them, which may stay, move or give way.
    """
    from nlan.api.edits.text import LabText

    def change(_: LabState, lab: Lab) -> Lab:
        return edit(LabText(lab, node, secrets=secrets))

    return Edit(change, f"edit {node or 'the lab'}", again=False)


def fault_link(
    a: str,
    b: str | None = None,
    *,
    down: bool | None = None,
    rate: str | None = None,
    delay: str | None = None,
    jitter: str | None = None,
    loss: str | None = None,
) -> Edit:
    """Do something to the links between two nodes; what is None stays as it is.

    It is no part of the lab's description: bringing the lab up from its file leaves it, `clear_link` and
    `Lab.down` end it.

    Args:
        a: A node, or one of its interfaces: ``r1``, ``r1:eth2``.
        b: Another; None for whatever is at the other end of `a`'s interface.
        down: Take both ends down, or up again.
        rate: How fast packets leave at either end, such as ``10M``.
        delay: How long each is held, such as ``20ms``.
        jitter: By how much that varies.
        loss: How many are lost, such as ``1%``.

    Raises:
        InputError: One of the texts is none.
    """
    from nlan.api.edits import faults

    wanted = faults.wanted(down=down, rate=rate, delay=delay, jitter=jitter, loss=loss)
    texts = ("rate", rate), ("delay", delay), ("jitter", jitter), ("loss", loss)
    words = [] if down is None else ["down" if down else "up"]
    words += [f"{name} {text}" for name, text in texts if text is not None]
    message = f"link {_ends(a, b)} {', '.join(words)}"
    return Edit(lambda _, lab: faults.with_faults(lab, a, b, wanted), message)


def clear_link(a: str, b: str | None = None) -> Edit:
    """Take away what `fault_link` did to the links between two nodes."""
    from nlan.api.edits import faults

    return Edit(lambda _, lab: faults.with_faults(lab, a, b, None), f"link {_ends(a, b)} cleared")


def _ends(a: str, b: str | None) -> str:
    return a if b is None else f"{a} {b}"


def as_known() -> Edit:
    """Change nothing: the network becomes again what it shall be, whether or not it runs."""
    return Edit(lambda _, lab: lab, needs_running=False)
