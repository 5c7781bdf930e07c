"""`tega-server`: one process that owns a database and serves it.

Exit codes: 0 stopped by SIGTERM or SIGINT, 1 the database or the address
cannot be used, 2 the command line or a file it names is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import signal
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from tega.errors import StoreError
from tega.server.loop import new_loop

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from tega.server.auth import Auth

logger = logging.getLogger("tega.server")
SWITCH_S = 0.001
"""How long the event loop waits for the interpreter while another thread has long work."""
DEFAULT_LISTEN = "127.0.0.1:8739"
_DURABILITY = "what an acknowledged commit survives: full, power loss; normal, the death of any process"
_ENABLE = "start a plugin that comes with tega or is installed; `all` for every one; repeatable"
_PLUGINS = "start the plugins in a folder's Python files; repeatable"


class UsageError(ValueError):
    """The command line asks for something that cannot be."""


def parser() -> argparse.ArgumentParser:
    """Return the command line's description."""
    made = argparse.ArgumentParser(prog="tega-server", description="Serve a tega database.")
    add = made.add_argument
    add("--data", type=Path, required=True, metavar="DIR", help="directory of the database; made if missing")
    add(
        "--listen",
        default=DEFAULT_LISTEN,
        metavar="HOST:PORT",
        help="default: %(default)s; port 0 takes a free one",
    )
    add("--durability", choices=("full", "normal"), default="full", help=_DURABILITY)
    add("--token-file", type=Path, metavar="FILE", help="YAML of tokens and what each may do")
    add("--cert", type=Path, metavar="FILE", help="certificate chain (PEM): serve TLS")
    add("--key", type=Path, metavar="FILE", help="the certificate's private key (PEM)")
    add("--enable", action="append", default=[], metavar="PLUGIN", help=_ENABLE)
    add("--plugins", type=Path, action="append", default=[], metavar="DIR", help=_PLUGINS)
    add("--option", action="append", default=[], metavar="PLUGIN.KEY=VALUE", help="set an option of a plugin")
    add(
        "--max-body",
        type=int,
        default=8 << 20,
        metavar="BYTES",
        help="largest body or message (%(default)s)",
    )
    add("--verbose", action="store_true", help="log more")
    return made


def parse_listen(text: str) -> tuple[str, int]:
    """Read `HOST:PORT`, `[IPv6]:PORT` or `HOST`."""
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        host, port = text, "8739"
    if not port.isdecimal() or int(port) > 65_535:
        raise UsageError(f"--listen {text}: {port} is no port, 0 to 65535")
    if host and not all(0 < len(label) < 64 for label in host.removesuffix(".").split(".")):
        raise UsageError(f"--listen {text}: {host} is no name of a host")
    return host.strip("[]") or "127.0.0.1", int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _auth(options: argparse.Namespace, host: str) -> Auth:
    from tega.server.auth import Auth, TokensFileError, read_tokens

    if options.token_file is None:
        if not is_loopback(host):
            raise UsageError(
                f"--listen {host}: others can reach that, so --token-file is needed (or listen on 127.0.0.1)"
            )
        return Auth(None)
    try:
        return read_tokens(options.token_file)
    except TokensFileError as error:
        raise UsageError(str(error)) from error


def _tls(options: argparse.Namespace) -> ssl.SSLContext | None:
    if options.cert is None and options.key is None:
        return None
    if options.cert is None:
        raise UsageError("--key needs --cert")
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(options.cert, options.key)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"--cert {options.cert}: {error}") from error
    return context


def _options(pairs: Sequence[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or "." not in name:
            raise UsageError(f"--option {pair}: wants PLUGIN.KEY=VALUE")
        found[name] = value
    return found


async def serve(options: argparse.Namespace) -> None:
    """Open, listen, and serve until SIGTERM or SIGINT; then stop in good order."""
    host, port = parse_listen(options.listen)
    auth, tls, settings = _auth(options, host), _tls(options), _options(options.option)
    from tega.hub.store import open_hub_store
    from tega.server.app import Server

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    store = await open_hub_store(options.data, durability=options.durability)
    try:
        server = Server(store, host=host, port=port, auth=auth, tls=tls, max_body=options.max_body)
        server.use_plugins(options.enable, options.plugins, settings)
        try:
            await server.start()
            _ready(server.url)
            await stop.wait()
        finally:
            await server.stop()
    finally:
        await store.close()


def _ready(url: str) -> None:
    gc.collect()
    gc.freeze()
    sys.stdout.write(f"tega-server: {url}\n")
    sys.stdout.flush()
    logger.info("server.ready url=%s", url)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server; returns the exit code."""
    options = parser().parse_args(arguments)
    level = logging.DEBUG if options.verbose else logging.WARNING
    sys.setswitchinterval(SWITCH_S)
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    from tega.plugins.host import PluginError

    try:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(serve(options))
    except (UsageError, PluginError) as error:
        sys.stderr.write(f"tega-server: {error}\n")
        return 2
    except (StoreError, OSError) as error:
        sys.stderr.write(f"tega-server: {error}\n")
        return 1
    return 0
