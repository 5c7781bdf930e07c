#!/bin/sh
# The path of a packet from a host of ce1 to a host of ce4 in examples/wan-bgp.yaml, made by hand with
# ip(8): veth, bridges, VXLAN, static routes. The measure for nlan's throughput.
set -eu
NODES="h1 ce1 pe1 pe3 ce4 h2 fabric"

n() { name=$1; shift; ip -n "bare-$name" "$@"; }

plug() { # node, underlay address
    ip link add eth0 mtu 1550 netns "bare-$1" type veth peer name "u.$1" netns bare-fabric mtu 1550
    n fabric link set "u.$1" master underlay up
    n "$1" link set eth0 up
    n "$1" addr add "$2/24" dev eth0
    ip netns exec "bare-$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=2
}

l2vpn() { # node, vni, local, remote, address
    n "$1" link add "br$2" mtu 1500 type bridge
    n "$1" link set "br$2" up
    n "$1" link add "vx$2" mtu 1500 type vxlan id "$2" local "$3" dstport 4789
    n "$1" link set "vx$2" master "br$2" up
    ip netns exec "bare-$1" bridge fdb append 00:00:00:00:00:00 dev "vx$2" dst "$4"
    n "$1" addr add "$5" dev "br$2"
}

host() { # host, its router, address, gateway
    n "$2" link add lan type bridge
    n "$2" link set lan up
    n "$2" addr add "$4/24" dev lan
    ip link add eth0 netns "bare-$1" type veth peer name port netns "bare-$2"
    n "$2" link set port master lan up
    n "$1" link set eth0 up
    n "$1" addr add "$3/24" dev eth0
    n "$1" route add default via "$4"
}

up() {
    for node in $NODES; do ip netns add "bare-$node"; n "$node" link set lo up; done
    n fabric link add underlay mtu 1550 type bridge
    n fabric link set underlay up
    plug ce1 10.10.10.6; plug pe1 10.10.10.1; plug pe3 10.10.10.3; plug ce4 10.10.10.9
    l2vpn ce1 111 10.10.10.6 10.10.10.1 10.201.11.2/24
    l2vpn pe1 111 10.10.10.1 10.10.10.6 10.201.11.1/24
    l2vpn pe1 1 10.10.10.1 10.10.10.3 10.200.1.101/24
    l2vpn pe3 1 10.10.10.3 10.10.10.1 10.200.1.103/24
    l2vpn pe3 314 10.10.10.3 10.10.10.9 10.203.14.1/24
    l2vpn ce4 314 10.10.10.9 10.10.10.3 10.203.14.2/24
    host h1 ce1 172.21.1.2 172.21.1.1
    host h2 ce4 172.21.4.2 172.21.4.1
    n ce1 route add 172.21.4.0/24 via 10.201.11.1
    n pe1 route add 172.21.4.0/24 via 10.200.1.103
    n pe1 route add 172.21.1.0/24 via 10.201.11.2
    n pe3 route add 172.21.4.0/24 via 10.203.14.2
    n pe3 route add 172.21.1.0/24 via 10.200.1.101
    n ce4 route add 172.21.1.0/24 via 10.203.14.1
    ip netns exec bare-h1 ping -c 1 -W 5 172.21.4.2 >/dev/null
}

down() { for node in $NODES; do ip netns del "bare-$node"; done; }

"$1"
