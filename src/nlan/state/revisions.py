"""Revisions of a lab's desired state, read from the commits of its database: what became of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec

from nlan.confirmation import Confirmation
from nlan.values import natural
from tega.api import Change, Commit
from tega.log.state import View

CONFIG = "config-"

RevisionState = Literal["current", "unconfirmed", "undone", "failed", "unfinished", "past"]


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of a lab's desired state.

    Attributes:
        revision: Its number; numbers grow, not all are revisions.
        time: Seconds since 1970.
        author: Who made it.
        message: Why.
        changed: What it touched: ``lab`` and node names, sorted.
        applied: Whether the running network is at it.
        state: ``current``, ``unconfirmed`` (current, and undone unless confirmed), ``undone`` (it was not
            confirmed), ``failed`` (it could not be applied whole), ``unfinished`` (it has not been yet),
            or ``past``.
        reason: Why it failed.
    """

    revision: int
    time: float
    author: str
    message: str
    changed: tuple[str, ...]
    applied: bool = False
    state: RevisionState = "past"
    reason: str = ""


def desired_revision(tree: View) -> int:
    """Return the newest revision of the desired state in a tree; 0 where there is none."""
    roots = (root for root in tree.keys() if root == "lab" or root.startswith(CONFIG))  # noqa: SIM118
    return max((entry.mod_rev for root in roots if (entry := tree.get((root,))) is not None), default=0)


def is_desired(change: Change) -> bool:
    return bool(change.path) and (change.path[0] == "lab" or change.path[0].startswith(CONFIG))


def changed(commit: Commit) -> tuple[str, ...]:
    touched = {c.path[0].removeprefix(CONFIG) for c in commit.changes if is_desired(c)}
    return tuple(sorted(touched, key=natural))


class Fates(NamedTuple):
    """What became of revisions: those applied whole, why others failed, those undone for want of a word."""

    applied: set[int]
    failed: dict[int, str]
    undone: set[int]


def fates_of(commits: Iterable[Commit]) -> Fates:
    fates, waiting, pending = Fates(set(), {}, set()), 0, set[int]()
    for commit in commits:
        if changed(commit):
            pending.add(commit.rev)
        for change in commit.changes:
            value = change.value if isinstance(change.value, dict) else {}
            match change.path:
                case ("applied",):
                    revision = value.get("revision", 0)
                    if revision or not value.get("up"):  # the way to another one, or to nothing, is over
                        fates.applied.add(revision)
                        fates.failed.update(
                            (lost, fates.failed.get(lost, "")) for lost in pending - {revision}
                        )
                        pending.clear()
                case ("confirm",):
                    waiting = value.get("revision", waiting)
                case ("confirm", "until"):
                    fates.undone.add(waiting)
                case ("status",):
                    for node, one in value.items():
                        if one.get("state") == "error":
                            fates.failed.setdefault(one["revision"], _with_node(node, str(one["reason"])))
    return fates


def _with_node(node: str, reason: str) -> str:
    return reason if reason.startswith(f"{node}: ") else f"{node}: {reason}"


def revision_of(commit: Commit, applied: int, waiting: Confirmation | None, fates: Fates) -> Revision:
    state, reason = state_of(commit.rev, applied, waiting, fates)
    return Revision(
        revision=commit.rev,
        time=commit.time,
        author=commit.author,
        message=commit.message,
        changed=changed(commit),
        applied=commit.rev == applied,
        state=state,
        reason=reason,
    )


def state_of(
    revision: int, applied: int, waiting: Confirmation | None, fates: Fates
) -> tuple[RevisionState, str]:
    if revision == applied:
        return "unconfirmed" if waiting is not None and waiting.revision == revision else "current", ""
    if revision in fates.undone:
        return "undone", ""
    if revision in fates.applied:
        return "past", ""
    if revision in fates.failed:
        return "failed", fates.failed.get(revision, "")
    return "unfinished", ""
