"""`lockenv export`."""

from __future__ import annotations

from collections.abc import Sequence

from lockenv.cli.options import add_lock, add_python, parser, session_of
from lockenv.operations.give import FORMATS, Giving, give, is_behind

_FORMATS = (*FORMATS, "pyproject")


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv export`."""
    options = parser(
        "export",
        "Give out the lock for other tools: requirements and constraints (pip), pylock (PEP 751, one selection),\n"
        "cyclonedx (a bill of materials), conda (environment.yml), dockerfile. pyproject is made from env.toml.\n"
        "Without --target, markers tell apart what is for which platform.",
        [
            "lockenv export requirements -o requirements.txt",
            "lockenv export requirements --group test --target linux-x86_64:3.12",
            "lockenv export pylock --target here -o pylock.deploy.toml",
            "lockenv export cyclonedx -o sbom.json",
        ],
    )
    options.add_argument("format", choices=_FORMATS, metavar="FORMAT", help=", ".join(_FORMATS))
    options.add_argument("-o", "--output", metavar="FILE", help="write a file (default: to stdout)")
    options.add_argument(
        "--target",
        metavar="T",
        help="for one target: PLATFORM, PLATFORM:PYTHON such as linux-x86_64:3.12, or here",
    )
    options.add_argument("-g", "--group", metavar="G", action="append", default=[], help="add a dependency group")
    options.add_argument("--all-groups", action="store_true", help="add every dependency group")
    options.add_argument("--no-hashes", action="store_true", help="leave hashes out of requirements")
    add_python(options)
    add_lock(options)
    asked = options.parse_args(arguments)
    giving = Giving(
        format=asked.format,
        target=asked.target,
        groups=tuple(asked.group),
        all_groups=asked.all_groups,
        hashes=not asked.no_hashes,
        output=asked.output,
    )
    with session_of(asked) as (session, screen):
        if asked.format != "pyproject" and is_behind(session):
            screen.warn("env.toml has changed since the lock was made", "run `lockenv lock`, then export again")
        given = give(session, giving)
        for warning in given.warnings:
            screen.warn(warning)
        if asked.output is None:
            screen.give(given.text)
        else:
            screen.say(f"wrote {asked.output}")
    return 0
