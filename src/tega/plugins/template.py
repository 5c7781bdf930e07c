"""`plugins.template(file)`: render a state file with the routers' addresses into `config-<router>`.

`${pe1}` stands for the address of `ip.pe1` without its prefix. A file that
has Jinja signs (`{{ … }}`, `{% … %}`) is rendered by Jinja's sandbox too,
with the same names and `ip`, the whole mapping.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

from tega.plugins.base import Plugin

_NAME = re.compile(r"\$\{([\w-]+)\}")
MAX_FILE = 8 << 20


class Template(Plugin):
    """State files with placeholders; option `folder` says where they are."""

    async def on_init(self) -> None:
        await self.offer("plugins.template", self.template)

    async def template(self, file: str) -> list[str]:
        """Render the file and write each router's part, in one commit; return the roots written."""
        entry = await self.db.get("ip")
        addresses = entry.value if entry and isinstance(entry.value, dict) else {}
        text = await asyncio.to_thread(self._read, file)
        state = await asyncio.to_thread(render, text, addresses)
        async with self.db.transaction(message=f"plugins.template {file}") as txn:
            for router, config in state.items():
                txn.put((f"config-{router}",), config)
        return [f"config-{router}" for router in state]

    def _read(self, file: str) -> str:
        if "folder" not in self.options:
            raise ValueError("template wants to know its folder: tega-server --option template.folder=DIR")
        folder = Path(self.options["folder"]).resolve()
        path = (folder / file).resolve()
        if not path.is_relative_to(folder) or not path.is_file():
            raise ValueError(f"there is no file {file} in the templates' folder")
        if path.stat().st_size > MAX_FILE:
            raise ValueError(f"{file} is larger than {MAX_FILE} bytes")
        return path.read_text()


def render(text: str, addresses: dict[str, str]) -> dict[str, Any]:
    """Return the state of each router.

    Raises:
        ValueError: A placeholder names a router without an address, or the
            result is not a mapping of routers.
    """
    import yaml

    bare = {router: str(address).partition("/")[0] for router, address in addresses.items()}
    if "{{" in text or "{%" in text:
        text = _jinja(text, bare)
    unknown = sorted({name for name in _NAME.findall(text) if name not in bare})
    if unknown:
        raise ValueError(f"no address in ip for {', '.join(unknown)}; run plugins.ipam first")
    state = yaml.safe_load(_NAME.sub(lambda found: bare[found.group(1)], text))
    if not isinstance(state, dict) or not all(isinstance(router, str) for router in state):
        raise ValueError("a state file is a mapping with the routers' names on top")
    return state


def _jinja(text: str, bare: dict[str, str]) -> str:
    from jinja2 import StrictUndefined
    from jinja2.exceptions import TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    try:
        return SandboxedEnvironment(undefined=StrictUndefined).from_string(text).render(**bare, ip=bare)
    except TemplateError as error:
        raise ValueError(f"the template cannot be rendered: {error}") from error
