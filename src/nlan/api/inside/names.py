"""Which namespace a person means: a node, a host by its address, a pattern."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from ipaddress import ip_address

from nlan.errors import NotFoundError
from nlan.model import Lab
from nlan.resources import FABRIC

Aliases = Callable[[], Mapping[str, str]]
"""Gives namespaces by what they may be called besides (`second_names`); asked where a name is unknown."""


def second_names(lab: Lab | None) -> dict[str, str]:
    """Return the names of the lab's hosts by ``NODE/ADDRESS`` of their second addresses."""
    return {
        f"{node.name}/{address.ip}": f"{node.name}/{first.ip}"
        for node in (lab.nodes if lab is not None else ())
        for (first, *others), _ in node.hosts()
        for address in others
    }


def find_namespace(word: str, namespaces: Sequence[str], aliases: Aliases = dict) -> str:
    """Return the one namespace that `word` names: ``pe1``, ``ce1/172.21.1.2`` or ``172.21.1.2``.

    Args:
        word: What a person wrote.
        namespaces: Those that exist.
        aliases: What else they are called; asked only where no namespace is called `word`.

    Raises:
        NotFoundError: None answers to it, or several do.
    """
    word = _canonical(word)
    if word in namespaces:
        return word
    hosts = _called(word, {name: name for name in namespaces})
    if not hosts and is_address(word):
        known = {alias: name for alias, name in aliases().items() if name in namespaces}
        hosts = [known[word]] if word in known else _called(word, known)
    if len(hosts) == 1:
        return hosts[0]
    if hosts:
        raise NotFoundError(f"{word}: several hosts have that address: {', '.join(sorted(hosts))}")
    raise NotFoundError(f"{word}: no such node or host{_meant(word, namespaces)}")


def _called(address: str, names: Mapping[str, str]) -> list[str]:
    return [name for alias, name in names.items() if address and alias.partition("/")[2] == address]


def _canonical(word: str) -> str:
    """Return the word with the address that it is, or ends in, as namespaces have it (RFC 5952)."""
    node, slash, address = word.rpartition("/")
    return f"{node}{slash}{ip_address(address)}" if is_address(word) else word


def is_address(word: str) -> bool:
    """Tell whether the word is an address, or ends in one after a slash."""
    try:
        ip_address(word.rpartition("/")[2])
    except ValueError:
        return False
    return True


def match_namespaces(pattern: str, namespaces: Sequence[str], aliases: Aliases = dict) -> list[str]:
    """Return the namespaces that a pattern such as ``pe*`` matches; hosts only where it has a slash.

    Raises:
        NotFoundError: It matches none.
    """
    if not is_pattern(pattern):
        return [find_namespace(pattern, namespaces, aliases)]
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
