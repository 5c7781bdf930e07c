"""The daemon: holds the lines of a file, tells them by a Unix socket, and reads the file again when told to.

``daemon.py FILE SOCKET``. It needs nothing but Python.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path


def main(file: Path, path: Path) -> None:
    Path("/proc/self/comm").write_text("beacon", encoding="ascii")
    lines = file.read_bytes()
    path.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX)
    os.chdir(path.parent)  # names of sockets are short
    server.bind(path.name)
    server.listen()
    while True:
        client, _ = server.accept()
        with client:
            if client.recv(16) == b"load":
                lines = file.read_bytes()
                print("loaded", flush=True)
            client.sendall(lines)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
