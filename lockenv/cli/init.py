"""`lockenv init`."""

from __future__ import annotations

from collections.abc import Sequence

from lockenv.cli.options import add_python, parser, session_of
from lockenv.operations.init import init


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv init`."""
    options = parser(
        "init",
        "Write an env.toml to start from.",
        [
            "lockenv init",
            'lockenv init flask "pandas>=2.2,<3"',
            "lockenv init --requires-python '>=3.11,<3.14' httpx",
        ],
    )
    options.add_argument("requirements", nargs="*", metavar="REQ", help="a dependency to begin with (PEP 508)")
    options.add_argument("--name", help="the environment's name (default: the folder's)")
    options.add_argument("--requires-python", metavar="RANGE", help="the versions of Python it is for")
    add_python(options)
    asked = options.parse_args(arguments)
    if asked.project is None:
        # A new project begins here, also below a folder that has a manifest of its own.
        asked.project = "."
    with session_of(asked) as (session, screen):
        path = init(session, requirements=asked.requirements, name=asked.name, python=asked.requires_python)
        screen.say(f"wrote {path}")
        screen.say("next: `lockenv lock`, then `lockenv sync`")
    return 0
