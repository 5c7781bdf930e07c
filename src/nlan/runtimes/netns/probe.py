"""Whether nodes can be made here: all that one needs, tried in namespaces that end with the call."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from nlan.runtimes.netns.kernel import syscalls
from nlan.runtimes.netns.kernel.threads import in_thread
from nlan.runtimes.netns.nodespace import unshare_mounts

PRIVILEGE = "nlan needs root's privileges, in a container all of them (`--privileged`)"
_SWITCH = Path("/proc/sys/net/ipv4/ip_forward")


def why_not_nodes() -> str | None:
    """Return what a node needs and cannot have here, with what to do, in a sentence; None if it has all."""
    if not os.path.exists("/proc/self/ns/net"):
        return "/proc is not mounted here: `mount -t proc proc /proc`"
    if not _is_null_device():
        return "/dev/null is missing here: `mount --bind /dev DIRECTORY/dev` before entering a chroot"
    return in_thread(_try)


def _is_null_device() -> bool:
    try:
        return stat.S_ISCHR(os.stat("/dev/null").st_mode)
    except FileNotFoundError:
        return False


def _try() -> str | None:
    for work, words in _STEPS:
        try:
            work()
        except OSError as failure:
            return words.format(failure.strerror)
    return None


def _write_switch() -> None:
    _SWITCH.write_text("1", encoding="ascii")  # of the namespace that ends with the call


def _mount_sys() -> None:
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
    syscalls.mount("nlan", "/sys", "sysfs", flags)


_STEPS: tuple[tuple[Callable[[], None], str], ...] = (
    (
        lambda: syscalls.unshare(syscalls.CLONE_NEWNET),
        f"no network namespace can be made here ({{}}): {PRIVILEGE}",
    ),
    (
        lambda: syscalls.unshare(syscalls.CLONE_NEWUTS),
        f"no host name of a node's own can be had here ({{}}): {PRIVILEGE}",
    ),
    (unshare_mounts, f"no mount namespace can be made here ({{}}): {PRIVILEGE}"),
    (_mount_sys, f"/sys cannot be mounted in a node here ({{}}): {PRIVILEGE}"),
    (_write_switch, f"sysctls of a node cannot be written here ({{}}): {PRIVILEGE}"),
)
