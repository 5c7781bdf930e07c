"""`nlan link`: a link of the running lab taken down, slowed, made to lose, and put right again."""

from __future__ import annotations

from argparse import Namespace

from nlan.cli.output import print_json, table
from nlan.cli.terminal import change, find
from nlan.errors import InputError


def run(arguments: Namespace) -> int:
    """Make the fault, or clear it; without anything to do, list the faults that there are."""
    from nlan.api.edits import clear_link, fault_link

    lab = find(arguments)
    said = {key: getattr(arguments, key) for key in ("rate", "delay", "jitter", "loss")}
    down = True if arguments.down else False if arguments.up else None
    does = down is not None or any(value is not None for value in said.values())
    if not does and not arguments.clear:
        return _list(arguments)
    if arguments.a is None:
        raise InputError("which link? such as `nlan link r1 r2 --down`, or `nlan link r1:eth1 --down`")
    if arguments.clear and does:
        raise InputError("`--clear` takes all faults of the link away; say it alone")
    if arguments.down and arguments.up:
        raise InputError("`--down` and `--up` are both there")
    ends = arguments.a, arguments.b
    edit = clear_link(*ends) if arguments.clear else fault_link(*ends, down=down, **said)
    return change(lab, edit, arguments)


def _list(arguments: Namespace) -> int:
    faults = find(arguments).faults(arguments.a, arguments.b)
    if arguments.json:
        print_json([fault._asdict() for fault in faults])
    elif faults:
        rows = [(f.node, f.interface, " ".join(f.others), f.fault) for f in faults]
        print(table(("NODE", "INTERFACE", "TO", "FAULT"), rows))
    else:
        print("no link has a fault")
    return 0
