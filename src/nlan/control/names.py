"""Which namespace a person means: a node, a host by its address, a pattern."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from nlan.errors import NotFoundError
from nlan.resources import FABRIC


def find_namespace(word: str, namespaces: Sequence[str]) -> str:
    """Return the one namespace that `word` names: ``pe1``, ``ce1/172.21.1.2`` or ``172.21.1.2``.

    Raises:
        NotFoundError: None answers to it, or several do.
    """
    if word in namespaces:
        return word
    hosts = [name for name in namespaces if name.partition("/")[2] == word]
    if len(hosts) == 1:
        return hosts[0]
    if hosts:
        raise NotFoundError(f"{word}: several hosts have that address: {', '.join(sorted(hosts))}")
    raise NotFoundError(f"{word}: no such node or host{_meant(word, namespaces)}")


def match_namespaces(pattern: str, namespaces: Sequence[str]) -> list[str]:
    """Return the namespaces that a pattern such as ``pe*`` matches; hosts only where it has a slash.

    Raises:
        NotFoundError: It matches none.
    """
    if not is_pattern(pattern):
        return [find_namespace(pattern, namespaces)]
    found = [n for n in visible(namespaces) if fnmatchcase(n, pattern) and ("/" in n) <= ("/" in pattern)]
    if not found:
        raise NotFoundError(f"{pattern}: matches no node")
    return found


def is_pattern(word: str) -> bool:
    """Tell whether the word is a pattern and not a name."""
    return any(sign in word for sign in "*?[")


def visible(namespaces: Sequence[str]) -> list[str]:
    """Return the namespaces that people know of: all but the fabric."""
    return [name for name in namespaces if name != FABRIC]


def _meant(word: str, namespaces: Sequence[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, visible(namespaces), n=1)
    if near:
        return f" (did you mean {near[0]}?)"
    nodes = [name for name in visible(namespaces) if "/" not in name]
    return f" (there are: {', '.join(nodes)})" if 0 < len(nodes) <= 30 else ""
