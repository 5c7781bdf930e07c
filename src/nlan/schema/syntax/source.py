"""The file's text: read whole, bounded, and UTF-8; what is none of that is reported in a sentence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from nlan.schema.syntax.report import Position, Report

SIZE_MAX = 8 * 2**20
"""The largest file that is read, in bytes."""

_CONTROL = {chr(code) for code in range(32)} - {"\t", "\n", "\r"} | {"\x7f"}


def read_source(path: Path, report: Report) -> str | None:
    """Return the text of the file at `path`, or None after saying why it cannot be read or is none."""
    try:
        data = _read_for_caller(path, report)
    except IsADirectoryError:
        report.error(Position(), "this is a directory; expected a file")
        return None
    except FileNotFoundError:
        report.error(Position(), "there is no such file", _like(path))
        return None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        report.error(Position(), f"the file cannot be read: {why}")
        return None
    text = None if data is None else decode(data, report)
    return None if text is None else check_text(text, report)


def _read_for_caller(path: Path, report: Report) -> bytes | None:
    """Return what the file at `path` holds; root reads for the caller of sudo what that user may read."""
    from nlan.schema.syntax import access

    caller = access.caller()
    if caller is None:
        with path.open("rb") as file:
            return read_bytes(file, report)
    with access.found(path) as descriptor:
        if access.is_stored(os.fstat(descriptor).st_mode) and not access.may_read(descriptor, caller):
            message = f"the file cannot be read by user {caller}, who called sudo"
            report.error(
                Position(), message, "let that user read it, or run nlan in a shell of root's: `sudo -i`"
            )
            return None
        with open(access.path_of(descriptor), "rb") as file:
            return read_bytes(file, report)


def _like(path: Path) -> str:
    from nlan.schema.syntax import access
    from nlan.schema.syntax.report import nearest

    caller = access.caller()
    try:
        with access.found(path.parent) as folder:
            if caller is not None and not access.may_read(folder, caller):
                return ""
            names = os.listdir(access.path_of(folder))
    except OSError:
        return ""
    return nearest(path.name, names)


def read_bytes(file: BinaryIO, report: Report) -> bytes | None:
    """Return what the file holds, or None after saying that it is too much."""
    data = file.read(SIZE_MAX + 1)
    if len(data) <= SIZE_MAX:
        return data
    report.error(Position(), f"the file is larger than {SIZE_MAX // 2**20} MiB, the most that is read")
    return None


def decode(data: bytes, report: Report) -> str | None:
    """Return the bytes as text, or None after saying where they are none."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        report.error(Position(), "the file is UTF-16; expected UTF-8")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = _at(error.object[: error.start].decode())
        octet = error.object[error.start]  # counted, as `start` is, from behind a byte order mark
        report.error(at, f"the byte 0x{octet:02x} is not UTF-8; is this a text file?")
        return None


def check_text(text: str, report: Report) -> str | None:
    """Return `text`, or None after saying that it is empty, too long, or holds what no text holds."""
    if len(text) > SIZE_MAX:
        report.error(Position(), f"the text is longer than {SIZE_MAX // 2**20} Mi characters")
        return None
    if not text.strip():
        report.error(Position(), "the file is empty; it should describe a lab, such as `links: [r1 -- r2]`")
        return None
    return check_signs(text, report)


def check_signs(text: str, report: Report) -> str | None:
    """Return `text`, or None after saying that it holds what no text holds."""
    wrong = _CONTROL.intersection(text) or {mark for mark in text if "\ue000" <= mark <= "\ue00f"}
    if not wrong:
        return text
    start = min(text.index(mark) for mark in wrong)
    report.error(_at(text[:start]), f"the character U+{ord(text[start]):04X} has no place in a text file")
    return None


def _at(before: str) -> Position:
    return Position("", before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
