"""What nlan knows of a lab, in its tega database.

The tree of a lab::

    lab             settings, links, LANs, and the nodes' names in file order
    config-NODE     a node as it shall be (the model, as `nlan show` prints it)
    ip.NODE         its underlay address
    alloc           everything that was allocated by name
    source          the file's path and text
    applied         whether the lab shall be up, the revision that the network is at, and since when
    status.NODE     pending, done or error with the reason; and the revision
    confirm         what undoes itself, and when
    base            the newest revision before the history that is kept
    plugins         what other distributions brought that the lab is made with
    operational-NODE  what is observed (kept current by `nlan keep`)

A revision of a lab is a commit that touches ``lab`` or a ``config-`` root.
The world outside needs none of this: a lab whose database is lost is still
seen, kept and removed.
"""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from nlan import confirmation
from nlan.confirmation import Confirmation
from nlan.errors import HostError, NotFoundError, PluginError
from nlan.model import Lab, from_json, to_builtins
from nlan.registry import Registry
from nlan.schema import Allocations
from nlan.secrets import hide
from nlan.state import plugins
from nlan.state.revisions import (
    CONFIG,
    Revision,
    RevisionState,
    changed,
    desired_revision,
    fates_of,
    is_desired,
    revision_of,
    state_of,
)
from tega.api import Change, Op
from tega.database import Database
from tega.errors import Compacted, Conflict, FutureRevision, StoreError
from tega.log.state import View


class LabState:
    """A lab's database; close it, or use it as a context.

    As a context it raises HostError where tega fails it, or holds what this nlan cannot read.
    """

    def __init__(self, database: Database, lab: str) -> None:
        """Take an open database."""
        self.database, self._lab = database, lab

    def __enter__(self) -> LabState:
        return self

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        kept = self._plugins() if isinstance(error, msgspec.ValidationError) else {}
        self.close()
        if isinstance(error, StoreError):
            raise HostError(f"{self._lab}: its database: {error}") from error
        if isinstance(error, msgspec.ValidationError):
            if lost := plugins.missing(kept, Registry()):
                raise PluginError(
                    f"{self._lab}: its database cannot be read ({error}): {lost}; "
                    "install that again, or `nlan up FILE` describes the lab anew"
                ) from error
            raise HostError(
                f"{self._lab}: its database holds what this nlan cannot read ({error}); "
                "`nlan up FILE` describes the lab anew"
            ) from error

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    # What is there

    def allocations(self) -> Allocations:
        """Return everything that was ever allocated in this lab."""
        entry = self.database.get(("alloc",))
        return Allocations() if entry is None else from_json(entry.value, Allocations)

    def lab(self, revision: int | None = None) -> Lab | None:
        """Return the lab as it shall be, now or at a revision; None where nothing is described.

        Raises:
            NotFoundError: The revision does not exist, or is no longer kept.
            ValidationError: Another version of nlan wrote it in a shape this one cannot read.
        """
        try:
            tree = self._view(revision)
        except (Compacted, FutureRevision) as error:
            raise NotFoundError(f"{self._lab}: {error} (`nlan history` lists the revisions)") from error
        settings = tree.get(("lab",))
        if settings is None:
            return None
        value = dict(settings.value)
        names = value.pop("order")
        entries = [tree.get((CONFIG + name,)) for name in names]
        value["nodes"] = [entry.value for entry in entries if entry is not None]
        return from_json(value, Lab)

    def head(self) -> int:
        """Return the newest revision of the desired state; 0 where there is none."""
        return desired_revision(self.database.view())

    def applied(self) -> int:
        """Return the revision that the running network is at; 0 where none was applied whole."""
        entry = self.database.get(("applied",))
        return 0 if entry is None else int(entry.value["revision"])

    def was_up(self) -> bool:
        """Tell whether the lab shall be up (after a reboot, `nlan restore`)."""
        entry = self.database.get(("applied",))
        return entry is not None and bool(entry.value.get("up"))

    def is_blank(self) -> bool:
        """Tell whether nothing is known, not even that the lab was taken down."""
        return self.head() == 0 and self.database.get(("applied",)) is None

    def source(self, revision: int | None = None) -> tuple[str, str]:
        """Return path and text of the file that the newest `up` (up to a revision) read; else empty texts."""
        entry = self._view(revision).get(("source",))
        return ("", "") if entry is None else (entry.value["file"], entry.value["text"])

    def _plugins(self) -> dict[str, Any]:
        """Return what other distributions brought that the lab was made with."""
        entry = self.database.get((plugins.ROOT,))
        return {} if entry is None else dict(entry.value)

    def status(self) -> dict[str, Any]:
        """Return per node ``state``, ``reason`` and ``revision``."""
        entry = self.database.get(("status",))
        return {} if entry is None else dict(entry.value)

    def revisions(self, limit: int = 0) -> list[Revision]:
        """Return the revisions kept, newest first; at most `limit` of them where it is not 0."""
        commits = list(self.database.history())
        fates = fates_of(commits)
        applied, waiting = self.applied(), self.confirmation()
        found = [revision_of(commit, applied, waiting, fates) for commit in commits if changed(commit)]
        base = self._base()
        if base is not None:
            state, _ = state_of(base.revision, applied, waiting, fates)
            current = state in ("current", "unconfirmed")
            found.insert(0, replace(base, applied=current, state=state if current else base.state))
        return found[: -limit - 1 : -1] if limit else found[::-1]

    def _base(self) -> Revision | None:
        """Return the revision that stood when the kept history begins, as far as that is known."""
        entry = self.database.get(("base",))
        if entry is None:
            return None
        base = from_json(entry.value, Revision)
        oldest = self.database.oldest()
        stands = base.revision <= oldest and desired_revision(self.database.view(oldest)) == base.revision
        return base if stands else None

    def _view(self, revision: int | None) -> View:
        """Return the tree at a revision; one before the kept history may have stood when that begins."""
        try:
            return self.database.view(revision)
        except Compacted as error:
            base = self.database.view(error.oldest)
            if desired_revision(base) != revision:
                raise
            return base

    def forget(self, before: int) -> None:
        """Forget the history before a revision; what the lab should be then is still known.

        Raises:
            StoreError: See `Database.compact`.
        """
        base = desired_revision(self.database.view(before - 1))
        found = next((revision for revision in self.revisions() if revision.revision == base), None)
        if found is not None:
            state: RevisionState = "past" if found.applied else found.state
            kept = to_builtins(replace(found, applied=False, state=state))
            if (entry := self.database.get(("base",))) is None or entry.value != kept:
                self.database.put(("base",), kept, author=author())
        self.database.compact(before)

    # What is written

    def commit(
        self,
        lab: Lab,
        allocations: Allocations,
        source: tuple[str, str],
        message: str = "",
        *,
        confirm_s: float | None = None,
    ) -> int:
        """Make `lab` the desired state, of a network that shall be up, and return its revision.

        One commit has it all, and is left out where nothing differs. A change that waits to be
        confirmed returns to where the first of those returns to that wait already.

        Args:
            lab: As it shall be.
            allocations: What its names were given.
            source: Path and text of the file.
            message: Why.
            confirm_s: Seconds until the change undoes itself; None where it counts at once.
        """
        documents = _documents(lab, allocations, source)
        if (made_with := plugins.used(lab, Registry())) or self._plugins():
            documents[plugins.ROOT] = made_with
        changes = self._changes(documents)
        revision = self.database.head() + 1 if any(map(is_desired, changes)) else self.head()
        if not self.was_up():
            changes.append(Change(Op.PUT, ("applied",), {"revision": 0, "time": time.time(), "up": True}))
        waiting = None if confirm_s is None else self._waiting(revision, confirm_s)
        if waiting is not None:
            changes.append(Change(Op.PUT, ("confirm",), to_builtins(waiting)))
        if changes:
            self.database.commit(changes, author=author(), message=hide(message))
        if waiting is not None and self.head() != revision:  # a keep wrote at the same moment
            self.await_confirmation(msgspec.structs.replace(waiting, revision=self.head()))
        return self.head()

    def _waiting(self, revision: int, seconds: float) -> Confirmation | None:
        before, applied = self.confirmation(), self.applied()
        if before is None and revision == applied:
            return None
        back_to = applied if before is None else before.back_to
        return confirmation.waiting(revision, back_to, seconds)

    def _changes(self, wanted: dict[str, Any]) -> list[Change]:
        """Return what turns the documents into those wanted; nodes that it touches are pending."""
        tree = self.database.view()
        changes = [
            Change(Op.PUT, (root,), value)
            for root, value in wanted.items()
            if (entry := tree.get((root,))) is None or entry.value != value
        ]
        changes += [
            Change(Op.DELETE, (root,))
            for root in self.database.versions()
            if root.startswith(CONFIG) and root not in wanted and tree.get((root,)) is not None
        ]
        touched = [c.path[0].removeprefix(CONFIG) for c in changes if c.path[0].startswith(CONFIG)]
        pending = [name for name in touched if CONFIG + name in wanted]
        return changes + [Change(Op.PUT, ("status", name), {"state": "pending"}) for name in pending]

    def mark_applied(self, revision: int, nodes: Iterable[str], *, confirmed: bool = False) -> None:
        """Write down that the network is at the revision; with `confirmed`, that it waits for nobody."""
        status = {node: {"state": "done", "revision": revision} for node in nodes}
        changes = []
        if self.applied() != revision:
            applied = {"revision": revision, "time": time.time(), "up": True}
            changes.append(Change(Op.PUT, ("applied",), applied))
        if self.status() != status:
            changes.append(Change(Op.PUT, ("status",), status))
        if confirmed and self.confirmation() is not None:
            changes.append(Change(Op.DELETE, ("confirm",)))
        if changes:
            self.database.commit(changes, author=author())

    def mark_failed(self, revision: int, reasons: Mapping[str, str]) -> None:
        """Write down which nodes a revision could not be brought to, and why."""
        failed = {
            n: {"state": "error", "reason": hide(why), "revision": revision} for n, why in reasons.items()
        }
        if failed:
            self.database.merge(("status",), failed, author=author())

    def mark_down(self) -> None:
        """Write down that the lab was removed on purpose; its history stays."""
        gone = {"revision": 0, "time": time.time(), "up": False}
        known = [root for root in ("status", "confirm") if self.database.get((root,)) is not None]
        forget = [Change(Op.DELETE, (root,)) for root in known]
        self.database.commit([Change(Op.PUT, ("applied",), gone), *forget], author=author())

    # Changes that undo themselves

    def confirmation(self) -> Confirmation | None:
        """Return the change that waits to be confirmed."""
        entry = self.database.get(("confirm",))
        return None if entry is None else from_json(entry.value, Confirmation)

    def await_confirmation(self, waiting: Confirmation | None) -> None:
        """Write down which change undoes itself unless it is confirmed; None for none."""
        if waiting is not None:
            self.database.put(("confirm",), to_builtins(waiting), author=author())
        elif self.confirmation() is not None:
            self.database.delete(("confirm",), author=author())

    def confirm(self) -> Confirmation | None:
        """Keep the change for good and return it; None where none waits, or its time is over."""
        waiting = self.confirmation()
        if waiting is None or waiting.is_over:
            return None
        return waiting if self._settle(waiting, Change(Op.DELETE, ("confirm",)), "confirmed") else None

    def begin_undoing(self, waiting: Confirmation) -> bool:
        """Put the change out of reach of `confirm`; False where that came first.

        Where undoing was begun before, and failed, nothing is written.
        """
        if waiting.until <= 0:
            return self.confirmation() == waiting
        over = Change(Op.PUT, ("confirm", "until"), 0.0)
        return self._settle(waiting, over, "not confirmed in time")

    def _settle(self, waiting: Confirmation, change: Change, message: str) -> bool:
        entry = self.database.get(("confirm",))
        if entry is None or from_json(entry.value, Confirmation) != waiting:
            return False
        try:
            self.database.commit(
                [change], expect={("confirm",): entry.mod_rev}, author=author(), message=message
            )
        except Conflict:
            return False
        return True


def author(user_id: int | None = None) -> str:
    """Return who makes a change: the user, also behind sudo; by default this process's."""
    user_id = os.getuid() if user_id is None else user_id
    try:
        return os.environ.get("SUDO_USER") or pwd.getpwuid(user_id).pw_name
    except KeyError:
        return str(user_id)


def _documents(lab: Lab, allocations: Allocations, source: tuple[str, str]) -> dict[str, Any]:
    settings = to_builtins(lab)
    nodes = settings.pop("nodes", [])
    settings["order"] = [node["name"] for node in nodes]
    documents = {CONFIG + node["name"]: node for node in nodes}
    documents["lab"] = settings
    documents["ip"] = {node.name: str(node.underlay) for node in lab.nodes if node.underlay is not None}
    documents["alloc"] = to_builtins(allocations)
    documents["source"] = {"file": source[0], "text": source[1]}
    return documents
