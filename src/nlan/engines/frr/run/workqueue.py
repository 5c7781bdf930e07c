"""Zebra's queue of routes that it has been told and not taken in yet.

When a daemon's connection to zebra ends, zebra (8.4 to 10.5, ``early_route_meta_queue_free``) drops not
that daemon's routes from the queue but everybody's, the kernel's connected ones too, and they are lost for
good. So a daemon is ended when the queue is empty: a moment after the last change, as a rule.
"""

from __future__ import annotations

import re
import select
import time
from collections.abc import Iterable
from pathlib import Path

from nlan.engines.frr.run.vty import Vty
from nlan.errors import PeerError

LOOK_MS = 2
EMPTY_S = 1.0
"""How long routes may go on coming; zebra itself is done after some 10 ms."""
_ITEMS = re.compile(r"^.\s+(?P<items>\d+) .* route_node processing", re.MULTILINE)


def await_empty(sockets: Iterable[Path]) -> None:
    """Wait until the zebras behind these sockets have taken in all, or for as long as that may take.

    One that does not answer is not waited for.
    """
    left = list(sockets)
    deadline = time.monotonic() + EMPTY_S
    while left := [socket for socket in left if _items(socket)]:
        if time.monotonic() > deadline:
            return
        select.poll().poll(LOOK_MS)


def _items(socket: Path) -> int:
    try:
        with Vty(socket) as vty:
            return parse_items(vty.ask("show work-queues").text)
    except (OSError, PeerError):
        return 0


def parse_items(text: str) -> int:
    """Return how many routes wait, by ``show work-queues`` of zebra; 0 where it tells of none."""
    match = _ITEMS.search(text)
    return 0 if match is None else int(match["items"])
