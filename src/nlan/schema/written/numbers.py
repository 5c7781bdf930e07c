"""The kinds of values that are a number."""

from __future__ import annotations

import re
from typing import ClassVar

from nlan.schema.written.kinds import Json, ScalarKind, or_placeholder


class Integer(ScalarKind[int]):
    """A whole number of a range; `what` names it in messages, `source` is the standard that says so."""

    explains = True

    def __init__(self, low: int, high: int, what: str, source: str = "") -> None:
        """Take the range, both ends included."""
        self.low, self.high, self.what = low, high, what
        self._source = f" ({source})" if source else ""
        self.wanted = f"a whole number from {low} to {high}"

    def parse(self, text: str, plain: bool) -> int:
        """Return the number."""
        if not re.fullmatch(r"[+-]?[0-9]{1,20}", text):
            raise ValueError(f"`{text}` is not {self.wanted}")
        value = int(decimal_digits(text))
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
                {"type": "string", "pattern": or_placeholder("[+-]?(0|[1-9][0-9]*)")},
            ]
        }


def decimal_digits(text: str) -> str:
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


class Number(ScalarKind[float]):
    """A number above zero, fractions allowed."""

    wanted = "a number above zero"

    def parse(self, text: str, plain: bool) -> float:
        """Return the number."""
        if not re.fullmatch(r"[0-9]{0,9}\.?[0-9]{1,9}(e-[0-9]{1,2})?", text) or float(text) <= 0:
            raise ValueError(f"`{text}` is not {self.wanted}")
        return float(text)

    def schema(self) -> Json:
        """A number, or its digits in quotes."""
        quoted = {"type": "string", "pattern": or_placeholder(r"[0-9]*\.?[0-9]+")}
        return {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, quoted]}


class Size(ScalarKind[int]):
    """An amount of memory: bytes, or with K, M, G (powers of 1024)."""

    wanted = "an amount of memory such as `64M`"
    _units: ClassVar[dict[str, int]] = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}

    def parse(self, text: str, plain: bool) -> int:
        """Return the bytes."""
        match = re.fullmatch(r"([0-9]{1,15})\s*([kmgt]?)(?:i?b)?", text.lower())
        octets = int(decimal_digits(match[1])) << self._units[match[2]] if match else 0
        if not 0 < octets < 2**63:
            raise ValueError(f"`{text}` is not {self.wanted}")
        return octets

    def schema(self) -> Json:
        """An integer, or a string with its unit."""
        text = {"type": "string", "pattern": or_placeholder(r"[0-9]+\s*[KkMmGgTt]?([Ii]?[Bb])?")}
        return {"anyOf": [{"type": "integer", "exclusiveMinimum": 0}, text]}
