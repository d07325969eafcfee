"""The console script, and `python -m lockenv`. It imports next to nothing: start-up is a feature."""

from __future__ import annotations

import _thread
import gc
import os
import sys

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from typing import NoReturn

_SIGNALLED = 128  #: a status above this is that of what a signal ended


def main() -> int:
    """Run the command line and give its exit status."""
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]) and _wrote_version():
        return 0
    try:
        # Lazy, for the sake of the line above.
        from lockenv import forks
        from lockenv.cli.main import run

        forks.allow()
        return run(arguments)
    except KeyboardInterrupt:
        # `run` hears of interrupts itself; this one came while it was still being loaded.
        sys.stderr.write("\ninterrupted: nothing had begun\n")
        return 130


def program() -> NoReturn:
    """Be the program `lockenv`: run the command line and end the process.

    Where no thread is left there is nothing to wait for in the end; then Python's memory is not taken apart, which
    takes it two milliseconds, and nine after a first sync, before the system has all of it back.
    """
    # To look for cycles after each 700 new objects takes a short command a millisecond, and finds none.
    gc.set_threshold(50_000, 20, 20)
    # Lazy, like all else: `main` may have next to nothing to do.
    from lockenv.uncollected import end_soon

    end_soon()
    status = main()
    if status > _SIGNALLED:
        # What was interrupted has been unwound. Whatever thread is left is waited for no more, nor whoever reads
        # what is said, and Python, which may hold that nobody heard of the interrupt, has no say in the status.
        _flushed()
        os._exit(status)
    # Threads of any kind are counted, and `threading`, which may not be there, need not be asked. Those that an
    # error has left at work are waited for no more: what they fetch is for nobody, and a server may be silent.
    if status or _thread._count() == 0:  # noqa: SLF001 - it has no other name
        if "threading" in sys.modules:
            # Where so much was imported, somebody may have asked to be told of the end.
            import atexit

            atexit._run_exitfuncs()  # noqa: SLF001 - it has no other name
        if _flushed():
            os._exit(status)
    sys.exit(status)


def _flushed() -> bool:
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return False  # Python itself has something to say of it
    return True


def _wrote_version() -> bool:
    """Write the version. Where that cannot be, `run` sees to it, which knows what to say."""
    from lockenv import __version__

    try:
        sys.stdout.write(f"lockenv {__version__}\n")
        sys.stdout.flush()
    except (OSError, AttributeError):  # nobody reads any more, the disk is full, or there is no stdout at all
        return False
    return True


if __name__ == "__main__":
    program()
