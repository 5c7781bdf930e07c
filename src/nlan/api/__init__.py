"""The product without a terminal, for any front: command line, keep, tests, browser, notebooks, programs.

`Lab` is the door; what its methods return, take and raise is here too, and `nlan.errors`. Names load when
they are used. Nothing here prints.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nlan import model
    from nlan.api.catalog import Listed as Listed
    from nlan.api.doctor.blame import bug_of as bug_of
    from nlan.api.doctor.features import Feature as Feature
    from nlan.api.edits import Edit as Edit
    from nlan.api.edits.comparing import Distance as Distance
    from nlan.api.edits.differences import MISSING as MISSING
    from nlan.api.edits.differences import Difference as Difference
    from nlan.api.edits.faults import LinkFault as LinkFault
    from nlan.api.edits.text import LabText as LabText
    from nlan.api.environment import Environment as Environment
    from nlan.api.events.reports import Report as Report
    from nlan.api.events.reports import Tell as Tell
    from nlan.api.events.watching import Watching as Watching
    from nlan.api.exports import formats as formats
    from nlan.api.inside.execution import Executed as Executed
    from nlan.api.inside.pinging import Ping as Ping
    from nlan.api.inside.pinging import Pings as Pings
    from nlan.api.lab import Lab as Lab
    from nlan.api.lab import labs as labs
    from nlan.api.listener import Listener as Listener
    from nlan.api.runs.convergence import Missing as Missing
    from nlan.api.runs.removing import Removed as Removed
    from nlan.api.runs.request import Applied as Applied
    from nlan.api.runs.request import Options as Options
    from nlan.api.runs.request import Wait as Wait
    from nlan.api.status import LabStatus as LabStatus
    from nlan.api.status import NodeStatus as NodeStatus
    from nlan.confirmation import Confirmation as Confirmation
    from nlan.exporters.base import Exported as Exported
    from nlan.model import to_builtins as to_builtins
    from nlan.model import to_shown as to_shown
    from nlan.paths import Paths as Paths
    from nlan.paths import namespace_name as namespace_name
    from nlan.plan import Operation as Operation
    from nlan.plan import Plan as Plan
    from nlan.schema import json_schema as json_schema
    from nlan.schema import reference as reference
    from nlan.schema import to_yaml as to_yaml
    from nlan.schema.syntax.report import nearest as nearest
    from nlan.schema.written.dump import hidden as hidden
    from nlan.schema.written.dump import to_plain as to_plain
    from nlan.state import Revision as Revision

    Resolved = model.Lab

_HOME = {
    "MISSING": "nlan.api.edits.differences",
    "Applied": "nlan.api.runs.request",
    "Confirmation": "nlan.confirmation",
    "Difference": "nlan.api.edits.differences",
    "Distance": "nlan.api.edits.comparing",
    "Edit": "nlan.api.edits",
    "Environment": "nlan.api.environment",
    "Executed": "nlan.api.inside.execution",
    "Exported": "nlan.exporters.base",
    "Feature": "nlan.api.doctor.features",
    "Lab": "nlan.api.lab",
    "LabStatus": "nlan.api.status",
    "LabText": "nlan.api.edits.text",
    "LinkFault": "nlan.api.edits.faults",
    "Listed": "nlan.api.catalog",
    "Listener": "nlan.api.listener",
    "Missing": "nlan.api.runs.convergence",
    "NodeStatus": "nlan.api.status",
    "Operation": "nlan.plan",
    "Options": "nlan.api.runs.request",
    "Paths": "nlan.paths",
    "Ping": "nlan.api.inside.pinging",
    "Pings": "nlan.api.inside.pinging",
    "Plan": "nlan.plan",
    "Removed": "nlan.api.runs.removing",
    "Revision": "nlan.state",
    "Report": "nlan.api.events.reports",
    "Resolved": "nlan.model",
    "Tell": "nlan.api.events.reports",
    "Wait": "nlan.api.runs.request",
    "Watching": "nlan.api.events.watching",
    "bug_of": "nlan.api.doctor.blame",
    "formats": "nlan.api.exports",
    "hidden": "nlan.schema.written.dump",
    "json_schema": "nlan.schema",
    "labs": "nlan.api.lab",
    "namespace_name": "nlan.paths",
    "nearest": "nlan.schema.syntax.report",
    "reference": "nlan.schema",
    "to_builtins": "nlan.model",
    "to_plain": "nlan.schema.written.dump",
    "to_shown": "nlan.model",
    "to_yaml": "nlan.schema",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'nlan.api' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), "Lab" if name == "Resolved" else name)
