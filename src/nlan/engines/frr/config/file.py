"""The file that a daemon of FRR reads at its start, where it holds lines that FRR may refuse.

After a refused header an ``exit`` would leave more than is open, and all that follows would be lost. But
a daemon tries a line in the sections around when the innermost has no such command. So an ``exit`` is
written only where the next line would be taken for one of the section that it does not belong to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nlan.engines.frr.config import words as frrwords
from nlan.engines.frr.config.tree import Path


def rows(those: Iterable[Path]) -> Iterator[tuple[str, Path | None]]:
    """Yield the lines of the file, each with its path; None for what only leaves a section.

    Args:
        those: The configuration; the lines of a section stand behind its header.
    """
    stack: list[tuple[str, str | None]] = []
    for path in those:
        shared = 0
        while shared < min(len(stack), len(path) - 1) and stack[shared][0] == path[shared]:
            shared += 1
        if any(_has(name, path[-1]) for _, name in stack[shared:]):
            yield from ((" " * depth + "exit", None) for depth in range(len(stack) - 1, shared - 1, -1))
        del stack[shared:]
        yield " " * (len(path) - 1) + path[-1], path
        name = _name(stack)
        if name is not None and (opened := frrwords.opened(name, path[-1])) is not None:
            stack.append((path[-1], opened))


def _name(stack: list[tuple[str, str | None]]) -> str | None:
    return stack[-1][1] if stack else frrwords.CONFIG


def _has(section: str | None, line: str) -> bool:
    return section is not None and frrwords.find(section, line.removeprefix("no ").split()).whole
