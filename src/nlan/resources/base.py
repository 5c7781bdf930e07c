"""What every resource has: a key, what it stands on, what it claims, and how a change is judged.

A resource is a frozen value that describes one thing a host holds. `desired`
ones come from `nlan.expand`, `observed` ones from the drivers; both are of the
same types. A field that is None in the desired resource is not managed and not
compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, Self

import msgspec

Impact = Literal["hitless", "session", "restart", "outage"]
"""How bad an operation is: nothing is lost; a routing session resets; a daemon restarts; traffic stops."""

IMPACTS: tuple[Impact, ...] = ("hitless", "session", "restart", "outage")

FABRIC = "@fabric"
"""The namespace of a lab that holds its shared segments: the underlay and the LANs."""

HOST = ""
"""Stands for the lab itself, outside of any namespace."""

NAMESPACE = "namespace"
"""The kind that all others of a namespace stand on."""

Claim = tuple[str, ...]
"""What one resource alone may hold: its type (``interface``, ``address``, ``route``, …), where, and which."""


class Rank(IntEnum):
    """The ranks of kinds: in a plan lower ones are made first and removed last, where nothing else decides.

    A kind takes one of these, or a number between two; kinds of one rank go by their names.
    """

    NAMESPACE = 0
    SETTINGS = 100
    LINKS = 200
    ON_LINKS = 300
    ADDRESSES = 400
    ROUTES = 500
    DAEMONS = 600


class Key(NamedTuple):
    """A resource's identity within a lab.

    Attributes:
        kind: Such as ``veth``; one driver serves it.
        namespace: A node's name, a host's (``ce1/172.21.1.2``), `FABRIC` or `HOST`.
        name: Unique among the kind in that namespace.
    """

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return " ".join(part for part in (self.namespace, self.kind, self.name) if part)


def link_key(namespace: str, interface: str) -> Key:
    """Return the key under which anything may require the interface `interface`, whatever its kind."""
    return Key("interface", namespace, interface)


class Side(Protocol):
    """All that is desired, or all that is observed, when a resource is asked about the rest (`State`)."""

    @property
    def claims(self) -> Mapping[Claim, Key]:
        """Who holds each claim."""

    def of(self, kind: str, namespace: str) -> Sequence[Any]:
        """Return the resources of a kind in a namespace."""


class KernelFile(NamedTuple):
    """A file of a namespace's below /proc/sys, and what it shall hold."""

    name: str
    value: str


class Difference(NamedTuple):
    """How an observed resource differs from the desired one.

    Attributes:
        impact: How bad the repair is.
        reason: One line, such as ``mtu is 1500, wanted 1400``.
        in_place: False: it has to be removed and made again.
        details: More lines, such as a daemon's configuration lines with ``+`` and ``-``.
    """

    impact: Impact
    reason: str
    in_place: bool = True
    details: tuple[str, ...] = ()


class Effect(NamedTuple):
    """What has to be done to a resource since the plan does something else.

    Attributes:
        desired: The resource.
        impact: How bad that is.
        reason: One line.
    """

    desired: Resource
    impact: Impact
    reason: str


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a host holds.

    Planning knows no kind by its name: all that it has to know of one is declared here, by class attributes
    and methods, of which a kind overrides what is different with it.

    Class attributes:
        kind: The key's kind.
        rank: Its place in the order of a plan.
        mutable: Fields that can be changed in place, and what that costs. A difference in any
            other field means: remove and make again, with impact ``outage``.
        create_impact: What making a missing one costs what runs already.
        delete_impact: What removing one costs.
        comes_with_namespace: Whether a new namespace has it already.
        is_link: Whether others stand on it by the name of its interface (`link_key`).
        goes_with_link: Whether the kernel removes it together with the link that it stands on.
        outlives_namespace: Whether it is to be taken out of its namespace before that is removed.
        brings_routes: Whether making it brings routes, which a daemon that ends might forget.
        is_polled: Whether nothing tells of its change: `nlan keep` looks at it from time to time.
        lingers: Whether it may be seen for a moment after a namespace that held a part of it is gone.
        is_ground: Whether routing daemons of its namespace are started after it; links are by themselves.

    A field that says what is wrong with the observed resource, in words, is a tuple, and empty where
    it is as nlan makes it.
    """

    kind: ClassVar[str] = ""
    rank: ClassVar[int] = Rank.SETTINGS
    mutable: ClassVar[dict[str, Impact]] = {}
    create_impact: ClassVar[Impact] = "hitless"
    delete_impact: ClassVar[Impact] = "outage"
    comes_with_namespace: ClassVar[bool] = False
    is_link: ClassVar[bool] = False
    goes_with_link: ClassVar[bool] = False
    outlives_namespace: ClassVar[bool] = False
    brings_routes: ClassVar[bool] = False
    is_polled: ClassVar[bool] = False
    lingers: ClassVar[bool] = False
    is_ground: ClassVar[bool] = False

    @property
    def key(self) -> Key:
        """Its identity."""
        raise NotImplementedError

    @property
    def precedence(self) -> int:
        """Its place among those of its kind; lower ones are made first."""
        return 0

    @property
    def process(self) -> str:
        """Observed only: what the process is called that it is, where it answers; empty where it is none."""
        return ""

    @property
    def forgets_routes(self) -> bool:
        """Whether its end makes its node forget routes that came just now; they have to come after it."""
        return False

    @property
    def unreported(self) -> KernelFile | None:
        """The file that it is, where no event of the kernel's reports its change."""
        return None

    @property
    def is_exclusive(self) -> bool:
        """Whether it is a namespace that shall hold nothing but what is desired."""
        return False

    def exclusively(self) -> Self:
        """Return the same, exclusive where it is a namespace."""
        return self

    def requires(self) -> tuple[Key, ...]:
        """Return what must exist first; a key that is not in the plan is taken as given."""
        return ()

    def stands_on(self, side: Side) -> Iterable[Key]:
        """Return what else must exist first, of what there is on its side."""
        return ()

    def namespaces(self) -> tuple[str, ...]:
        """Return the namespaces that it is in; it goes with any of them."""
        return (self.key.namespace,)

    def ends(self) -> tuple[tuple[str, str], ...]:
        """Return the namespaces and names of its interfaces, for a link."""
        claims = (claim for claim in self.claims() if claim[0] == "interface")
        return tuple((claim[1], claim[2]) for claim in claims if claim[1])

    def lowered(self, namespace: str, name: str) -> Self:
        """Return the same link with the interface, one of its `ends`, taken down."""
        return msgspec.structs.replace(self, up=False)

    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Return the networks that it connects its namespace to."""
        return ()

    def trait(self) -> str:
        """Return what people should know of it as long as it is there, as ``nlan status`` says it.

        Such as what a link does to its packets; empty for what is as anybody expects.
        """
        return ""

    def claims(self) -> tuple[Claim, ...]:
        """Return what no two resources may hold at once (an interface's name, a port, a VNI)."""
        return ()

    def excludes(self) -> tuple[Claim, ...]:
        """Return the claims that must be given up before it is made or changed (a peer's own address)."""
        return ()

    def accounts_for(self) -> Iterable[Key]:
        """Return the keys of what would be foreign, were it not for it."""
        return ()

    def lost_between(self, before: Side, after: Side) -> str:
        """Return why the kernel drops it on the way though nothing is done to it; empty where it does not.

        Asked of what is observed, and desired as it is.
        """
        return ""

    def affected(
        self, observed: Any, planned: Sequence[Resource], before: Side, after: Side
    ) -> Effect | None:
        """Return what has to be done to it for what is made or changed beside it; None for nothing.

        Args:
            observed: The resource as it is.
            planned: What the plan makes or changes in its namespace.
            before: The observed side.
            after: The desired side.
        """
        return None

    def difference(self, observed: Any) -> Difference | None:
        """Compare with the observed resource of the same key; None where nothing that is wanted differs."""
        changed = [
            field
            for field in self.__struct_fields__
            if (wanted := getattr(self, field)) is not None and wanted != getattr(observed, field)
        ]
        if not changed:
            return None
        reason = ", ".join(_reason(f, getattr(observed, f), getattr(self, f)) for f in changed)
        if any(field not in self.mutable for field in changed):
            return Difference("outage", reason, in_place=False)
        worst = max((self.mutable[field] for field in changed), key=IMPACTS.index)
        return Difference(worst, reason)

    def difference_beside(self, observed: Any, made: frozenset[Claim]) -> Difference | None:
        """Return the difference, given the claims of what it requires and the same plan makes anew."""
        return self.difference(observed)


def _reason(field: str, observed: object, desired: object) -> str:
    if isinstance(observed, tuple) and not desired:
        return ", ".join(observed)
    return f"{field} is {_text(observed)}, wanted {_text(desired)}"


def _text(value: object) -> str:
    return "unset" if value is None or value == "" else str(value)
