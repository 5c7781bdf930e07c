"""Names in the source that some version of Python reads otherwise."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def hidden(text: str) -> Iterator[str]:
    """Yield what a comprehension binds in a function that uses the module's name of the same spelling.

    Python 3.12.0 to 3.12.4 take the module's name for an unbound local where something nested in
    the comprehension closes over its variable.
    """
    tree = ast.parse(text)
    everywhere = [node for node in ast.walk(tree) if isinstance(node, COMPREHENSIONS)]
    if not any(_closed_over(loop) for loop in everywhere):
        return
    module = {name for statement in tree.body for name in _defined(statement)}
    for function in (node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)):
        nodes = list(ast.walk(function))
        loops = [node for node in nodes if isinstance(node, COMPREHENSIONS)]
        for name in sorted({name for loop in loops for name in _closed_over(loop)} & module):
            inside = {id(node) for loop in loops if name in _bound(loop) for node in ast.walk(loop)}
            uses = [node for node in nodes if isinstance(node, ast.Name) and node.id == name]
            if any(id(node) not in inside for node in uses):
                yield f"line {function.lineno}: {function.name}: {name}"


def _defined(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield from ((name.asname or name.name).split(".")[0] for name in statement.names)
    elif not isinstance(statement, ast.Expr):
        loops = [node for node in ast.walk(statement) if isinstance(node, COMPREHENSIONS)]
        yield from set(_stored(statement)).difference(*(_bound(loop) for loop in loops))


def _closed_over(loop: ast.AST) -> set[str]:
    scopes = (*COMPREHENSIONS, ast.Lambda)
    nested = [node for node in ast.walk(loop) if isinstance(node, scopes) and node is not loop]
    used = {n.id for scope in nested for n in ast.walk(scope) if isinstance(n, ast.Name)}
    return _bound(loop) & used


def _bound(loop: ast.AST) -> set[str]:
    return {name for part in getattr(loop, "generators", ()) for name in _stored(part.target)}


def _stored(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def test_no_comprehension_hides_a_name_that_its_function_uses() -> None:
    found = [f"{path.name}: {line}" for path in SOURCE.rglob("*.py") for line in hidden(path.read_text())]
    assert found == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("print({k: max(line for line in lines) for k, lines in d.items()}, lines())", ["line 2: f: lines"]),
        ("print({k: max(line for line in those) for k, those in d.items()}, lines())", []),
        ("print([lines for lines in d])", []),
    ],
)
def test_what_counts_as_hidden(body: str, expected: list[str]) -> None:
    assert list(hidden(f"def lines(): ...\ndef f(d): {body}\n")) == expected
