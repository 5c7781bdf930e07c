"""Loads plugins, starts and stops them; one that fails is reported and left out."""

from __future__ import annotations

import importlib.util
import inspect
import logging
import sys
from importlib.machinery import SourceFileLoader
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Final

from tega.plugins.base import Plugin
from tega.plugins.local import local_client
from tega.protocol.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import CodeType

    from tega.hub.hub import Hub

logger = logging.getLogger("tega.plugins")
GROUP: Final = "tega.plugins"
OWN: Final = (EntryPoint("template", "tega.plugins.template:Template", GROUP),)
"""What comes with tega itself; other distributions bring theirs by entry points."""


class PluginError(ValueError):
    """A plugin that was asked for cannot be found or loaded."""


class PluginHost:
    """The plugins of one server.

    Args:
        hub: Where they get their sessions.
        enable: Names of tega's own plugins or of entry points of the group
            `tega.plugins`; `all` for every one of them.
        folders: Every plugin in every file there is loaded.
        options: `name.key` to value; each plugin sees its own.
        installed: The entry points there are; else those of what is
            installed whenever the plugins are started.
    """

    def __init__(
        self,
        hub: Hub,
        enable: Sequence[str],
        folders: Sequence[Path],
        options: Mapping[str, str],
        installed: Iterable[EntryPoint] | None = None,
    ) -> None:
        self._hub = hub
        self._enable = enable
        self._folders = folders
        self._options = options
        self._installed = None if installed is None else tuple(installed)
        self._running: dict[str, Plugin] = {}
        self._failed: dict[str, str] = {}

    async def start(self) -> None:
        """Load and start all of them.

        Raises:
            PluginError: One that was named does not exist or cannot be imported.
        """
        for name, kind in self._kinds():
            await self._start(name, kind)

    def _kinds(self) -> Iterator[tuple[str, type[Plugin]]]:
        if self._enable:
            known = self._known()
            for name in known if "all" in self._enable else dict.fromkeys(self._enable):
                yield name, _load_named(name, known)
        for folder in self._folders:
            yield from _load_folder(folder)

    def _known(self) -> dict[str, EntryPoint]:
        """The plugins by name, tega's own first; of two with one name the first is taken."""
        found = entry_points(group=GROUP) if self._installed is None else self._installed
        known = {point.name: point for point in OWN}
        for point in sorted(found, key=lambda point: point.name):
            known.setdefault(point.name, point)
        return known

    async def _start(self, name: str, kind: type[Plugin]) -> None:
        if name in self._running:
            raise PluginError(f"there are two plugins called {name}")
        mine = {
            key.partition(".")[2]: value for key, value in self._options.items() if key.startswith(f"{name}.")
        }
        plugin = None
        try:
            plugin = kind(local_client(self._hub, kind.__name__), mine)
            await plugin.db.open()
            await plugin.on_init()
        except Exception as error:
            logger.exception("plugin.not_started name=%s", name)
            self._failed[name] = f"{type(error).__name__}: {error}"
            if plugin is not None:
                await _stop(plugin)
            return
        self._running[name] = plugin

    async def stop(self) -> None:
        for plugin in reversed(self._running.values()):
            await _stop(plugin)
        self._running.clear()
        self._failed.clear()

    async def reload(self) -> None:
        """Stop all and start them again, those of folders as their files are now."""
        await self.stop()
        try:
            await self.start()
        except PluginError as error:
            raise BadRequest(str(error)) from error

    def describe(self) -> dict[str, Any]:
        """Return each plugin with its session, or with why it does not run."""
        shown: dict[str, Any] = {
            name: {"session": plugin.db.name, "doc": (inspect.getdoc(plugin) or "").partition("\n")[0]}
            for name, plugin in self._running.items()
        }
        return shown | {name: {"failed": why} for name, why in self._failed.items()}


async def _stop(plugin: Plugin) -> None:
    try:
        await plugin.stop()
    except Exception:
        logger.exception("plugin.not_stopped name=%s", type(plugin).__name__)


def _load_named(name: str, known: Mapping[str, EntryPoint]) -> type[Plugin]:
    if name not in known:
        raise PluginError(f"there is no plugin {name}; there are {', '.join(known)}")
    point = known[name]
    try:
        kind = point.load()
    except Exception as error:
        raise PluginError(f"plugin {name}: {type(error).__name__}: {error}") from error
    if not (inspect.isclass(kind) and issubclass(kind, Plugin)):
        raise PluginError(f"plugin {name}: {point.value} is not a subclass of tega.plugins.Plugin")
    return kind


def _load_folder(folder: Path) -> Iterator[tuple[str, type[Plugin]]]:
    if not folder.is_dir():
        raise PluginError(f"{folder}: is no folder")
    for file in sorted(folder.glob("*.py")):
        if not file.name.startswith("_"):
            yield from _plugins_of(_load_file(file))


class _Source(SourceFileLoader):
    """Compiles the file each time: kept bytecode is distinguished by its size and whole seconds only."""

    def get_code(self, fullname: str) -> CodeType:
        """Return the file's code as it is now."""
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def _load_file(file: Path) -> Any:
    name = f"_tega_plugin_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file, loader=_Source(name, str(file)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise PluginError(f"{file}: {type(error).__name__}: {error}") from error
    return module


def _plugins_of(module: Any) -> Iterator[tuple[str, type[Plugin]]]:
    for name, kind in inspect.getmembers(module, inspect.isclass):
        if issubclass(kind, Plugin) and kind.__module__ == module.__name__:
            yield name, kind
