"""How the fake kernel says no, and how it says that it does not know what it is asked."""

from __future__ import annotations


class RefusedError(Exception):
    """The kernel's no, as `nlan.netlink.codec.Refusal` on the way there.

    Attributes:
        errno: Positive.
        words: What the kernel says beyond the number; may be empty.
    """

    def __init__(self, errno: int, words: str = "") -> None:
        """Keep both."""
        self.errno, self.words = errno, words
        super().__init__(errno, words)


class UnexpectedError(AssertionError):
    """Something was asked that the fake does not know: extend it, or stop asking. No `NlanError`."""


class KilledError(BaseException):
    """Stands for ``kill -9`` at this moment; nothing in nlan catches it."""
