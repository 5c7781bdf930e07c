"""What Router adds to a file's words: its keys, what its parts are called, what their fields take."""

from __future__ import annotations

from nlan.schema.written.addresses import Interface
from nlan.schema.written.numbers import Integer
from nlan.schema.written.scalars import Choice, Installed, Line
from nlan.schema.written.sections import Contribution, keys_of
from nlan.services.router import kinds, written
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
    {
        "a node": keys_of(written.NodeKeys),
        "a lab": keys_of(written.LabKeys),
        "a link": keys_of(written.SegmentKeys),
        "a network": keys_of(written.SegmentKeys),
        "an end": keys_of(written.EndKeys),
    },
    [
        written.BGP_HERE,
        written.NEIGHBOR,
        written.OSPF_NODE,
        written.ROUTE,
        written.ROUTER,
        written.BGP_AS,
        written.OSPF_AREA,
    ],
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
        (Router, "router_id"): kinds.ROUTER_ID,
        (Router, "engine"): Installed(written.ENGINES),
        (OspfArea, "area"): kinds.AREA,
        (OspfInterface, "name"): Line("an interface's name", word=True),
        (OspfInterface, "cost"): kinds.COST,
        (Ospf, "redistribute"): _SOURCE,
        (Bgp, "redistribute"): _SOURCE,
        (Bgp, "asn"): kinds.ASN,
        (Bgp, "maximum_paths"): kinds.PATHS,
        (BgpPeer, "peer_asn"): kinds.ASN,
        (BgpPeer, "ebgp_multihop"): Integer(1, 255, "number of hops"),
        (BgpPeer, "keepalive_s"): kinds.KEEPALIVE,
        (BgpPeer, "hold_time_s"): kinds.HOLD_TIME,
        (BgpPeer, "password"): kinds.PASSWORD,
        (BgpPeer, "update_source"): kinds.SOURCE,
        (BgpPeer, "description"): kinds.DESCRIPTION,
    },
    pages={"Router: loopback, OSPF, BGP, static routes": "services/router.md"},
    routing={
        "a lab": (written.LabKeys.asn, written.LabKeys.ospf),
        "a node": (
            written.NodeKeys.asn,
            written.NodeKeys.ospf,
            written.NodeKeys.bgp,
            written.NodeKeys.route_reflector,
            written.NodeKeys.engine,
            written.NodeKeys.loopback,
            written.NodeKeys.router,
            written.NodeKeys.routes,
        ),
    },
)
