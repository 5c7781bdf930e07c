"""Operations from resources, and what the kernel says of a namespace through iproute2."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from nlan.errors import NlanError
from nlan.kinds.base import Driver
from nlan.kinds.stack import Stack
from nlan.plan import Operation
from nlan.plan.operation import Action
from nlan.resources import Foreign, Key, Resource
from nlan.runtimes.netns.runtime import NetnsRuntime

ALL = ("a", "b", "c", "@fabric")


def operation(action: Action, desired: Resource | None, observed: Resource | None = None) -> Operation:
    subject = desired or observed
    assert subject is not None
    return Operation(
        action=action, key=subject.key, impact="hitless", reason="test", desired=desired, observed=observed
    )


def create(driver: Driver, *resources: Resource) -> list[NlanError | None]:
    return driver.apply([operation("create", r) for r in resources])


def update(driver: Driver, desired: Resource, observed: Resource) -> list[NlanError | None]:
    return driver.apply([operation("update", desired, observed)])


def replace(driver: Driver, desired: Resource, observed: Resource) -> list[NlanError | None]:
    return driver.apply([operation("replace", desired, observed)])


def delete(driver: Driver, *resources: Resource) -> list[NlanError | None]:
    return driver.apply([operation("delete", None, r) for r in resources])


def observe(driver: Driver, namespaces: Sequence[str] = ALL) -> dict[Key, Resource]:
    """Return what is observed; stacks that are whole, as every namespace has one, are left out."""
    found = list(driver.observe(namespaces))
    assert len({r.key for r in found}) == len(found), "a resource is observed twice"
    return {r.key: r for r in found if not (isinstance(r, Stack) and not r.lacks)}


def observe_own(driver: Driver, namespaces: Sequence[str] = ALL) -> dict[Key, Resource]:
    """Return what is observed of nlan's."""
    return {k: r for k, r in observe(driver, namespaces).items() if not isinstance(r, Foreign)}


def observe_foreign(driver: Driver, namespaces: Sequence[str] = ALL) -> list[str]:
    """Return in words what somebody else put there."""
    return sorted(str(r) for r in observe(driver, namespaces).values() if isinstance(r, Foreign))


def by_key(*resources: Resource) -> dict[Key, Resource]:
    return {resource.key: resource for resource in resources}


def succeeded(outcomes: Iterable[NlanError | None]) -> bool:
    failures = [outcome for outcome in outcomes if outcome is not None]
    assert not failures, failures
    return True


def ip(place: NetnsRuntime, namespace: str, *words: str) -> Any:
    """Return what ``ip -json`` prints, None where it prints nothing."""
    done = place.run(namespace, ["ip", "-json", "-details", *words])
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout) if done.stdout.strip() else None


def shell(place: NetnsRuntime, namespace: str, line: str) -> str:
    done = place.run(namespace, ["sh", "-ec", line])
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()
