"""What a state file says of each router, by module: unknown words warned of, shapes checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from nlan.importers.base import Map, Scalar, Seq, Sources, Tree
from nlan.importers.neutron_lan.building import sequence
from nlan.importers.neutron_lan.words import BY_NAME, Module, Word
from nlan.schema.syntax.report import nearest
from nlan.schema.written.kinds import shape


class Item(NamedTuple):
    """What one item of a module says.

    Attributes:
        at: Where it begins.
        words: Its words, each a `Scalar`, a `Seq` or a `Map` by its shape.
    """

    at: Tree
    words: dict[str, Tree]

    def text(self, name: str) -> str:
        """Return the text of a word, empty where it is left out."""
        value = self.words.get(name)
        return value.text if isinstance(value, Scalar) else ""


class Router(NamedTuple):
    """What is said of a router: its modules' items."""

    name: str
    key: Scalar
    modules: dict[str, list[Item]]

    def items(self, *modules: str) -> list[Item]:
        """Return the items of some modules."""
        return [item for module in modules for item in self.modules.get(module, ())]


def routers_of(tree: Map, sources: Sources) -> list[Router]:
    """Return the routers of a state file."""
    return [_router(key, value, sources) for key, value in tree.entries]


def _router(key: Scalar, tree: Tree, sources: Sources) -> Router:
    modules: dict[str, list[Item]] = {}
    if isinstance(tree, Scalar) and tree.is_null:
        return Router(key.text, key, modules)
    if not isinstance(tree, Map):
        sources.error(key, f"expected the modules of {key.text}, got {shape(tree)}")
        return Router(key.text, key, modules)
    for name, value in tree.entries:
        module = BY_NAME.get(name.text)
        if module is None:
            hint = nearest(name.text, BY_NAME)
            sources.warning(name, f"`{name.text}` is no module of neutron-lan; it is left out", hint)
        else:
            modules[module.name] = list(_items(module, value, sources))
    return Router(key.text, key, modules)


def _items(module: Module, tree: Tree, sources: Sources) -> Iterator[Item]:
    """Yield the items; one may stand alone, as in older files."""
    for item in tree.items if isinstance(tree, Seq) else (tree,):
        if isinstance(item, Map):
            yield Item(item, dict(_words(module, item, sources)))
        elif not (isinstance(item, Scalar) and item.is_null):
            known = ", ".join(f"`{word.name}`" for word in module.words)
            sources.error(item, f"expected a mapping with {known}, got {shape(item)}")


def _words(module: Module, tree: Map, sources: Sources) -> Iterator[tuple[str, Tree]]:
    for key, value in tree.entries:
        word = module.word(key.text)
        if word is None:
            hint = nearest(key.text, [word.name for word in module.words])
            message = f"`{key.text}` is no word of `{module.name}`; it is left out"
            sources.warning(key, message, hint)
        elif not (isinstance(value, Scalar) and value.is_null):
            shaped = _shaped(word, value, sources)
            if shaped is not None:
                yield word.name, shaped


def _shaped(word: Word, value: Tree, sources: Sources) -> Tree | None:
    if word.shape == "list" and isinstance(value, Scalar):
        return sequence((value,), value)
    wanted = {"word": Scalar, "list": Seq, "map": Map}[word.shape]
    if isinstance(value, wanted):
        return value
    what = {"word": "a word", "list": "a list", "map": "a mapping"}[word.shape]
    sources.error(value, f"`{word.name}` is {what}, got {shape(value)}")
    return None
