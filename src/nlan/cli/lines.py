"""Reports as lines, for verbs that stay: a clock and a sentence, or JSON."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

from nlan.cli.output import without_keys
from nlan.secrets import hide

if TYPE_CHECKING:
    from nlan.api import Report, Tell


def teller(*, as_json: bool) -> Tell:
    """Return what prints a report to stdout at once."""
    return _json if as_json else _human


def _human(report: Report) -> None:
    now = time.time()
    stamp = f"{time.strftime('%H:%M:%S', time.localtime(now))}.{int(now * 1000) % 1000:03d}"
    print(f"{stamp} {report.event:<14} {hide(report.text)}", flush=True)


def _json(report: Report) -> None:
    line = {"time": round(time.time(), 4), "event": report.event, **report.fields, "text": report.text}
    sys.stdout.write(json.dumps(without_keys(line), ensure_ascii=False) + "\n")
    sys.stdout.flush()
