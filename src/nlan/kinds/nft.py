"""Tables of nftables: rules for what passes a namespace's bridges, its stack, or one interface.

A table is replaced as a whole, in one transaction: no packet meets half of it. Its name, which begins with
``nlan_``, is nlan's mark. The kernel prints rules otherwise than they are written; so what it printed when
nlan had made a table is kept beside what was asked for, in the node's run directory, and a table that prints
as it did then is as it was asked for. Counters' values and what packets put into sets are no difference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

import msgspec

from nlan.errors import ApplyError, HostError, NlanError
from nlan.kinds.base import Driver, Kind
from nlan.netlink import nft
from nlan.netlink.feature import Condition
from nlan.plan import Operation
from nlan.resources.base import NAMESPACE, Claim, Difference, Impact, Key, Rank, Resource, link_key
from nlan.runtimes.base import Nodes
from nlan.system import safefiles

Family = Literal["bridge", "inet", "ip", "ip6", "netdev"]
RECORDS = "nft.json"
"""The file of a run directory with what was asked for, by table."""
RECORDS_MAX = 1 << 24
_MANY = 3
"""So many differing lines are told one by one."""


class Chain(msgspec.Struct, frozen=True):
    """A chain of rules.

    Attributes:
        name: Unique in its table.
        rules: One statement each, in the language of nft(8); the first that decides does.
        hook: Where packets come by, such as ``forward``; empty for one that rules jump to.
        type: ``filter``, ``nat`` or ``route``.
        priority: Lower ones are asked first.
        policy: What becomes of packets that no rule decides on.
        device: The interface, of the family ``netdev``.
    """

    name: str
    rules: tuple[str, ...] = ()
    hook: str = ""
    type: str = "filter"
    priority: int = 0
    policy: str = "accept"
    device: str = ""

    def lines(self) -> Iterator[str]:
        """Yield the chain as nft reads it."""
        yield f"chain {self.name} {{"
        if self.hook:
            device = f' device "{self.device}"' if self.device else ""
            yield f"type {self.type} hook {self.hook}{device} priority {self.priority}; policy {self.policy};"
        yield from self.rules
        yield "}"


class Set(msgspec.Struct, frozen=True):
    """A named set, to which rules refer as ``@name``.

    Attributes:
        name: Unique in its table.
        type: Such as ``ipv4_addr``.
        elements: What is in it from the beginning.
        flags: Such as ``interval``, or ``dynamic`` where rules add to it.
        timeout: Such as ``1h``: how long what rules add stays.
    """

    name: str
    type: str
    elements: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    timeout: str = ""

    def lines(self) -> Iterator[str]:
        """Yield the set as nft reads it."""
        yield f"set {self.name} {{"
        yield f"type {self.type};"
        if self.flags:
            yield f"flags {', '.join(self.flags)};"
        if self.timeout:
            yield f"timeout {self.timeout};"
        if self.elements:
            yield f"elements = {{ {', '.join(self.elements)} }}"
        yield "}"


class Nft(Resource, frozen=True, kw_only=True):
    """A table of nftables.

    Attributes:
        namespace: Where.
        family: What its rules see.
        name: Begins with ``nlan_``; unique in its family.
        chains: With their rules.
        sets: Named sets.
        odd: What the kernel holds otherwise than nlan made it, in words.
    """

    kind: ClassVar[str] = "nft"
    rank: ClassVar[int] = Rank.SETTINGS + 50
    is_polled: ClassVar[bool] = True
    mutable: ClassVar[dict[str, Impact]] = {"chains": "hitless", "sets": "hitless", "odd": "hitless"}
    delete_impact: ClassVar[Impact] = "hitless"
    namespace: str
    family: Family
    name: str
    chains: tuple[Chain, ...] = ()
    sets: tuple[Set, ...] = ()
    odd: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """Family and name."""
        return Key(self.kind, self.namespace, f"{self.family} {self.name}")

    def requires(self) -> tuple[Key, ...]:
        """Its namespace, and the interfaces that its chains are hooked to."""
        devices = (chain.device for chain in self.chains if chain.device)
        return (Key(NAMESPACE, self.namespace, ""), *(link_key(self.namespace, name) for name in devices))

    def claims(self) -> tuple[Claim, ...]:
        """Its name."""
        return (("nft", self.namespace, self.family, self.name),)

    def difference(self, observed: Any) -> Difference | None:
        """Compare rule by rule; the order counts, for the first rule that decides does."""
        if (self.chains, self.sets) == (observed.chains, observed.sets):
            return Difference("hitless", _told(observed.odd), details=observed.odd) if observed.odd else None
        wanted, seen = list(self.statements()), list(observed.statements())
        removed = [f"- {line}" for line in seen if line not in wanted]
        added = [f"+ {line}" for line in wanted if line not in seen]
        words = f"{len(added)} rules to add, {len(removed)} to remove" if added or removed else "other order"
        return Difference("hitless", words, details=(*removed, *added, *observed.odd))

    def statements(self) -> Iterator[str]:
        """Yield its parts, each a line with what it stands in."""
        for one in self.sets:
            yield " ".join(one.lines())
        for chain in self.chains:
            yield " ".join(msgspec.structs.replace(chain, rules=()).lines())
            yield from (f"{chain.name}: {rule}" for rule in chain.rules)

    def text(self) -> str:
        """Return the commands that put it in the place of what has its name."""
        sets = (line for one in self.sets for line in one.lines())
        chains = (line for chain in self.chains for line in chain.lines())
        return "\n".join((self.absence(), f"table {self.family} {self.name} {{", *sets, *chains, "}", ""))

    def absence(self) -> str:
        """Return the commands after which there is none of its name."""
        return f"table {self.family} {self.name}\ndelete table {self.family} {self.name}"


def _told(odd: Sequence[str]) -> str:
    return ", ".join(odd) if len(odd) <= _MANY else f"{len(odd)} lines are not as nlan made them"


class Record(msgspec.Struct):
    """What was asked for, and what the kernel printed when it was done; empty while it is being done."""

    chains: tuple[Chain, ...] = ()
    sets: tuple[Set, ...] = ()
    listing: tuple[str, ...] = ()


Records = dict[str, Record]
_decoder = msgspec.json.Decoder(Records)


class NftDriver:
    """Tables of nftables in namespaces, and what was asked for of each."""

    kinds: tuple[str, ...] = ("nft",)

    def __init__(self, place: Nodes) -> None:
        """Take the place to work in."""
        self._place = place

    def observe(self, namespaces: Sequence[str]) -> Iterable[Nft]:
        """Return the tables; a namespace where nlan made none is not even entered."""
        found: list[Nft] = []
        for namespace in namespaces:
            if records := self._read(namespace):
                try:
                    with self._place.inside(namespace):
                        found += _observed(namespace, records)
                except HostError:  # it is gone
                    continue
        return found

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Replace tables, or remove them."""
        return [self._apply_one(operation) for operation in operations]

    def _apply_one(self, operation: Operation) -> NlanError | None:
        namespace, name = operation.key.namespace, operation.key.name
        wanted, seen = operation.desired, operation.observed
        try:
            if isinstance(wanted, Nft):
                self._put(wanted)
            elif isinstance(seen, Nft) and namespace in self._place.namespaces():
                with self._place.inside(namespace):
                    nft.run(seen.absence())
                records = self._read(namespace)
                if records.pop(name, None) is not None:
                    self._write(namespace, records)
        except (HostError, nft.NftError) as failure:
            return ApplyError(namespace, str(operation), str(failure))
        except OSError as failure:
            return ApplyError(namespace, str(operation), f"{failure.strerror} ({failure.filename})")
        return None

    def _put(self, table: Nft) -> None:
        """Make it; what is cut short is known by its record, which has no listing then."""
        with self._place.inside(table.namespace):
            records = self._read(table.namespace)
            record = records[table.key.name] = Record(table.chains, table.sets)
            self._write(table.namespace, records)
            nft.run(table.text())
            record.listing = listing(table.family, table.name)
        self._write(table.namespace, records)

    def _read(self, namespace: str) -> Records:
        try:
            data = safefiles.read(self._place.directory(namespace) / RECORDS, RECORDS_MAX)
            return _decoder.decode(data)
        except FileNotFoundError:
            return {}
        except ValueError:  # damaged, or of another version: its tables are made again
            return {}

    def _write(self, namespace: str, records: Records) -> None:
        path = self._place.make_directory(namespace) / RECORDS
        safefiles.write(path, msgspec.json.encode(records), mode=0o600)


def _observed(namespace: str, records: Records) -> Iterator[Nft]:
    """Yield the tables of the current namespace that there is a record of."""
    for words, record in records.items():
        family, _, name = words.partition(" ")
        try:
            now = listing(family, name)
        except nft.NftAbsentError:
            continue
        except nft.NftError as failure:
            raise HostError(str(failure)) from failure
        yield Nft(
            namespace=namespace,
            family=msgspec.convert(family, Family),
            name=name,
            chains=record.chains,
            sets=record.sets,
            odd=_odd(record.listing, now),
        )


def _odd(before: Sequence[str], now: Sequence[str]) -> tuple[str, ...]:
    if tuple(before) == tuple(now):
        return ()
    if not before:
        return ("it was not finished",)
    gone = [f"`{line}` is missing" for line in before if line not in now]
    come = [f"`{line}` is not nlan's" for line in now if line not in before]
    return (*gone, *come) or ("its rules are in another order",)


_DYNAMIC = re.compile(r"(flags [a-z, ]*(?:dynamic|timeout)[^}]*?)\belements = \{[^}]*\}")


def listing(family: str, name: str) -> tuple[str, ...]:
    """Return a table of the current namespace as the kernel prints it, without what packets change of it.

    Raises:
        NftAbsentError: There is none.
        NftError: It cannot be listed.
    """
    text = _DYNAMIC.sub(r"\1", nft.run(f"list table {family} {name}"))
    lines = (line.strip() for line in re.sub(r",\n\s*", ", ", text).splitlines()[1:])
    return tuple(line for line in lines if line not in ("", "}"))


def counters(place: Nodes, namespace: str, family: Family, name: str) -> Mapping[str, tuple[int, int]]:
    """Return packets and bytes that a table's rules have counted, by the rules' comments.

    Rules of one comment are counted together; a table that is not there has counted nothing.

    Raises:
        HostError: The namespace does not exist, or the table cannot be listed.
    """
    try:
        with place.inside(namespace):
            found = json.loads(nft.run(f"list table {family} {name}", json=True))["nftables"]
    except nft.NftAbsentError:
        return {}
    except nft.NftError as failure:
        raise HostError(str(failure)) from failure
    sums: dict[str, tuple[int, int]] = {}
    for rule in (entry["rule"] for entry in found if "rule" in entry):
        packets, size = sums.get(comment := rule.get("comment", ""), (0, 0))
        for one in (part["counter"] for part in rule["expr"] if part.get("counter")):
            sums[comment] = packets, size = packets + one["packets"], size + one["bytes"]
    return sums


def _look() -> tuple[bool, str]:
    reason = nft.why_not()
    return reason is None, reason or nft.LIBRARY


class NftKind(Kind[Nft]):
    """How tables of nftables are made and found."""

    resource = Nft
    conditions = (Condition("nftables", "rules for packets", f"install {nft.PACKAGE}", _look),)

    def why_not(self, desired: Nft, place: Any) -> Iterator[tuple[str, str]]:
        """Yield that the library is missing, where it is."""
        if (reason := nft.why_not()) is not None:
            yield f"nft table {desired.family} {desired.name}", reason

    def driver(self, place: Any, kinds: Sequence[Any], desired: Iterable[Resource]) -> Driver:
        """Return their driver."""
        return NftDriver(place)


KIND = NftKind()
