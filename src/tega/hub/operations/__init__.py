"""What each request does: a function an operation; whatever the transport, requests come through here."""

from tega.hub.operations import calls, keeping, reading, serving, watching, writing
from tega.hub.operations.base import OPERATIONS, Later

__all__ = ["OPERATIONS", "Later", "calls", "keeping", "reading", "serving", "watching", "writing"]
