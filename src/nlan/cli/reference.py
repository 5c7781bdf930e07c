"""docs/cli.md from the table of verbs: ``python -m nlan.cli.reference > docs/cli.md``."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.cli.options import Option
from nlan.cli.verbs import VERBS, Verb

_INTRO = """\
# The command line

This page is made from the table of verbs (`python -m nlan.cli.reference`); `nlan --help`, `nlan VERB --help`
and the shells' completion come from the same table.

Results go to standard output, everything else (progress, warnings, errors) to standard error. With
`--json` the result is one JSON document, an error too: `{"error": {"kind": …, "message": …}}`,
whose `parts` are the failures that the message sums up.
A bug of nlan's has the kind `InternalError` and its `traceback`. Verbs that stay (`keep`, `watch`,
`status --watch`) print a JSON document a line.

| exit code | meaning |
|---|---|
| 0 | done; for `plan` and `diff`: no difference; for `status`: all as it shall be; for `ping`: all answered |
| 1 | an error, or what was asked for did not come in time |
| 2 | `plan` and `diff`: there are differences |
| 130 | interrupted |
| other | `nlan exec` and `nlan shell` pass on the exit code of what they ran |

**NODE** is a node (`pe1`) or a host (`ce1/172.21.1.2`, or `172.21.1.2` where one host alone has it).
`exec` takes patterns too: `pe*` matches nodes, `ce1/*` matches hosts.

**FILE** is a lab's file, or a file or folder of another tool that an importer reads (`nlan doctor` lists the
importers): there is no import to be done before, and `nlan show FILE` prints what it comes to. A
state file of neutron-lan has a roster beside it, or named by `--roster`.

**LAB** may be left out where one lab runs; every verb that concerns a lab takes `-l LAB` too. Words after
`--` are the command that `exec` runs, as they are: no shell reads them unless you name one (`-- sh -c '…'`).

Every verb takes `-v`: say what is done. Colours are left out where the output is no terminal, or where
`NO_COLOR` is set.

| variable | what it is | default |
|---|---|---|
| `NLAN_STATE_DIR` | the labs' databases: history, allocations | `/var/lib/nlan` |
| `NLAN_RUN_DIR` | what lives until the next boot | `/run/nlan` |
| `NLAN_NETNS_DIR` | where namespaces are pinned | `/run/netns` |
| `NLAN_CGROUP_DIR` | where cgroups are mounted | `/sys/fs/cgroup` |
| `NLAN_CGROUP_NEST` | `1`: where nlan is confined to a cgroup, limits may be set below it | not |
| `NLAN_RUNTIME` | what makes nodes whose file says nothing; a lab keeps it from `up` to `down` | `netns` |
| `NLAN_VENV` | the launcher's virtual environment | `.venv` |
"""


def page() -> str:
    """Return the whole page; equal tables give equal bytes."""
    return "\n".join([_INTRO, *("\n".join(_section(verb)) for verb in VERBS)])


def _section(verb: Verb) -> Iterator[str]:
    yield f"## nlan {verb.name}\n"
    yield f"```\n{_usage(verb)}\n```\n"
    yield f"{_sentence(verb.summary)}{_more(verb)}\n"
    if verb.options:
        yield "| option | meaning |"
        yield "|---|---|"
        for option in verb.options:
            yield f"| {_names(option)} | {_cell(_help(option))} |"
        yield ""


def _more(verb: Verb) -> str:
    """Return the description, where it is more than the usage."""
    repeats = not verb.description or verb.description.startswith("nlan ")
    return "" if repeats else f" {verb.description}"


def _usage(verb: Verb) -> str:
    words = [_word(option) for option in verb.options]
    named = [word for word, option in zip(words, verb.options, strict=True) if not _positional(option)]
    placed = [word for word, option in zip(words, verb.options, strict=True) if _positional(option)]
    command = ["-- COMMAND …"] if verb.name == "exec" else []
    return " ".join(["nlan", verb.name, *placed, *named, *command])


def _word(option: Option) -> str:
    value = _value(option)
    if not _positional(option):
        return f"[{option.names[-1]}{f' {value}' if value else ''}]"
    return {"?": f"[{value}]", "*": f"[{value} …]"}.get(option.settings.get("nargs", ""), value)


def _value(option: Option) -> str:
    """Return what stands for the option's value; empty for a switch."""
    if option.settings.get("action") == "store_true":
        return ""
    if "choices" in option.settings and not _positional(option):
        return "|".join(option.settings["choices"])
    return str(option.settings.get("metavar", option.names[-1].lstrip("-").upper()))


def _positional(option: Option) -> bool:
    return not option.names[0].startswith("-")


def _names(option: Option) -> str:
    if _positional(option):
        return f"`{_cell(option.settings.get('metavar', option.names[0].upper()))}`"
    value = _cell(_value(option))
    return ", ".join(f"`{name}{f' {value}' if value else ''}`" for name in option.names)


def _help(option: Option) -> str:
    choices = ", ".join(f"`{choice}`" for choice in option.settings.get("choices", ()))
    return str(option.settings.get("help", choices))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
