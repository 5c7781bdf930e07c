"""When a change that waits to be confirmed is over: by a clock that nobody sets.

Within a boot that is the time since it (CLOCK_BOOTTIME, which goes on while the machine sleeps). Over a
boot only the wall clock tells; where that was set back meanwhile, the change's time is taken for over.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from typing import Self

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Now(NamedTuple):
    """A time by both clocks.

    Attributes:
        wall: Seconds since 1970 by the wall clock.
        uptime: Seconds since the machine's boot.
        boot: What tells this boot from others; empty where the kernel does not say.
    """

    wall: float
    uptime: float
    boot: str

    @classmethod
    def here(cls) -> Self:
        """Return the time that it is."""
        return cls(time.time(), uptime(), boot_id())


class Confirmation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A change that undoes itself.

    Attributes:
        revision: The change.
        until: When, in seconds since 1970 by the wall clock; 0 once it is being undone.
        back_to: The revision that is returned to; 0 where the lab did not exist before.
        boot: The boot in which it was made; empty in what an older nlan wrote.
        uptime: When, in seconds since that boot.
        window_s: How long it waits in all.
    """

    revision: int
    until: float
    back_to: int
    boot: str = ""
    uptime: float = 0.0
    window_s: float = 0.0

    @property
    def left_s(self) -> float:
        """Seconds until it undoes itself; none are left where it is below or at 0."""
        return self.left_at(Now.here())

    def left_at(self, now: Now) -> float:
        """Return as many, at a time."""
        if self.until <= 0:
            return 0.0
        if self.boot and self.boot == now.boot:
            return self.uptime - now.uptime
        left = self.until - now.wall
        return 0.0 if self.window_s and left > self.window_s else left

    @property
    def is_over(self) -> bool:
        """Whether its time is over."""
        return self.left_s <= 0


def waiting(revision: int, back_to: int, seconds: float) -> Confirmation:
    """Return what waits to be confirmed for so long from now on."""
    now = Now.here()
    return Confirmation(
        revision=revision,
        until=now.wall + seconds,
        back_to=back_to,
        boot=now.boot,
        uptime=now.uptime + seconds,
        window_s=seconds,
    )


def uptime() -> float:
    """Return the seconds since the machine's boot, sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def boot_id() -> str:
    """Return what tells this boot from others; empty where the kernel does not say."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
