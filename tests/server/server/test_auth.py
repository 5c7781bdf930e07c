import hashlib
from pathlib import Path
from typing import Any

import pytest

from tega.protocol.errors import Denied, Unauthorized
from tega.server.auth import Auth, TokensFileError, read_tokens

TOKEN = "0123456789abcdef"


def written(tmp_path: Path, text: str) -> Any:
    file = tmp_path / "tokens.yaml"
    file.write_text(text)
    return file


def test_a_token_stands_for_what_the_file_says(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"another-token-that-is-long").hexdigest()
    file = written(
        tmp_path,
        f"tokens:\n- {{name: a, token: {TOKEN!r}, read: ['**']}}\n"
        f"- {{name: b, sha256: {digest}, write: [x]}}\n",
    )
    auth = read_tokens(file)
    assert auth.admit(TOKEN).name == "a"
    assert auth.admit(TOKEN).access.allows("read", ("q",))
    assert not auth.admit(TOKEN).access.allows("write", ("q",))
    assert auth.admit("another-token-that-is-long").access.allows("write", ("x", "y"))
    for wrong in (None, "", "x", TOKEN + "x", TOKEN[:-1], "é"):
        with pytest.raises(Unauthorized):
            auth.admit(wrong)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "wants a list `tokens`"),
        ("tokens: []", "wants a list `tokens`"),
        (f"tokens: [{{name: a, token: {TOKEN!r}, read: ['']}}]", r"tokens\[0\]: a prefix is empty"),
        ("tokens: [5]", r"tokens\[0\]: wants a mapping with a name"),
        ("tokens: [{name: a}]", "wants either token or sha256"),
        ("tokens: [{name: a, token: short}]", "at least 16 characters"),
        (f"tokens: [{{name: a, token: {TOKEN!r}, rights: x}}]", "rights: unknown"),
        (f"tokens: [{{name: a, token: {TOKEN!r}, read: x}}]", r"tokens\[0\].read: wants a list"),
        (f"tokens: [{{name: a, token: {TOKEN!r}, read: ['a..b']}}]", r"tokens\[0\]"),
        ("tokens: [{name: a, sha256: abcd}]", "has 2 bytes"),
        ("tokens: [{name: a, sha256: xyz}]", "non-hexadecimal"),
        ("a: [", "tokens.yaml"),
    ],
)
def test_a_wrong_file_says_where_and_what(tmp_path: Path, text: str, wanted: Any) -> None:
    with pytest.raises(TokensFileError, match=wanted):
        read_tokens(written(tmp_path, text))


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(TokensFileError, match="No such file"):
        read_tokens(tmp_path / "none")


@pytest.mark.parametrize(
    ("headers", "local", "fine"),
    [
        ({"host": "127.0.0.1:8739"}, "127.0.0.1", True),
        ({"host": "localhost"}, "127.0.0.1", True),
        ({"host": "[::1]:8739"}, "::1", True),
        ({"host": "evil.example:8739"}, "127.0.0.1", False),
        ({"host": "tega.example"}, "192.0.2.1", True),
        ({"host": "a:1", "origin": "https://a:1"}, "192.0.2.1", True),
        ({"host": "a:1", "origin": "https://b:1"}, "192.0.2.1", False),
        ({"host": "127.0.0.1", "origin": "null"}, "127.0.0.1", False),
        ({"host": "127.0.0.1", "sec-fetch-site": "cross-site"}, "127.0.0.1", False),
        ({"host": "127.0.0.1", "sec-fetch-site": "same-site"}, "127.0.0.1", False),
        ({"host": "127.0.0.1", "sec-fetch-site": "same-origin"}, "127.0.0.1", True),
        ({"host": "127.0.0.1", "sec-fetch-site": "none"}, "127.0.0.1", True),
    ],
)
def test_other_sites_are_kept_out(headers: Any, local: Any, fine: Any) -> None:
    if fine:
        Auth(None).check_site(headers, local)
    else:
        with pytest.raises(Denied):
            Auth(None).check_site(headers, local)
