"""What neutron-lan's master did to a router: a module's words added, changed, taken away.

What it refused (its `ModelError`) is refused here, for the same reasons and in its user's words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, NoReturn

from nlan.errors import InputError, Problem
from nlan.importers.base import Map, Tree
from nlan.importers.neutron_lan.words import BY_NAME, Module, Word
from nlan.importers.neutron_lan.written import Change, Item, Underlay, Value, Words, change_of, items_of
from nlan.schema.syntax.report import listed, nearest

Act = Literal["add", "update", "delete"]

_NEEDED = {
    "bridges": ("ovs_bridges",),
    "gateway": ("rip", "network"),
    "vxlan": ("local_ip",),
    "subnets": ("vni", "vid"),
    "vpls": ("vni", "vid"),
    "ptn_nodes": ("id", "nodes"),
    "ptn_links": ("id", "local_ip", "remote_ips"),
    "ptn_l2vpn": ("id", "vni", "vid"),
    "vhosts": ("network",),
}
"""What an item cannot do without."""
_STANDS_ON: dict[str, dict[str, tuple[str, ...]]] = {
    "subnets": {"vni": ("vid",), "vid": ("ip_dvr", "ip_vhost", "peers", "ports", "default_gw")},
    "vxlan": {"local_ip": ("remote_ips",)},
}
"""What has to go before a word can."""
_NOT_UPDATED = ("vpls", "ptn_nodes", "ptn_links", "ptn_l2vpn")
_GATEWAY = ("addr", "mode", "dhcp")
INDEX = "_index"
_CHANGES = "`nlan update` changes it"


class Asked(NamedTuple):
    """What is asked for.

    Attributes:
        module: Of which module.
        words: With their values; None where there is none, as of what goes whole.
        which: The item's name, where it is told.
    """

    module: Module
    words: dict[str, Value | None]
    which: str = ""


def asked(module: str, words: Sequence[str]) -> Asked:
    """Return what is asked for on a command line: a module, and ``WORD=VALUE`` or ``WORD`` each.

    Raises:
        InputError: There is no such module or word, or a value has not its shape.
    """
    found = BY_NAME.get(module)
    if found is None:
        _refuse(module, f"`{module}` is no module of neutron-lan", nearest(module, BY_NAME) or _known())
    values: dict[str, Value | None] = {}
    index = ""
    for text in words:
        name, equals, value = text.partition("=")
        word = found.word(name)
        if name == INDEX and equals:
            index = value
        elif word is None:
            known = [one.name for one in found.words]
            there = f"it has {listed([f'`{one}`' for one in known])}"
            _refuse(module, f"`{name}` is no word of `{module}`", nearest(name, known) or there)
        else:
            values[name] = _value(module, word, value) if equals else None
    return Asked(found, values, index)


def _known() -> str:
    return f"there are {listed([f'`{name}`' for name in BY_NAME])}"


def _value(module: str, word: Word, text: str) -> Value:
    if word.shape == "word":
        return text
    parts = [part for part in text.split(",") if part]
    if word.shape == "list":
        return parts
    pairs = [part.partition(":") for part in parts]
    if any(not (name and colon and value) for name, colon, value in pairs):
        _refuse(f"{module}.{word.name}", f"expected {word.meaning}, got `{text}`")
    return {name: value for name, _, value in pairs}


def got(node: Tree, wanted: Asked, underlay: Underlay) -> list[Words]:
    """Return a module's items at a node, or those words of them that are asked for."""
    items = items_of(node, wanted.module, underlay)
    if wanted.which:
        items = [item for item in items if item.words.get(wanted.module.key) == wanted.which]
    names = wanted.words
    return [{name: item.words[name] for name in item.words if not names or name in names} for item in items]


def changed(act: Act, node: Tree, wanted: Asked, underlay: Underlay) -> Change:
    """Return what carries an action out.

    Raises:
        InputError: It cannot be, for what neutron-lan's model asks of a router.
    """
    module = wanted.module
    if module.name not in _NEEDED:
        what = "chains are not there yet" if module.name == "services" else "a lab runs no commands"
        _refuse(module.name, what)
    items = items_of(node, module, underlay)
    number = _number(act, items, wanted)
    before = items[number].words if number < len(items) else {}
    acts: dict[Act, Callable[[Words, Asked], Words]]
    acts = {"add": _added, "update": _updated, "delete": _deleted}
    words = acts[act](before, wanted)
    _check(act, module, words)
    if module.name == "gateway" and not items and _has_lines(node):
        _refuse("gateway", "the node has FRR lines of its own", "`nlan set NODE.frr` changes them")
    return change_of(node, module, items, number, words, underlay)


def _has_lines(node: Tree) -> bool:
    return isinstance(node, Map) and node.find("frr", "Frr") is not None


def _number(act: Act, items: list[Item], wanted: Asked) -> int:
    """Return the number of the item that is meant; one more than there are for a new one."""
    module, key = wanted.module, wanted.module.key
    if not key:
        if act != "add" and not items:
            _refuse(module.name, f"the router has no `{module.name}`")
        return 0
    said = wanted.words.get(key) if act != "update" or len(items) != 1 else None
    index = wanted.which or (said if isinstance(said, str) else "")
    for number, item in enumerate(items):
        if index and item.words.get(key) == index:
            return number
    if act == "add" and index:
        return len(items)
    if act == "add":
        _refuse(module.name, f"`{key}` is needed, which tells items apart")
    if not index and len(items) == 1:
        return 0
    there = listed([str(item.words.get(key, "")) for item in items]) or "none"
    what = f"no {key} {index} is there" if index else f"which one: say `{INDEX}=` its {key}"
    return _refuse(module.name, what, f"there are {there}" if items else "there is none")


def _added(before: Words, wanted: Asked) -> Words:
    module = wanted.module
    words = dict(before)
    if not words and module.key and wanted.which:
        words[module.key] = wanted.which
    for name, value in wanted.words.items():
        if value is None:
            _refuse(f"{module.name}.{name}", "a value is needed: `WORD=VALUE`")
        if name in before and before[name] != value:
            _refuse(f"{module.name}.{name}", f"it is {_text(before[name])} already", _CHANGES)
        words[name] = value
    return words


def _updated(before: Words, wanted: Asked) -> Words:
    module = wanted.module
    if module.name in _NOT_UPDATED:
        _refuse(module.name, f"`{module.name}` is not updated", "delete it, and add it as it shall be")
    if not wanted.words:
        _refuse(module.name, "nothing is to be updated: say `WORD=VALUE`")
    words = dict(before)
    for name, value in wanted.words.items():
        if value is None:
            _refuse(f"{module.name}.{name}", "a value is needed: `WORD=VALUE`")
        if module.name == "subnets" and name in ("vni", "vid") and value != before.get(name):
            hint = "delete the subnet, and add it as it shall be"
            _refuse(f"{module.name}.{name}", f"a subnet keeps its {name}", hint)
        if name not in before:
            _refuse(f"{module.name}.{name}", "there is none to be updated", "`nlan add` adds it")
        words[name] = value
    return words


def _deleted(before: Words, wanted: Asked) -> Words:
    """Return what is left: nothing, where no word is said or the item's own name goes."""
    module, words = wanted.module, dict(before)
    if not wanted.words:
        return {}
    for name, value in wanted.words.items():
        if name not in before:
            _refuse(f"{module.name}.{name}", "there is none to be deleted")
        rest = _without(f"{module.name}.{name}", before[name], value)
        if rest:
            words[name] = rest
        else:
            del words[name]
    for name, needing in _STANDS_ON.get(module.name, {}).items():
        left = [f"`{one}`" for one in needing if one in words]
        if name in before and name not in words and left:
            message = f"it cannot go while {listed(left)} {'is' if len(left) == 1 else 'are'} there"
            _refuse(f"{module.name}.{name}", message, f"delete {listed(left)} first, or with it")
    is_gone = module.key in before and module.key not in words
    return {} if is_gone or set(words) <= {"id"} else words


def _without(path: str, before: Value, value: Value | None) -> Value | None:
    """Return what is left of a value: of a list, what was not named; of all else, nothing."""
    if value is None or value == before:
        return None
    if isinstance(before, list) and isinstance(value, list) and set(value) <= set(before):
        return [one for one in before if one not in value]
    return _refuse(path, f"it is {_text(before)}, not {_text(value)}")


def _check(act: Act, module: Module, words: Words) -> None:
    """Refuse an item that lacks what it needs."""
    if not words:
        return
    if "controller" in words:
        _refuse(f"{module.name}.controller", "there are no OpenFlow controllers yet")
    if "connect" in words:
        _refuse(f"{module.name}.connect", "there are no OpenFlow switches yet for hosts to be behind")
    needed = [f"`{name}`" for name in _NEEDED[module.name] if name not in words]
    if act == "delete" and module.name == "subnets":
        needed = []  # its VLAN ID goes before the rest does
    if needed:
        _refuse(module.name, f"{listed(needed)} {'is' if len(needed) == 1 else 'are'} needed")
    gateway = words.get("ip_dvr")
    if isinstance(gateway, dict):
        for name in gateway:
            if name not in _GATEWAY:
                _refuse("subnets.ip_dvr", f"`{name}` is no word of it", nearest(name, _GATEWAY))
        for name in ("addr", "mode"):
            if name not in gateway:
                _refuse("subnets.ip_dvr", f"`{name}` is needed", "such as `addr:192.0.2.1/24,mode:dvr`")


def _text(value: Value) -> str:
    if isinstance(value, dict):
        return ",".join(f"{name}:{one}" for name, one in value.items())
    return ",".join(value) if isinstance(value, list) else value


def _refuse(path: str, message: str, hint: str = "") -> NoReturn:
    raise InputError([Problem(path, message, hint=hint)])
