"""Every verb with its options: the one table that help, parser, completion and reference come from.

Other people's verbs come by entry points of the group ``nlan.verbs``, each a `Verb` with its own `run`::

    [project.entry-points."nlan.verbs"]
    greet = "our_greeting:VERB"

They are looked for where nlan's own do not answer: in the help, in completion, and for a word of no verb.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from nlan import entry_points
from nlan.cli.options import (
    CHANGE,
    CONFIRM,
    DRY_RUN,
    EXCLUSIVE,
    FILE,
    JSON,
    LAB,
    LAB_WORD,
    MESSAGE,
    MODULE,
    NAMED,
    NODE,
    REPLACE,
    ROSTER,
    SECRETS,
    STRICT,
    TIMEOUT,
    WAIT,
    Option,
    number,
    option,
    seconds,
)

if TYPE_CHECKING:
    from nlan.registry import Registry, Seam


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
            option("--all", action="store_true", help="every lab"),
            option("--purge", action="store_true", help="forget its history and its addresses too"),
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
            option("-w", "--watch", action="store_true", help="stay and refresh"),
            JSON,
        ),
    ),
    Verb(
        "exec",
        "run a command in a node; its exit code is passed on",
        (
            option("node", metavar="NODE", nargs="?", help="a node, a host, or a pattern such as `pe*`"),
            LAB,
            option("--all", action="store_true", help="in every node"),
            JSON,
        ),
        "nlan exec NODE -- COMMAND …",
    ),
    Verb("shell", "a shell in a node", (NODE, LAB)),
    Verb(
        "ping",
        "ping between nodes by name, or between all hosts",
        (
            option("source", metavar="SRC", nargs="?", help="who asks"),
            option("target", metavar="DST", nargs="?", help="a node, a host or an address"),
            LAB,
            option("--all", action="store_true", help="every host to every other"),
            option(
                "-c", "--count", type=number(1), default=1, metavar="N", help="pings per pair (default 1)"
            ),
            option(
                "--timeout",
                type=seconds,
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
            option("format", metavar="FORMAT", nargs="?", help="such as `graphviz`; none: list the formats"),
            option("what", metavar="FILE|LAB", nargs="?", help="a file, or a lab that is known by its name"),
            NAMED,
            ROSTER,
            option("-o", "--output", metavar="PATH", help="write the file, or the files into this folder"),
            JSON,
        ),
        "What the other tool cannot say is left out, and named.",
    ),
    Verb(
        "generate",
        "print a file: ring, line, star, mesh, clos, wan, dvr, fabric, campus",
        (
            option(
                "kind",
                metavar="KIND",
                choices=("ring", "line", "star", "mesh", "clos", "wan", "dvr", "fabric", "campus"),
                help="ring, line, star, mesh, clos, wan, dvr, fabric or campus",
            ),
            option(
                "count",
                metavar="N",
                type=int,
                nargs="?",
                help="how many nodes, leaves or buildings",
            ),
            option("--bgp", action="store_true", help="BGP routers, one AS each"),
            option("--ospf", action="store_true", help="OSPF routers"),
            option("--hosts", type=number(0), default=0, metavar="N", help="hosts behind each router"),
            option("--spines", type=int, default=2, metavar="N", help="spines (default 2)"),
            option("--ipv6", action="store_true", help="IPv6 besides IPv4"),
            option("--name", metavar="NAME", help="the lab's name"),
        ),
    ),
    Verb("doctor", "what this machine has and lacks for nlan, and how to get it", (JSON,)),
    Verb(
        "schema",
        "print the JSON Schema of the file, for editors",
        (option("--docs", action="store_true", help="print the reference of the file instead, as Markdown"),),
    ),
    Verb(
        "completion",
        "print shell completion",
        (option("shell", choices=("bash", "zsh", "fish"), metavar="SHELL", help="bash, zsh or fish"),),
    ),
    Verb(
        "history",
        "list a lab's revisions",
        (
            *LAB_WORD,
            option("-n", type=number(1), default=20, metavar="N", help="how many (default 20)"),
            JSON,
        ),
    ),
    Verb(
        "diff",
        "compare two revisions, or a revision and the running network",
        (
            option("revisions", metavar="REV", nargs="*", type=number(1), help="none: the applied one"),
            LAB,
            SECRETS,
            JSON,
        ),
    ),
    Verb(
        "rollback",
        "turn the network into an earlier revision, in place; after `down`, bring that revision up",
        (
            option("revision", metavar="REV", type=number(1), help="from `nlan history`"),
            *CHANGE,
        ),
    ),
    Verb("confirm", "keep a change that `--confirm` would undo", (*LAB_WORD, JSON)),
    Verb(
        "set",
        "change one thing of the running lab",
        (
            option(
                "path",
                metavar="PATH",
                help="as in the file (`pe1.asn`) or in `nlan show` (`links.0.mtu`)",
            ),
            option("value", metavar="VALUE", help="YAML; `-` reads it from standard input"),
            *CHANGE,
        ),
    ),
    Verb(
        "unset",
        "remove one thing of the running lab",
        (
            option("path", metavar="PATH", help="such as `pe1.hosts` or `pe1.vhosts.1`"),
            *CHANGE,
        ),
    ),
    Verb(
        "edit",
        "change the running lab's state in an editor",
        (
            option("node", metavar="NODE", nargs="?", help="only this node"),
            SECRETS,
            *CHANGE,
        ),
    ),
    Verb(
        "link",
        "take a link of the running lab down, slow it, make it lose packets; list such faults",
        (
            option("a", metavar="NODE", nargs="?", help="a node, or its interface: `r1`, `r1:eth2`"),
            option("b", metavar="NODE", nargs="?", help="the node at the other end"),
            option("--down", action="store_true", help="take both ends down"),
            option("--up", action="store_true", help="take them up again; other faults stay"),
            option("--rate", metavar="RATE", help="how fast packets leave at either end, such as `10M`"),
            option("--delay", metavar="TIME", help="how long each is held at either end, such as `20ms`"),
            option("--jitter", metavar="TIME", help="by how much that varies, up and down"),
            option("--loss", metavar="PERCENT", help="how many are lost at either end, such as `1%%`"),
            option("--clear", action="store_true", help="take all faults of the link away"),
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
            option("--detach", action="store_true", help="go on in the background"),
            option("--stop", action="store_true", help="end the keep that runs, here or in the background"),
            option("--unit", action="store_true", help="print a systemd unit"),
            JSON,
        ),
    ),
    Verb(
        "restore",
        "bring up again every lab that was up before a reboot",
        (
            option("lab", metavar="LAB", nargs="?", help="only this one"),
            option("-l", "--lab", dest="lab_option", metavar="NAME", help="the same as LAB"),
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
