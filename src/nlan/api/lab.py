"""A lab, the product without a terminal: what the command line, keep, tests and other programs go through."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from nlan.api import catalog
from nlan.api.environment import Environment
from nlan.api.handle import Handle
from nlan.errors import NotFoundError

if TYPE_CHECKING:
    from typing import Unpack

    from nlan import model
    from nlan.api.catalog import Listed
    from nlan.api.edits import Edit
    from nlan.api.edits.comparing import Distance
    from nlan.api.edits.differences import Difference
    from nlan.api.edits.faults import FaultOptions
    from nlan.api.edits.text import LabText
    from nlan.api.events.reports import Report
    from nlan.api.events.watching import Watching
    from nlan.api.inside.execution import Executed
    from nlan.api.inside.pinging import Pings
    from nlan.api.runs.removing import Removed
    from nlan.api.runs.request import Applied, Options
    from nlan.api.status import LabStatus
    from nlan.confirmation import Confirmation
    from nlan.exporters.base import Exported
    from nlan.plan import Plan
    from nlan.state import Revision


class Lab(Handle):
    """A lab on this machine: written in a file, running, or only remembered.

    Nothing is held open between two calls: any number of objects, threads and processes may stand for the
    same lab. What changes it takes the lab's lock (others wait for it), and first undoes a change that
    nobody confirmed in time. Root's privileges are needed for all but `plan` and `resolved` of a file
    whose lab does not run.

    What a call returns is frozen; what goes wrong is an `nlan.errors.NlanError`. Durations are seconds,
    round-trip times milliseconds, times of day seconds since 1970.
    """

    # What it shall be

    @property
    def other_file(self) -> str:
        """The file that the running lab of this name comes from, where that is another one; else empty."""
        from nlan.api.runs.files import other_file

        return "" if self._read is None else other_file(self.paths, self._read)

    def resolved(self) -> model.Lab:
        """Return the lab as it shall be, with every derived address, VNI and default: its file's, if any.

        Raises:
            InputError: The file is wrong.
            NotFoundError: It has no file, and nothing is known of it.
        """
        if self._source is not None:
            return self.read().loaded.lab
        found = self.known()
        if found is None:
            raise NotFoundError(f"nothing is known of a lab {self.name}")
        return found

    def export(self, form: str) -> Exported:
        """Return the lab as it shall be in another tool's words: files by path, and what had to be left out.

        Args:
            form: One of `nlan.api.formats`, such as ``graphviz``.

        Raises:
            InputError: There is no such format, or it cannot have what the lab has; or as of `resolved`.
            NotFoundError: It has no file, and nothing is known of it.
        """
        from nlan.api.exports import export

        return export(self.resolved(), form, self.environment.registry)

    def plan(self, edit: Edit | None = None, *, exclusive: bool = False) -> Plan:
        """Return what `up`, or `change` with an edit, would do; only reads.

        Args:
            edit: A change of what the database has (`nlan.api.edits`); None for what the file says, or
                what repairs a lab without a file.
            exclusive: Plan to take away, too, what somebody else put into the nodes.

        Raises:
            InputError: The file is wrong, or the edit.
            NotFoundError: It has no file, and nothing is known of it.
        """
        if edit is None and self._source is not None:
            from nlan.api.runs.files import plan_of

            return plan_of(self, self.read(), exclusive=exclusive)
        from nlan.api import edits
        from nlan.api.edits import applying

        return applying.plan_change(self, edits.as_known() if edit is None else edit)

    # What changes it

    def up(
        self,
        *,
        replace: bool = False,
        strict: bool = False,
        exclusive: bool = False,
        **options: Unpack[Options],
    ) -> Applied:
        """Build the network that the file says, or change the running one into it, in place, and wait.

        Where an operation fails, all is undone. Without a file the network becomes what the database says
        that it shall be, whether or not it runs.

        Args:
            replace: Take over a lab that runs from another file.
            strict: Undo all where a daemon refuses a raw line, instead of a warning.
            exclusive: Take away what somebody else put into the nodes, this once.
            options: See `nlan.api.Options`.

        Raises:
            InputError: The file is wrong, this machine lacks what it needs, or another file's lab runs.
            ApplyError: An operation failed; says whether what was done is undone or stays.
            RollbackError: Undoing failed too.
            VerificationError: All was done, yet the network differs.
            LockedError: Another nlan works on the lab for too long.
        """
        if self._source is None:
            from nlan.api.edits import as_known

            return self.change(as_known(), **options)
        from nlan.api.runs.files import bring_up

        return bring_up(self, options, replace=replace, strict=strict, exclusive=exclusive)

    def change(self, edit: Edit, **options: Unpack[Options]) -> Applied:
        """Change a lab without its file, in place, and wait.

        Args:
            edit: The change (`nlan.api.edits`).
            options: See `nlan.api.Options`.

        Raises:
            NotFoundError: It does not run, or its database is lost.
            InputError: The result is no valid lab.
            OvertakenError: Somebody else's change came in between, and the edit is not to be made again.
            NlanError: Else as `up` does.
        """
        from nlan.api.edits.applying import change

        return change(self, edit, options)

    def set(self, path: str, value: str, **options: Unpack[Options]) -> Applied:
        """Change one thing, as `change`: the value at a path, as YAML (``lab.set("r1.asn", "64500")``)."""
        from nlan.api.edits import set_value

        return self.change(set_value(path, value), **options)

    def unset(self, path: str, **options: Unpack[Options]) -> Applied:
        """Remove one thing, as `change`: what is at a path, an item of a list, a whole node."""
        from nlan.api.edits import unset_value

        return self.change(unset_value(path), **options)

    def fault(self, a: str, b: str | None = None, **what: Unpack[FaultOptions]) -> Applied:
        """Take a link down, slow it, make it lose packets, as `change` (`nlan.api.edits.fault_link`)."""
        from nlan.api.edits.faults import make

        return make(self, a, b, what)

    def clear(self, a: str, b: str | None = None, **options: Unpack[Options]) -> Applied:
        """Put a link right again, as `change` (`nlan.api.edits.clear_link`)."""
        from nlan.api.edits import clear_link

        return self.change(clear_link(a, b), **options)

    def edit(
        self,
        edit: Callable[[LabText], model.Lab],
        *,
        node: str | None = None,
        secrets: bool = False,
        **options: Unpack[Options],
    ) -> Applied:
        """Change the text of the lab, or of one node, as `change` (`nlan.api.edits.by_text`)."""
        from nlan.api.edits import by_text

        return self.change(by_text(edit, node=node, secrets=secrets), **options)

    def rollback(self, revision: int, **options: Unpack[Options]) -> Applied:
        """Turn the network into an earlier revision, as `change`; after `down`, bring that up."""
        from nlan.api.edits import to_revision

        return self.change(to_revision(revision), **options)

    def confirm(self) -> Confirmation:
        """Keep a change that was to undo itself (`confirm_s`).

        Raises:
            NotFoundError: None waits; too late, it is undone.
        """
        from nlan.api.runs.running import confirm

        return confirm(self)

    def wait_for_confirmation(self, waiting: Confirmation) -> bool:
        """Wait until a change (`Applied.waiting`) is confirmed, or undo it in time; tell whether it stays."""
        from nlan.api.runs.running import wait_for_confirmation

        return wait_for_confirmation(self, waiting)

    def restore(self) -> Applied | None:
        """Bring the lab up again as it was before a boot; None where there is nothing to do.

        Raises:
            NotFoundError: Nothing is known of it.
            NlanError: Else as `up` does.
        """
        from nlan.api.runs.restoring import restore

        return restore(self)

    def down(self, *, purge: bool = False) -> Removed:
        """Remove the lab, wholly; needs neither its file nor its database.

        Args:
            purge: Forget its history and its addresses too.

        Raises:
            NotFoundError: There is none, or it is down already.
            HostError: Something could not be removed; the rest is.
        """
        from nlan.api.runs.removing import remove

        return remove(self, purge=purge)

    # How it is

    def status(self) -> LabStatus:
        """Look at the running lab: nodes, addresses, daemons, sessions, and what differs.

        Raises:
            NotFoundError: It does not run.
        """
        from nlan.api.status import look

        return look(self)

    def history(self, limit: int = 0) -> list[Revision]:
        """Return its revisions, newest first; at most `limit` of them where it is not 0.

        Raises:
            NotFoundError: Nothing is known of it.
        """
        with self.state() as state:
            return state.revisions(limit)

    def diff(self, before: int, after: int, *, secrets: bool = False) -> list[Difference]:
        """Return what parts two revisions; keys and passwords are hidden unless `secrets` asks for them.

        Raises:
            NotFoundError: There is no such revision, or it is kept no more.
        """
        from nlan.api.edits.comparing import between

        return between(self, before, after, secrets=secrets)

    def distance(self, revision: int | None = None) -> Distance:
        """Return what turns the running network into a revision; None for the applied one, else the newest.

        Raises:
            NotFoundError: There is no such revision, or it is kept no more.
        """
        from nlan.api.edits.comparing import distance

        return distance(self, revision)

    def watch(self) -> Watching:
        """Watch what happens from now on: links, addresses, routes, sessions, daemons, revisions, repairs.

        Returns:
            A context; iterating it waits for reports and ends once the lab is gone.

        Raises:
            NotFoundError: It does not run.
        """
        from nlan.api.events.watching import Watching

        return Watching(self)

    def events(self) -> Iterator[Report]:
        """Yield what happens, as `watch` does, until the lab is gone or the generator is closed."""
        with self.watch() as watching:
            yield from watching

    @property
    def kept_by(self) -> int | None:
        """The process id of its `nlan keep`; None where it has none."""
        from nlan.api.upkeep.pidfile import keeper_of

        return keeper_of(self.paths, self.name)

    # In its nodes

    def namespaces(self, pattern: str | None = None) -> list[str]:
        """Return nodes and hosts by name.

        Args:
            pattern: A node (``pe1``), a host (``ce1/172.21.1.2``, or its address alone), or a pattern:
                ``pe*`` matches nodes, ``ce1/*`` hosts. None for all nodes.

        Raises:
            NotFoundError: There is none, or the lab does not run.
        """
        from nlan.api.inside.execution import find

        return find(self, pattern)

    def namespace(self, node: str) -> str:
        """Return the one node or host that a name or an address means.

        Raises:
            NotFoundError: None answers to it, several do, or the lab does not run.
        """
        from nlan.api.inside.execution import find_one

        return find_one(self, node)

    def exec(self, node: str, command: Sequence[str], *, timeout_s: float | None = None) -> Executed:
        """Run a command in a node or host, and wait for its end.

        Args:
            node: Its name, as of `namespaces`; no pattern.
            command: Its words; no shell reads them.
            timeout_s: Kill it after so long.

        Raises:
            NotFoundError: There is no such node, or the lab does not run.
            HostError: It took too long, and was killed.
        """
        from nlan.api.inside.execution import run_one

        return run_one(self, node, command, timeout_s)

    def exec_all(self, command: Sequence[str], nodes: Sequence[str] | None = None) -> dict[str, Executed]:
        """Run a command in many nodes at once, and return what came of it in each.

        Args:
            command: Its words; no shell reads them.
            nodes: Names of `namespaces`; None for all nodes.
        """
        from nlan.api.inside.execution import run_all

        wanted = self.namespaces() if nodes is None else nodes
        return run_all(catalog.choose(self.environment, self.name), wanted, command)

    def enter(self, node: str) -> None:
        """Take this process into a node or host, for good: what it runs from now on runs there."""
        from nlan.api.inside.execution import enter

        enter(self, node)

    def ping(
        self, source: str | None = None, target: str | None = None, *, count: int = 1, timeout_s: float = 2.0
    ) -> Pings:
        """Ping from a node or host to another, or to any address; without them, all hosts each other.

        Args:
            source: Who asks.
            target: Who is asked.
            count: How often each pair is asked.
            timeout_s: How long an answer may take.

        Raises:
            NotFoundError: There is no such node, or the lab does not run.
        """
        from nlan.api.inside.pinging import ping

        return ping(self, source, target, count=count, timeout_s=timeout_s)


def labs(environment: Environment | None = None) -> list[Listed]:
    """Return every lab of this machine: those that run, and those that are remembered.

    Raises:
        HostError: The caller lacks the privilege.
    """
    return catalog.listed(Environment() if environment is None else environment)
