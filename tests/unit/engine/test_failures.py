"""What failed, told to people: each cause once."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence

from nlan.api.runs.lifecycle import _apply_error
from nlan.engine import Engine, Failure, failure_text
from nlan.errors import ApplyError, HostError, NlanError, os_words
from nlan.kinds.bridge import Bridge
from nlan.plan import Operation, Plan
from nlan.resources import Key, Resource


def failure(node: str, name: str, error: NlanError | None) -> Failure:
    key = Key("frr", node, name)
    return Failure(Operation(action="create", key=key, impact="hitless", reason="missing"), error)


def full(node: str, name: str) -> Failure:
    reason = f"No space left on device (/run/nlan/lab/nodes/{node})"
    return failure(node, name, ApplyError(node, f"start {name}", reason))


def test_one_cause_in_many_nodes_is_told_once() -> None:
    failures = [full(f"r{n}", name) for n in range(1, 46) for name in ("zebra", "bgpd")]
    failures.append(failure("r7", "ospfd", None))
    assert failure_text(failures).splitlines() == [
        "r1: start zebra: No space left on device (/run/nlan/lab/nodes/r1); and 44 more nodes",
        "1 operations that stand on these were left out",
    ]
    assert failure_text(failures[:4]).endswith("r1); and 1 more node")
    assert failure_text(failures[:2]).endswith("r1); and 1 more operation")
    assert failure_text(failures[:1]).endswith("nodes/r1)")


def test_causes_that_differ_are_each_told() -> None:
    other = failure("r2", "bgpd", ApplyError("r2", "start bgpd", "it ended at its start"))
    third = failure("r3", "bgpd", HostError("r3: bgpd is missing"))
    fourth = failure("r4", "bgpd", HostError("r4: bgpd is missing"))
    assert failure_text([full("r1", "bgpd"), other, third, fourth]).splitlines() == [
        str(full("r1", "bgpd").error),
        "r2: start bgpd: it ended at its start",
        "r3: bgpd is missing; and 1 more node",
    ]


def test_what_is_told_once_is_all_there_for_programs() -> None:
    failures = [full(f"r{n}", "zebra") for n in range(1, 46)]
    raised = _apply_error(failures, "everything was undone")
    reason = "No space left on device (/run/nlan/lab/nodes/r1); and 44 more nodes\neverything was undone"
    assert str(raised) == f"r1: create r1 frr zebra: {reason}"
    assert [str(part) for part in raised.parts] == [str(failure.error) for failure in failures]


class Refusing:
    """A driver whose whole call ends."""

    kinds = ("bridge",)

    def observe(self, namespaces: Sequence[str]) -> Iterable[Resource]:
        return ()

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def test_what_ends_a_drivers_call_is_told_in_words() -> None:
    bridge = Bridge(namespace="r1", name="br", mac="00:00:5e:00:53:01", mtu=1500)
    operation = Operation(action="create", key=bridge.key, impact="hitless", reason="missing", desired=bridge)
    failures = Engine([Refusing()]).apply(Plan(operations=(operation,)))
    assert [str(f.error) for f in failures] == ["r1: create r1 bridge br: Too many open files"]
    assert os_words(FileNotFoundError(errno.ENOENT, "No such file", b"/x")) == "No such file (/x)"
