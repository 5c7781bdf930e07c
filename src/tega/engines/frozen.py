"""A log that is only read: a copy of the files, for directories that cannot be written."""

from __future__ import annotations

import os
import shutil
import tempfile

from tega.engines.failures import os_error
from tega.engines.files import DATABASE, HEAD
from tega.engines.sqlite import SqliteLog
from tega.errors import ReadOnly, StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tega.api import Record, Rev

_COPIED = (DATABASE, f"{DATABASE}-wal", HEAD)
_ATTEMPTS = 10


class FrozenLog(SqliteLog):
    """The log as it stood when it was opened; nothing can be appended.

    Args:
        directory: Of the store; not touched.

    Raises:
        StoreError: There is none, or it cannot be read.
        DamagedStore: It is not what was written.
    """

    def __init__(self, directory: str) -> None:
        if not os.path.exists(os.path.join(directory, DATABASE)):
            raise StoreError(f"{directory}: there is no store to read")
        self._copied = tempfile.mkdtemp(prefix="tega-read-")
        try:
            _copy(directory, self._copied)
            super().__init__(directory, durability="normal", files=self._copied)
        except BaseException:
            shutil.rmtree(self._copied)
            raise

    def append(self, records: Sequence[Record], *, expect_last: Rev) -> None:
        raise self._refusal()

    def adopt(self, records: Sequence[Record], horizon: Rev, state: tuple[str, bytes] | None) -> None:
        raise self._refusal()

    def put_blob(self, name: str, data: bytes) -> None:
        raise self._refusal()

    def truncate(self, before: Rev, state: str) -> bool:
        raise self._refusal()

    def squeeze(self, before: Rev, state: str, older: Sequence[str]) -> None:
        raise self._refusal()

    def reclaim(self) -> Iterator[None]:
        raise self._refusal()

    def put_lease(self, lease_id: str, ttl: float, owner: str) -> None:
        raise self._refusal()

    def keep_lease(self, lease_id: str) -> bool:
        raise self._refusal()

    def _refusal(self) -> ReadOnly:
        return ReadOnly(f"{self.directory}: was opened to be read only")

    def close(self) -> None:
        super().close()
        if os.path.isdir(self._copied):
            shutil.rmtree(self._copied)


def _copy(directory: str, folder: str) -> None:
    """Copy the files at a moment when nobody wrote them."""
    try:
        for _ in range(_ATTEMPTS):
            before = _stamps(directory)
            _each(directory, lambda name: shutil.copyfile(f"{directory}/{name}", f"{folder}/{name}"))
            if _stamps(directory) == before:
                return
    except OSError as error:
        raise os_error(error, directory) from error
    raise StoreError(f"{directory}: is written all the time; open it without read_only=True")


def _each(directory: str, do: Callable[[str], object]) -> list[object]:
    return [do(name) for name in _COPIED if os.path.exists(os.path.join(directory, name))]


def _stamps(directory: str) -> list[object]:
    def stamp(name: str) -> tuple[int, int]:
        found = os.stat(os.path.join(directory, name))
        return found.st_mtime_ns, found.st_size

    return _each(directory, stamp)
