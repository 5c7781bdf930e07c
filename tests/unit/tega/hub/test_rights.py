"""Who has no right learns nothing: two worlds that differ only in what a token may not see look alike to it.

In each world the same things happen at the same revisions, with other names, values, authors, messages,
channels, sessions and functions where the token has no right. Then every operation of the protocol is asked
in many ways, with names of both worlds, and each answer and push of the one has to be that of the other.
"""

import asyncio
from itertools import product
from typing import Any

import msgspec
import pytest

from tega.hub import FULL, access
from tega.hub.operations import standard_operations
from tega.protocol.requests import REQUESTS, Abort, Hello, Request
from unit.tega.serving import Talker, hubbing, run, until

WORLDS = ("left", "right")
TOKENS = {
    "none": access(name="none"),
    "reads": access(name="reads", read=["open.mine", "open.f"]),
    "writes": access(name="writes", write=["open.mine", "news"], call=["open"]),
    "part": access(
        name="part",
        read=["open.mine", "pub-*", "news"],
        write=["open.mine", "pub-*", "news"],
        call=["open"],
    ),
}
PATHS = [
    "", "open", "open.mine", "open.mine.k", "open.other", "pub-1", "open.f", "news", "left", "right",
    "left.x", "right.x", "old-left", "old-right", "left.f", "right.f", "open.left", "open.right",
]  # fmt: skip
PUT = {"do": "put", "path": "open.mine.k", "value": 1}
FIELDS: dict[str, list[Any]] = {
    "path": PATHS,
    "root": ["", "open", "pub-1", "left", "right", "old-left"],
    "at": [None, 3],
    "root_version": [None, 1, -1],
    "txid": [None, "0123456789abcdef0123456789abcdef"],
    "pattern": [".*", r".*\..*", r"(.*)\.(x|k)", "left.*", r"open\.mine", "(?=a)"],
    "regex": [True],
    "after": [None, 0],
    "limit": [1, 100],
    "since": [0, 4],
    "to": [1, -1, 2],
    "by_version": [False, True],
    "old_roots": [False, True],
    "value": [{"k": 1}],
    "expect": [None, 0, 3],
    "message": ["why"],
    "request": [None, "request-left", "request-right"],
    "steps": [[], [PUT], [{**PUT, "path": "left.x"}], [PUT, {**PUT, "path": "right.x"}]],
    "base": [None, 3],
    "before": [2],
    "lines": [[]],
    "channel": ["news", "open.mine", "left.c", "right.c"],
    "kind": ["Error"],
    "timeout": [0.05],
    "call": [1],
    "sub": [10_000],
}
EXPECTED_PATHS = ["open", "left.x", "right.x", "open.mine"]


def ways(kind: type[Request]) -> list[dict[str, Any]]:
    """Ask for an operation in every combination of what its fields may be."""
    names = [field for field in kind.__struct_fields__ if field in FIELDS]
    required = {field.encode_name for field in msgspec.structs.fields(kind) if field.required}
    found = [
        {
            name: value
            for name, value in zip(names, values, strict=True)
            if value is not None or name in required
        }
        for values in product(*(FIELDS[name] for name in names))
    ]
    if "expect" in names and kind.__name__ == "Apply":
        for one in found:
            one["expect"] = dict.fromkeys(EXPECTED_PATHS[:2], one["expect"]) if "expect" in one else {}
        found += [{"steps": [PUT], "expect": {path: rev}} for path in EXPECTED_PATHS for rev in (0, 3)]
    if kind.__name__ in ("Subscribe", "Listen"):
        text = "path" if kind.__name__ == "Subscribe" else "channel"
        found = [{**one, "regex": False} for one in found if one[text]]
        found += [{text: wide, "regex": True} for wide in (".*", r".*\..*", "left.*", "news")]
    return found


async def settled(talker: Talker, message: dict[str, Any]) -> Any:
    """Ask, and return the answer, with nothing in it that no two runs share."""
    number = talker.send(**message)
    while (answer := talker.inbox.answer(number)) is None:  # noqa: ASYNC110 - thousands of times
        await asyncio.sleep(0)
    talker.inbox.messages.remove(answer)
    return scrubbed(answer)


ALWAYS_OTHER = {"time", "txid", "key", "age", "silent", "lease"}


def scrubbed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: scrubbed(item) for key, item in value.items() if key not in ALWAYS_OTHER}
    return [scrubbed(item) for item in value] if isinstance(value, list) else value


async def history(admin: Talker, helper: Talker, world: str) -> None:
    """What happened before: open things alike in both worlds, the others not."""
    await admin.ask(op="put", path="open", value={"mine": {"k": 0}, "other": 1}, message=f"of {world}")
    await admin.ask(
        op="put", path=world, value={"x": world, "y": 2}, message=f"of {world}", request=f"request-{world}"
    )
    steps = [
        {"do": "put", "path": "open.mine.k", "value": 5},
        {"do": "put", "path": f"{world}.x", "value": f"mixed {world}"},
    ]
    await admin.ask(op="apply", steps=steps, message=f"mixed {world}")
    await helper.ask(op="put", path=f"{world}.z", value=1, message="by somebody else")
    await admin.ask(op="put", path=f"old-{world}", value=1)
    await admin.ask(op="delete", path=f"old-{world}")
    await admin.ask(op="put", path=f"open.{world}", value=world)
    await admin.ask(op="put", path="pub-1", value={"a": 1})
    await admin.ask(op="offer", path="open.f", doc="for everybody")
    await helper.ask(op="offer", path=f"{world}.f", doc=f"of {world}")
    for channel in (f"{world}.c", "news"):
        await helper.ask(op="listen", channel=channel)
    await helper.ask(op="subscribe", path=f"{world}.*", regex=True)
    txid = (await helper.ask(op="begin", message=world))["txid"]
    await helper.ask(op="put", path=f"{world}.t", value=world, txid=txid)


async def afterwards(admin: Talker, helper: Talker, world: str) -> None:
    """What happens while others listen: all at once, and where they may not look."""
    tree = {"open": {"mine": {"k": 7}, world: 1}, world: {"q": world}, "pub-1": {"a": 2}}
    await admin.ask(op="put", path="", value=tree, message=f"all of {world}")
    await helper.ask(op="put", path=f"{world}.q", value=0)
    await helper.ask(op="delete", path=f"{world}.q")
    await admin.ask(op="merge", path="", value={"open": {world: 2}, "pub-2": {"b": 1}})
    await admin.ask(op="delete", path="pub-1")
    await admin.ask(op="delete", path="")
    for channel in (f"{world}.c", "news", f"open.{world}"):
        await admin.ask(op="publish", channel=channel, body=channel if channel != "news" else 1)


async def seen(world: str, who: Any) -> list[Any]:
    """All that a token is answered and sent in a world."""
    async with hubbing() as hub:
        admin = Talker(hub, FULL, name="admin")
        helper = Talker(hub, FULL, name=f"helper-{world}")
        await history(admin, helper, world)
        low = Talker(hub, who, name="low")
        reported: list[Any] = [scrubbed(low.inbox.messages.pop())]
        for kind in REQUESTS:
            if kind in (Hello, Abort) or kind.__name__ in ("Bye", "Call", "Offer", "Withdraw", "Begin"):
                continue
            reported += [
                (kind.__name__, way, await settled(low, {"op": kind.__name__.lower(), **way}))
                for way in ways(kind)
            ]
        for op in ("offer", "withdraw", "call"):
            for path in PATHS:
                if (op, path) != ("call", "open.f"):
                    reported.append(
                        (
                            op,
                            path,
                            await settled(
                                low, {"op": op, "path": path, **({"timeout": 1} if op == "call" else {})}
                            ),
                        )
                    )
        reported.append(await held(low))
        for path in ("", ".*", r".*\..*"):
            await settled(low, {"op": "subscribe", "path": path, "regex": bool(path), "after": 0})
        await afterwards(admin, helper, world)
        await settled(low, {"op": "ping"})
        head = await admin.ask(op="head")
        subs = [sub for session in hub.sessions.values() for sub in session.subs.values()]
        await until(lambda: all(sub.live for sub in subs))
        reported.append(head)
        return [*reported, *pushed(low)]


def pushed(low: Talker) -> list[Any]:
    """What each subscription was sent, however it was packed."""
    by_sub: dict[int, list[Any]] = {}
    for push in scrubbed(low.inbox.messages):
        by_sub.setdefault(push["sub"], []).extend(push.get("commits", [push]))
    return [("push", number, reported) for number, reported in sorted(by_sub.items())]


async def held(low: Talker) -> list[Any]:
    """A transaction that the server holds."""
    number = low.send(op="begin")
    answer = await low.answered(number)
    low.inbox.messages.remove(answer)
    if "error" in answer:
        return [answer["error"]]
    txid = answer["ok"]["txid"]
    reported = [scrubbed(answer)]
    for path in ("open.mine.k", "open.mine", "left.x", "right.x"):
        for op in ("get", "put", "merge", "delete"):
            value = {"value": {"v": 1}} if op in ("put", "merge") else {}
            reported.append(await settled(low, {"op": op, "path": path, "txid": txid, **value}))
    for op in ("cand", "commit", "commit"):
        reported.append(await settled(low, {"op": op, "txid": txid}))
    return [str(one).replace(txid, "TXID") for one in reported]


@pytest.mark.parametrize("token", TOKENS)
def test_who_has_no_right_sees_no_difference(token: Any) -> None:
    left, right = (run(seen(world, TOKENS[token])) for world in WORLDS)
    assert len(left) == len(right)
    for one, other in zip(left, right, strict=True):
        assert one == other


def test_who_has_every_right_sees_the_difference() -> None:
    """The test can fail."""
    left, right = (run(seen(world, access(name="all", read=["**"]))) for world in WORLDS)
    pairs = zip(left, right, strict=False)
    different = {one[0] for one, other in pairs if isinstance(one, tuple) and one != other}
    assert {"Get", "Select", "Children", "Roots", "Old", "Edges", "Log", "Diff", "Ids"} <= different
    assert {"Subscribers", "Channels", "Export", "push"} <= different


def test_every_field_of_every_operation_is_asked_for() -> None:
    """A new operation or field is part of this test, or listed as irrelevant."""
    alike = "id args kwargs call_id body until ephemeral mode dry_run history doc name key ttl"
    irrelevant = set(alike.split())
    for kind in standard_operations():
        assert set(kind.__struct_fields__) - set(FIELDS) <= irrelevant, kind
