"""How fast labs come up, change and go: whole commands, as a user runs them. Root, FRR and GoBGP needed.

python bench/labs.py            every row
python bench/labs.py wan ring   some groups: wan, dvr, bird, state, ring, ebgp, idle, iperf
RUNS=3 python bench/labs.py     fewer runs
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import (
    ENV,
    PYTHON,
    ROOT,
    RUNS,
    children_cpu,
    cpu_seconds,
    header,
    kernel_is_done,
    lab_processes,
    load_json,
    medians,
    nlan,
    pss_kb,
    show,
    timed,
)

ROUTERS = 9
"""Of the WANs."""
WORK = Path(tempfile.mkdtemp(prefix="nlan-bench-"))


def up_and_down(file: str, lab: str) -> tuple[float, float, float]:
    """Return seconds of a cold up, of down until the kernel is done, and CPU seconds to convergence."""
    used = children_cpu()
    up = timed(lambda: nlan("up", file, "--lab", lab))
    used = children_cpu() - used + cpu_seconds(lab_processes(lab))

    def down() -> None:
        nlan("down", lab)
        kernel_is_done()

    return up, timed(down), used


def cycles(file: str, lab: str, runs: int = 0) -> tuple[tuple[float, float, float], ...]:
    """Return (median, least, most) of up, down and CPU seconds."""
    results: list[tuple[float, float, float]] = []

    def run() -> float:
        results.append(up_and_down(file, lab))
        return results[-1][0]

    ups = medians(run, runs) if runs else medians(run)
    others = [sorted(result[n] for result in results) for n in (1, 2)]
    return (ups, *((values[len(values) // 2], values[0], values[-1]) for values in others))


def wan() -> None:
    """The nine-router WANs: up, down, plan, one more L2VPN."""
    nlan("--help")
    show("`nlan --help`", medians(lambda: timed(lambda: nlan("--help"))), "s", "0.12 s")
    for kind, goal in (("bgp", "1.8 s, aim 1.5"), ("ospf", "2.6 s")):
        ups, downs, cpu = cycles(str(ROOT / f"examples/wan-{kind}.yaml"), "bench")
        show(f"wan-{kind}: `nlan up`, cold, converged", ups, "s", goal)
        show(f"wan-{kind}: CPU seconds to convergence", cpu, "s", "1.5 s" if kind == "bgp" else "-")
        show(f"wan-{kind}: `nlan down` until the kernel is done", downs, "s", "0.5 s")
    show(
        "34 bridges alone, with nothing on them: `ip link del` of them all at once",
        bare_bridges(34),
        "s",
        "-",
    )
    file = str(ROOT / "examples/wan-bgp.yaml")
    nlan("up", file, "--lab", "bench")
    plan = medians(lambda: timed(lambda: nlan("plan", file, "--lab", "bench")))
    show("wan-bgp: `nlan plan`, nothing to do", plan, "s", "0.4 s")
    show("wan-bgp: one more L2VPN on two nodes, whole command", medians(_one_more_l2vpn), "s", "0.6 s")
    nlan("down", "bench")


def dvr() -> None:
    """A distributed router of three subnets on three nodes: up until every host reaches every host."""
    file, wider = str(ROOT / "examples/dvr.yaml"), WORK / "dvr-wider.yaml"
    text = Path(file).read_text(encoding="utf-8")
    wider.write_text(text.replace("red:", "more: 10.0.5.0/24, red:"), encoding="utf-8")

    def reached() -> float:
        taken = timed(lambda: (nlan("up", file, "--lab", "bench"), nlan("ping", "--all", "--lab", "bench")))
        nlan("down", "bench")
        kernel_is_done()
        return taken

    show("dvr: `nlan up` and `nlan ping --all`, 9 hosts of 3 nodes", medians(reached), "s", "0.6 s")
    ups, downs, _ = cycles(file, "bench")
    show("dvr: `nlan up`, cold", ups, "s", "-")
    show("dvr: `nlan down` until the kernel is done", downs, "s", "-")
    nlan("up", file, "--lab", "bench")

    def one_more() -> float:
        taken = timed(lambda: nlan("up", str(wider), "--lab", "bench"))
        nlan("up", file, "--lab", "bench")
        return taken

    show("dvr: `nlan up` with one more subnet", medians(one_more), "s", "0.3 s")
    nlan("down", "bench")


def bare_bridges(count: int) -> tuple[float, float, float]:
    """Return how long the kernel takes to remove so many bridges in one message: the floor of `down`.

    It waits for a grace period of RCU per bridge (``rcu_barrier`` in ``br_multicast_dev_del``).
    """
    inside = ("ip", "-n", "bench-bridges")

    def run() -> float:
        subprocess.run(["ip", "netns", "add", "bench-bridges"], check=True)
        lines = "".join(f"link add b{n} group 7 type bridge\n" for n in range(count))
        subprocess.run([*inside, "-batch", "-"], input=lines, text=True, check=True)
        try:
            return timed(lambda: subprocess.run([*inside, "link", "del", "group", "7"], check=True))
        finally:
            subprocess.run(["ip", "netns", "del", "bench-bridges"], check=True)

    return medians(run)


def _one_more_l2vpn() -> float:
    text = (ROOT / "examples/wan-bgp.yaml").read_text(encoding="utf-8")
    extra = "  extra: {type: l2vpn, nodes: [pe1, pe3], prefix: 10.77.0.0/24}\n"
    changed = WORK / "more.yaml"
    changed.write_text(re.sub(r"^networks:\n", f"networks:\n{extra}", text, flags=re.M), encoding="utf-8")
    seconds = timed(lambda: nlan("up", str(changed), "--lab", "bench"))
    nlan("up", str(ROOT / "examples/wan-bgp.yaml"), "--lab", "bench")
    return seconds


def ring() -> None:
    """A ring of 1000 hosts: up, plan, down."""
    file = WORK / "ring.yaml"
    file.write_text(nlan("generate", "ring", "1000"), encoding="utf-8")
    plans: list[float] = []
    downs: list[float] = []

    def run() -> float:
        up = timed(lambda: nlan("up", str(file), "--lab", "bench"))
        plans.append(timed(lambda: nlan("plan", str(file), "--lab", "bench")))
        downs.append(timed(lambda: nlan("down", "bench")))
        kernel_is_done()
        return up

    show("ring of 1000 hosts: up", medians(run), "s", "4 s")
    for what, values, goal in (("plan", plans, "3 s"), ("down", downs, "1 s")):
        values.sort()
        show(f"ring of 1000 hosts: {what}", (values[len(values) // 2], values[0], values[-1]), "s", goal)


def ebgp() -> None:
    """A ring of 50 eBGP routers."""
    file = WORK / "ebgp.yaml"
    file.write_text(nlan("generate", "ring", "50", "--bgp"), encoding="utf-8")
    ups, downs, cpu = cycles(str(file), "bench")
    show("50 eBGP routers in a ring: up, converged", ups, "s", "4.5 s")
    show("50 eBGP routers in a ring: CPU seconds", cpu, "s", "-")
    show("50 eBGP routers in a ring: down", downs, "s", "-")


STATE_OF_UP = """
import sys, tempfile, time
from pathlib import Path
from nlan.schema import load
file = Path(sys.argv[1])
loaded = load(file)
begun = time.perf_counter()
from nlan.state import open_state
with open_state(Path(tempfile.mkdtemp()), "bench") as state:
    state.applied()
    source = (str(file), file.read_text())
    revision = state.commit(loaded.lab, loaded.allocations, source, "up")
    state.mark_applied(revision, [node.name for node in loaded.lab.nodes])
print(time.perf_counter() - begun)
"""


def state() -> None:
    """What history and state add to `nlan up` of the nine-router lab: import, open, two commits, close."""
    words = [PYTHON, "-c", STATE_OF_UP, str(ROOT / "examples/wan-bgp.yaml")]
    seconds = medians(lambda: float(subprocess.run(words, capture_output=True, check=True).stdout))
    show("wan-bgp: history and state, of `nlan up`", seconds, "s", "0.05 s")


def idle() -> None:
    """What nine routers cost at rest, and the memory of one."""
    nlan("up", str(ROOT / "examples/wan-bgp.yaml"), "--lab", "bench")
    time.sleep(5)

    def run() -> float:
        pids = lab_processes("bench")
        before = cpu_seconds(pids)
        time.sleep(20)
        return (cpu_seconds(pids) - before) / 20 * 100

    show("wan-bgp: idle", medians(run, 3), "% of a core", "1 %")
    status = load_json(nlan("status", "bench", "--json"))
    routers = [name for name, node in status["nodes"].items() if "bgpd" in node["daemons"]]
    total = sum(pss_kb(pid) for name in routers for pid in lab_processes(f"bench.{name}"))
    value = total / len(routers) / 1024
    show("wan-bgp: memory per BGP router (PSS)", (value, value, value), "MB", "28 MB")
    nlan("down", "bench")


def bird() -> None:
    """The nine-router WAN with FRR alone and with BIRD alone, by turns; the memory of a router."""
    text = (ROOT / "examples/wan-bgp.yaml").read_text(encoding="utf-8")
    files = {engine: WORK / f"wan-{engine}.yaml" for engine in ("frr", "bird")}
    for engine, file in files.items():
        of_all = text.replace("engine: gobgp", f"engine: {engine}")
        file.write_text(
            of_all.replace("\nnodes:", f"\ndefaults: {{engine: {engine}}}\nnodes:"), encoding="utf-8"
        )
    commands: dict[str, list[float]] = {engine: [] for engine in files}
    converged: dict[str, list[float]] = {engine: [] for engine in files}
    memory: dict[str, list[float]] = {engine: [] for engine in files}
    for _ in range(RUNS):
        for engine, file in files.items():
            said: list[str] = []
            commands[engine].append(timed(lambda: said.append(nlan("up", str(file), "--lab", "bench"))))  # noqa: B023
            converged[engine].append(float(re.findall(r"([0-9.]+) s\)", said[0])[-1]))
            total = sum(pss_kb(pid) for pid in lab_processes("bench"))
            memory[engine].append(total / ROUTERS / 1024)
            nlan("down", "bench")
            kernel_is_done()
    for what, unit, values in (
        ("`nlan up`, cold, the whole command", "s", commands),
        ("up and converged, as the command says", "s", converged),
        ("memory per router (PSS)", "MB", memory),
    ):
        for engine, numbers in values.items():
            numbers.sort()
            show(f"wan-bgp, {engine}: {what}", (numbers[RUNS // 2], numbers[0], numbers[-1]), unit, "-")
    for what, values, goal in (("whole command", commands, "-"), ("converged", converged, "0.6")):
        ratio = values["bird"][RUNS // 2] / values["frr"][RUNS // 2]
        show(f"wan-bgp: BIRD's part of FRR's time, {what}", (ratio, ratio, ratio), "", goal)


def iperf() -> None:
    """Throughput between hosts of ce1 and ce4, beside the same path made by hand."""
    nlan("up", str(ROOT / "examples/wan-bgp.yaml"), "--lab", "bench")
    values = [_iperf("bench.ce1.172.21.1.2", "bench.ce4.172.21.4.2", "172.21.4.2") for _ in range(5)]
    nlan("down", "bench")
    subprocess.run(["sh", str(ROOT / "bench/bare-path.sh"), "up"], check=True)
    bare = [_iperf("bare-h1", "bare-h2", "172.21.4.2") for _ in range(5)]
    subprocess.run(["sh", str(ROOT / "bench/bare-path.sh"), "down"], check=True)
    for what, numbers in (("nlan", values), ("the same path by hand", bare)):
        numbers.sort()
        show(f"iperf3 ce1 - ce4, {what}", (numbers[2], numbers[0], numbers[-1]), "Gbit/s", "-")
    ratio = sorted(values)[2] / sorted(bare)[2] * 100
    show("iperf3, nlan of the path by hand", (ratio, ratio, ratio), "%", "95 %")


def _iperf(client: str, server: str, address: str) -> float:
    listener = subprocess.Popen(
        ["ip", "netns", "exec", server, "iperf3", "-s", "-1", "--forceflush"], stdout=subprocess.PIPE
    )
    assert listener.stdout is not None
    while b"listening" not in listener.stdout.readline():
        pass
    done = subprocess.run(
        ["ip", "netns", "exec", client, "iperf3", "-c", address, "-t", "3", "-J"],
        capture_output=True,
        check=True,
    )
    listener.stdout.close()
    listener.wait()
    return float(load_json(done.stdout.decode())["end"]["sum_received"]["bits_per_second"]) / 1e9


GROUPS = {
    "wan": wan,
    "dvr": dvr,
    "bird": bird,
    "state": state,
    "ring": ring,
    "ebgp": ebgp,
    "idle": idle,
    "iperf": iperf,
}

if __name__ == "__main__":
    header()
    try:
        for name in sys.argv[1:] or GROUPS:
            GROUPS[name]()
    finally:
        subprocess.run([str(ROOT / "nlan"), "down", "bench"], env=ENV, capture_output=True, check=False)
