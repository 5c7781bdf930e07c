"""The DHCP client of a node: busybox's udhcpc, which calls a script with what it was leased.

What it puts there bears the protocol number of DHCP, by which nlan knows it for neither its own nor foreign.
"""

from __future__ import annotations

from collections.abc import Iterator

from nlan.kinds.program import DIRECTORY, File, Program
from nlan.model import Lab, Node
from nlan.model.segments import segments_of
from nlan.netlink.wire import RTPROT_DHCP
from nlan.resources import Key
from nlan.resources.base import link_key
from nlan.services.base import Context
from nlan.services.dhcp.model import Dhcp

SCRIPT = f"""#!/bin/sh
# Called by udhcpc: what is leased is put on the interface, and taken away with the lease.
case $1 in
deconfig)
    ip address flush dev "$interface" proto {RTPROT_DHCP}
    umount /etc/resolv.conf 2>/dev/null
    ;;
bound | renew)
    ip address replace "$ip/$mask" dev "$interface" proto {RTPROT_DHCP}
    [ -z "$router" ] || ip route replace default via "${{router%% *}}" dev "$interface" proto {RTPROT_DHCP}
    {{
        [ -z "$domain" ] || echo "search $domain"
        for server in $dns; do echo "nameserver $server"; done
    }} >{DIRECTORY}/resolv.conf
    umount /etc/resolv.conf 2>/dev/null
    [ -z "$dns" ] || mount --bind {DIRECTORY}/resolv.conf /etc/resolv.conf
    ;;
esac
true
"""


def programs(node: Node, dhcp: Dhcp, lab: Lab, context: Context) -> Iterator[Program]:
    """Yield a client for each interface that takes a lease; it starts once who leases there is ready."""
    segments = segments_of(lab) if dhcp.clients else {}
    for interface in dhcp.clients:
        servers = sorted(
            Key(Program.kind, other.name, "dnsmasq")
            for other in lab.nodes
            for pool in other.get(Dhcp).pools
            if segments.get((other.name, pool.interface)) == segments.get((node.name, interface))
        )
        yield Program(
            namespace=node.name,
            name=f"dhcp-{interface}",
            argv=(
                *("busybox", "udhcpc", "-f", "-R", "-i", interface, "-s", f"{DIRECTORY}/leased"),
                *("-x", f"hostname:{node.name}", "-t", "20", "-T", "1", "-A", "2"),
            ),
            files=(File(name="leased", text=SCRIPT, is_executable=True),),
            package="busybox",
            after=(link_key(node.name, interface), *servers),
        )
