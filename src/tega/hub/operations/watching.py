"""Operations of who watches: subscriptions and channels, and who has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tega.hub.access import channel_path
from tega.hub.channels import check_channel
from tega.hub.operations.base import seen
from tega.protocol import requests

if TYPE_CHECKING:
    from tega.api import Json
    from tega.hub.hub import Hub
    from tega.hub.session import Session


def subscribe(hub: Hub, who: Session, r: requests.Subscribe) -> Json:
    sub = hub.subscribe(who, r.path, regex=r.regex, after=r.after)
    return {"sub": sub.number, "rev": sub.cursor}


def unsubscribe(hub: Hub, who: Session, r: requests.Unsubscribe) -> Json:
    return hub.unsubscribe(who, r.sub)


def listen(hub: Hub, who: Session, r: requests.Listen) -> Json:
    return {"sub": hub.listen(who, r.channel, regex=r.regex)}


def publish(hub: Hub, who: Session, r: requests.Publish) -> Json:
    check_channel(r.channel)
    who.access.require("write", channel_path(r.channel))
    reached = hub.channels.publish(who.name, r.channel, r.body)
    return reached if who.access.may_read_channel(r.channel) else None


def channels(hub: Hub, who: Session, r: requests.Channels) -> Json:
    return hub.channels.names({session.name for session in seen(hub, who)})


def ids(hub: Hub, who: Session, r: requests.Ids) -> Json:
    now = hub.clock()
    return {session.name: session.describe(now) for session in seen(hub, who)}


def subscribers(hub: Hub, who: Session, r: requests.Subscribers) -> Json:
    table = {
        session.name: sorted(
            [sub.interest.text for sub in session.subs.values()]
            + [one.channel for one in session.listenings.values()]
        )
        for session in seen(hub, who)
    }
    return {name: wishes for name, wishes in table.items() if wishes}
