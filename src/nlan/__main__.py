"""The `nlan` command, by any name: `python -m nlan`, the installed script, the launcher.

Ctrl-C is a sentence and exit code 130, never a traceback, from the first line of this file on: while
Python itself starts, only the launcher holds it back. Until the verb's work begins nothing can be left
half-done, so the process ends at once: an exception would be lost, or shown, where it comes in the
midst of an import. From then on it is a KeyboardInterrupt, which `nlan.cli.main` catches. What comes
after the work is too late to interrupt anything.

The launcher runs this file itself, before `site` has been imported (``python -S``). It therefore
begins with modules that are part of the interpreter; `signal` imports others.
"""

import _signal  # type: ignore[import-not-found]  # a part of `signal` that the stubs leave out
import gc
import posix
import sys

EXIT_INTERRUPTED = 130


def _end(sentence: str) -> None:
    posix.write(2, f"\n{sentence}\n".encode())
    posix._exit(EXIT_INTERRUPTED)


def _early(number: int, frame: object) -> None:
    _end("interrupted; nothing was touched yet")


def _lost(unraisable: "sys.UnraisableHookArgs") -> None:
    """Take an exception that could not be raised where it came, in a callback of the interpreter."""
    if unraisable.exc_type is KeyboardInterrupt:
        _end("interrupted; what was done stays: run the same command again to go on, or `nlan down`")
    sys.__unraisablehook__(unraisable)


def _begin() -> None:
    sys.unraisablehook = _lost
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)


UNCOLLECTED = 100_000
"""So many objects more may wait for a search for garbage: importing makes none, and searching took 8 %."""


def run() -> int:
    """Run the command that the words of the command line say, and return its exit code."""
    gc.set_threshold(UNCOLLECTED)
    from nlan.cli.main import main

    if not IS_INTERRUPTIBLE:
        return main()
    code = main(begin=_begin)
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    return code


IS_INTERRUPTIBLE = _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler
"""Whether Ctrl-C reaches us: what a script starts in its background ignores it."""
if IS_INTERRUPTIBLE:
    _signal.signal(_signal.SIGINT, _early)
_signal.pthread_sigmask(_signal.SIG_UNBLOCK, [_signal.SIGINT])  # the launcher lets it wait until now

if __name__ == "__main__":
    if sys.flags.no_site:
        import site

        site.main()
        source = __file__.removesuffix("/nlan/__main__.py")  # this checkout's, also where it was moved to
        sys.path.insert(0, source if source.startswith("/") else f"{posix.getcwd()}/{source}")
    sys.exit(run())
