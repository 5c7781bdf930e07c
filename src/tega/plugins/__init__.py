"""Plugins: Python classes with a session inside the server, and those that come with tega."""

from tega.plugins.base import Plugin

__all__ = ["Plugin"]
