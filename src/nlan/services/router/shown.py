"""What the parts of the model are called in messages, and what their fields take beyond their types."""

from __future__ import annotations

from nlan.schema.written import common
from nlan.schema.written.addresses import Interface
from nlan.schema.written.numbers import Integer
from nlan.schema.written.scalars import Choice, Line
from nlan.schema.written.sections import Contribution
from nlan.schema.written.table import NodeKeys, ShortKeys
from nlan.services.router.model import (
    Bgp,
    BgpPeer,
    Ospf,
    OspfArea,
    OspfInterface,
    Router,
    StaticRoute,
)

_SOURCE = Choice("connected", "static", "ospf", "kernel", "bgp")

CONTRIBUTION = Contribution(
    {},
    titles={
        Router: "a router",
        Ospf: "OSPF",
        OspfArea: "an OSPF area",
        OspfInterface: "OSPF of an interface",
        Bgp: "BGP",
        BgpPeer: "a BGP peer",
        StaticRoute: "a static route",
    },
    fields={
        (Router, "loopbacks"): Interface("a loopback address such as `192.0.2.1/32`", bare=True),
        (Router, "router_id"): common.ROUTER_ID,
        (OspfArea, "area"): common.AREA,
        (OspfInterface, "name"): Line("an interface's name", word=True),
        (OspfInterface, "cost"): common.COST,
        (Ospf, "redistribute"): _SOURCE,
        (Bgp, "redistribute"): _SOURCE,
        (Bgp, "asn"): common.ASN,
        (Bgp, "maximum_paths"): common.PATHS,
        (BgpPeer, "peer_asn"): common.ASN,
        (BgpPeer, "ebgp_multihop"): Integer(1, 255, "number of hops"),
        (BgpPeer, "keepalive_s"): common.KEEPALIVE,
        (BgpPeer, "hold_time_s"): common.HOLD_TIME,
        (BgpPeer, "password"): common.PASSWORD,
        (BgpPeer, "update_source"): common.SOURCE,
        (BgpPeer, "description"): common.DESCRIPTION,
    },
    routing={
        "a lab": (ShortKeys.asn, ShortKeys.ospf),
        "a node": (
            NodeKeys.asn,
            NodeKeys.ospf,
            NodeKeys.bgp,
            NodeKeys.route_reflector,
            NodeKeys.engine,
            NodeKeys.loopback,
            NodeKeys.router,
            NodeKeys.routes,
        ),
    },
)
