from __future__ import annotations

import msgspec

from netns.support import (
    by_key,
    create,
    delete,
    ip,
    observe,
    observe_own,
    operation,
    replace,
    shell,
    succeeded,
    update,
)
from nlan.errors import ApplyError
from nlan.kinds.bridge import Bridge
from nlan.netlink.driver import NetlinkDriver
from nlan.runtimes.netns.runtime import NetnsRuntime
from samples import FABRIC, PAIR, UPLINK


def test_is_observed_once_as_it_was_asked_for(kernel: NetlinkDriver) -> None:
    assert succeeded(create(kernel, PAIR))
    assert observe(kernel) == by_key(PAIR)


def test_port_of_a_bridge_at_the_other_end(kernel: NetlinkDriver) -> None:
    assert succeeded(create(kernel, FABRIC))
    assert succeeded(create(kernel, UPLINK))
    assert observe(kernel) == by_key(FABRIC, UPLINK)


def test_ports_of_bridges_at_both_ends(kernel: NetlinkDriver) -> None:
    bridge = Bridge(namespace="a", name="br", mac="02:00:5e:00:53:02", mtu=9000)
    both = msgspec.structs.replace(UPLINK, master="br")
    assert succeeded(create(kernel, FABRIC, bridge))
    assert succeeded(create(kernel, both))
    assert observe(kernel) == by_key(FABRIC, bridge, both)


def test_both_ends_in_one_namespace(kernel: NetlinkDriver) -> None:
    loop = msgspec.structs.replace(PAIR, peer_namespace="a")
    assert succeeded(create(kernel, loop))
    assert observe(kernel) == by_key(loop)


def test_ends_that_are_down(kernel: NetlinkDriver) -> None:
    down = msgspec.structs.replace(PAIR, up=False, peer_up=False)
    assert succeeded(create(kernel, down))
    assert observe(kernel) == by_key(down)


def test_creating_twice_is_fine(kernel: NetlinkDriver) -> None:
    assert succeeded(create(kernel, PAIR))
    assert succeeded(create(kernel, PAIR))
    assert observe(kernel) == by_key(PAIR)


def test_many_pairs_between_the_same_namespaces_are_told_apart(kernel: NetlinkDriver) -> None:
    pairs = [
        msgspec.structs.replace(PAIR, namespace=here, name=f"x{i}", peer_namespace=there, peer_name=f"y{i}")
        for i, (here, there) in enumerate([("a", "b"), ("b", "a"), ("c", "a"), ("a", "c"), ("b", "c")])
    ]
    assert succeeded(create(kernel, *pairs))
    assert observe(kernel) == by_key(*pairs)


def test_part_of_the_lab_may_be_observed(kernel: NetlinkDriver) -> None:
    assert succeeded(create(kernel, PAIR))
    assert observe(kernel, ["a"]) == by_key(PAIR)
    assert observe(kernel, ["b"]) == {}


def test_changes_in_place_at_both_ends(kernel: NetlinkDriver, place: NetnsRuntime) -> None:
    assert succeeded(create(kernel, FABRIC))
    assert succeeded(create(kernel, UPLINK))
    index = ip(place, "a", "link", "show", "eth0")[0]["ifindex"]
    changed = msgspec.structs.replace(
        UPLINK, mtu=1400, mac="02:00:5e:00:53:31", peer_mac="02:00:5e:00:53:32", peer_master="", peer_up=False
    )
    assert succeeded(update(kernel, changed, UPLINK))
    assert observe(kernel)[UPLINK.key] == changed
    assert succeeded(update(kernel, UPLINK, changed))
    assert observe(kernel)[UPLINK.key] == UPLINK
    assert ip(place, "a", "link", "show", "eth0")[0]["ifindex"] == index


def test_only_one_end_has_another_mtu(kernel: NetlinkDriver, place: NetnsRuntime) -> None:
    assert succeeded(create(kernel, PAIR))
    shell(place, "b", "ip link set eth2 mtu 1300")
    observed = observe(kernel)[PAIR.key]
    assert PAIR.difference(observed) is not None
    assert succeeded(update(kernel, PAIR, observed))
    assert observe(kernel) == by_key(PAIR)


def test_replaced_by_a_pair_to_another_namespace(kernel: NetlinkDriver) -> None:
    elsewhere = msgspec.structs.replace(PAIR, peer_namespace="c")
    assert succeeded(create(kernel, PAIR))
    assert succeeded(replace(kernel, elsewhere, PAIR))
    assert observe(kernel) == by_key(elsewhere)


def test_deleting_twice_is_fine(kernel: NetlinkDriver) -> None:
    assert succeeded(create(kernel, PAIR))
    assert succeeded(delete(kernel, PAIR))
    assert succeeded(delete(kernel, PAIR))
    assert observe(kernel) == {}


def test_deleting_in_a_namespace_that_is_gone_is_fine(kernel: NetlinkDriver, place: NetnsRuntime) -> None:
    assert succeeded(create(kernel, PAIR))
    place.delete(["a", "b"])
    assert succeeded(delete(kernel, PAIR))


def test_many_are_deleted_in_one_call_and_others_stay(kernel: NetlinkDriver) -> None:
    pairs = [msgspec.structs.replace(PAIR, name=f"x{i}", peer_name=f"y{i}") for i in range(20)]
    assert succeeded(create(kernel, *pairs, PAIR))
    assert succeeded(delete(kernel, *pairs))
    assert observe(kernel) == by_key(PAIR)


def test_foreign_link_of_that_name_stays(kernel: NetlinkDriver, place: NetnsRuntime) -> None:
    shell(place, "a", "ip link add eth1 type bridge")
    (failure,) = create(kernel, PAIR)
    assert "File exists" in str(failure)
    assert observe_own(kernel) == {}
    assert ip(place, "a", "link", "show", "eth1")[0]["linkinfo"]["info_kind"] == "bridge"


def test_a_first_end_whose_other_end_was_renamed_is_a_pair_to_nowhere(
    kernel: NetlinkDriver, place: NetnsRuntime
) -> None:
    assert succeeded(create(kernel, PAIR))
    shell(place, "b", "ip link set eth2 down; ip link set eth2 name other")
    found = observe(kernel)
    difference = PAIR.difference(found[PAIR.key])
    assert difference is not None
    assert not difference.in_place
    stray = next(r for k, r in found.items() if k.namespace == "b")
    assert succeeded(
        kernel.apply([operation("delete", None, stray), operation("replace", PAIR, found[PAIR.key])])
    )
    assert observe(kernel) == by_key(PAIR)


def test_failure_says_node_operation_and_the_kernels_words(kernel: NetlinkDriver) -> None:
    fine = msgspec.structs.replace(PAIR, name="x", peer_name="y")
    outcomes = create(kernel, msgspec.structs.replace(PAIR, master="nobr"), fine)
    assert isinstance(outcomes[0], ApplyError)
    assert str(outcomes[0]) == "a: create a veth eth1: there is no interface nobr"
    assert outcomes[1] is None
    (refused,) = create(kernel, msgspec.structs.replace(PAIR, mtu=70000))
    assert "Invalid argument" in str(refused) or "mtu" in str(refused)
    (absent,) = create(kernel, msgspec.structs.replace(PAIR, peer_namespace="nowhere"))
    assert "nowhere" in str(absent)


def test_more_ports_of_one_bridge_than_go_into_one_batch(kernel: NetlinkDriver, place: NetnsRuntime) -> None:
    ports = [msgspec.structs.replace(UPLINK, name=f"x{i}", peer_name=f"p{i}") for i in range(150)]
    assert succeeded(create(kernel, FABRIC))
    assert succeeded(create(kernel, *ports))
    assert observe(kernel) == by_key(FABRIC, *ports)
