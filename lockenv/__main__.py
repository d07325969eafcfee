"""The console script, and `python -m lockenv`. It imports next to nothing: start-up is a feature."""

from __future__ import annotations

import sys


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
    sys.exit(main())
