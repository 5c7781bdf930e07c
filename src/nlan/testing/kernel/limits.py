"""Limits of nodes on the fake kernel, which rounds them as the real one does."""

from __future__ import annotations

import mmap
import os

from nlan.errors import HostError
from nlan.testing.errors import RefusedError
from nlan.testing.kernel.fake import FakeKernel

_PERIOD_US = 100_000


class FakeLimits:
    """The cgroups of a fake place, see `nlan.runtimes.base.Limits`."""

    def __init__(self, kernel: FakeKernel) -> None:
        """Take the kernel that keeps them."""
        self._kernel = kernel

    def limits(self, namespace: str) -> dict[str, float]:
        """Return ``memory`` in bytes, ``cpu`` in processors, ``pids``; what is missing is unlimited."""
        return dict(self._kernel.limits.get(namespace, {}))

    def set_limits(self, namespace: str, limits: dict[str, float]) -> None:
        """Set limits; what is missing becomes unlimited.

        Raises:
            HostError: An ordered fault.
        """
        for controller in ("memory", "cpu", "pids"):
            value = limits.get(controller)
            if value is not None or controller in self._kernel.limits.get(namespace, {}):
                self._set(namespace, controller, value)

    def _set(self, namespace: str, controller: str, value: float | None) -> None:
        try:
            self._kernel.faults.call()
            self._kernel.faults.change(f"limit {controller} of {namespace}")
        except RefusedError as refused:
            words = os.strerror(refused.errno)
            raise HostError(f"{namespace}: its {controller} limit cannot be set: {words}") from None
        found = self._kernel.limits.setdefault(namespace, {})
        if value is None:
            del found[controller]
        else:
            found[controller] = _rounded(controller, value)
        if not found:
            del self._kernel.limits[namespace]

    def why_not(self, controller: str) -> str | None:
        """Return None: every controller can be used."""
        return None


def _rounded(controller: str, value: float) -> float:
    if controller == "memory":
        return int(value) // mmap.PAGESIZE * mmap.PAGESIZE
    if controller == "cpu":
        return max(1000, round(value * _PERIOD_US)) / _PERIOD_US
    return value
