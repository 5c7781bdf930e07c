"""Every verb with its options: the one table that help, parser, completion and reference come from.

Other people's verbs come by entry points of the group ``nlan.verbs``, each a `Verb` with its own `run`::

    [project.entry-points."nlan.verbs"]
    greet = "our_greeting:VERB"

They are looked for where nlan's own do not answer: in the help, in completion, and for a word of no verb.
"""

from __future__ import annotations

import math
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from nlan import entry_points

if TYPE_CHECKING:
    from nlan.registry import Registry, Seam


class Option(NamedTuple):
    """One argument of a verb, as argparse takes it."""

    names: tuple[str, ...]
    settings: dict[str, Any]


class Verb(NamedTuple):
    """One verb.

    Attributes:
        name: As it is typed.
        summary: A line of the help.
        options: What it takes.
        description: More, in its own help.
        run: Does it, and returns the exit code. None for nlan's own, which have it in
            a module of their name in `FOLDERS`, imported when it is used.
    """

    name: str
    summary: str
    options: tuple[Option, ...] = ()
    description: str = ""
    run: Callable[[Namespace], int] | None = None


def _option(*names: str, **settings: Any) -> Option:
    return Option(names, settings)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < math.inf:
        raise ArgumentTypeError(f"`{text}` is no number of seconds")
    return seconds


def _number(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise ArgumentTypeError(f"`{text}` is no number from {least} upwards")
        return int(text)

    return read


FILE = _option("file", metavar="FILE", help="the file that describes the network")
LAB = _option("-l", "--lab", metavar="NAME", help="the lab; may be left out where one runs")
LAB_WORD = (
    _option("lab", metavar="LAB", nargs="?", help="the lab; may be left out where one runs"),
    _option("-l", "--lab", dest="lab_option", metavar="NAME", help="the same as LAB"),
)
NODE = _option("node", metavar="NODE", help="a node (`pe1`) or a host (`ce1/172.21.1.2`, `172.21.1.2`)")
NAMED = _option("-l", "--lab", metavar="NAME", help="the lab's name; else the file's own")
ROSTER = _option(
    "--roster",
    metavar="FILE",
    help="where the routers of a state file of neutron-lan are; by default `roster.yaml` beside it",
)
JSON = _option("--json", action="store_true", help="print JSON")
WAIT = _option(
    "--wait",
    choices=("up", "converged", "no"),
    default="converged",
    help="for what to wait: daemons are up, routing has converged (default), or nothing",
)
MODULE = (
    _option("node", metavar="NODE", nargs="?", help="a node"),
    _option("module", metavar="MODULE", nargs="?", help="such as `subnets`; `--schema` lists them"),
    _option(
        "words",
        metavar="WORD=VALUE",
        nargs="*",
        help="lists are `a,b`, mappings `k:v,k:v`; `_index=VALUE` tells which item",
    ),
    _option(
        "--schema",
        metavar="MODULE",
        nargs="?",
        const="",
        help="print the words of a module, or of all, instead",
    ),
)
"""What every verb takes that speaks neutron-lan's words."""
SECRETS = _option("--secrets", action="store_true", help="show keys and passwords; else they are `<secret>`")
TIMEOUT = _option(
    "--timeout", type=_seconds, default=60.0, metavar="SECONDS", help="how long to wait at most (default 60)"
)
DRY_RUN = _option("--dry-run", action="store_true", help="print the plan, touch nothing")
REPLACE = _option("--replace", action="store_true", help="take over a lab that runs from another file")
MESSAGE = _option("-m", "--message", default="", metavar="TEXT", help="kept with the revision")
CONFIRM = _option(
    "--confirm",
    type=_seconds,
    metavar="SECONDS",
    help="undo the change unless `nlan confirm` comes within that time",
)
EXCLUSIVE = _option(
    "--exclusive", action="store_true", help="take away what somebody else put into the nodes, this once"
)
STRICT = _option(
    "--strict", action="store_true", help="undo all where FRR refuses a line of `frr`, instead of a warning"
)
CHANGE = (LAB, WAIT, TIMEOUT, DRY_RUN, MESSAGE, CONFIRM, JSON)
"""What every verb takes that changes a running lab without its file."""

CHANGING = frozenset({"up", "down", "rollback", "set", "unset", "edit", "link", "restore"})
"""Verbs that may be interrupted with something half-done."""

ALONE = frozenset({"generate", "completion"})
"""Verbs that need neither a model nor a machine."""

FOLDERS = {
    "run": ("up", "plan", "down", "restore", "keep"),
    "change": ("set", "unset", "edit", "link", "confirm", "rollback", "history", "diff"),
    "modules": ("add", "update", "delete", "get"),
    "look": ("ls", "status", "watch", "doctor"),
    "inside": ("exec", "shell", "ping"),
    "files": ("show", "export", "generate", "schema", "completion"),
}
"""In which folder of ``nlan.cli.commands`` each of nlan's own verbs is, by what a user does."""


def module_of(verb: str) -> str:
    """Return the module of one of nlan's own verbs."""
    folder = next(folder for folder, verbs in FOLDERS.items() if verb in verbs)
    return f"nlan.cli.commands.{folder}.{verb}"


VERBS = (
    Verb(
        "up",
        "build the network of a file, or change the running one into it",
        (FILE, NAMED, ROSTER, REPLACE, WAIT, TIMEOUT, DRY_RUN, MESSAGE, CONFIRM, STRICT, EXCLUSIVE, JSON),
        "Plans from what runs to what the file says, does just that, and waits. Run it as often as you like.",
    ),
    Verb(
        "plan",
        "show what `up` would do, with reason and impact (exit 0: nothing, 2: changes)",
        (FILE, NAMED, ROSTER, EXCLUSIVE, JSON),
    ),
    Verb(
        "down",
        "remove a lab, wholly; needs neither the file nor the database (history and addresses stay)",
        (
            *LAB_WORD,
            _option("--all", action="store_true", help="every lab"),
            _option("--purge", action="store_true", help="forget its history and its addresses too"),
            JSON,
        ),
    ),
    Verb(
        "ls",
        "list the labs",
        (JSON,),
        "Also those that are down and remembered: history and addresses stay until `nlan down --purge`.",
    ),
    Verb(
        "status",
        "nodes, addresses, daemons, sessions, and what differs from the file",
        (
            *LAB_WORD,
            _option("-w", "--watch", action="store_true", help="stay and refresh"),
            JSON,
        ),
    ),
    Verb(
        "exec",
        "run a command in a node; its exit code is passed on",
        (
            _option("node", metavar="NODE", nargs="?", help="a node, a host, or a pattern such as `pe*`"),
            LAB,
            _option("--all", action="store_true", help="in every node"),
            JSON,
        ),
        "nlan exec NODE -- COMMAND …",
    ),
    Verb("shell", "a shell in a node", (NODE, LAB)),
    Verb(
        "ping",
        "ping between nodes by name, or between all hosts",
        (
            _option("source", metavar="SRC", nargs="?", help="who asks"),
            _option("target", metavar="DST", nargs="?", help="a node, a host or an address"),
            LAB,
            _option("--all", action="store_true", help="every host to every other"),
            _option(
                "-c", "--count", type=_number(1), default=1, metavar="N", help="pings per pair (default 1)"
            ),
            _option(
                "--timeout",
                type=_seconds,
                default=2.0,
                metavar="SECONDS",
                help="wait for answers (default 2)",
            ),
            JSON,
        ),
    ),
    Verb(
        "show",
        "print the resolved lab: every derived address, VNI and default",
        (FILE, NAMED, ROSTER, SECRETS, JSON),
    ),
    Verb(
        "export",
        "print a lab in another tool's words, such as a drawing for Graphviz",
        (
            _option("format", metavar="FORMAT", nargs="?", help="such as `graphviz`; none: list the formats"),
            _option("what", metavar="FILE|LAB", nargs="?", help="a file, or a lab that is known by its name"),
            NAMED,
            ROSTER,
            _option("-o", "--output", metavar="PATH", help="write the file, or the files into this folder"),
            JSON,
        ),
        "What the other tool cannot say is left out, and named.",
    ),
    Verb(
        "generate",
        "print a file: ring, line, star, mesh, clos, wan, dvr, fabric, campus",
        (
            _option(
                "kind",
                metavar="KIND",
                choices=("ring", "line", "star", "mesh", "clos", "wan", "dvr", "fabric", "campus"),
                help="ring, line, star, mesh, clos, wan, dvr, fabric or campus",
            ),
            _option(
                "count",
                metavar="N",
                type=int,
                nargs="?",
                help="how many nodes, leaves or buildings",
            ),
            _option("--bgp", action="store_true", help="BGP routers, one AS each"),
            _option("--ospf", action="store_true", help="OSPF routers"),
            _option("--hosts", type=_number(0), default=0, metavar="N", help="hosts behind each router"),
            _option("--spines", type=int, default=2, metavar="N", help="spines (default 2)"),
            _option("--ipv6", action="store_true", help="IPv6 besides IPv4"),
            _option("--name", metavar="NAME", help="the lab's name"),
        ),
    ),
    Verb("doctor", "what this machine has and lacks for nlan, and how to get it", (JSON,)),
    Verb(
        "schema",
        "print the JSON Schema of the file, for editors",
        (
            _option(
                "--docs", action="store_true", help="print the reference of the file instead, as Markdown"
            ),
        ),
    ),
    Verb(
        "completion",
        "print shell completion",
        (_option("shell", choices=("bash", "zsh", "fish"), metavar="SHELL", help="bash, zsh or fish"),),
    ),
    Verb(
        "history",
        "list a lab's revisions",
        (
            *LAB_WORD,
            _option("-n", type=_number(1), default=20, metavar="N", help="how many (default 20)"),
            JSON,
        ),
    ),
    Verb(
        "diff",
        "compare two revisions, or a revision and the running network",
        (
            _option("revisions", metavar="REV", nargs="*", type=_number(1), help="none: the applied one"),
            LAB,
            SECRETS,
            JSON,
        ),
    ),
    Verb(
        "rollback",
        "turn the network into an earlier revision, in place; after `down`, bring that revision up",
        (
            _option("revision", metavar="REV", type=_number(1), help="from `nlan history`"),
            *CHANGE,
        ),
    ),
    Verb("confirm", "keep a change that `--confirm` would undo", (*LAB_WORD, JSON)),
    Verb(
        "set",
        "change one thing of the running lab",
        (
            _option(
                "path",
                metavar="PATH",
                help="as in the file (`pe1.asn`) or in `nlan show` (`links.0.mtu`)",
            ),
            _option("value", metavar="VALUE", help="YAML; `-` reads it from standard input"),
            *CHANGE,
        ),
    ),
    Verb(
        "unset",
        "remove one thing of the running lab",
        (
            _option("path", metavar="PATH", help="such as `pe1.hosts` or `pe1.vhosts.1`"),
            *CHANGE,
        ),
    ),
    Verb(
        "edit",
        "change the running lab's state in an editor",
        (
            _option("node", metavar="NODE", nargs="?", help="only this node"),
            SECRETS,
            *CHANGE,
        ),
    ),
    Verb(
        "link",
        "take a link of the running lab down, slow it, make it lose packets; list such faults",
        (
            _option("a", metavar="NODE", nargs="?", help="a node, or its interface: `r1`, `r1:eth2`"),
            _option("b", metavar="NODE", nargs="?", help="the node at the other end"),
            _option("--down", action="store_true", help="take both ends down"),
            _option("--up", action="store_true", help="take them up again; other faults stay"),
            _option("--rate", metavar="RATE", help="how fast packets leave at either end, such as `10M`"),
            _option("--delay", metavar="TIME", help="how long each is held at either end, such as `20ms`"),
            _option("--jitter", metavar="TIME", help="by how much that varies, up and down"),
            _option("--loss", metavar="PERCENT", help="how many are lost at either end, such as `1%%`"),
            _option("--clear", action="store_true", help="take all faults of the link away"),
            *CHANGE,
        ),
        "A fault is no part of the file: `nlan up FILE` and `nlan keep` leave it as it is, until it is "
        "cleared or the lab is taken down. Without options the faults that there are are listed.",
    ),
    Verb(
        "add",
        "add words of a module of neutron-lan to a node of the running lab",
        (*MODULE, *CHANGE),
        "nlan add openwrt1 subnets vid=2 vni=10 ip_dvr=addr:10.0.2.1/24,mode:dvr",
    ),
    Verb(
        "update",
        "change words of a module of neutron-lan",
        (*MODULE, *CHANGE),
        "nlan update openwrt1 subnets _index=10 ip_vhost=10.0.2.101/24",
    ),
    Verb(
        "delete",
        "take away words of a module of neutron-lan, or an item of it",
        (*MODULE, *CHANGE),
        "nlan delete openwrt1 subnets _index=10 ip_vhost",
    ),
    Verb(
        "get",
        "show a module of neutron-lan of a node",
        (*MODULE, LAB, JSON),
        "nlan get openwrt1 subnets",
    ),
    Verb("watch", "events as they happen: links, addresses, routes, sessions, operations", (*LAB_WORD, JSON)),
    Verb(
        "keep",
        "stay and repair: restores drift within a second, keeps operational state current",
        (
            *LAB_WORD,
            _option("--detach", action="store_true", help="go on in the background"),
            _option("--stop", action="store_true", help="end the keep that runs, here or in the background"),
            _option("--unit", action="store_true", help="print a systemd unit"),
            JSON,
        ),
    ),
    Verb(
        "restore",
        "bring up again every lab that was up before a reboot",
        (
            _option("lab", metavar="LAB", nargs="?", help="only this one"),
            _option("-l", "--lab", dest="lab_option", metavar="NAME", help="the same as LAB"),
            JSON,
        ),
    ),
)


def seam() -> Seam[Verb]:
    """Return where verbs are added."""
    from nlan.registry import Seam

    return Seam("verbs", "nlan.cli.commands", "VERB", needs=Verb._fields, folders=FOLDERS)


def others(registry: Registry | None = None) -> tuple[Verb, ...]:
    """Return the verbs of other people's packages, in the order of their names.

    Args:
        registry: Where they are; by default what is installed, which is free where nothing adds to nlan.
    """
    if registry is None:
        if not entry_points.are_there():
            return ()
        from nlan.registry import Registry

        registry = Registry()
    own = {verb.name for verb in VERBS}
    family = registry.of(seam())
    return tuple(family[name] for name in family if name not in own)
