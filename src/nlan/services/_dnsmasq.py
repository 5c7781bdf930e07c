"""The dnsmasq of a node: one process leases addresses and answers questions about names.

What changes often stands in files that it reads again at SIGHUP: what is kept for clients, what they are
told, records, upstream servers. Its ranges stand in what it reads at its start alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlan.kinds.program import DIRECTORY, File, Program
from nlan.model import Lab, Node
from nlan.model.segments import Segments, segments_of
from nlan.services.base import Context
from nlan.services.dhcp.model import Dhcp, Pool
from nlan.services.dns.model import Dns
from nlan.values import stable_mac

PROGRAM, PACKAGE = "dnsmasq", "dnsmasq-base"
_MAC = re.compile("[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")


def program(node: Node, lab: Lab, context: Context) -> Program:
    """Return it; equal for whoever asks of one node."""
    segments = segments_of(lab) if node.get(Dhcp).pools else {}
    texts = {
        "hosts": _hosts(node, lab, segments),
        "options": _options(node),
        "records": _records(node),
        "servers": _servers(node),
    }
    again = (
        File(name=name, text="".join(f"{line}\n" for line in lines), is_read_again=True)
        for name, lines in texts.items()
    )
    return Program(
        namespace=node.name,
        name=PROGRAM,
        argv=(PROGRAM, f"--conf-file={DIRECTORY}/dnsmasq.conf"),
        files=(File(name="dnsmasq.conf", text="".join(f"{line}\n" for line in _lines(node))), *again),
        reload="HUP",
        ready="started, version",
        package=PACKAGE,
        after=tuple(r.key for r in context.stands_on if r.is_link or r.is_ground),
    )


def _lines(node: Node) -> Iterator[str]:
    """Yield its configuration."""
    dns = node.find(Dns)
    yield from ("keep-in-foreground", "log-facility=-", "user=root", "group=root")
    yield f"pid-file={DIRECTORY}/dnsmasq.pid"
    yield from ("no-resolv", "no-hosts", "no-ping", "dhcp-authoritative")
    yield f"dhcp-leasefile={DIRECTORY}/leases"
    yield f"dhcp-hostsfile={DIRECTORY}/hosts"
    yield f"dhcp-optsfile={DIRECTORY}/options"
    yield f"addn-hosts={DIRECTORY}/records"
    yield f"servers-file={DIRECTORY}/servers"
    for pool in node.get(Dhcp).pools:
        mask = pool.address.network.netmask
        yield f"dhcp-range=set:{pool.interface},{pool.first},{pool.last},{mask},{pool.lease_s}"
    if dns is None:
        yield "port=0"
        return
    for interface in dict.fromkeys((*dns.listen, *(pool.interface for pool in node.get(Dhcp).pools))):
        if dns.listen:
            yield f"interface={interface}"
    if dns.domain:
        yield from (f"domain={dns.domain}", f"local=/{dns.domain}/", "expand-hosts")


def _hosts(node: Node, lab: Lab, segments: Segments) -> Iterator[str]:
    """Yield what is kept for clients; a node of the lab is known by its MAC address."""
    for pool in node.get(Dhcp).pools:
        segment = segments.get((node.name, pool.interface))
        macs = {
            name: stable_mac(lab.name, name, interface)
            for (name, interface), other in segments.items()
            if segment is not None and other == segment
        }
        for client, address in pool.hosts.items():
            yield ",".join(_words(client, macs.get(client, ""), str(address)))


def _words(client: str, mac: str, address: str) -> list[str]:
    if _MAC.fullmatch(client):
        return [client, address]
    return [mac, address, client] if mac else [client, address]


def _options(node: Node) -> Iterator[str]:
    for pool in node.get(Dhcp).pools:
        yield from _told(pool)


def _told(pool: Pool) -> Iterator[str]:
    for option, value in pool.options.items():
        name = option if option.isdecimal() else f"option:{option}"
        yield f"tag:{pool.interface},{name},{value}"


def _records(node: Node) -> Iterator[str]:
    for name, addresses in node.get(Dns).records.items():
        yield from (f"{address} {name}" for address in addresses)


def _servers(node: Node) -> Iterator[str]:
    yield from (f"server={address}" for address in node.get(Dns).upstream)
