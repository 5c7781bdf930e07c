"""What people see: sentences, tables, plans, progress. Results go to stdout, all else to stderr."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from nlan.errors import ApplyError, InputError, InternalError, NlanError
from nlan.secrets import hide

if TYPE_CHECKING:
    from nlan.api import Operation, Plan

COLORS = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "dim": "2", "bold": "1"}
IMPACT_COLORS = {"hitless": "green", "session": "yellow", "restart": "yellow", "outage": "red"}
SIGNS = {"create": "+", "update": "~", "replace": "±", "delete": "-"}
FOLD_ABOVE = 60
_COLOR = re.compile(r"(\x1b\[[0-9;]*m)")


def _colored(stream: Any) -> bool:
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def paint(text: str, color: str, stream: Any = None) -> str:
    """Return the text in a colour where the stream (stdout) is a terminal that shows it."""
    if not color or not _colored(sys.stdout if stream is None else stream):
        return text
    return f"\x1b[{COLORS[color]}m{text}\x1b[0m"


def say(text: str) -> None:
    """Print a line for the person at the terminal, to stderr; where it cannot be, work goes on."""
    try:
        print(hide(text), file=sys.stderr, flush=True)
    except OSError:  # nobody reads, or the disk of a file is full
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def end_line() -> None:
    """Go to a new line after the ``^C`` that a terminal shows."""
    if sys.stderr.isatty():
        say("")


def print_json(value: Any, *, lines: bool = False, secrets: bool = False) -> None:
    """Print a value (of the model, or of plain JSON) as one JSON document.

    Args:
        value: What is printed.
        lines: On a line of its own: more follow.
        secrets: Keys and passwords too.
    """
    import json

    from nlan.api import to_builtins, to_shown

    plain = to_builtins(value) if secrets else without_keys(to_shown(value))
    print(json.dumps(plain, indent=None if lines else 2, ensure_ascii=False))


def without_keys(value: Any) -> Any:
    """Return plain JSON with the keys hidden that stand in texts of it (`nlan.secrets.hide`)."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, dict):
        return {key: without_keys(inner) for key, inner in value.items()}
    return [without_keys(inner) for inner in value] if isinstance(value, list) else value


def print_error(error: NlanError, *, as_json: bool = False) -> None:
    """Print what went wrong; a file's problems one a line and their number."""
    if as_json:
        print_json({"error": _error_value(error)})
        return
    if not isinstance(error, InputError) or _is_one_sentence(error):
        say(f"{paint('error:', 'red', sys.stderr)} {_words(error)}")
        return
    for problem in error.problems:
        say(str(problem))
    errors = sum(problem.severity == "error" for problem in error.problems)
    say(f"{counted(errors, 'error')}; nothing was touched")


def print_bug(error: Exception, *, as_json: bool = False) -> None:
    """Print what no error of the user's or of the machine's explains, with what helps to mend it."""
    import traceback

    from nlan.api import bug_of

    lines = "".join(traceback.format_exception(error)).splitlines()
    plugin = bug_of(error)
    whose = plugin or "nlan"
    if as_json:
        value = {
            "kind": InternalError.__name__,
            "message": f"a bug in {whose}: {lines[-1]}",
            "transient": False,
        }
        print_json({"error": {**value, "traceback": lines}})
    else:
        where = "to its authors, not to nlan's, " if plugin else ""
        say("\n".join([*lines, f"this is a bug in {whose}; please report it {where}with the lines above"]))


def _is_one_sentence(error: InputError) -> bool:
    """Tell whether it concerns no place in a file."""
    return len(error.problems) == 1 and not error.problems[0].path and not error.problems[0].file


def _words(error: NlanError) -> str:
    if isinstance(error, InputError) and _is_one_sentence(error):
        return error.problems[0].message
    return str(error)


def _error_value(error: NlanError) -> dict[str, Any]:
    value: dict[str, Any] = {
        "kind": type(error).__name__,
        "message": _words(error),
        "transient": error.transient,
    }
    if isinstance(error, InputError):
        value["problems"] = [problem._asdict() for problem in error.problems]
    if error.parts:
        value["parts"] = [_error_value(part) for part in error.parts]
    if isinstance(error, ApplyError):
        value |= {"node": error.node, "operation": error.operation, "reason": error.reason}
    return value


def counted(number: int, word: str) -> str:
    """Return a number with its word, in the plural where it is not 1."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows as aligned columns under their headings."""
    lines = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    padded = [
        "  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines
    ]
    return "\n".join([paint(padded[0], "dim"), *padded[1:]])


def operation_lines(operation: Operation, stream: Any = None) -> list[str]:
    """Return one operation as a line and its details, for stdout or another stream."""
    sign = SIGNS[operation.action]
    impact = paint(operation.impact, IMPACT_COLORS[operation.impact], stream)
    head = f"{sign} {operation.action:<8}{operation.key}"
    details = (f"      {hide(line)}" for line in operation.details)
    return [f"{head}: {hide(operation.reason)} [{impact}]", *details]


def plan_text(planned: Plan, *, verbose: bool = False) -> str:
    """Return a plan for people; a long one is counted per node and kind unless `verbose`."""
    if not planned:
        return "\n".join(("nothing to do", *foreign_lines(planned)))
    lines: list[str] = []
    if verbose or len(planned) <= FOLD_ABOVE:
        for operation in planned.operations:
            lines += operation_lines(operation)
    else:
        lines += _folded(planned)
    impact = planned.impact or "hitless"
    lines.append(
        f"{counted(len(planned), 'operation')}, worst impact: {paint(impact, IMPACT_COLORS[impact])}"
    )
    return "\n".join((*lines, *foreign_lines(planned)))


def foreign_lines(planned: Plan) -> list[str]:
    """Return what somebody else put into the lab's namespaces, a line each, and what can be done."""
    if not planned.foreign:
        return []
    harmful = set(planned.harmful)
    lines = [
        f"{paint('foreign:', 'red' if f in harmful else 'dim')} {f.namespace}: {f}" for f in planned.foreign
    ]
    lines = [
        *lines[:FOLD_ABOVE],
        *([f"and {len(lines) - FOLD_ABOVE} more"] if len(lines) > FOLD_ABOVE else []),
    ]
    return [*lines, paint("(nlan did not make this; `nlan up FILE --exclusive` takes it away)", "dim")]


def _folded(planned: Plan) -> list[str]:
    counts: dict[tuple[str, str, str], int] = {}
    for operation in planned.operations:
        key = (operation.action, operation.key.kind, operation.impact)
        counts[key] = counts.get(key, 0) + 1
    lines = [
        f"{SIGNS[action]} {action:<8}{n} {kind} [{impact}]" for (action, kind, impact), n in counts.items()
    ]
    return [*lines, paint("(-v lists every operation)", "dim")]


def plan_value(planned: Plan) -> dict[str, Any]:
    """Return a plan as plain JSON: its operations in order, each with what it requires."""
    return {
        "operations": [
            {
                "action": operation.action,
                "kind": operation.key.kind,
                "namespace": operation.key.namespace,
                "name": operation.key.name,
                "impact": operation.impact,
                "reason": operation.reason,
                "details": list(operation.details),
                "requires": list(operation.requires),
            }
            for operation in planned.operations
        ],
        "impact": planned.impact,
        "foreign": [
            {
                "namespace": foreign.namespace,
                "kind": foreign.what,
                "name": foreign.words,
                "harmful": foreign in planned.harmful,
            }
            for foreign in planned.foreign
        ],
    }


class Progress:
    """One line at the bottom of a terminal, rewritten; silent elsewhere."""

    def __init__(self, *, enabled: bool = True) -> None:
        """Draw only where stderr is a terminal."""
        self._enabled = enabled and sys.stderr.isatty()
        self._shown = ""

    def show(self, text: str) -> None:
        """Replace the line."""
        if self._enabled and text != self._shown:
            columns = os.get_terminal_size(sys.stderr.fileno()).columns
            sys.stderr.write("\r\x1b[K" + text[: max(columns - 1, 20)])
            sys.stderr.flush()
            self._shown = text

    def clear(self) -> None:
        """Remove the line."""
        if self._enabled and self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = ""


class Screen:
    """A terminal's whole screen, rewritten in place and in one go, so that nothing flickers.

    What was on it before goes up into what can be scrolled back to.
    """

    def __init__(self) -> None:
        """Write nothing yet; stdout is a terminal."""
        self._begun = False

    def show(self, text: str) -> None:
        """Replace what is on the screen; what does not fit is cut off, with a mark."""
        size = os.get_terminal_size(sys.stdout.fileno())
        columns, lines = size.columns or 80, size.lines or 24  # a serial line knows no size
        rows = fit(text.splitlines(), columns, lines - 1)
        first = "" if self._begun else "\n" * lines
        self._begun = True
        sys.stdout.write(first + "\x1b[H" + "".join(f"{row}\x1b[K\n" for row in rows) + "\x1b[J")
        sys.stdout.flush()


def fit(rows: Sequence[str], columns: int, lines: int) -> list[str]:
    """Return rows of a screen cut to its size; the last one says how many are missing."""
    if len(rows) > lines:
        missing = counted(len(rows) - lines + 1, "more line")
        rows = [*rows[: lines - 1], f"… {missing}"]
    return [_cut(row, columns) for row in rows]


def _cut(row: str, columns: int) -> str:
    """Return the first columns of a row; colours take none."""
    left, kept = columns, ""
    for part in _COLOR.split(row):
        if part.startswith("\x1b"):
            kept += part
        else:
            kept += part[:left]
            left = max(0, left - len(part))
    return kept
