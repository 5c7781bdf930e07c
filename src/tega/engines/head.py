"""The head file: where the log ends, written beside the database after each commit.

It holds two things. The *sealed* revision and hash are written after a
commit: a database that ends before them has lost its tail, which SQLite
itself does not notice (a damaged write-ahead log is cut at the damage).
The *intent* is stored just before a commit, while the writer still keeps
all others out, so it never goes back: through a memory map it shows a
process in under a microsecond that another one has, or may have,
committed.

The file is never synchronised to disk: after a loss of power it may be
old, never new, as long as the database is durable.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from zlib import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tega.api import Rev

_FORMAT = struct.Struct("<8sQ32s36sB3x")
_CHECKSUM = struct.Struct("<I")
_INTENT = 96
SIZE = 128
MAGIC = b"tegahd01"


class Head:
    """One process's view of the head file.

    Args:
        path: The file; made if it is absent and `writable`.
        writable: Open it for writing.
    """

    def __init__(self, path: str, *, writable: bool = True) -> None:
        flags = os.O_RDWR | os.O_CREAT if writable else os.O_RDONLY
        self._fd = os.open(path, flags | os.O_CLOEXEC, 0o600)
        self.path = path
        protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        try:
            self.fresh = os.fstat(self._fd).st_size < SIZE
            if self.fresh and writable:
                os.posix_fallocate(self._fd, 0, SIZE)
            self._map = mmap.mmap(self._fd, SIZE, mmap.MAP_SHARED, protection)
        except (OSError, ValueError):
            os.close(self._fd)
            raise
        # eight bytes at once: a reader must never see half a number, as `struct` would show it
        self._intent = memoryview(self._map)[_INTENT : _INTENT + 8].cast("Q")

    def intent(self) -> Rev:
        """Return an upper bound of the last revision that was committed."""
        return self._intent[0]

    def intend(self, rev: Rev) -> None:
        """Announce a commit; only while no other process can commit."""
        self._intent[0] = rev

    def read(self) -> tuple[Rev, bytes, str, bool] | None:
        """Return revision, hash, boot and whether durable; None if the file holds no such thing."""
        data = self._map[:SIZE]
        body = data[: _FORMAT.size]
        if _CHECKSUM.unpack_from(data, _FORMAT.size)[0] != crc32(body):
            return None
        magic, rev, head_hash, boot, durable = _FORMAT.unpack(body)
        if magic != MAGIC:
            return None
        return rev, head_hash, boot.decode("ascii", "replace"), bool(durable)

    def seal(self, rev: Rev, head_hash: bytes, boot: bytes, durable: bool) -> None:
        """Say where the log ends, and wake whoever watches the file."""
        body = _FORMAT.pack(MAGIC, rev, head_hash, boot, durable)
        os.pwrite(self._fd, body + _CHECKSUM.pack(crc32(body)), 0)

    def lock(self) -> None:
        """Keep other processes from opening or making the database until `unlock`; may block."""
        fcntl.flock(self._fd, fcntl.LOCK_EX)

    def unlock(self) -> None:
        fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        self._intent.release()
        self._map.close()
        os.close(self._fd)
