"""Whose bug an error is."""

from __future__ import annotations

from nlan.registry.origins import blamed, words_of


def bug_of(error: BaseException) -> str:
    """Return the plugin in whose code an error was raised, in words; empty where it is nlan's own.

    Such as ``the service gre of our-tunnels 1.2``.
    """
    part = blamed(error)
    return "" if part is None else words_of(part)
