"""The console script, and `python -m lockenv`. It imports next to nothing: start-up is a feature."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from typing import NoReturn


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

    Where no thread was ever begun there is nothing to wait for in the end; then Python's memory is not taken
    apart, which takes it two milliseconds, before the system has all of it back.
    """
    # To look for cycles after each 700 new objects takes a short command a millisecond, and finds none.
    gc.set_threshold(50_000, 20, 20)
    status = main()
    if "threading" not in sys.modules and _flushed():
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
