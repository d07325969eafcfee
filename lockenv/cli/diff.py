"""`lockenv diff`."""

from __future__ import annotations

from collections.abc import Sequence

from lockenv.cli.differences import document, lines, markdown, verdict
from lockenv.cli.options import add_env, add_json, add_lock, parser, session_of
from lockenv.cli.screen import Screen
from lockenv.errors import UsageError
from lockenv.operations.diff import Compared, compare


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv diff`."""
    options = parser(
        "diff",
        "Show what is different between two locks, Git revisions of the lock, generations, or the environment.\n"
        "What must not be overlooked comes first: other hashes at the same version, new hosts, other sources,\n"
        "new start-up files. Without A and B: the last commit's lock and the one that stands there or, outside\n"
        "of a Git repository, the environment and the lock.",
        [
            "lockenv diff                         what a commit would change",
            "lockenv diff main                    since then; main:other/pylock.toml for another file",
            "lockenv diff env                     what `lockenv sync` would change",
            "lockenv diff @17 @18                 two generations, as in `lockenv history`",
            "lockenv diff old.toml new.toml",
            "lockenv diff main --markdown         for a pull request",
        ],
        usage="lockenv diff [A] [B] [options]",
    )
    options.add_argument(
        "before", nargs="?", metavar="A", help="a lock file, Git revision, generation (@17), or `env`"
    )
    options.add_argument("after", nargs="?", metavar="B", help="the same (default: the lock; after @17: `env`)")
    options.add_argument("--markdown", action="store_true", help="as Markdown, for a pull request")
    options.add_argument("--exit-code", action="store_true", help="status 1 if anything is different")
    add_json(options)
    add_lock(options)
    add_env(options)
    asked = options.parse_args(arguments)
    if asked.json and asked.markdown:
        raise UsageError("--json and --markdown are two ways to say the same", hint="take one")
    with session_of(asked) as (session, screen):
        found = compare(session, asked.before, asked.after)
        if asked.json:
            screen.document(document(found))
        elif asked.markdown:
            for line in markdown(found):
                screen.data(line)
        else:
            _show(screen, found)
    return 1 if asked.exit_code and found.difference else 0


def _show(screen: Screen, found: Compared) -> None:
    for sign, text in lines(found.difference):
        if sign == "!":
            screen.result(screen.paint(screen.out, "red", f"! {text}"))
        elif sign:
            screen.result(screen.change(sign, text))
        else:
            screen.result(screen.paint(screen.out, "dim", text))
    screen.say(verdict(found))
