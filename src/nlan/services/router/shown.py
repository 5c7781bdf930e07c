"""What Router adds to a file's words: its keys, what its parts are called, what their fields take."""

from __future__ import annotations

from nlan.schema.written import common
from nlan.schema.written.addresses import Interface
from nlan.schema.written.numbers import Integer
from nlan.schema.written.scalars import Choice, Line
from nlan.schema.written.sections import Contribution, keys_of
from nlan.services.router import written
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
    {"a node": keys_of(written.NodeKeys), "a lab": keys_of(written.LabKeys)},
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
