"""The door to libnftables: commands in the language of nft(8), carried out in the calling thread's namespace.

One call is one transaction: all of its commands, or none. The library is loaded on first use.
"""

from __future__ import annotations

import ctypes
import os
import threading
from functools import cache
from typing import Any

LIBRARY = "libnftables.so.1"
PACKAGE = "libnftables1"
_STATELESS, _JSON, _NUMERIC = 1 << 2, 1 << 4, 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10
"""NFT_CTX_OUTPUT_*: without counters' values; protocols, priorities, symbols and times as numbers."""
_NO_DNS = 1 << 0
"""NFT_CTX_INPUT_NO_DNS: a word is no host's name, and nobody is asked for one."""
_lock = threading.Lock()  # its parser is said to be safe per context; its tables of names are not


class NftError(Exception):
    """The kernel, or the parser, refused the commands; its words."""


class NftAbsentError(NftError):
    """What was asked for is not there."""


@cache
def _library() -> Any:
    library = ctypes.CDLL(LIBRARY)
    library.nft_ctx_new.restype = ctypes.c_void_p
    library.nft_ctx_new.argtypes = [ctypes.c_uint32]
    for name in ("buffer_output", "buffer_error", "free", "get_output_buffer", "get_error_buffer"):
        getattr(library, f"nft_ctx_{name}").argtypes = [ctypes.c_void_p]
    for name in ("get_output_buffer", "get_error_buffer"):
        getattr(library, f"nft_ctx_{name}").restype = ctypes.c_char_p
    if hasattr(library, "nft_ctx_input_set_flags"):  # since 1.0.8
        library.nft_ctx_input_set_flags.argtypes = [ctypes.c_void_p, ctypes.c_uint]
    library.nft_ctx_output_set_flags.argtypes = [ctypes.c_void_p, ctypes.c_uint]
    library.nft_run_cmd_from_filename.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    return library


def why_not() -> str | None:
    """Return why the library cannot be used, with what to do; None if it can."""
    try:
        _library()
    except OSError:
        return f"{LIBRARY} is not installed; install {PACKAGE}"
    return None


def run(commands: str, *, json: bool = False) -> str:
    """Carry out commands in the network namespace of the calling thread; return what they print.

    Lists are stateless and numeric; with `json` they have counters' values.

    Raises:
        NftAbsentError: What is listed is not there.
        NftError: They were refused, or the library is not installed.
    """
    if (reason := why_not()) is not None:
        raise NftError(reason)
    library = _library()
    with _lock:
        context = library.nft_ctx_new(0)
        try:
            library.nft_ctx_buffer_output(context)
            library.nft_ctx_buffer_error(context)
            if hasattr(library, "nft_ctx_input_set_flags"):
                library.nft_ctx_input_set_flags(context, _NO_DNS)
            library.nft_ctx_output_set_flags(context, _NUMERIC | (_JSON if json else _STATELESS))
            # By a file: of a text in memory the library does not say in which line it went wrong.
            with open(os.memfd_create("nft"), "wb", buffering=0) as file:
                file.write(f"{commands}\n".encode())
                name = f"/proc/self/fd/{file.fileno()}"
                if library.nft_run_cmd_from_filename(context, name.encode()):
                    raise _error(library.nft_ctx_get_error_buffer(context).decode())
            text: bytes = library.nft_ctx_get_output_buffer(context)
            return text.decode()
        finally:
            library.nft_ctx_free(context)


def _error(words: str) -> NftError:
    """Return the first error: what is wrong, and the line that it is in."""
    first, _, rest = words.partition("\n")
    reason = first.partition("Error: ")[2] or first
    line = rest.partition("\n")[0].strip()
    kind = NftAbsentError if "No such file or directory" in reason else NftError
    return kind(f"{reason}: {line}" if line else reason)
