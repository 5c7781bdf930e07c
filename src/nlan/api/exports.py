"""A lab in another tool's words: by the exporters that there are (`nlan.exporters`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlan.errors import InputError
from nlan.exporters.base import SEAM, Exported
from nlan.registry import Registry
from nlan.schema.syntax.report import listed, nearest

if TYPE_CHECKING:
    from nlan.model import Lab


def formats(registry: Registry | None = None) -> dict[str, str]:
    """Return what a lab can be exported to: a few words for each format, by its name."""
    known = (Registry() if registry is None else registry).of(SEAM)
    return {name: known[name].summary for name in known}


def export(lab: Lab, form: str, registry: Registry) -> Exported:
    """Return a lab as files of a format.

    Raises:
        InputError: There is no such format, or the lab has what it cannot have.
    """
    known = registry.of(SEAM)
    if form not in known:
        near = nearest(form, known)
        hint = f" ({near})" if near else ""
        formats = listed([f"`{name}`" for name in known], "and")
        raise InputError(f"`{form}` is no format that a lab can be exported to: there is {formats}{hint}")
    return known[form].export(lab)
