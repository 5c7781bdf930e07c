"""Who is let in: tokens, and no pages of other sites.

A tokens file is YAML::

    tokens:
      - name: operator
        token: 6f1c…            # or sha256: <hex digest of the token>
        read: ["**"]
        write: ["config-*", "ip"]
        call: ["plugins"]

Without a file everybody who reaches the server may do everything, so the
server then listens on loopback only.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from tega.hub.access import FULL, Access, access
from tega.protocol.errors import Denied, Unauthorized

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MIN_TOKEN = 16
_FIELDS = {"name", "token", "sha256", "read", "write", "call"}


class TokensFileError(ValueError):
    """The tokens file cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One token, kept only as its SHA-256 digest."""

    name: str
    digest: bytes
    access: Access


class Auth:
    """Turns a token into what it allows."""

    def __init__(self, grants: tuple[Grant, ...] | None) -> None:
        self._grants = grants and tuple(
            Grant(one.name, one.digest, replace(one.access, name=one.name)) for one in grants
        )

    @property
    def open(self) -> bool:
        """Whether everybody is let in."""
        return self._grants is None

    def admit(self, token: str | None) -> Grant:
        """Return what the token stands for.

        Raises:
            Unauthorized: There is none, or nobody knows it. Takes the same
                time for every wrong token.
        """
        if self._grants is None:
            return Grant("", b"", FULL)
        if token is None:
            raise Unauthorized("this server wants a token: Authorization: Bearer TOKEN")
        digest = hashlib.sha256(token.encode()).digest()
        found = [grant for grant in self._grants if hmac.compare_digest(grant.digest, digest)]
        if not found:
            raise Unauthorized("nobody knows this token")
        return found[0]

    def check_site(self, headers: Mapping[str, str], local: str) -> None:
        """Refuse a browser's request for another site, and names that were bent to a loopback address.

        Args:
            headers: The request's headers; `Origin`, `Sec-Fetch-Site` and `Host`
                are looked at. A picture of another site has no `Origin`.
            local: Address of this end of the connection.

        Raises:
            Denied: The page is of another site.
        """
        origin, host = headers.get("origin"), headers.get("host", "")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            raise Denied(f"pages of {origin} may not use this server")
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            raise Denied("pages of other sites may not use this server")
        if self.open and _is_loopback(local) and not _is_local_name(host):
            raise Denied(f"this server listens on loopback and is not {host}")


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _is_local_name(host: str) -> bool:
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    name = name.strip("[]").lower()
    return name in ("localhost", "") or _is_loopback(name)


def read_tokens(file: Path) -> Auth:
    """Read a tokens file.

    Raises:
        TokensFileError: It is not a tokens file; says which entry and what is wrong.
    """
    import yaml

    try:
        document = yaml.safe_load(file.read_text())
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise TokensFileError(f"{file}: {error}") from error
    entries = document.get("tokens") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not entries:
        raise TokensFileError(f"{file}: wants a list `tokens` with at least one entry")
    return Auth(tuple(_grant(f"{file}: tokens[{place}]", entry) for place, entry in enumerate(entries)))


def _grant(where: str, entry: Any) -> Grant:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise TokensFileError(f"{where}: wants a mapping with a name")
    if not entry["name"] or "/" in entry["name"] or not entry["name"].isprintable():
        raise TokensFileError(f"{where}.name: {entry['name']!r}: wants printable characters, and no slash")
    unknown = sorted(set(entry) - _FIELDS)
    if unknown:
        raise TokensFileError(
            f"{where}: {', '.join(map(str, unknown))}: unknown; known are {', '.join(sorted(_FIELDS))}"
        )
    rights: dict[str, Any] = {
        right: _prefixes(f"{where}.{right}", entry.get(right, [])) for right in ("read", "write", "call")
    }
    try:
        return Grant(entry["name"], _digest(where, entry), access(**rights, name=entry["name"]))
    except ValueError as error:
        raise TokensFileError(f"{where}: {error}") from error


def _prefixes(where: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TokensFileError(f"{where}: wants a list of path prefixes")
    return value


def _digest(where: str, entry: dict[str, Any]) -> bytes:
    token, digest = entry.get("token"), entry.get("sha256")
    if (token is None) == (digest is None):
        raise TokensFileError(f"{where}: wants either token or sha256")
    if digest is not None:
        raw = bytes.fromhex(str(digest))
        if len(raw) != 32:
            raise TokensFileError(f"{where}.sha256: has {len(raw)} bytes; a SHA-256 digest has 32")
        return raw
    if not isinstance(token, str) or len(token) < MIN_TOKEN:
        raise TokensFileError(f"{where}.token: a token has at least {MIN_TOKEN} characters")
    return hashlib.sha256(token.encode()).digest()
