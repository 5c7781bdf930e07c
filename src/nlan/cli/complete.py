"""What may stand at a place of the command line: asked by the shells' completion, which only shows it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from nlan.cli.main import verbs_for
from nlan.cli.options import Option
from nlan.cli.verbs import Verb

FILES = "@files"
"""Printed instead of candidates: names of files, which every shell completes itself."""

Candidate = tuple[str, str]
"""A word and what it means."""


def print_candidates(words: Sequence[str]) -> int:
    """Print a line for each, the meaning behind a tab."""
    for word, meaning in candidates(words):
        print(f"{word}\t{meaning}")
    return 0


def candidates(words: Sequence[str]) -> list[Candidate]:
    """Return what may stand in the place of the last word, which is what has been typed of it.

    Args:
        words: Those behind `nlan`.
    """
    *before, current = words or [""]
    verbs = verbs_for(before)
    verb = next((one for one in verbs if before and one.name == before[0]), None)
    if not before:
        found: Iterable[Candidate] = ((one.name, one.summary) for one in verbs)
    elif verb is None:
        found = ()
    elif verb.name == "exec" and "--" in before:
        found = _of_command(before[before.index("--") + 1 :], current)
    else:
        found = _of_verb(verb, before[1:], current)
    return [one for one in found if one[0].startswith(current) or one[0] == FILES]


def _of_command(before: Sequence[str], current: str) -> Iterator[Candidate]:
    """Yield programs; behind one, and where a path was begun, files."""
    if before or "/" in current:
        yield FILES, ""
        return
    programs: set[str] = set()
    for directory in os.get_exec_path():
        with suppress(OSError):
            programs.update(entry for entry in os.listdir(directory) if entry.startswith(current))
    yield from ((program, "") for program in sorted(programs))


def _of_verb(verb: Verb, before: Sequence[str], current: str) -> Iterator[Candidate]:
    placed, named, open_option = _parted(verb, before)
    lab = named.get("lab") or named.get("lab_option")
    if open_option is not None:
        yield from _values(open_option, lab, verb)
    elif current.startswith("-"):
        yield from _options(verb, before)
    else:
        places = [option for option in verb.options if not option.names[0].startswith("-")]
        many = places and places[-1].settings.get("nargs") == "*"
        if len(placed) < len(places) or many:
            yield from _values(places[min(len(placed), len(places) - 1)], lab, verb)


def _parted(verb: Verb, before: Sequence[str]) -> tuple[list[str], dict[str, str], Option | None]:
    """Return the words that stand for themselves, the values of options by name, and one without its own."""
    options = {name: option for option in verb.options for name in option.names if name.startswith("-")}
    places = [option.names[0] for option in verb.options if not option.names[0].startswith("-")]
    placed: list[str] = []
    named: dict[str, str] = {}
    waiting: Option | None = None
    for word in before:
        if waiting is not None and word != "=":
            named[_name(waiting)] = word
            waiting = None
        elif word in options and _takes_value(options[word]):
            waiting = options[word]
        elif not word.startswith("-") and word != "=":
            if len(placed) < len(places):
                named.setdefault(places[len(placed)], word)
            placed.append(word)
    return placed, named, waiting


def _name(option: Option) -> str:
    return str(option.settings.get("dest", option.names[-1].lstrip("-")))


def _takes_value(option: Option) -> bool:
    return option.settings.get("action") != "store_true"


def _options(verb: Verb, before: Sequence[str]) -> Iterator[Candidate]:
    """Yield the options that are not there yet, by their long names."""
    for option in verb.options:
        if option.names[0].startswith("-") and not set(option.names) & set(before):
            yield option.names[-1], str(option.settings.get("help", ""))
    yield "--verbose", "say what is done; -vv: kernel messages"
    yield "--help", "print the verb's help"


def _values(option: Option, lab: str | None, verb: Verb) -> Iterator[Candidate]:
    name = _name(option) if option.names[0].startswith("-") else option.names[0]
    if "choices" in option.settings:
        yield from ((choice, "") for choice in option.settings["choices"])
    elif name in ("file", "output"):
        yield FILES, ""
    elif name == "what":
        yield FILES, ""
        yield from _labs(remembered=True)
    elif name == "format":
        from nlan.api import formats

        yield from formats().items()
    elif name in ("lab", "lab_option"):
        yield from _labs(remembered=verb.name in REMEMBERING)
    elif name in ("node", "source", "target", "path"):
        yield from _nodes(lab, hosts=verb.name in ("exec", "shell", "ping"))
    elif name in ("revision", "revisions"):
        yield from _revisions(lab)


REMEMBERING = frozenset({"history", "diff", "rollback", "restore", "down", "up", "plan", "show", "keep"})
"""Verbs that mean labs, too, that do not run."""


def _labs(*, remembered: bool = False) -> list[Candidate]:
    from nlan.api import Paths
    from nlan.values import is_name, natural

    paths = Paths.from_environment()
    found: dict[str, str] = {}
    for directory, state in ((paths.state, "down"), (paths.run, "runs")):
        if directory is paths.run or remembered:
            with suppress(OSError):
                found.update((name, state) for name in os.listdir(directory) if is_name(name))
    return sorted(found.items(), key=lambda one: natural(one[0]))


def _nodes(lab: str | None, *, hosts: bool) -> list[Candidate]:
    """Return the nodes of a lab, or of all where none is named."""
    from nlan.api import Paths, namespace_name
    from nlan.values import natural

    found: dict[str, str] = {}
    with suppress(OSError):
        pins = os.listdir(Paths.from_environment().netns)
        for one in [lab] if lab else [name for name, _ in _labs()]:
            names = (namespace_name(pin.removeprefix(f"{one}.")) for pin in pins if pin.startswith(f"{one}."))
            found.update((name, one) for name in names if hosts or "/" not in name)
    return sorted(found.items(), key=lambda item: natural(item[0]))


def _revisions(lab: str | None) -> list[Candidate]:
    """Return the newest revisions of a lab, or of the only one; none to who may not read them."""
    from nlan.api import Lab
    from nlan.errors import NlanError

    with suppress(NlanError, OSError):
        revisions = Lab.find(lab, running=False).history(20)
        return [(str(one.revision), _outcome(one.state, one.message)) for one in revisions]
    return []


def _outcome(state: str, message: str) -> str:
    return " ".join(part for part in ("" if state == "past" else state, message) if part)
