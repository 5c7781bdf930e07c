"""Put an XDP program that lets everything pass on a link: ``xdp_pass.py LINK``.

It is loaded by bpf(2) itself, so that neither a compiler nor libbpf is needed.
"""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import struct
import sys

_BPF = {"x86_64": 321, "aarch64": 280}
_PROG_LOAD, _TYPE_XDP, _PASS = 5, 6, 2
_NEWLINK, _REQUEST, _ACK, _NESTED, _IFLA_XDP, _XDP_FD = 16, 1, 4, 0x8000, 43, 1


def _load() -> int:
    program = ctypes.create_string_buffer(struct.pack("=BBhiBBhi", 0xB7, 0, 0, _PASS, 0x95, 0, 0, 0))
    licence = ctypes.create_string_buffer(b"GPL")
    addresses = ctypes.addressof(program), ctypes.addressof(licence)
    wanted = struct.pack("=IIQQIIQII", _TYPE_XDP, 2, *addresses, 0, 0, 0, 0, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    loaded = libc.syscall(
        _BPF[platform.machine()], _PROG_LOAD, ctypes.create_string_buffer(wanted), len(wanted)
    )
    if loaded < 0:
        raise OSError(ctypes.get_errno(), "bpf: " + os.strerror(ctypes.get_errno()))
    return int(loaded)


def _attach(link: str, program: int) -> None:
    inner = struct.pack("=HHi", 8, _XDP_FD, program)
    body = struct.pack("=BxHiII", 0, 0, socket.if_nametoindex(link), 0, 0)
    body += struct.pack("=HH", 4 + len(inner), _NESTED | _IFLA_XDP) + inner
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as route:
        route.send(struct.pack("=IHHII", 16 + len(body), _NEWLINK, _REQUEST | _ACK, 1, 0) + body)
        (refused,) = struct.unpack_from("=i", route.recv(8192), 16)
    if refused:
        raise OSError(-refused, os.strerror(-refused))


if __name__ == "__main__":
    _attach(sys.argv[1], _load())
