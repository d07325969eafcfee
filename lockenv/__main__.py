"""The console script, and `python -m lockenv`. It imports next to nothing: start-up is a feature."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line and give its exit status."""
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        from lockenv import __version__

        sys.stdout.write(f"lockenv {__version__}\n")
        return 0
    # Lazy, for the sake of the line above.
    from lockenv.cli.main import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
