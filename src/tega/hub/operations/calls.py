"""Operations of functions: offered, called, answered."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tega.hub.operations.base import writable
from tega.paths import parse_path
from tega.protocol import requests
from tega.protocol.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tega.api import Json
    from tega.hub.hub import Hub
    from tega.hub.session import Session


async def offer(hub: Hub, who: Session, r: requests.Offer) -> Json:
    await hub.offer(who, writable(who, r.path), r.doc)


async def withdraw(hub: Hub, who: Session, r: requests.Withdraw) -> Json:
    await hub.withdraw(who, parse_path(r.path))


def call(hub: Hub, who: Session, r: requests.Call) -> asyncio.Future[Json]:
    path = parse_path(r.path)
    who.access.require("call", path)
    if not 0 < r.timeout <= 86_400:
        raise BadRequest(f"a call's time-out is above 0 and at most 86400 s, got {r.timeout:g}")
    return hub.calls.call(who.name, r, path, _progress(who, r.id)).done


def _progress(who: Session, number: int) -> Callable[[Json], None] | None:
    if not number:
        return None

    def report(value: Json) -> None:
        who.push({"push": "progress", "id": number, "value": value})

    return report


def answer(hub: Hub, who: Session, r: requests.Answer) -> Json:
    hub.calls.answer(who, r.call, r.value)


def fail(hub: Hub, who: Session, r: requests.Fail) -> Json:
    hub.calls.fail(who, r.call, r.kind, r.message)


def progress(hub: Hub, who: Session, r: requests.Progress) -> Json:
    hub.calls.progress(who, r.call, r.value)
