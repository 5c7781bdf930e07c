"""Keys and passwords: shown as ``<secret>``, whoever prints what holds them.

A secret of the model is a `Secret`, which tells what it is to nobody who does not ask. What people bring
for routing daemons, and what those say of such lines, is text: `hide` knows the commands that take a key.
"""

from __future__ import annotations

import re
from collections.abc import Callable

HIDDEN = "<secret>"


class Secret:
    """A key or password. As a text it is ``<secret>``; `reveal` tells."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Take what is secret.

        Raises:
            ValueError: It is what stands for a secret that is not shown.
        """
        if text == HIDDEN:
            raise ValueError(f"`{HIDDEN}` stands for a secret that is not shown")
        self._text = text

    def reveal(self) -> str:
        """Return what is secret."""
        return self._text

    def __repr__(self) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


class Marks:
    """What stands for keys in a text that is edited: ``<secret 1>``, told apart and put back by number."""

    def __init__(self) -> None:
        """Stand for none yet."""
        self._keys: list[str] = []

    def conceal(self, key: str) -> str:
        """Return the mark of a key; equal keys have one."""
        if key not in self._keys:
            self._keys.append(key)
        return f"<secret {self._keys.index(key) + 1}>"

    def reveal(self, text: str) -> str:
        """Return a text with keys in the place of their marks; what is no mark stays."""
        return _MARK.sub(lambda mark: self._key(mark[0], int(mark[1])), text)

    def _key(self, mark: str, number: int) -> str:
        return self._keys[number - 1] if 0 < number <= len(self._keys) else mark


_MARK = re.compile("<secret ([0-9]{1,6})>")


def stands_for_secret(text: str) -> bool:
    """Tell whether the text holds what only stands for a secret."""
    return HIDDEN in text or _MARK.search(text) is not None


_COMMANDS = re.compile(
    r"""(
      \b(?:nei|peer\b)[a-z]*\ \S+\ passw(?:o|or|ord)?            # BGP, LDP, MSDP
    | ^[-+\ ]*(?:enable\ )?password                              # a terminal's
    | \busername\ \S+\ password
    | \bmessage-d[a-z-]*\ [0-9]+\ md5                            # OSPF
    | \bauthentication-k[a-z]*
    | \bkey-id\ [0-9]+\ hash-algo\ \S+\ key                      # OSPFv3
    | \bkey-s[a-z]*                                              # key chains
    | \b(?:isis|area|domain)[\ -]passw[a-z]*\ (?:clear|md5)      # IS-IS
    | \brip\ authentication\ string
    | \bnhrp\ authentication
    | \btcp-md5-auth
    )[ \t]+
    (?!<secret>)(?P<key>[^\n]+?)
    (?=$|:\ %|`(?:[\ ,;:.)]|$)|\ \[[a-z]+\]$)""",
    re.VERBOSE | re.MULTILINE,
)
"""Commands of routing daemons that take a key: the rest of their line, or of what a sentence quotes of it."""


def hide(text: str, conceal: Callable[[str], str] = lambda _: HIDDEN) -> str:
    """Return a text with the keys of routing daemons' commands hidden; of several lines, in each.

    Args:
        text: Lines of configuration, or a sentence that quotes one.
        conceal: Returns what stands for a key.
    """
    return _COMMANDS.sub(lambda found: f"{found[1]} {conceal(found['key'])}", text)
