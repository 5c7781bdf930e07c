"""The written schema: every section and key, its kind and range, what it means, what it is by default.

Reading, the JSON Schema (`jsonschema`) and docs/reference/file.md (`nlan.schema.docs`) come from it, and
from what services contribute. A key has two spellings, `local_ip` and `LocalIp`; both are read everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from nlan.registry import Seam
from nlan.schema.syntax import foreign
from nlan.schema.syntax.report import Written
from nlan.schema.written.common import (
    HOP,
    MTU,
    NAME,
    NODES,
    SYSCTL,
    SYSCTL_VALUE,
    UNDERLAY,
)
from nlan.schema.written.kinds import Kind, ListOf, MapOf, Shapes
from nlan.schema.written.numbers import Integer, Number, Size
from nlan.schema.written.pools import POOL, POOLS
from nlan.schema.written.scalars import (
    Bool,
    Choice,
    Installed,
    Names,
    Text,
)
from nlan.schema.written.sections import Contribution, Key, Record, Section, Vocabulary, keys_of
from nlan.schema.written.segments import END

DATAPLANES: Seam[object] = Seam("dataplanes", "nlan.dataplanes", "DATAPLANE")
RUNTIMES: Seam[object] = Seam("runtimes", "nlan.runtimes", "RUNTIME")


class LimitsKeys:
    """The keys of limits."""

    memory = Key("memory", Size(), "Such as `64M`.")
    cpus = Key("cpus", Number(), "Processors, such as `0.5`.")
    pids = Key("pids", Integer(1, 2**22, "number of processes"), "Processes.")


LIMITS = Section("limits", "What a node may use at most.", keys_of(LimitsKeys))

WAITING = [Key(name, Text(), "", served=False) for name in ("interfaces", "bridges", "vrf", "services")]
"""Services that are known and not there yet."""


class NodeKeys:
    """What a node may say."""

    role = Key(
        "role",
        Choice("router", "host"),
        "What the node is.",
        default="`router` where anything of routing is said of it",
    )
    gateway = Key(
        "gateway",
        ListOf(HOP),
        "Default route of a plain host.",
        default="the first router on its segments",
        own=False,
    )
    forwarding = Key("forwarding", Bool(), "Forward packets.", default="`true` for routers")
    limits = Key("limits", LIMITS, "Memory, processors, processes.")
    sysctls = Key(
        "sysctls",
        MapOf(SYSCTL, SYSCTL_VALUE),
        "Kernel settings of its network namespace, such as `{net.ipv4.conf.all.rp_filter: 0}`.",
        default="what a router needs",
        joined=True,
    )
    exclusive = Key(
        "exclusive",
        Bool(),
        "Take away what somebody else puts into it: rules, tables of nftables, queues, addresses, routes.",
        default="`false`: show it",
    )
    runtime = Key(
        "runtime",
        Installed(RUNTIMES),
        "What the node, and the hosts behind it, are made by.",
        default="the lab's",
    )
    underlay = Key(
        "underlay", UNDERLAY, "Its underlay address.", default="from the pool `underlay`", own=False
    )


NODE = Section(
    "a node",
    "One node and what it offers.",
    [*keys_of(NodeKeys), *WAITING],
    foreign.MODULES,
)


_TIMERS: Choice[Literal["lab", "standard"]] = Choice("lab", "standard")


class LabKeys:
    """What the lab may say in both forms."""

    name = Key("name", NAME, "The lab's name.", default="the file's name")
    timers = Key(
        "timers",
        _TIMERS,
        "Fast convergence, or the daemons' own defaults.",
        default="`lab`",
    )
    mtu = Key("mtu", MTU, "Bytes that pass whole everywhere.", default="1500")
    underlay_mtu = Key("underlay_mtu", MTU, "Bytes of the underlay.", default="what the overlay needs: 1550")
    pools = Key("pools", POOLS, "Address pools.", own=False)
    exclusive = Key(
        "exclusive",
        Bool(),
        "Take away what somebody else puts into the nodes and segments.",
        default="`false`: show it",
    )
    dataplane = Key(
        "dataplane",
        Installed(DATAPLANES),
        "What segments, ports and tunnel ends are made of.",
        default="`linux`",
    )
    runtime = Key(
        "runtime",
        Installed(RUNTIMES),
        "What nodes are made by that say nothing themselves.",
        default="`netns`, or what `NLAN_RUNTIME` names",
    )


NamedNodes = list[tuple[Written[str], Record]]
Nodes = list[Written[str]] | list[Written[str | NamedNodes]] | NamedNodes
"""Names, names and mappings by turns, or a mapping."""
_ONE_OR_MORE: Kind[str | NamedNodes] = Shapes(
    "a node's name, or a mapping of one",
    scalar=Names("a node's name"),
    map=MapOf(Names("a node's name"), NODE),
)
_NODES: Kind[Nodes] = Shapes(
    "node names, or a mapping of nodes",
    scalar=NODES,
    seq=ListOf(_ONE_OR_MORE),
    map=MapOf(Names("a node's name"), NODE),
)


class ShortKeys:
    """What the lab may say in the short form besides."""

    nodes = Key(
        "nodes",
        _NODES,
        "The nodes, by name or range (`pe[1-4]`); what a single name says wins over a range.",
    )
    defaults = Key("defaults", NODE, "What every node says that does not say otherwise.")
    ipv6 = Key("ipv6", Bool(), "IPv6 besides IPv4, everywhere.", default="`false`")
    ipv4 = Key("ipv4", Bool(), "`false`: IPv6 alone.", default="`true`")


LAB = Section("a lab", "The short form.", keys_of(LabKeys, ShortKeys))

FULL = Section("the lab settings", "What may stand beside the nodes in the full form.", keys_of(LabKeys))

SECTIONS: tuple[Section, ...] = (
    LAB,
    NODE,
    END,
    POOLS,
    POOL,
    LIMITS,
    FULL,
)
"""Every section, in the order of the documentation."""


def vocabulary(contributions: Iterable[Contribution] = ()) -> Vocabulary:
    """Return the sections and keys of this table, and what is contributed to them."""
    return Vocabulary(SECTIONS, contributions)
