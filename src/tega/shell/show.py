"""Writing what came back: YAML for people, JSON for programs. Pure functions."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tega.api import MISSING, Op
from tega.client.events import Missed, News, Notice
from tega.paths import format_path

if TYPE_CHECKING:
    from tega.api import Change, Commit, Difference


_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Return a text without what a terminal obeys: escapes, controls, signs that turn the writing about.

    They are shown as JSON writes them; JSON stays what it is.
    """
    return _UNSAFE.sub(lambda sign: f"\\u{ord(sign.group()):04x}", text)


def _one_line(text: str) -> str:
    """A text that cannot pass for more lines than it is given."""
    return text.replace("\n", "\\n").replace("\t", "\\t")


def as_text(value: Any) -> str:
    """Return a value as YAML without a final newline; scalars stand bare."""
    import yaml

    text = yaml.safe_dump(value, default_flow_style=None, sort_keys=False, allow_unicode=True, width=100)
    return text.removesuffix("\n").removesuffix("\n...")


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def clock(seconds: float) -> str:
    """Return the local time to the second."""
    return datetime.fromtimestamp(seconds).isoformat(sep=" ", timespec="seconds")


def change_fields(change: Change) -> dict[str, Any]:
    fields: dict[str, Any] = {"op": change.op.value, "path": format_path(change.path)}
    if change.op is Op.DELETE and change.value is None:
        return fields
    return {**fields, "value": change.value}


def commit_fields(commit: Commit) -> dict[str, Any]:
    """Return a commit as JSON has it."""
    fields: dict[str, Any] = {
        "rev": commit.rev,
        "time": commit.time,
        "author": commit.author,
        "message": commit.message,
        "roots": dict(commit.roots),
        "changes": [change_fields(change) for change in commit.changes],
    }
    return fields if commit.reverts is None else {**fields, "reverts": commit.reverts}


def commit_line(commit: Commit) -> str:
    """Return a commit as a line or some, for people."""
    roots = " ".join(f"{format_path((root,))}:{version}" for root, version in commit.roots.items())
    head = f"{commit.rev}  {clock(commit.time)}  {_one_line(commit.author) or '-'}  {roots}"
    message = f"  # {_one_line(commit.message)}" if commit.message else ""
    back = f"  (back to {commit.reverts})" if commit.reverts is not None else ""
    return "\n".join([head + back + message, *(f"    {change_line(change)}" for change in commit.changes)])


def change_line(change: Change) -> str:
    path = format_path(change.path) or "(everything)"
    if change.op is Op.DELETE:
        return f"- {path}" if change.value is None else f"- {path}: {as_json(change.value)}"
    sign = "+" if change.op is Op.PUT else "~"
    return f"{sign} {path}: {as_json(change.value)}"


def difference_fields(difference: Difference) -> dict[str, Any]:
    fields: dict[str, Any] = {"path": format_path(difference.path)}
    if difference.before is not MISSING:
        fields["before"] = difference.before
    if difference.after is not MISSING:
        fields["after"] = difference.after
    return fields


def difference_line(difference: Difference) -> str:
    path = format_path(difference.path)
    if difference.before is MISSING:
        return f"+ {path}: {as_json(difference.after)}"
    if difference.after is MISSING:
        return f"- {path}: {as_json(difference.before)}"
    return f"~ {path}: {as_json(difference.before)} -> {as_json(difference.after)}"


def event_fields(event: Notice | Missed | News) -> dict[str, Any]:
    """Return what a subscription yields as JSON has it."""
    match event:
        case Notice():
            return {
                "event": "notify",
                "rev": event.rev,
                "author": event.author,
                "changes": [change_fields(change) for change in event.changes],
            }
        case News():
            return {"event": "message", "channel": event.channel, "sender": event.sender, "body": event.body}
        case Missed():
            return {"event": "missed", **event._asdict()}


def event_text(event: Notice | Missed | News) -> str:
    match event:
        case Notice():
            lines = [f"<NOTIFY> {event.rev} by {_one_line(event.author) or '-'}"]
            return "\n".join(lines + [f"    {change_line(change)}" for change in event.changes])
        case News():
            head = f"<MESSAGE> {_one_line(event.channel)} from {_one_line(event.sender)}"
            return f"{head}\n{as_text(event.body)}"
        case Missed():
            return f"<MISSED> the history from {event.after} to {event.oldest} is compacted: read anew"
