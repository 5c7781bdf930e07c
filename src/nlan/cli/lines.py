"""Notes as lines, for verbs that stay: a clock and a sentence, or JSON."""

from __future__ import annotations

import json
import sys
import time

from nlan.cli.output import without_keys
from nlan.keep import Note, Tell
from nlan.secrets import hide


def teller(*, as_json: bool) -> Tell:
    """Return what prints a note to stdout at once."""
    return _json if as_json else _human


def _human(note: Note) -> None:
    now = time.time()
    stamp = f"{time.strftime('%H:%M:%S', time.localtime(now))}.{int(now * 1000) % 1000:03d}"
    print(f"{stamp} {note.event:<14} {hide(note.text)}", flush=True)


def _json(note: Note) -> None:
    line = {"time": round(time.time(), 4), "event": note.event, **note.fields, "text": note.text}
    sys.stdout.write(json.dumps(without_keys(line), ensure_ascii=False) + "\n")
    sys.stdout.flush()
