"""State files of neutron-lan: which roster counts, what placeholders stand for; see also tests/cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlan.errors import InputError
from nlan.schema import Loaded, load, to_yaml
from nlan.services.ptn.model import Ptn
from unit.schema.test_cases import INPUT, cases, compare

NETWORK = """\
#!template.dvsdvr
n1:
   ptn_links: [{id: core, local_ip: <local_ip>, remote_ips: <remote_ips>}]
   ptn_l2vpn:
      - {id: core, vni: 7, vid: 7, peers: <peers>, ip: 10.7.0.1/24}
      - {id: core, vni: 8, vid: 8, peers: <peers>, ip: 10.8.0.1/24}
n2:
   ptn_links: [{id: core, local_ip: <local_ip>, remote_ips: <remote_ips>}]
   ptn_l2vpn: [{id: core, vni: 7, vid: 7, peers: <peers>, ip: 10.7.0.2/24}]
n3:
   ptn_links: [{id: core, local_ip: <local_ip>, remote_ips: <remote_ips>}]
   ptn_l2vpn:
      - {id: core, vni: 7, vid: 7, peers: <peers>, ip: 10.7.0.3/24}
      - {id: core, vni: 8, vid: 8, peers: <peers>, ip: 10.8.0.3/24}
"""


def roster(*hosts: str) -> str:
    return "".join(
        f"n{number}: {{host: {host}, user: root, passwd: x, platform: openwrt}}\n"
        for number, host in enumerate(hosts, 1)
    )


def written(tmp_path: Path, text: str, **rosters: str) -> Path:
    for name, content in rosters.items():
        (tmp_path / f"{name}.yaml").write_text(content)
    path = tmp_path / "state.yaml"
    path.write_text(text)
    return path


def peers(loaded: Loaded) -> dict[str, dict[int, list[str]]]:
    return {
        node.name: {vpn.vni: [str(peer) for peer in vpn.peers] for vpn in node.get(Ptn).l2vpns}
        for node in loaded.lab.nodes
    }


def underlay(loaded: Loaded) -> list[str]:
    return [str(node.underlay) for node in loaded.lab.nodes]


def refused(path: Path, **told: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load(path, told=told)
    return [str(problem).replace(f"{path.parent}/", "") for problem in caught.value.problems]


@pytest.mark.parametrize("case", cases("neutron-lan"), ids=lambda case: case.name)
def test_a_state_file_becomes_a_lab(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(case)
    compare(case / "expected.yaml", to_yaml(load(INPUT).lab, secrets=True))


def test_peers_are_who_has_the_vni(tmp_path: Path) -> None:
    path = written(tmp_path, NETWORK, roster=roster("192.0.2.1", "192.0.2.22", "192.0.2.3"))
    assert peers(load(path)) == {
        "n1": {7: ["192.0.2.22", "192.0.2.3"], 8: ["192.0.2.3"]},
        "n2": {7: ["192.0.2.1", "192.0.2.3"]},
        "n3": {7: ["192.0.2.1", "192.0.2.22"], 8: ["192.0.2.1"]},
    }


def test_the_named_roster_counts_before_the_one_beside(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        NETWORK,
        roster=roster("192.0.2.1", "192.0.2.2", "192.0.2.3"),
        other=roster("10.1.0.1", "10.1.2.2", "10.1.7.3"),
    )
    assert underlay(load(path)) == ["192.0.2.1/24", "192.0.2.2/24", "192.0.2.3/24"]
    told = load(path, told={"roster": str(tmp_path / "other.yaml")})
    assert underlay(told) == ["10.1.0.1/21", "10.1.2.2/21", "10.1.7.3/21"]


def test_without_a_roster_routers_get_addresses(tmp_path: Path) -> None:
    assert underlay(load(written(tmp_path, NETWORK))) == ["10.10.10.1/24", "10.10.10.2/24", "10.10.10.3/24"]


def test_a_state_file_may_say_itself_where_routers_are(tmp_path: Path) -> None:
    text = NETWORK
    for number in (1, 2, 3):
        text = text.replace("<local_ip>", f"198.51.100.{number}", 1)
    text = text.replace("<peers>, ip: 10.8.0.1", "[198.51.100.3], ip: 10.8.0.1")
    loaded = load(written(tmp_path, text))
    assert underlay(loaded) == ["198.51.100.1/24", "198.51.100.2/24", "198.51.100.3/24"]
    assert peers(loaded)["n1"][8] == ["198.51.100.3"]


def test_containers_of_a_roster_get_addresses(tmp_path: Path) -> None:
    path = written(tmp_path, NETWORK, roster=roster("192.0.2.1", "<docker_ip>", "192.0.2.3"))
    assert underlay(load(path)) == ["192.0.2.1/24", "192.0.2.2/24", "192.0.2.3/24"]


def test_the_kept_text_needs_no_roster(tmp_path: Path) -> None:
    path = written(tmp_path, NETWORK, roster=roster("192.0.2.1", "192.0.2.2", "192.0.2.3"))
    loaded = load(path)
    again = load(path, text=loaded.source, allocations=loaded.allocations, importers={})
    assert again.lab == loaded.lab


def test_a_roster_that_is_not_there(tmp_path: Path) -> None:
    said = refused(written(tmp_path, NETWORK), roster=str(tmp_path / "rooster.yaml"))
    assert said == ["rooster.yaml:1: error: there is no such file (did you mean `state.yaml`?)"]


def test_a_roster_without_a_router_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, NETWORK, roster=roster("192.0.2.1", "192.0.2.2"))
    said = "`n3` is not in the roster roster.yaml (`--roster FILE` names another)"
    assert refused(path) == [f"state.yaml:10:1: error: {said}"]


def test_addresses_that_are_too_far_apart(tmp_path: Path) -> None:
    path = written(tmp_path, NETWORK, roster=roster("10.0.0.1", "192.0.2.2", "192.0.2.3"))
    assert refused(path)[0].startswith("roster.yaml:1:12: error: these routers have no segment in common")


def test_a_labs_own_file_takes_no_roster(tmp_path: Path) -> None:
    path = written(tmp_path, "links: [a -- b]\n", roster=roster("192.0.2.1"))
    said = "state.yaml: error: --roster: this is a lab's own file, which needs none; leave it out"
    assert refused(path, roster=str(tmp_path / "roster.yaml")) == [said]
