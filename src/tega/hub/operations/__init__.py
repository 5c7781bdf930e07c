"""What each request does: a function an operation; whatever the transport, requests come through here."""

from __future__ import annotations

from tega.hub.operations import calls, keeping, reading, serving, watching, writing
from tega.hub.operations.base import Later, Operations
from tega.protocol import requests

__all__ = ["Later", "Operations", "standard_operations"]


def standard_operations() -> Operations:
    """Return what a server can do; a hub is handed it when it is made."""
    return {
        requests.Ping: serving.ping,
        requests.Bye: serving.bye,
        requests.Info: serving.info,
        requests.Plugins: serving.plugins,
        requests.Reload: serving.reload,
        requests.Get: reading.get,
        requests.Select: reading.select,
        requests.Children: reading.children,
        requests.Head: reading.head,
        requests.Roots: reading.roots,
        requests.Old: reading.old,
        requests.Edges: reading.edges,
        requests.Log: reading.log,
        requests.Diff: reading.diff,
        requests.Put: writing.put,
        requests.Merge: writing.merge,
        requests.Delete: writing.delete,
        requests.Apply: writing.apply,
        requests.Begin: writing.begin,
        requests.Cand: writing.cand,
        requests.Commit: writing.commit,
        requests.Cancel: writing.cancel,
        requests.Rollback: writing.rollback,
        requests.Clear: writing.clear,
        requests.Snapshot: keeping.snapshot,
        requests.Compact: keeping.compact,
        requests.Export: keeping.export,
        requests.Import: keeping.import_,
        requests.Verify: keeping.verify,
        requests.Subscribe: watching.subscribe,
        requests.Unsubscribe: watching.unsubscribe,
        requests.Listen: watching.listen,
        requests.Publish: watching.publish,
        requests.Channels: watching.channels,
        requests.Ids: watching.ids,
        requests.Subscribers: watching.subscribers,
        requests.Offer: calls.offer,
        requests.Withdraw: calls.withdraw,
        requests.Call: calls.call,
        requests.Answer: calls.answer,
        requests.Fail: calls.fail,
        requests.Progress: calls.progress,
    }
