"""`lockenv import`."""

from __future__ import annotations

from collections.abc import Sequence

from lockenv.cli.documents import brought
from lockenv.cli.options import add_build, add_json, add_network, add_python, parser, session_of
from lockenv.cli.screen import Screen
from lockenv.operations.bring import Bringing, Brought, Kept, bring, keep
from lockenv.session import Session


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv import`."""
    options = parser(
        "import",
        "Bring in what other tools' files say: write env.toml, or add to the one that is there. Versions that\n"
        "they hold are kept: the lock is made at once, with these where they fit. What cannot be carried over\n"
        "is told.",
        [
            "lockenv import requirements.txt",
            "lockenv import pyproject.toml poetry.lock        (what is wanted, and its versions)",
            "lockenv import requirements-dev.txt --group dev",
            "lockenv import --from-env .venv                  (what is installed there, at its versions)",
            "lockenv import environment.yml --dry-run         (shows env.toml, writes nothing)",
        ],
    )
    options.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="requirements.txt or .in, pip freeze's output, constraints.txt, pyproject.toml (also of Poetry, PDM, "
        "uv), Pipfile, environment.yml, poetry.lock, uv.lock, pdm.lock, Pipfile.lock, pylock.toml",
    )
    options.add_argument("--from-env", metavar="DIR", help="what is installed in an environment")
    options.add_argument("-g", "--group", metavar="G", default="", help="put the dependencies into this group")
    options.add_argument("--dry-run", action="store_true", help="show the env.toml, write nothing")
    options.add_argument("--force", action="store_true", help="replace an env.toml that is there")
    options.add_argument("--no-lock", action="store_true", help="write env.toml alone; versions are not kept")
    add_json(options)
    add_build(options)
    add_python(options)
    add_network(options)
    asked = options.parse_args(arguments)
    with session_of(asked) as (session, screen):
        done = bring(
            session,
            Bringing(
                files=tuple(asked.files),
                from_env=asked.from_env,
                group=asked.group,
                dry_run=asked.dry_run,
                force=asked.force,
            ),
        )
        if asked.json:
            wanted = done.draft.pins and not asked.dry_run and not asked.no_lock
            kept = keep(session, done, asked.allow_build) if wanted else None
            screen.document(brought(done, kept, screen.warned, dry_run=asked.dry_run))
        elif asked.dry_run:
            screen.out.write(done.text)
            _show(screen, done, dry_run=True)
        else:
            finish(session, screen, done, lock=not asked.no_lock, allowed=asked.allow_build)
    return 0


def finish(
    session: Session, screen: Screen, done: Brought, *, lock: bool = True, allowed: Sequence[str] = ()
) -> None:
    """Tell what was brought in, and keep its versions if there are any and a `lock` is wanted."""
    _show(screen, done, dry_run=False)
    if done.draft.pins and lock:
        _show_kept(screen, keep(session, done, allowed))
    else:
        screen.say("next: `lockenv lock`, then `lockenv sync`")


def _show(screen: Screen, done: Brought, *, dry_run: bool) -> None:
    for note in done.draft.notes:
        screen.note(note)
    for problem in (*done.opposed, *done.draft.left_out):
        screen.warn(str(problem))
    if dry_run:
        return
    if done.text == done.before:
        screen.say(f"{done.path} says all of it already")
    else:
        screen.say(f"added to {done.path}" if done.added else f"wrote {done.path}")


def _show_kept(screen: Screen, done: Kept) -> None:
    versions = "1 version is" if done.kept == 1 else f"{done.kept} versions are"
    wrote = "wrote " if done.locked.written else ""
    screen.say(f"{wrote}{done.locked.path}: {versions} as before")
    for name, before, after in done.moved:
        screen.say(screen.change("~", f"{name} {before} -> {after}"))
    screen.say("next: `lockenv sync`")
