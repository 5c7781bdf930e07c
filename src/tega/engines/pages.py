"""Reading the rows of a damaged SQLite file without SQLite.

Every page of the file and every frame of the write-ahead log is looked
at as if it were a leaf of a table (file format: sqlite.org/fileformat2).
What comes out may be stale or nonsense; records and states carry their
own checksum, so the caller sees which are whole.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = 4096
"""SQLite's default page size, which tega never changes."""
_LEAF = 0x0D
_MOST_BLOB = 1 << 28


def rows(database: str) -> Iterator[tuple[int, list[bytes]]]:
    """Yield rowid and the text and blob columns of every table row that can be made out.

    Args:
        database: Path of the file; its write-ahead log is read as well.
    """
    main = _Pages(database, 0, PAGE)
    frames = _Pages(f"{database}-wal", 32, PAGE + 24)
    newest = {int.from_bytes(frames.head(index)[:4]): index for index in range(len(frames))}
    for index in range(len(frames)):
        yield from _leaf(frames.page(index), main, frames, newest)
    for index in range(len(main)):
        yield from _leaf(main.page(index), main, frames, {}, 100 if index == 0 else 0)
        yield from _leaf(main.page(index), main, frames, newest, 100 if index == 0 else 0)


class _Pages:
    """The pages in one file: a header, then steps of equal size that end in a page."""

    def __init__(self, path: str, start: int, step: int) -> None:
        self._data = b""
        if os.path.exists(path):
            with open(path, "rb") as file:
                self._data = file.read()
        self._start = start
        self._step = step

    def __len__(self) -> int:
        return max(0, (len(self._data) - self._start + self._step - 1) // self._step)

    def head(self, index: int) -> bytes:
        at = self._start + index * self._step
        return self._data[at : at + self._step - PAGE]

    def page(self, index: int) -> bytes:
        end = self._start + (index + 1) * self._step
        return self._data[end - PAGE : end].ljust(PAGE, b"\0")


def _leaf(
    page: bytes, main: _Pages, frames: _Pages, newest: dict[int, int], offset: int = 0
) -> Iterator[tuple[int, list[bytes]]]:
    if page[offset] != _LEAF:
        return
    cells = int.from_bytes(page[offset + 3 : offset + 5])
    for index in range(min(cells, PAGE // 4)):
        slot = offset + 8 + 2 * index
        at = int.from_bytes(page[slot : slot + 2])
        if offset + 8 <= at < PAGE - 4:
            found = _cell(page, at, main, frames, newest)
            if found is not None:
                yield found


def _cell(
    page: bytes, at: int, main: _Pages, frames: _Pages, newest: dict[int, int]
) -> tuple[int, list[bytes]] | None:
    try:
        size, at = _varint(page, at)
        rowid, at = _varint(page, at)
        if size > _MOST_BLOB:
            return None
        local = _local_size(size)
        payload = page[at : at + local]
        if local < size:
            following = int.from_bytes(page[at + local : at + local + 4])
            payload += _overflow(following, size - local, main, frames, newest)
        return rowid, _columns(payload)
    except IndexError:
        return None


def _local_size(size: int) -> int:
    """Bytes of a payload that stay in its leaf (file format, section 1.6)."""
    most, least = PAGE - 35, (PAGE - 12) * 32 // 255 - 23
    if size <= most:
        return size
    kept = least + (size - least) % (PAGE - 4)
    return kept if kept <= most else least


def _overflow(number: int, left: int, main: _Pages, frames: _Pages, newest: dict[int, int]) -> bytes:
    parts = []
    while left > 0 and number > 0:
        if number in newest:
            page = frames.page(newest[number])
        elif number <= len(main):
            page = main.page(number - 1)
        else:
            break
        parts.append(page[4 : 4 + left])
        left -= PAGE - 4
        number = int.from_bytes(page[:4])
    return b"".join(parts)


def _columns(payload: bytes) -> list[bytes]:
    """The text and blob columns of a row (file format, section 2.1)."""
    head, at = _varint(payload, 0)
    position = head
    found = []
    while at < head:
        kind, at = _varint(payload, at)
        size = (kind - 12) // 2 if kind >= 12 else (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)[kind]
        if kind >= 12:
            found.append(payload[position : position + size])
        position += size
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for step in range(8):
        byte = data[at + step]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + step + 1
    return value << 8 | data[at + 8], at + 9
