"""What makes a store a meeting place: sessions, subscriptions, channels, calls, transactions that wait.

Nothing here knows a transport: a connection is given messages and a way back.
"""

from tega.hub.access import FULL, Access, access
from tega.hub.connection import Connection, Peer
from tega.hub.hub import Hub
from tega.hub.session import Outbox, Session

__all__ = ["FULL", "Access", "Connection", "Hub", "Outbox", "Peer", "Session", "access"]
