"""Starting a program in a cgroup of version 2, so that it is there from its first moment.

Python's `os.posix_spawn` cannot say where; the C library can since glibc 2.39 (CLONE_INTO_CGROUP, Linux
5.7). Where it cannot, the program is started all the same and has to be moved.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

_SETSIGDEF, _SETSIGMASK, _SETSID, _SETCGROUP = 0x04, 0x08, 0x80, 0x100
_SIGNALS_PER_WORD = 8 * ctypes.sizeof(ctypes.c_ulong)
_OPAQUE = 1024
"""Bytes for one of the library's structures, of which the largest has a third."""

_libc = ctypes.CDLL(None)
CAN_PLACE = hasattr(_libc, "posix_spawnattr_setcgroup_np")
"""Whether the C library can start a program in a cgroup."""


class Program(NamedTuple):
    """What to start.

    Attributes:
        argv: Program, looked up along PATH, and arguments.
        env: The whole environment.
        dup2: Descriptors of the caller, and what they are in the program.
        close: Descriptors that it does not inherit.
        session: Make it the leader of a new session.
        defaults: Signals whose handling goes back to what is usual.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    dup2: Sequence[tuple[int, int]]
    close: Sequence[int]
    session: bool
    defaults: Iterable[int]


def spawn(program: Program, cgroup: int = -1) -> tuple[int, bool]:
    """Start a program; return its process id, and whether it is in the cgroup that was asked for.

    Args:
        program: What.
        cgroup: A descriptor of a cgroup's directory, -1 for where the caller is.

    Raises:
        OSError: It cannot be started.
    """
    if cgroup >= 0 and CAN_PLACE:
        pid = _spawn_into(program, cgroup)
        if pid is not None:
            return pid, True
    actions: list[tuple[int, ...]] = [(os.POSIX_SPAWN_DUP2, *pair) for pair in program.dup2]
    actions += [(os.POSIX_SPAWN_CLOSE, number) for number in program.close]
    pid = os.posix_spawnp(
        program.argv[0],
        list(program.argv),
        program.env,
        file_actions=actions,
        setsid=program.session,
        setsigmask=(),
        setsigdef=program.defaults,
    )
    return pid, False


def _spawn_into(program: Program, cgroup: int) -> int | None:
    """Start a program in a cgroup; None where that fails, for whatever reason."""
    actions, attributes = ctypes.create_string_buffer(_OPAQUE), ctypes.create_string_buffer(_OPAQUE)
    _libc.posix_spawn_file_actions_init(actions)
    _libc.posix_spawnattr_init(attributes)
    try:
        for here, there in program.dup2:
            _libc.posix_spawn_file_actions_adddup2(actions, here, there)
        for number in program.close:
            _libc.posix_spawn_file_actions_addclose(actions, number)
        flags = _SETSIGDEF | _SETSIGMASK | _SETCGROUP | (_SETSID if program.session else 0)
        _libc.posix_spawnattr_setflags(attributes, ctypes.c_short(flags))
        _libc.posix_spawnattr_setsigmask(attributes, _signals(()))
        _libc.posix_spawnattr_setsigdefault(attributes, _signals(program.defaults))
        _libc.posix_spawnattr_setcgroup_np(attributes, cgroup)
        pid = ctypes.c_int()
        name, env = os.fsencode(program.argv[0]), [f"{key}={value}" for key, value in program.env.items()]
        words = (ctypes.byref(pid), name, actions, attributes, _strings(program.argv), _strings(env))
        return pid.value if _libc.posix_spawnp(*words) == 0 else None
    finally:
        _libc.posix_spawn_file_actions_destroy(actions)
        _libc.posix_spawnattr_destroy(attributes)


def _strings(words: Sequence[str]) -> ctypes.Array[ctypes.c_char_p]:
    encoded = [*map(os.fsencode, words), None]
    return (ctypes.c_char_p * len(encoded))(*encoded)


def _signals(numbers: Iterable[int]) -> ctypes.Array[ctypes.c_ulong]:
    """Return a set of signals as the library has it: a bit for each."""
    words = (ctypes.c_ulong * (_OPAQUE // 8))()
    for number in numbers:
        words[(number - 1) // _SIGNALS_PER_WORD] |= 1 << ((number - 1) % _SIGNALS_PER_WORD)
    return words
