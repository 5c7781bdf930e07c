"""Bringing a lab up, changing it, taking it down: the order of steps around the engine.

What is applied is all or nothing: where an operation fails, the network is
planned back to the revision that it was at (or to nothing, for a new lab), unless
that fails too, and then the error says what is left. Where there is no revision
to return to, what was done stays, and so does a repair that went well in part. A
run that is killed leaves a state from which the same command goes on.

A change that waits to be confirmed goes back, in the end, to what was confirmed
last; a later one that waits for nobody keeps it (as RFC 6241, section 8.4).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from threading import Event
from typing import NamedTuple

from nlan.api.environment.context import Context
from nlan.api.listener import Listener
from nlan.api.runs.convergence import Missing, wait
from nlan.api.runs.request import Applied, Request
from nlan.confirmation import Confirmation
from nlan.engine import Engine, Failure, failure_text
from nlan.engines.base import Daemon
from nlan.errors import (
    ApplyError,
    InputError,
    NlanError,
    OvertakenError,
    Problem,
    RollbackError,
    VerificationError,
)
from nlan.expect import expectation
from nlan.model import Lab
from nlan.plan import Operation, Plan, exclusively
from nlan.resources import Key, Resource
from nlan.state import LabState

VANISH_S = 30.0
"""How long the kernel may take to remove the links of a removed namespace, in the background.

It removes one namespace after the other, those of all labs of the machine in one row.
"""

NO_WAY_BACK = "what runs is at no known revision that it could be returned to"

LOOK_AGAIN_S = 0.01
"""How long it is left alone meanwhile."""


def planned(context: Context, lab: Lab, *, exclusive: bool = False) -> Plan:
    """Return what would turn the network as it is into `lab`, or into nothing but it; only reads."""
    desired = expanded(context, lab, exclusive=exclusive)
    return _engine(context, desired).plan(desired, context.nodes.namespaces())


def expanded(context: Context, lab: Lab, *, exclusive: bool) -> Mapping[Key, Resource]:
    """Return the resources of a lab, and with `exclusive` nothing that somebody else put beside them."""
    desired = context.expand(lab)
    return exclusively(desired) if exclusive else desired


class Prepared(NamedTuple):
    """A change that this machine can make, before anything is written or touched.

    Attributes:
        request: What shall be.
        desired: Its resources.
        engine: With the drivers that it needs.
        plan: The operations that lead there.
        existed: Whether anything of the lab was there before.
        seconds: How long planning took.
    """

    request: Request
    desired: Mapping[Key, Resource]
    engine: Engine
    plan: Plan
    existed: bool
    seconds: float


def prepare(context: Context, request: Request) -> Prepared:
    """Plan the way to the request's lab and check that this machine can go it; call it with the lock held.

    Raises:
        InputError: This machine lacks what the lab needs, or the time to confirm is none.
    """
    if request.confirm_s is not None and not math.isfinite(request.confirm_s):
        raise InputError(f"{request.confirm_s} is no number of seconds in which a change can be confirmed")
    clock = _Clock(context.clock)
    desired = expanded(context, request.lab, exclusive=request.exclusive)
    engine = _engine(context, desired)
    namespaces = context.nodes.namespaces()
    plan = engine.plan(desired, namespaces)
    context.check(plan, request.source[0], request.lines)
    clock.lap("plan")
    return Prepared(request, desired, engine, plan, bool(namespaces), clock.laps["plan"])


def bring_up(context: Context, state: LabState, prepared: Prepared, listener: Listener) -> Applied:
    """Make a prepared change, in place, and wait as asked; call it with the lock held since preparing.

    Raises:
        InputError: It shall wait to be confirmed, and there is no revision to return to.
        OvertakenError: It was made from a revision that is not the newest any more.
        ApplyError: An operation failed; says whether what was done is undone or stays.
        RollbackError: Undoing failed too.
        VerificationError: All was done, yet the network differs.
    """
    request, desired, engine, plan, existed, seconds = prepared
    clock = _Clock(context.clock, {"plan": seconds})
    listener.planned(plan)
    before, head, waiting = state.applied(), state.head(), state.confirmation()
    if request.base not in (None, head) or request.known not in (None, state.allocations()):
        raise OvertakenError(f"{request.lab.name}: revision {head} came in between; try again")
    confirm_s, begun = request.confirm_s, context.clock()
    is_unknown = existed and not before and (state.was_up() or state.is_blank())
    if confirm_s is not None and is_unknown and waiting is None:
        raise InputError(f"{request.lab.name}: {NO_WAY_BACK}, so nothing can wait to be confirmed")
    revision = state.commit(
        request.lab, request.allocations, request.source, request.message, confirm_s=confirm_s
    )
    clock.lap("state")
    context.tell_engines(is_strict=request.strict)
    failures = engine.apply(plan, listener.done, listener.before if listener.one_by_one else None)
    if failures:
        _note(state, revision, failures)
        if revision == before:
            raise _apply_error(failures, "all else was done")
        if is_unknown:
            raise _apply_error(failures, f"what was done stays: {NO_WAY_BACK}")
        _undo(context, state, before, waiting, failures, listener)
    clock.lap("apply")
    if plan:
        try:
            _verify(engine, desired, context)
        except VerificationError as error:
            state.mark_failed(revision, error.reasons)
            raise
        clock.lap("verify")
    keeps = confirm_s is None and revision != head
    state.mark_applied(revision, [node.name for node in request.lab.nodes], confirmed=keeps)
    if waiting is not None and confirm_s is None:
        listener.say(f"{request.lab.name}: {_word(waiting, kept=keeps)}")
    waits = state.confirmation() if confirm_s is not None else None
    clock.lap("state")
    missing = _converge(context, request, begun, listener)
    clock.lap("converge")
    return Applied(
        plan, revision, missing, clock.laps, waits, request.lab, request.wait, _refused(context, request)
    )


def _refused(context: Context, request: Request) -> tuple[Problem, ...]:
    """Return the raw lines that a daemon did not take, each with its file and line."""
    found = []
    for one in context.refusals():
        file, lines = request.raw.get(one.namespace, ("", ()))
        line = lines[one.line - 1] if 0 < one.line <= len(lines) else 0
        found.append(Problem(f"{one.namespace}.{one.key}", str(one), file, line, severity="warning"))
    return tuple(sorted(found, key=lambda problem: (problem.file, problem.line)))


def _word(waiting: Confirmation, *, kept: bool) -> str:
    """Return what becomes of an earlier change that waits to be confirmed."""
    if kept:
        return f"revision {waiting.revision} does not wait to be confirmed any more: this change followed it"
    left = max(0.0, waiting.left_s)
    return f"revision {waiting.revision} is undone in {left:.0f} s unless `nlan confirm` comes"


def take_down(context: Context, listener: Listener) -> Plan:
    """Remove everything of the lab; needs neither file nor database; call it with the lock held.

    Raises:
        HostError: Something could not be removed; the rest is.
    """
    engine = Engine(context.namespace_drivers())
    plan = engine.plan({}, context.nodes.namespaces())
    listener.planned(plan)
    failures = engine.apply(plan, listener.done, listener.before if listener.one_by_one else None)
    context.nodes.cleanup()
    if failures:
        raise _apply_error(failures, "the rest was removed")
    return plan


def undo_unconfirmed(context: Context, state: LabState, change: Confirmation, listener: Listener) -> None:
    """Return to the revision before a change that nobody confirmed; call it with the lock held.

    Nothing is done where it was confirmed at the last moment.

    Raises:
        RollbackError: That could not be done whole.
    """
    if not state.begin_undoing(change):
        return
    listener.say(f"{context.nodes.lab}: revision {change.revision} was not confirmed in time; undoing it")
    former = state.lab(change.back_to) if change.back_to else None
    try:
        left = _go_back(context, former, listener)
    except VerificationError as error:
        raise RollbackError(f"an unconfirmed change could not be undone: {error}") from error
    if left:
        raise RollbackError(f"an unconfirmed change could not be undone:\n{failure_text(left)}")
    if former is None:
        state.mark_down()
    else:
        back = state.commit(
            former, state.allocations(), state.source(change.back_to), "undone: not confirmed in time"
        )
        state.mark_applied(back, [node.name for node in former.nodes], confirmed=True)


def _engine(context: Context, desired: Mapping[Key, Resource]) -> Engine:
    return Engine(context.drivers(desired))


def _node(operation: Operation) -> str:
    """Return the node that an operation is for; empty for what is the lab's."""
    return operation.key.namespace.partition("/")[0]


def _note(state: LabState, revision: int, failures: list[Failure]) -> None:
    reasons = {_node(f.operation): str(f.error) for f in failures if f.error}
    state.mark_failed(revision, {node: reason for node, reason in reasons.items() if node})


def _undo(
    context: Context,
    state: LabState,
    before: int,
    waiting: Confirmation | None,
    failures: list[Failure],
    listener: Listener,
) -> None:
    """Plan back to where the network was, and raise what failed."""
    listener.say("an operation failed; undoing what was done")
    try:
        back, former = _shall_be_as_before(state, before, f"undone: {failures[0].operation} failed")
        left = _go_back(context, former, listener)
    except NlanError as error:
        raise _rollback_error(failures, f" {error}", [error]) from error
    if left:
        _note(state, back, left)
        raise _rollback_error(failures, f"\n{failure_text(left)}", _errors(left))
    if former is not None:
        state.mark_applied(back, [node.name for node in former.nodes])
        state.await_confirmation(waiting)
    raise _apply_error(failures, "everything was undone: the network is as it was before")


def _shall_be_as_before(state: LabState, before: int, message: str) -> tuple[int, Lab | None]:
    """Desire what was before, so that whoever goes on after a kill goes there; return revision and lab."""
    former = state.lab(before) if before else None
    if former is None:
        state.mark_down()
        return 0, None
    return state.commit(former, state.allocations(), state.source(before), message), former


def _go_back(context: Context, former: Lab | None, listener: Listener) -> list[Failure]:
    if former is None:
        take_down(context, listener)
        return []
    desired = context.expand(former)
    engine = _engine(context, desired)
    failures = engine.apply(engine.plan(desired, context.nodes.namespaces()), listener.done)
    if not failures:
        _verify(engine, desired, context)
    return failures


def _apply_error(failures: list[Failure], ending: str) -> ApplyError:
    first = failures[0]  # it is what those that were left out stand on
    error, key = first.error, first.operation.key
    named = (
        (error.node, error.operation) if isinstance(error, ApplyError) else (key.namespace, first.operation)
    )
    reason = failure_text(failures).removeprefix(f"{named[0]}: {named[1]}: ")
    where = key.namespace or f"the lab's {key.kind}"
    raised = ApplyError(where, str(first.operation), f"{reason}\n{ending}")
    raised.parts = _errors(failures)
    return raised


def _rollback_error(failures: list[Failure], why: str, parts: Sequence[NlanError]) -> RollbackError:
    raised = RollbackError(f"{failure_text(failures)}\nundoing failed too:{why}")
    raised.parts = (*_errors(failures), *parts)
    return raised


def _errors(failures: Sequence[Failure]) -> tuple[NlanError, ...]:
    return tuple(failure.error for failure in failures if failure.error is not None)


def _verify(engine: Engine, desired: Mapping[Key, Resource], context: Context) -> None:
    deadline = context.clock() + VANISH_S
    left = _left(engine, desired, context)
    while left and all(map(_vanishes, left)) and context.clock() < deadline:
        Event().wait(LOOK_AGAIN_S)
        left = _left(engine, desired, context)
    if left:
        lines = [(_node(operation), f"{operation}: {operation.reason}") for operation in left]
        text = "\n".join(f"  {line}" for _, line in lines[:20])
        message = f"all was done, yet the network differs from what was asked for:\n{text}"
        raise VerificationError(message, {node: line for node, line in reversed(lines) if node})


def _left(engine: Engine, desired: Mapping[Key, Resource], context: Context) -> list[Operation]:
    """Return what still differs; a session that came up in vain is none, and reset while waiting."""
    operations = engine.plan(desired, context.nodes.namespaces()).operations
    return [o for o in operations if not _resets(o)]


def _resets(operation: Operation) -> bool:
    """Tell whether it does nothing but to open sessions again."""
    seen = operation.observed
    return isinstance(seen, Daemon) and seen.is_to_be_reset and not operation.details


def _vanishes(operation: Operation) -> bool:
    """Tell whether time does it: the kernel takes the links of a removed namespace along a little later."""
    return operation.action == "delete" and operation.observed is not None and operation.observed.lingers


def _converge(context: Context, request: Request, begun: float, listener: Listener) -> Missing:
    if request.wait != "converged":
        return Missing()
    expected = expectation(request.lab)
    if not expected:
        return Missing(hindrances=expected.hindrances)
    deadline = context.clock() + request.timeout_s
    if request.confirm_s is not None:
        deadline = min(deadline, begun + request.confirm_s)
    with context.routes(sorted({*expected.routes, *expected.possible})) as routes:
        speakers = context.speakers(request.lab)
        return wait(expected, routes, speakers, deadline, listener.waiting, clock=context.clock)


class _Clock:
    """Seconds by part."""

    def __init__(self, now: Callable[[], float], laps: Mapping[str, float] | None = None) -> None:
        self.laps: dict[str, float] = dict(laps or {})
        self._now, self._last = now, now()

    def lap(self, part: str) -> None:
        """Add the time since the last call to a part."""
        now = self._now()
        self.laps[part] = self.laps.get(part, 0.0) + now - self._last
        self._last = now
