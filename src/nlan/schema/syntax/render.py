"""Render a template from standard input to standard output; run as a program, imports nothing of nlan.

A file never runs Python: Jinja2's sandbox, a short list of filters, and limits of memory and
processor time on this process. Ends with 0 and the text, or with 1 and ``LINE:MESSAGE``.
"""

from __future__ import annotations

import resource
import sys
from typing import Any

MEMORY = 384 * 2**20
CPU_SECONDS = 4
FILTERS = (
    "abs",
    "batch",
    "default",
    "first",
    "float",
    "int",
    "items",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "max",
    "min",
    "reject",
    "replace",
    "reverse",
    "round",
    "select",
    "slice",
    "sort",
    "string",
    "sum",
    "trim",
    "unique",
    "upper",
)


def main() -> int:
    """Render; return the process's exit code."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    import jinja2

    try:
        text = _render(sys.stdin.read(), int(sys.argv[1]))
        text.encode()
    except jinja2.TemplateSyntaxError as error:
        return _fail(error.lineno, str(error.message))
    except MemoryError:
        return _fail(0, "it takes too much memory")
    except Exception as error:  # noqa: BLE001 - whatever a template makes of the engine is said of it
        return _fail(_line(error), str(error) or type(error).__name__)
    sys.stdout.write(text)
    return 0


def _fail(line: int, message: str) -> int:
    sys.stdout.write(f"{line}:{' '.join(message.split())}")
    return 1


def _line(error: BaseException) -> int:
    line, trace = 0, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _node(name: object, at: object = "") -> str:
    """Return the placeholder of a node's address, or of that on a segment."""
    return f"\ue000\ue001{name}{'@' if at else ''}{at}\ue002"


def _render(text: str, largest: int) -> str:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    from jinja2.utils import missing

    class Name(StrictUndefined):
        """A name that the template does not set: a node's, filled in later."""

        def __str__(self) -> str:  # type: ignore[override]
            if self._undefined_obj is not missing:
                return super().__str__()
            return _node(self._undefined_name)

    environment: Any = ImmutableSandboxedEnvironment(
        variable_start_string="${",
        variable_end_string="}",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=Name,
        cache_size=0,
    )
    environment.globals = {
        "range": environment.globals["range"],
        "namespace": environment.globals["namespace"],
    }
    environment.globals["node"] = _node
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    parts, size = [], 0
    for part in environment.from_string(text).generate():
        size += len(part)
        if size > largest:
            raise ValueError(f"it grows above {largest // 2**20} Mi characters")
        parts.append(part)
    return "".join(parts)


if __name__ == "__main__":
    sys.exit(main())
