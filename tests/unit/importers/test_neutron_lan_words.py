"""What neutron-lan's master did to a router, on the file of a lab: added, changed, taken away, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest

from nlan.api.edits.modules import Act, module_edit
from nlan.api.edits.written import Changed, Origin, node_in_file
from nlan.errors import InputError
from nlan.importers.neutron_lan import crud
from nlan.importers.neutron_lan.written import Underlay
from nlan.schema import Allocations, load

FILE = Path("lab.yaml")
TEXT = """\
nodes:
  a:
    forwarding: true
    dvr:
      OvsBridges: true
      subnets:
      - {vni: 10, vid: 1, ip_dvr: [{addr: 10.0.1.1/24, mode: dvr}], peers: ["${b}"], mtu: 1400}
      - {Vni: 20, Vid: 2}
      vxlan: [{local_ip: "${a}", remote_ips: ["${b}"]}]
    ptn: {core: {links: {remote_ips: ["${b}"]}, l2vpn: [{vni: 30, vid: 3, peers: ["${b}"], ip: 10.3.0.1/24}]}}
  b:
    forwarding: true
    dvr: {subnets: [{vni: 10, vid: 1, ip_dvr: [{addr: 10.0.1.1/24, mode: dvr}], peers: ["${a}"], mtu: 1400}]}
    ptn: {core: {l2vpn: [{vni: 30, vid: 3, peers: ["${a}"], ip: 10.3.0.2/24}]}}
"""
A, B = "10.10.10.1", "10.10.10.2"


class State(NamedTuple):
    """What an edit asks of a lab's database."""

    text: str

    def source(self) -> tuple[str, str]:
        return str(FILE), self.text

    def allocations(self) -> Allocations:
        return Allocations()


def do(act: Act, module: str, *words: str, text: str = TEXT) -> str:
    """Return the file's text after the change, which is a lab's."""
    lab = load(FILE, text=text).lab
    changed = cast(Changed, module_edit(act, "a", module, words).change(cast(Any, State(text)), lab))
    assert load(FILE, text=changed.origin.source[1]).lab == changed.lab
    return changed.origin.source[1]


def said(module: str, *words: str, text: str = TEXT) -> Sequence[crud.Words]:
    tree = node_in_file(Origin((str(FILE), text)), "a")
    return crud.got(tree, crud.asked(module, words), Underlay({"a": A, "b": B}))


def test_what_there_is_in_its_words() -> None:
    gateway = {"addr": "10.0.1.1/24", "mode": "dvr"}
    assert said("bridges") == [{"ovs_bridges": "enabled"}]
    assert said("vxlan") == [{"local_ip": A, "remote_ips": [B]}]
    assert said("subnets") == [
        {"vni": "10", "vid": "1", "ip_dvr": gateway, "peers": [B]},
        {"vni": "20", "vid": "2"},
    ]
    assert said("subnets", "_index=10", "peers") == [{"peers": [B]}]
    assert said("ptn_links") == [{"id": "core", "remote_ips": [B]}]
    assert said("ptn_l2vpn", "vni", "id") == [{"id": "core", "vni": "30"}]
    assert said("vhosts") == []


def test_words_are_added_to_an_item_and_what_else_it_says_stays() -> None:
    text = do("add", "subnets", "_index=10", "ip_vhost=10.0.1.101/24")
    assert said("subnets", "_index=10", "ip_vhost", text=text) == [{"ip_vhost": "10.0.1.101/24"}]
    assert "mtu: 1400" in text
    assert text.count("${b}") == TEXT.count("${b}")


def test_items_are_added_to_each_kind_of_module() -> None:
    text = do("add", "subnets", "vni=40", "vid=4")
    text = do("add", "ptn_nodes", "id=core", "nodes=ptn:p1,l2sw:s1", text=text)
    text = do("add", "ptn_links", "id=edge", f"local_ip={A}", f"remote_ips={B}", text=text)
    text = do("add", "ptn_l2vpn", "id=edge", "vni=50", "vid=5", "ip=10.5.0.1/24", text=text)
    text = do("add", "ptn_l2vpn", "id=core", "vni=60", "vid=6", text=text)
    text = do("add", "vpls", "vni=70", "vid=7", "ip=10.7.0.1/24", text=text)
    text = do("add", "vhosts", "network=172.20.0.1/24", "vhosts=2", text=text)
    text = do("add", "gateway", "rip=enabled", "network=eth2", text=text)
    assert [item["vni"] for item in said("subnets", text=text)] == ["10", "20", "40"]
    assert said("ptn_nodes", text=text) == [{"id": "core", "nodes": {"ptn": "p1", "l2sw": "s1"}}]
    assert [item["id"] for item in said("ptn_links", text=text)] == ["core", "edge"]
    found = {(item["id"], item["vni"]) for item in said("ptn_l2vpn", text=text)}
    assert found == {("core", "30"), ("core", "60"), ("edge", "50")}
    assert said("vpls", text=text) == [{"vni": "70", "vid": "7", "ip": "10.7.0.1/24"}]
    assert said("vhosts", text=text) == [{"network": "172.20.0.1/24", "vhosts": "2"}]
    assert said("gateway", text=text) == [{"rip": "enabled", "network": "eth2"}]


def test_words_are_changed_and_taken_away() -> None:
    text = do("update", "subnets", "_index=10", "ip_dvr=addr:10.0.1.9/24,mode:dvr")
    text = do("delete", "subnets", "_index=10", f"peers={B}", text=text)
    gateway = {"addr": "10.0.1.9/24", "mode": "dvr"}
    assert said("subnets", "_index=10", text=text) == [{"vni": "10", "vid": "1", "ip_dvr": gateway}]
    text = do("delete", "subnets", "_index=10", text=text)
    text = do("delete", "subnets", "vid", text=text)
    assert said("subnets", text=text) == [{"vni": "20"}]
    assert said("subnets", text=do("delete", "subnets", "vni", text=text)) == []
    assert said("ptn_l2vpn", text=do("delete", "ptn_l2vpn", "_index=30", text=TEXT)) == []


REFUSED = {
    "add subnets vid=3": "subnets: `vni` is needed, which tells items apart",
    "add subnets vni=31": "subnets: `vid` is needed",
    "add subnets _index=20 ip_dvr=addr:10.0.2.1/24": "subnets.ip_dvr: `mode` is needed",
    "add subnets _index=20 ip_dvr=addr:10.0.2.1/24,momo:dvr": "subnets.ip_dvr: `momo` is no word of it",
    "add subnets _index=20 ip_dvr=10.0.2.1": "subnets.ip_dvr: expected the gateway",
    "add subnets _index=10 vid=7": "subnets.vid: it is 1 already",
    "add subnets _index=10 ip_vhost": "subnets.ip_vhost: a value is needed",
    "update subnets _index=10 vni=11": "subnets.vni: a subnet keeps its vni",
    "update subnets _index=10 vid=11": "subnets.vid: a subnet keeps its vid",
    "update subnets _index=10 default_gw=10.0.1.7": "subnets.default_gw: there is none to be updated",
    "update subnets peers=10.10.10.2": "subnets: which one: say `_index=` its vni (there are 10 and 20)",
    "update subnets _index=70 vid=1": "subnets: no vni 70 is there",
    "delete subnets _index=10 vid": "subnets.vid: it cannot go while `ip_dvr` and `peers` are there",
    "delete subnets _index=10 vni": "subnets.vni: it cannot go while `vid` is there",
    "delete subnets _index=10 peers=10.10.10.9": "subnets.peers: it is 10.10.10.2, not 10.10.10.9",
    "delete vxlan local_ip": "vxlan.local_ip: it cannot go while `remote_ips` is there",
    "add bridges controller=tcp:192.0.2.1:6633": "bridges.controller: there are no OpenFlow controllers yet",
    "update ptn_l2vpn _index=30 ip=10.3.0.9/24": "ptn_l2vpn: `ptn_l2vpn` is not updated",
    "add services name=ids chain=in.10,out.20": "services: chains are not there yet",
    "add subnet vni=1": "subnet: `subnet` is no module of neutron-lan (did you mean `subnets`?)",
    "add subnets vnni=1": "subnets: `vnni` is no word of `subnets` (did you mean `vni`?)",
    "add subnets vni=77 vid=5000": "dvr.subnets[2].vid: 5000 is above 4094",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_the_model_forbids_is_refused(line: str) -> None:
    act, module, *words = line.split()
    with pytest.raises(InputError) as caught:
        do(cast(Act, act), module, *words)
    assert REFUSED[line] in "\n".join(map(str, caught.value.problems))
