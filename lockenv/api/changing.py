"""What writes env.toml, the lock or the environment: each wholly, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lockenv.api.projects import ProjectPath, StrPath, allowed, listed, opened
from lockenv.errors import UsageError

if TYPE_CHECKING:
    # Each function loads what it needs: a sync that has nothing to do needs next to nothing.
    from lockenv.formats.outgoing.requirements_txt import Given
    from lockenv.operations.amendment import Edited
    from lockenv.operations.bring import Brought, Kept
    from lockenv.operations.locked import Locked
    from lockenv.operations.pythons import Pinned
    from lockenv.operations.wish import Synced
    from lockenv.transaction.history import RolledBack


def init(
    project: ProjectPath,
    requirements: Iterable[str] = (),
    *,
    name: str | None = None,
    python: str | None = None,
    bare: bool = False,
) -> Path:
    """Write an ``env.toml`` to start from, and give its path; a `bare` one has no comments.

    `name` is the environment's (default: the folder's), `python` a range such as ``>=3.11``. Nothing is replaced.
    Raises `UsageError` where there is one, or a requirement cannot be read; `InterpreterNotFound`.
    """
    from lockenv.operations.init import check_absent, init

    with opened(project) as session:
        check_absent(session)
        wanted = listed(requirements, "requirements")
        return init(session, requirements=wanted, name=name, python=python, bare=bare)


def lock(project: ProjectPath, *, check: bool = False, allow_build: Iterable[str] = ()) -> Locked:
    """Resolve ``env.toml`` for all its targets and write the lock, unless it already answers.

    Versions that the old lock holds are kept where they fit. With `check`, nothing is resolved or written, and
    `CheckFailed` is raised for a lock that is missing or out of date. `allow_build` are packages whose build may
    run, beside those that the manifest allows.
    Raises `ManifestError`, `InterpreterNotFound`, `ResolutionImpossible` and its kinds, `Refused`, `NetworkError`,
    `BuildError`; the old lock is then as it was.
    """
    from lockenv.operations.lock import lock

    with opened(project) as session:
        return lock(session, check=check, allowed=allowed(allow_build))


def upgrade(project: ProjectPath, packages: Iterable[str] = (), *, allow_build: Iterable[str] = ()) -> Locked:
    """Lock newer versions: of the named packages, of all if none is named. Others move where these make them.

    ``name==version`` takes that one. Raises `UsageError` for a package that is not in the lock, and what `lock`
    raises.
    """
    from lockenv.operations.lock import lock
    from lockenv.operations.question import Upgrade, names_to_upgrade

    named = listed(packages, "packages")
    with opened(project) as session:
        wish = names_to_upgrade(named) if named else Upgrade(everything=True)
        return lock(session, upgrade=wish, allowed=allowed(allow_build))


def lock_all(
    project: ProjectPath,
    *,
    upgrade: Iterable[str] | bool = False,
    check: bool = False,
    allow_build: Iterable[str] = (),
) -> Mapping[str, Locked]:
    """Lock all environments of ``env.toml``, or none: the answers by their names, that of the default one by ''.

    `upgrade` is whether to let go of all versions, or of which packages'. Raises what `lock` and `upgrade` raise.
    """
    from lockenv.operations.environments import lock_all
    from lockenv.operations.question import upgrade_of

    wish = upgrade_of(upgrade if isinstance(upgrade, bool) else listed(upgrade, "packages"))
    with opened(project) as session:
        made = lock_all(session, upgrade=wish, check=check, allowed=allowed(allow_build))
        return {one.project.environment: done for one, done in made}


def add(
    project: ProjectPath,
    requirements: Iterable[str],
    *,
    group: str = "",
    index: str | None = None,
    git: str | None = None,
    rev: str | None = None,
    path: StrPath | None = None,
    editable: bool = False,
    url: str | None = None,
    allow_build: Iterable[str] = (),
    sync: bool = True,
) -> Edited:
    """Put requirements into ``env.toml``, lock it, and bring the environment to that: all three, or nothing.

    A name alone gets bounds from the version that is found (`Project.bounds`). At most one of `index` (the name of
    a declared one), `git` (with `rev`), `path` and `url` says where they come from. `group` is a dependency
    group; without, they go to the dependencies. Without `sync`, the environment is left alone.
    Raises `UsageError` for what cannot be asked for, and what `lock` and `sync` raise.
    """
    from lockenv.operations.add import Adding, add

    with opened(project) as session:
        wish = Adding(
            requirements=listed(requirements, "requirements"),
            group=group,
            bounds=session.settings.bounds,
            index=index,
            git=git,
            rev=rev,
            path=None if path is None else os.fspath(path),
            editable=editable,
            url=url,
            folder=session.folder,
            allowed=allowed(allow_build),
            sync=sync,
        )
        return add(session, wish)


def remove(
    project: ProjectPath,
    names: Iterable[str],
    *,
    group: str = "",
    allow_build: Iterable[str] = (),
    sync: bool = True,
) -> Edited:
    """Take packages out of ``env.toml``, lock it, and bring the environment to that: all three, or nothing.

    Raises `UsageError` for what is not required there, and what `lock` and `sync` raise.
    """
    from lockenv.operations.remove import Removing, remove

    wish = Removing(names=listed(names, "names"), group=group, allowed=allowed(allow_build), sync=sync)
    with opened(project) as session:
        return remove(session, wish)


def sync(
    project: ProjectPath,
    *,
    groups: Iterable[str] = (),
    extras: Iterable[str] = (),
    all_groups: bool = False,
    seed: bool = False,
    allow_build: Iterable[str] = (),
    only_hosts: Iterable[str] = (),
    verify: bool | None = None,
    manifest: StrPath | None = None,
) -> Synced:
    """Make the environment exactly what the lock says, with these `groups`, or leave it as it was.

    `extras` are of locks that other tools made. `seed` adds pip, from the Python itself. `only_hosts` are the
    hosts that files may come from. With `verify`, content is compared too; None does so where `CI` is set.
    `manifest` is a file that shall tell what is installed, for `verify(against=…)`.
    `Synced.plan` is None where nothing had to be done.
    Raises `LockError` for a lock that is missing, stale or not for this Python, `InterpreterNotFound`, `Refused`,
    `NetworkError`, `BuildError`, `InstallError`.
    """
    from lockenv.operations.sync import sync
    from lockenv.operations.wish import Wish

    with opened(project) as session:
        wish = Wish(
            groups=listed(groups, "groups"),
            extras=listed(extras, "extras"),
            all_groups=all_groups,
            seed=seed,
            allow_build=listed(allow_build, "packages"),
            only_hosts=listed(only_hosts, "hosts"),
            verify=verify,
            compile=session.settings.compile,
            manifest=None if manifest is None else os.fspath(manifest),
        )
        return sync(session, wish)


def repair(project: ProjectPath) -> Synced:
    """Build the right tree where the environment's content differs, with the groups that it was made with.

    Raises what `sync` raises.
    """
    from lockenv.operations.sync import sync
    from lockenv.operations.wish import recorded_wish

    with opened(project) as session:
        return sync(session, recorded_wish(session.project.env))


def rollback(project: ProjectPath, number: int | None = None) -> RolledBack:
    """Make an earlier generation of the environment current again, the one before if none is named.

    The lock stays as it is. Raises `UsageError` for one that is not kept or not whole, `InstallError`.
    """
    from lockenv.operations.history import rollback

    with opened(project) as session:
        return rollback(session, number)


def import_from(
    project: ProjectPath,
    files: Iterable[StrPath] = (),
    *,
    env: StrPath | None = None,
    group: str = "",
    dry_run: bool = False,
    force: bool = False,
) -> Brought:
    """Bring what other tools' `files` say, or an `env` that they made, into ``env.toml``.

    Relative paths begin at the project's folder. With `dry_run` nothing is written, with `force` an ``env.toml``
    that is there is replaced. `keep_versions` locks what comes of it at the versions that were found.
    Raises `UsageError` where a file cannot be read or does not fit, `ManifestError`, `LockError`.
    """
    from lockenv.operations.bring import Bringing, bring

    paths = (files,) if isinstance(files, str | os.PathLike) else files
    asked = Bringing(
        files=tuple(os.fspath(path) for path in paths),
        from_env=None if env is None else os.fspath(env),
        group=group,
        dry_run=dry_run,
        force=force,
    )
    with opened(project) as session:
        return bring(session, asked)


def keep_versions(project: ProjectPath, brought: Brought, *, allow_build: Iterable[str] = ()) -> Kept:
    """Lock ``env.toml`` with the versions that `import_from` found, where they fit. Raises what `lock` raises."""
    from lockenv.operations.bring import keep

    with opened(project) as session:
        return keep(session, brought, listed(allow_build, "packages"))


def export(
    project: ProjectPath,
    form: str,
    *,
    target: str | None = None,
    groups: Iterable[str] = (),
    all_groups: bool = False,
    hashes: bool = True,
    output: StrPath | None = None,
) -> Given:
    """Write the lock, or the manifest, for other tools: the text, and what whoever uses it has to know.

    `form` is ``requirements``, ``constraints``, ``pylock``, ``cyclonedx``, ``conda``, ``dockerfile`` or
    ``pyproject``; `target` one target (``linux-x86_64``, ``linux-x86_64:3.12``, ``here``), `output` a file that
    gets the text. Raises `UsageError` for what is not known, `LockError` where there is no lock for it.
    """
    from lockenv.operations.give import FORMATS, Giving, give

    giving = Giving(
        format=form,
        target=target,
        groups=listed(groups, "groups"),
        all_groups=all_groups,
        hashes=hashes,
        output=None if output is None else os.fspath(output),
    )
    with opened(project) as session:
        if form not in {*FORMATS, "pyproject"}:
            raise UsageError(f"{form!r} is no format", hint=f"say {', '.join([*FORMATS, 'pyproject'])}")
        return give(session, giving)


def pin_python(project: ProjectPath, version: str) -> Pinned:
    """Write a version into ``.python-version``, which says with which Python the project is worked on.

    Raises `UsageError` for what is no version and for one that the manifest does not admit, `ManifestError`.
    """
    from lockenv.operations.pythons import pin_python

    with opened(project) as session:
        return pin_python(session, version)
