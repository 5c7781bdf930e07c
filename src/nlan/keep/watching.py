"""What happens in a lab, as notes: links, addresses, routes, sessions, daemons, operations of any nlan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nlan.keep.dirt import ZEROS
from nlan.keep.notes import Note
from nlan.keep.operational import ROOT
from nlan.keep.sources import Appeared, Committed, Ended, Happening, Logged, Sources, Started, Vanished
from nlan.netlink.events import Event
from nlan.runtimes import NetnsRuntime
from nlan.state import CONFIG
from nlan.values import natural
from tega.api import Change, Commit, Op
from tega.database import Database
from tega.errors import StoreError

LINK_LOCAL = "fe80:"


class Watching:
    """Turns happenings into notes; `notes` waits for the next ones."""

    def __init__(self, place: NetnsRuntime, database: Database | None) -> None:
        """Watch from now on; a lab without a database is watched all the same."""
        self._place, self._database = place, database
        self._links: dict[tuple[str, str], str] = {}
        self._head = 0 if database is None else database.head()
        self.is_lost = False
        """Whether the database turned out to be damaged: closing it would write to it."""
        self.sources = Sources(place, database, names=True)

    def close(self) -> None:
        """Watch no more."""
        self.sources.close()

    def notes(self, timeout_s: float = 3600.0) -> Iterator[Note]:
        """Wait for something to happen, at most so long, and yield what it was."""
        happenings = self.sources.wait(timeout_s)
        if any(isinstance(one, Appeared | Started) for one in happenings):
            self.sources.sync()
        for happening in happenings:
            yield from self._notes_of(happening)

    @property
    def is_over(self) -> bool:
        """Whether the lab is gone."""
        return not self.sources.namespaces and not self._place.paths.lab(self._place.lab).exists()

    def _notes_of(self, happening: Happening) -> Iterator[Note]:
        match happening:
            case Event():
                yield from self._kernel(happening)
            case Ended(node, daemon):
                yield _note("daemon-ended", node, f"{daemon} ended", daemon=daemon)
            case Started(node, daemon):
                yield _note("daemon-started", node, f"{daemon} started", daemon=daemon)
            case Logged(node, daemon, event):
                yield _logged(node, daemon, event.kind, event.subject)
            case Appeared(node):
                yield _note("namespace-added", node, "namespace added")
            case Vanished(node):
                yield _note("namespace-removed", node, "namespace removed")
            case Committed():
                yield from self._commits()

    def _kernel(self, event: Event) -> Iterator[Note]:
        match event.what:
            case "link":
                yield from self._link(event)
            case "address" | "route":
                if not event.text.startswith(LINK_LOCAL):  # come and go with every link
                    yield _moved(event, event.what)
            case "neighbor":
                if event.ours and event.text.startswith(ZEROS):
                    yield _moved(event, "fdb")
            case "lost":
                yield _note("lost", event.namespace, "events were lost: too many at once")

    def _link(self, event: Event) -> Iterator[Note]:
        """The kernel tells of a link for many reasons; only a change of its state is news."""
        end = event.namespace, event.interface
        before = self._links.get(end) or self.sources.links(event.namespace).get(event.interface, "")
        now = "removed" if event.gone else event.text
        self._links[end] = now
        if now == before or (event.gone and before == "removed"):
            return
        yield _note(
            f"link-{now}", event.namespace, f"link {event.interface} {now}", interface=event.interface
        )

    def _commits(self) -> Iterator[Note]:
        if self._database is None:
            return
        try:
            after, self._head = self._head, self._database.head()
            commits = list(self._database.history(after=after))
        except StoreError as error:
            self._database, self.is_lost = None, True
            self.sources.follow(None)
            text = f"{self._place.lab}: revisions are told no more: {error}"
            yield Note("database-lost", text, {"why": str(error)})
            return
        for commit in commits:
            yield from notes_of_commit(commit)


def notes_of_commit(commit: Commit) -> Iterator[Note]:
    """Yield what a commit tells of operations; observed state is left out."""
    touched = {c.path[0].removeprefix(CONFIG) for c in commit.changes if c.path and _is_wish(c.path[0])}
    common: dict[str, Any] = {"revision": commit.rev, "author": commit.author, "message": commit.message}
    if touched:
        names = ", ".join(sorted(touched, key=natural)[:6]) + (" …" if len(touched) > 6 else "")
        text = f"revision {commit.rev} by {commit.author}: {names}"
        text += f" ({commit.message})" if commit.message else ""
        yield Note("revision", text, {**common, "changed": sorted(touched, key=natural)})
    for change in commit.changes:
        yield from _notes_of_change(change, common)


def _is_wish(root: str) -> bool:
    return root == "lab" or root.startswith(CONFIG)


def _notes_of_change(change: Change, common: dict[str, Any]) -> Iterator[Note]:
    root, value = change.path[0] if change.path else "", change.value
    put = change.op is not Op.DELETE
    if root == "applied" and isinstance(value, dict):
        up = bool(value.get("up"))
        if up and not value.get("revision"):
            return  # on its way up
        text = f"the network is at revision {value.get('revision')}" if up else "the lab was taken down"
        yield Note("applied" if up else "down", text, {**common, "applied": value.get("revision")})
    elif root == "confirm":
        if change.path != (root,):
            return  # it is being undone
        word = "waits to be confirmed" if put else "is no longer waiting to be confirmed"
        number = value.get("revision") if isinstance(value, dict) else None
        text = f"revision {number} {word}" if number else f"the change {word}"
        yield Note("unconfirmed" if put else "settled", text, {**common, "waiting": number})
    elif root == "status" and put:
        for node, one in value.items() if len(change.path) == 1 and isinstance(value, dict) else ():
            if isinstance(one, dict) and one.get("state") == "error":
                yield _note("failed", node, str(one.get("reason")), **common)
    elif (root,) == ROOT and put and isinstance(value, dict):
        for operation in value.get("repaired", {}).get("operations", ()):
            yield Note("repaired", f"{operation}", {"operation": operation, "ms": value["repaired"]["ms"]})


def _moved(event: Event, what: str) -> Note:
    word = "removed" if event.gone else "added"
    where = f" on {event.interface}" if event.interface else ""
    text = f"{what} {event.text}{where} {word}"
    return _note(f"{what}-{word}", event.namespace, text, interface=event.interface, value=event.text)


def _logged(node: str, daemon: str, kind: str, subject: str) -> Note:
    if kind == "configured":
        return _note("configured", node, f"{daemon}: {subject}", daemon=daemon, line=subject)
    word = "up" if kind == "session-up" else "down"
    return _note(kind, node, f"{daemon}: session with {subject} {word}", daemon=daemon, peer=subject)


def _note(event: str, node: str, text: str, **fields: Any) -> Note:
    return Note(event, f"{node}: {text}", {"node": node, **fields})
