"""The kinds of values that are one word: texts, names, choices, truth."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any, TypeVar

from nlan.errors import InternalError
from nlan.registry import Registry, Seam
from nlan.schema.syntax.report import Position, listed, nearest
from nlan.schema.syntax.tree import Tree
from nlan.schema.written.kinds import Json, Reader, ScalarKind, T_co, or_placeholder
from nlan.secrets import Secret, stands_for_secret

W = TypeVar("W", bound=str)

TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
"""What YAML's words of old mean, written without quotes."""


class Text(ScalarKind[str]):
    """Any text, or text of a pattern."""

    def __init__(self, wanted: str = "a text", pattern: str = "", longest: int = 0) -> None:
        """Take its name, the pattern it must match wholly, and its longest length."""
        self.wanted, self._pattern, self._longest = wanted, pattern, longest

    def parse(self, text: str, plain: bool) -> str:
        """Return the text."""
        if self._longest and len(text) > self._longest:
            raise ValueError(
                f"`{text}` is longer than {self._longest} characters, the most for {self.wanted}"
            )
        if self._pattern and not re.fullmatch(self._pattern, text):
            raise ValueError(f"`{text}` is not {self.wanted}")
        return text

    def schema(self) -> Json:
        """A string; numbers are texts too, and so are words that YAML takes for a truth value."""
        json: Json = {"type": ["string", "number", "boolean"]}
        json |= {"maxLength": self._longest} if self._longest else {}
        return json | ({"pattern": f"^(?:{self._pattern})$"} if self._pattern else {})


class Lines(Text):
    """Lines of a daemon's configuration; one that was shown without its keys is refused."""

    def text_of(self, tree: Tree, at: Position, reader: Reader) -> str | None:
        """Return the scalar's text, in which `${r2@r3}` stays until its address is known."""
        return reader.lines(tree, at, self.wanted)

    def parse(self, text: str, plain: bool) -> str:
        """Return the lines."""
        if stands_for_secret(text):
            raise ValueError("`<secret>` stands for a key that is not shown", "`--secrets` shows it")
        return super().parse(text, plain)


class Line(Text):
    """A text of one line, as a daemon's configuration wants it; a single word without blanks if `word`."""

    def __init__(self, wanted: str, longest: int = 0, *, word: bool = False) -> None:
        """Take its name, its longest length, and whether blanks are refused."""
        super().__init__(wanted, longest=longest)
        self._word = word

    def parse(self, text: str, plain: bool) -> str:
        """Return the line."""
        value = super().parse(text, plain)
        if not value.strip():
            raise ValueError(f"expected {self.wanted}, got nothing")
        if not value.isprintable() or (self._word and " " in value):
            raise ValueError(f"`{text}` is not {self.wanted}: that is one {'word' if self._word else 'line'}")
        return value

    def schema(self) -> Json:
        """A string with something in it."""
        return super().schema() | {"pattern": r"^\S+$" if self._word else r"\S"}


class Names(Text):
    """Names of nodes, ranges of them, or what is made of those; `shown` is their pattern for editors.

    What a name may hold is checked where nodes are known.
    """

    NAMES = r"\s*[A-Za-z0-9\[][A-Za-z0-9_\[\],\s-]*"
    END = rf"{NAMES}(?::\s*(?:[A-Za-z0-9][A-Za-z0-9_.-]*)?\s*)?"
    LINK = rf"{END}(?:\s--\s{END})+"

    def __init__(self, wanted: str, shown: str = NAMES) -> None:
        """Take what it is called in messages, and the pattern."""
        super().__init__(wanted)
        self._shown = shown

    def schema(self) -> Json:
        """A string of that pattern; a number may be a name."""
        return super().schema() | {"pattern": or_placeholder(self._shown)}


class Setting(Text):
    """The name of a kernel setting of a network namespace, with dots or slashes as sysctl(8) takes it."""

    _PATTERN = r"net([./])[A-Za-z0-9_-]+(?:[./][A-Za-z0-9_@:-]+)+"

    def __init__(self) -> None:
        """Name it."""
        super().__init__("a kernel setting such as `net.ipv4.conf.all.rp_filter`", self._PATTERN)

    def parse(self, text: str, plain: bool) -> str:
        """Return the path below /proc/sys; of dots and slashes, the first that stands there parts it."""
        value = super().parse(text, plain)
        return value.translate(str.maketrans("./", "/.")) if value[3] == "." else value


class Words(Line):
    """A kernel setting's value: words, as the kernel prints them, with one blank between."""

    def parse(self, text: str, plain: bool) -> str:
        """Return the words; a truth value is 1 or 0."""
        value = " ".join(super().parse(text.replace("\t", " "), plain).split())
        truth = TRUTH.get(value.lower()) if plain else None
        return value if truth is None else str(int(truth))


class Password(ScalarKind[Secret]):
    """A key or password, one word; what is wrong with one is reported without it."""

    wanted = "a password"

    def __init__(self, longest: int) -> None:
        """Take its longest length."""
        self._line = Line(self.wanted, longest, word=True)

    def parse(self, text: str, plain: bool) -> Secret:
        """Return the secret."""
        if stands_for_secret(text):
            raise ValueError(f"`{text}` stands for a secret that is not shown", "`--secrets` shows it")
        try:
            return Secret(self._line.parse(text, plain))
        except ValueError as error:
            raise ValueError(str(error).replace(f"`{text}`", "what stands here")) from None

    def schema(self) -> Json:
        """A word."""
        return self._line.schema()


class Name(Text):
    """The name of a lab, a node, or something of theirs."""

    def __init__(self, longest: int) -> None:
        """Take its longest length."""
        super().__init__("a name", "[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?", longest)
        self.rule = f"letters, digits, `-` and `_`, at most {longest}, a letter or digit at both ends"

    def parse(self, text: str, plain: bool) -> str:
        """Return the name."""
        try:
            return super().parse(text, plain)
        except ValueError:
            raise ValueError(f"`{text}` cannot be a name: {self.rule}") from None


class Bool(ScalarKind[bool]):
    """True or false."""

    wanted = "`true` or `false`"

    def parse(self, text: str, plain: bool) -> bool:
        """Return the truth value."""
        if not plain or text.lower() not in TRUTH:
            raise ValueError(f"`{text}` is not {self.wanted}")
        return TRUTH[text.lower()]

    def schema(self) -> Json:
        """A boolean, or a word that YAML takes for one or not by its version."""
        return {"anyOf": [{"type": "boolean"}, _folded(TRUTH)]}


class No(Bool):
    """False alone, where true says nothing."""

    wanted = "`false`"

    def parse(self, text: str, plain: bool) -> bool:
        """Return False."""
        if super().parse(text, plain):
            raise ValueError(f"`{text}` is not {self.wanted}")
        return False

    def schema(self) -> Json:
        """False."""
        return {"anyOf": [{"const": False}, _folded(word for word, truth in TRUTH.items() if not truth)]}


class Choice(ScalarKind[W]):
    """One of a few words."""

    def __init__(self, *words: W) -> None:
        """Take the words."""
        self.words = words
        self.wanted = listed([f"`{word}`" for word in words], "or")
        if len(words) > 6:
            self.wanted = f"one of {', '.join(words)}"

    def taking(self, words: Iterable[str]) -> Choice[Any]:
        """Return the choice of these words, too."""
        for word in words:
            if word in self.words:
                raise InternalError(f"the word `{word}` is contributed, and is there already")
        return Choice(*self.words, *words)

    def parse(self, text: str, plain: bool) -> W:
        """Return the word."""
        for word in self.words:
            if word == text.lower():
                return word
        raise ValueError(f"`{text}` is not {self.wanted}", nearest(text, self.words))

    def schema(self) -> Json:
        """An enumeration, in capitals too."""
        return {"anyOf": [{"enum": list(self.words)}, _folded(self.words)]}


class Installed(ScalarKind[str]):
    """The name of something at a seam; which those are is found out when it is first read or described."""

    def __init__(self, seam: Seam[Any]) -> None:
        """Take the seam."""
        self._seam = seam

    @cached_property
    def _choice(self) -> Choice[str]:
        return Choice(*Registry().of(self._seam))

    @property
    def wanted(self) -> str:  # type: ignore[override]
        """The names."""
        return self._choice.wanted

    def parse(self, text: str, plain: bool) -> str:
        """Return the name."""
        return self._choice.parse(text, plain)

    def schema(self) -> Json:
        """An enumeration, in capitals too."""
        return self._choice.schema()


def _folded(words: Iterable[str]) -> Json:
    """Return the schema of the words in small letters, in capitals, or mixed."""
    folded = ("".join(f"[{c.lower()}{c.upper()}]" if c.isalpha() else c for c in word) for word in words)
    return {"type": "string", "pattern": f"^({'|'.join(folded)})$"}


class AnyScalar(ScalarKind[T_co]):
    """One of several scalar kinds; the first that fits."""

    def __init__(self, wanted: str, *kinds: ScalarKind[T_co]) -> None:
        """Take the kinds, the strictest first."""
        self.wanted, self._kinds = wanted, kinds

    def parse(self, text: str, plain: bool) -> T_co:
        """Return what the first fitting kind makes of it; a wrong number or address is reported as such."""
        reason: tuple[object, ...] = (f"`{text}` is not {self.wanted}",)
        for kind in self._kinds:
            try:
                return kind.parse(text, plain)
            except ValueError as error:
                own = kind.explains and error.args[0] != f"`{text}` is not {kind.wanted}"
                reason = error.args if own else reason
        raise ValueError(*reason)

    def schema(self) -> Json:
        """Any of them."""
        return {"anyOf": [kind.schema() for kind in self._kinds]}
