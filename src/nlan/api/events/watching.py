"""What happens in a lab, as reports: links, addresses, routes, sessions, daemons, operations of any nlan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nlan.api import catalog
from nlan.api.events.reports import Report
from nlan.api.events.sources import Appeared, Committed, Ended, LabEvent, Logged, Sources, Started, Vanished
from nlan.netlink.events import Event
from nlan.state import CONFIG, find_state
from nlan.values import natural
from tega.api import Change, Commit, Op
from tega.errors import StoreError

if TYPE_CHECKING:
    from nlan.api.lab import Lab

LINK_LOCAL = "fe80:"
ZEROS = "00:00:00:00:00:00"
KEEP = ("keep",)
"""Where a keep says that it lives and what it repaired last."""


class Watching:
    """What happens in a lab from now on, as reports; a context, or to be closed.

    Iterating waits for what comes, and ends once the lab is gone.

    Attributes:
        is_lost: Whether the lab's database turned out to be damaged. Closing it would write to it, and so
            would the interpreter's end: `os._exit` does not.
    """

    def __init__(self, lab: Lab) -> None:
        """Watch a lab; one without a database is watched all the same."""
        self._nodes = catalog.choose(lab.environment, lab.name)
        self._state = find_state(lab.paths.state, lab.name, say=lab.listener.say)
        self._database = None if self._state is None else self._state.database
        self._links: dict[tuple[str, str], str] = {}
        self._head = 0 if self._database is None else self._database.head()
        self.is_lost = False
        self.sources = Sources(self._nodes, lab.environment.engines, self._database, names=True)

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Watch no more."""
        self.sources.close()
        if self._state is not None and not self.is_lost:
            self._state.close()

    def __iter__(self) -> Iterator[Report]:
        while not self.is_over:
            yield from self.reports()

    @property
    def namespaces(self) -> frozenset[str]:
        """Nodes and hosts that are watched, and the fabric."""
        return frozenset(self.sources.namespaces)

    def reports(self, timeout_s: float = 3600.0) -> Iterator[Report]:
        """Wait for something to happen, at most so long, and yield what it was."""
        events = self.sources.wait(timeout_s)
        if any(isinstance(one, Appeared | Started) for one in events):
            self.sources.sync()
        for event in events:
            yield from self._reports_of(event)

    @property
    def is_over(self) -> bool:
        """Whether the lab is gone."""
        return not self.sources.namespaces and not self._nodes.machine.paths.lab(self._nodes.lab).exists()

    def _reports_of(self, event: LabEvent) -> Iterator[Report]:
        match event:
            case Event():
                yield from self._kernel(event)
            case Ended(node, daemon):
                yield _report("daemon-ended", node, f"{daemon} ended", daemon=daemon)
            case Started(node, daemon):
                yield _report("daemon-started", node, f"{daemon} started", daemon=daemon)
            case Logged(node, daemon, entry):
                yield _logged(node, daemon, entry.kind, entry.subject)
            case Appeared(node):
                yield _report("namespace-added", node, "namespace added")
            case Vanished(node):
                yield _report("namespace-removed", node, "namespace removed")
            case Committed():
                yield from self._commits()

    def _kernel(self, event: Event) -> Iterator[Report]:
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
                yield _report("lost", event.namespace, "events were lost: too many at once")

    def _link(self, event: Event) -> Iterator[Report]:
        """The kernel tells of a link for many reasons; only a change of its state is news."""
        end = event.namespace, event.interface
        before = self._links.get(end) or self.sources.links(event.namespace).get(event.interface, "")
        now = "removed" if event.gone else event.text
        self._links[end] = now
        if now == before or (event.gone and before == "removed"):
            return
        yield _report(
            f"link-{now}", event.namespace, f"link {event.interface} {now}", interface=event.interface
        )

    def _commits(self) -> Iterator[Report]:
        if self._database is None:
            return
        try:
            after, self._head = self._head, self._database.head()
            commits = list(self._database.history(after=after))
        except StoreError as error:
            self._database, self.is_lost = None, True
            self.sources.follow(None)
            text = f"{self._nodes.lab}: revisions are not reported any more: {error}"
            yield Report("database-lost", text, {"why": str(error)})
            return
        for commit in commits:
            yield from reports_of_commit(commit)


def reports_of_commit(commit: Commit) -> Iterator[Report]:
    """Yield what a commit tells of operations; observed state is left out."""
    touched = {c.path[0].removeprefix(CONFIG) for c in commit.changes if c.path and _is_wish(c.path[0])}
    common: dict[str, Any] = {"revision": commit.rev, "author": commit.author, "message": commit.message}
    if touched:
        names = ", ".join(sorted(touched, key=natural)[:6]) + (" …" if len(touched) > 6 else "")
        text = f"revision {commit.rev} by {commit.author}: {names}"
        text += f" ({commit.message})" if commit.message else ""
        yield Report("revision", text, {**common, "changed": sorted(touched, key=natural)})
    for change in commit.changes:
        yield from _reports_of_change(change, common)


def _is_wish(root: str) -> bool:
    return root == "lab" or root.startswith(CONFIG)


def _reports_of_change(change: Change, common: dict[str, Any]) -> Iterator[Report]:
    root, value = change.path[0] if change.path else "", change.value
    put = change.op is not Op.DELETE
    if root == "applied" and isinstance(value, dict):
        up = bool(value.get("up"))
        if up and not value.get("revision"):
            return  # on its way up
        text = f"the network is at revision {value.get('revision')}" if up else "the lab was taken down"
        yield Report("applied" if up else "down", text, {**common, "applied": value.get("revision")})
    elif root == "confirm":
        if change.path != (root,):
            return  # it is being undone
        word = "waits to be confirmed" if put else "is no longer waiting to be confirmed"
        number = value.get("revision") if isinstance(value, dict) else None
        text = f"revision {number} {word}" if number else f"the change {word}"
        yield Report("unconfirmed" if put else "settled", text, {**common, "waiting": number})
    elif root == "status" and put:
        for node, one in value.items() if len(change.path) == 1 and isinstance(value, dict) else ():
            if isinstance(one, dict) and one.get("state") == "error":
                yield _report("failed", node, str(one.get("reason")), **common)
    elif (root,) == KEEP and put and isinstance(value, dict):
        for operation in value.get("repaired", {}).get("operations", ()):
            yield Report("repaired", f"{operation}", {"operation": operation, "ms": value["repaired"]["ms"]})


def _moved(event: Event, what: str) -> Report:
    word = "removed" if event.gone else "added"
    where = f" on {event.interface}" if event.interface else ""
    text = f"{what} {event.text}{where} {word}"
    return _report(f"{what}-{word}", event.namespace, text, interface=event.interface, value=event.text)


def _logged(node: str, daemon: str, kind: str, subject: str) -> Report:
    if kind == "configured":
        return _report("configured", node, f"{daemon}: {subject}", daemon=daemon, line=subject)
    word = "up" if kind == "session-up" else "down"
    return _report(kind, node, f"{daemon}: session with {subject} {word}", daemon=daemon, peer=subject)


def _report(event: str, node: str, text: str, **fields: Any) -> Report:
    return Report(event, f"{node}: {text}", {"node": node, **fields})
