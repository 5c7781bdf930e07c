"""The kinds of values that are one word: texts, numbers, addresses, choices."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Any, ClassVar

from nlan.schema.syntax.report import Position, listed, nearest
from nlan.schema.syntax.tree import Tree
from nlan.schema.written.kinds import Json, Reader, ScalarKind
from nlan.secrets import Secret, stands_for_secret

TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
"""What YAML's words of old mean, written without quotes."""


class Text(ScalarKind):
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
        return super().schema() | {"pattern": _or_placeholder(self._shown)}


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


class Password(ScalarKind):
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


class Integer(ScalarKind):
    """A whole number of a range; `what` names it in messages, `source` is the standard that says so."""

    def __init__(self, low: int, high: int, what: str, source: str = "") -> None:
        """Take the range, both ends included."""
        self.low, self.high, self.what = low, high, what
        self._source = f" ({source})" if source else ""
        self.wanted = f"a whole number from {low} to {high}"

    def parse(self, text: str, plain: bool) -> int:
        """Return the number."""
        if not re.fullmatch(r"[+-]?[0-9]{1,20}", text):
            raise ValueError(f"`{text}` is not {self.wanted}")
        value = int(_decimal(text))
        if value > self.high:
            raise ValueError(f"{value} is above {self.high}, the largest {self.what}{self._source}")
        if value < self.low:
            raise ValueError(f"{value} is below {self.low}, the smallest {self.what}{self._source}")
        return value

    def schema(self) -> Json:
        """An integer, or its digits in quotes."""
        return {
            "anyOf": [
                {"type": "integer", "minimum": self.low, "maximum": self.high},
                {"type": "string", "pattern": _or_placeholder("[+-]?(0|[1-9][0-9]*)")},
            ]
        }


def _decimal(text: str) -> str:
    """Return the digits of a number; leading zeros are refused, which YAML 1.1 takes for octal."""
    digits = text.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0":
        plain = text.replace(digits, digits.lstrip("0") or "0")
        raise ValueError(f"`{text}` has leading zeros, which may mean octal", f"write `{plain}`")
    return text


class Asn(Integer):
    """An AS number, but none that is reserved for what is no AS."""

    RESERVED: ClassVar[dict[int, str]] = {
        23456: "AS_TRANS, which stands for any AS above 65535 (RFC 6793)",
        65535: "reserved (RFC 7300)",
        4294967295: "reserved (RFC 7300)",
    }

    def parse(self, text: str, plain: bool) -> int:
        """Return the number."""
        value = super().parse(text, plain)
        if value in self.RESERVED:
            raise ValueError(f"{value} is no AS of a router: it is {self.RESERVED[value]}")
        return value

    def schema(self) -> Json:
        """Likewise."""
        words = [value for number in self.RESERVED for value in (number, str(number))]
        return super().schema() | {"not": {"enum": words}}


class HoldTime(Integer):
    """Seconds that BGP holds a silent session: none, or three and more."""

    LEAST = 3

    def __init__(self) -> None:
        """Take the range of RFC 4271, section 4.2."""
        super().__init__(0, 65535, "number of seconds")
        self.wanted = f"0, or a whole number from {self.LEAST} to {self.high}"

    def parse(self, text: str, plain: bool) -> int:
        """Return the seconds."""
        value = super().parse(text, plain)
        if 0 < value < self.LEAST:
            raise ValueError(f"{value} is no hold time; that is {self.wanted} (RFC 4271)")
        return value

    def schema(self) -> Json:
        """Likewise."""
        return super().schema() | {"not": {"enum": list(range(1, self.LEAST))}}


class Number(ScalarKind):
    """A number above zero, fractions allowed."""

    wanted = "a number above zero"

    def parse(self, text: str, plain: bool) -> float:
        """Return the number."""
        if not re.fullmatch(r"[0-9]{0,9}\.?[0-9]{1,9}(e-[0-9]{1,2})?", text) or float(text) <= 0:
            raise ValueError(f"`{text}` is not {self.wanted}")
        return float(text)

    def schema(self) -> Json:
        """A number, or its digits in quotes."""
        quoted = {"type": "string", "pattern": _or_placeholder(r"[0-9]*\.?[0-9]+")}
        return {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, quoted]}


class Size(ScalarKind):
    """An amount of memory: bytes, or with K, M, G (powers of 1024)."""

    wanted = "an amount of memory such as `64M`"
    _units: ClassVar[dict[str, int]] = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}

    def parse(self, text: str, plain: bool) -> int:
        """Return the bytes."""
        match = re.fullmatch(r"([0-9]{1,15})\s*([kmgt]?)(?:i?b)?", text.lower())
        octets = int(_decimal(match[1])) << self._units[match[2]] if match else 0
        if not 0 < octets < 2**63:
            raise ValueError(f"`{text}` is not {self.wanted}")
        return octets

    def schema(self) -> Json:
        """An integer, or a string with its unit."""
        text = {"type": "string", "pattern": _or_placeholder(r"[0-9]+\s*[KkMmGgTt]?([Ii]?[Bb])?")}
        return {"anyOf": [{"type": "integer", "exclusiveMinimum": 0}, text]}


class Bool(ScalarKind):
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


class Choice(ScalarKind):
    """One of a few words; an alias stands for a word."""

    def __init__(self, *words: str, **aliases: str) -> None:
        """Take the words, and aliases by name."""
        self.words, self._aliases = words, aliases
        self.wanted = listed([f"`{word}`" for word in words], "or")
        if len(words) > 6:
            self.wanted = f"one of {', '.join(words)}"

    def parse(self, text: str, plain: bool) -> str:
        """Return the word."""
        word = self._aliases.get(text.lower(), text.lower())
        if word not in self.words:
            raise ValueError(f"`{text}` is not {self.wanted}", nearest(text, self.words))
        return word

    def schema(self) -> Json:
        """An enumeration, in capitals too."""
        words = [*self.words, *self._aliases]
        return {"anyOf": [{"enum": words}, _folded(words)]}


def _folded(words: Iterable[str]) -> Json:
    """Return the schema of the words in small letters, in capitals, or mixed."""
    folded = ("".join(f"[{c.lower()}{c.upper()}]" if c.isalpha() else c for c in word) for word in words)
    return {"type": "string", "pattern": f"^({'|'.join(folded)})$"}


class Address(ScalarKind):
    """An IPv4 or IPv6 address, without a prefix length."""

    wanted = "an address such as `192.0.2.1`"

    def parse(self, text: str, plain: bool) -> Any:
        """Return the address."""
        try:
            return ipaddress.ip_address(_unscoped(text))
        except ValueError:
            hint = ", without a prefix length" if "/" in text else ""
            raise ValueError(f"`{text}` is not {self.wanted}{hint}") from None

    def schema(self) -> Json:
        """A string."""
        pattern = _or_placeholder(_ADDRESS)
        return {"type": "string", "pattern": pattern, "examples": ["192.0.2.1", "${pe1}"]}


_ADDRESS = "[0-9A-Fa-f:.]+"


def _or_placeholder(pattern: str) -> str:
    """Return the pattern of JSON Schema for a whole text, or one with a placeholder."""
    return f"^(?:{pattern}|.*[$][{{].*)$"


def _unscoped(text: str) -> str:
    """Return the text; a zone (``fe80::1%eth1``) makes it no address of a file, which names interfaces."""
    if "%" in text:
        raise ValueError
    return text


class Ipv4(ScalarKind):
    """Four numbers with dots: a router ID, or an OSPF area that may also be a plain number."""

    def __init__(self, wanted: str, decimal: bool = False) -> None:
        """Take its name in messages, and whether a plain number means the same."""
        self.wanted, self._decimal = wanted, decimal

    def parse(self, text: str, plain: bool) -> Any:
        """Return the IPv4 address."""
        try:
            if not (self._decimal and text.isascii() and text.isdecimal()):
                return ipaddress.IPv4Address(text)
            number = int(_decimal(text))
            if number < 2**32:
                return ipaddress.IPv4Address(number)
        except ipaddress.AddressValueError:
            pass
        raise ValueError(f"`{text}` is not {self.wanted}")

    def schema(self) -> Json:
        """A string, or a number."""
        text = {"type": "string", "pattern": _or_placeholder("[0-9.]+")}
        return (
            {"anyOf": [text, {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}]}
            if self._decimal
            else text
        )


class RouterId(Ipv4):
    """An IPv4 address by form, other than zero (RFC 2328, RFC 6286)."""

    def __init__(self) -> None:
        """Name it."""
        super().__init__("a router ID such as `192.0.2.1`")

    def parse(self, text: str, plain: bool) -> Any:
        """Return the router ID."""
        value = super().parse(text, plain)
        if int(value) == 0:
            raise ValueError(f"`{text}` is not {self.wanted}: zero is none")
        return value


class Interface(ScalarKind):
    """An interface's address with its prefix length."""

    def __init__(
        self, wanted: str = "an address with its prefix length such as `192.0.2.1/24`", bare: bool = False
    ):
        """Take its name in messages, and whether an address alone means the longest prefix."""
        self.wanted, self._bare = wanted, bare

    def parse(self, text: str, plain: bool) -> Any:
        """Return the address with its prefix length; one that cannot be a host's is refused."""
        try:
            value = ipaddress.ip_interface(_unscoped(text))
        except ValueError:
            raise ValueError(f"`{text}` is not {self.wanted}{self._why(text)}") from None
        if "/" not in text and not self._bare:
            raise ValueError(f"`{text}` has no prefix length; expected {self.wanted}")
        return _hostly(value, text)

    @staticmethod
    def _why(text: str) -> str:
        try:
            ipaddress.ip_address(_unscoped(text).partition("/")[0])
        except ValueError:
            return ""
        return "; the prefix length is wrong"

    def schema(self) -> Json:
        """A string."""
        pattern = _or_placeholder(f"{_ADDRESS}(/[0-9.]+){'?' * self._bare}")
        return {"type": "string", "pattern": pattern, "examples": ["192.0.2.1/24", "2001:db8::1/64"]}


def _hostly(value: Any, text: str) -> Any:
    network = value.network
    for what in ("multicast", "loopback", "unspecified"):
        if getattr(value.ip, f"is_{what}"):
            raise ValueError(f"`{text}` is {'an' if what[0] == 'u' else 'a'} {what} address")
    if value.version == 4 and int(value.ip) == 2**32 - 1:
        raise ValueError(f"`{text}` is the limited broadcast address")
    if network.prefixlen >= network.max_prefixlen - 1:
        return value
    if value.ip == network.network_address:
        raise ValueError(f"`{text}` is the prefix itself, not an address in it")
    if value.version == 4 and value.ip == network.broadcast_address:
        raise ValueError(f"`{text}` is the broadcast address of its prefix, not a host's")
    return value


class Prefix(ScalarKind):
    """A prefix; host bits are cleared when `loose`, refused otherwise."""

    wanted = "a prefix such as `192.0.2.0/24`"

    def __init__(self, loose: bool = False) -> None:
        """Tell whether host bits may be set, as in OSPF networks of the full form."""
        self._loose = loose

    def parse(self, text: str, plain: bool) -> Any:
        """Return the network."""
        if "/" not in text:
            raise ValueError(f"`{text}` has no prefix length; expected {self.wanted}")
        try:
            loose = ipaddress.ip_network(_unscoped(text), strict=False)
        except ValueError:
            raise ValueError(f"`{text}` is not {self.wanted}") from None
        if not self._loose and str(loose.network_address) != text.split("/")[0].lower():
            exact = ipaddress.ip_interface(text)
            if exact.ip != loose.network_address:
                raise ValueError(f"`{text}` has host bits set; the prefix is `{loose}`")
        return loose

    def schema(self) -> Json:
        """A string."""
        pattern = _or_placeholder(f"{_ADDRESS}/[0-9.]+")
        return {"type": "string", "pattern": pattern, "examples": ["192.0.2.0/24", "2001:db8::/48"]}


class SegmentPrefix(Prefix):
    """A prefix that interfaces have addresses of."""

    def parse(self, text: str, plain: bool) -> Any:
        """Return the network; one of multicast or loopback addresses, or of all, is refused."""
        network = super().parse(text, plain)
        if network.prefixlen == 0:
            raise ValueError(f"`{text}` is every address there is, not a segment's prefix")
        for what in ("multicast", "loopback"):
            if getattr(network, f"is_{what}"):
                raise ValueError(f"`{text}` holds {what} addresses, which no interface has")
        return network


class AnyScalar(ScalarKind):
    """One of several scalar kinds; the first that fits."""

    def __init__(self, wanted: str, *kinds: ScalarKind) -> None:
        """Take the kinds, the strictest first."""
        self.wanted, self._kinds = wanted, kinds

    def parse(self, text: str, plain: bool) -> Any:
        """Return what the first fitting kind makes of it; a wrong number or address is reported as such."""
        written: tuple[Any, ...] = (f"`{text}` is not {self.wanted}",)
        for kind in self._kinds:
            try:
                return kind.parse(text, plain)
            except ValueError as error:
                own = (
                    isinstance(kind, Integer | Interface | Ipv4)
                    and error.args[0] != f"`{text}` is not {kind.wanted}"
                )
                written = error.args if own else written
        raise ValueError(*written)

    def schema(self) -> Json:
        """Any of them."""
        return {"anyOf": [kind.schema() for kind in self._kinds]}
