"""Checks of the resolved lab as a whole: what each part cannot see alone."""

from __future__ import annotations

from nlan.model import Lab
from nlan.schema.drafts import Places
from nlan.schema.report import Report


def verify(lab: Lab, places: Places, report: Report) -> None:
    """Record everything that is wrong or doubtful in the lab."""
