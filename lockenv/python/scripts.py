"""The programs in an environment's `bin`: those of entry points, and those that a wheel brings itself. Pure.

Both are functions of their inputs and of the environment's own path, which stands in their first line.
"""

from __future__ import annotations

import shlex

from lockenv.errors import UsageError
from lockenv.wheels import Script

_SHEBANG_LIMIT = 127  #: bytes; Linux before 5.1 cuts longer first lines, and no kernel splits words in them


def check_path(env: str) -> None:
    """Refuse an environment's path that cannot stand in a script. Raises `UsageError`."""
    if any(not char.isprintable() or char == "\\" for char in env) or "'''" in env:
        raise UsageError(
            f"the path {env!r} has characters that a script's first lines cannot hold",
            hint="put the environment elsewhere with `--env DIR`",
        )


def shebang(python: str, arguments: bytes = b"") -> bytes:
    """Give the first line, or lines, that start `python` for a Python script.

    A path that the kernel would not take (too long, or with a space) goes through the shell, by lines that mean
    `exec` to it and a string to Python.
    """
    path = python.encode()
    line = b"#!" + path + (b" " + arguments if arguments else b"") + b"\n"
    if len(line) <= _SHEBANG_LIMIT and b" " not in path:
        return line
    command = shlex.quote(python).encode() + (b" " + arguments if arguments else b"")
    return b"#!/bin/sh\n'''exec' " + command + b' "$0" "$@"\n' + b"' '''\n"


def wrapper(script: Script, python: str) -> bytes:
    """Write the program of an entry point: import the object, call it, exit with what it returns."""
    first = script.attribute.partition(".")[0]
    body = (
        "import sys\n\n"
        f"from {script.module} import {first}\n\n"
        'if __name__ == "__main__":\n'
        f"    sys.exit({script.attribute}())\n"
    )
    return shebang(python) + body.encode()


def rewritten(content: bytes, python: str) -> bytes | None:
    """Give a wheel's own script with ``#!python`` or ``#!pythonw`` made real; None where it has no such line.

    'Recommended installer features', binary distribution format.
    """
    if not content.startswith(b"#!python"):
        return None
    first, _, rest = content.partition(b"\n")
    _, _, arguments = first.rstrip(b"\r").partition(b" ")
    return shebang(python, arguments.strip()) + rest
