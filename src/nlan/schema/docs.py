"""docs/reference/file.md from the table: ``python -m nlan.schema.docs > docs/reference/file.md``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from nlan.schema.written import table
from nlan.schema.written.sections import AnyKey, Section, Vocabulary

_INTRO = """\
# The file

This page is made from the schema (`python -m nlan.schema.docs`); the same table checks every file
and gives `nlan schema` its JSON Schema. `nlan schema --docs` prints it with what is installed beside nlan.

A file is YAML, at most 8 MiB, and comes in one of two spellings of the same model:

- **The short form** has `nodes`, `links` or `networks`. Whatever can be derived is derived:
  addresses, interface names, VNIs, BGP sessions. Whatever is derived can be said instead.
- **The full form** has nodes as its top-level keys and says each service in full:
  `Ptn`, `Vhosts`, `Router`. `Ptn` is a mapping by name or a list `Networks` with `Id`, `Bgp` a
  mapping by AS number or a list with `As`.

Both may be mixed: a node of the short form may hold services of the full form. Every key is read in
snake_case and in CamelCase, so `local_ip` is `LocalIp`. Where a list is wanted, one item may stand
alone. `nlan show FILE` prints all that was derived.

**Anchors.** YAML's anchors, aliases and merge keys work. Keys that begin with `x-` are yours, wherever they
stand: nlan reads nothing into them, so that `x-router: &router {asn: auto}` is a place for what `<<: *router`
takes.

**Names in the text.** `${pe1}` stands for the underlay address of pe1, and `${pe1@pe2}`, in FRR's lines, for
that on the segment that it shares with pe2 ([raw FRR](../services/raw-frr.md)). A file with `{% %}` or with
more than a name in `${ }` is a Jinja2 template, rendered in a sandbox: `{% for i in range(1, 5) %}`,
`${64500 + i}`, `${node('pe' ~ i)}`. A file never runs Python.

**Allocations** go by name and are kept: a name takes the lowest free number of its pool when it is
first seen, and adding or removing others never moves it. What the file states is left free, and a name
whose number the file states elsewhere later takes another. A name that is gone keeps its number until its
pool is used up.
"""


def page(vocabulary: Vocabulary) -> str:
    """Return the whole page; equal vocabularies give equal bytes."""
    parts = [_INTRO, _pages(vocabulary.pages)]
    parts += [
        "\n".join(_section(section, vocabulary.keys(section)))
        for section in vocabulary.sections
        if section is not table.FULL
    ]
    return "\n".join(parts)


def _pages(pages: Mapping[str, str]) -> str:
    """Return where services and engines tell of themselves at length."""
    listed = (f"- [{title}]({where if ':' in where else f'../{where}'})" for title, where in pages.items())
    intro = "**Pages.** Services and routing engines tell at length what they make of their keys:\n"
    return "\n".join([intro, *listed, ""])


def _section(section: Section, keys: Iterable[AnyKey]) -> Iterator[str]:
    yield f"## {section.name}\n"
    yield f"{section.doc}\n"
    yield "| key | value | meaning | default |"
    yield "|---|---|---|---|"
    keys = tuple(keys)
    for key in keys:
        if key.served:
            yield f"| {_spellings(key)} | {_cell(key.kind.wanted)} | {_cell(key.doc)} | {_default(key)} |"
    waiting = [f"`{key.camel}`" for key in keys if not key.served]
    if waiting:
        yield f"\nKnown, and not supported yet: {', '.join(waiting)}."
    yield ""


def _spellings(key: AnyKey) -> str:
    return ", ".join(f"`{word}`" for word in key.words)


def _default(key: AnyKey) -> str:
    return "**required**" if key.required else _cell(key.default)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    import sys

    from nlan.schema import vocabulary

    sys.stdout.write(page(vocabulary()))
