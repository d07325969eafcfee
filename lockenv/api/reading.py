"""What changes nothing: neither env.toml, nor the lock, nor the environment. The cache may learn something."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from lockenv.api.projects import ProjectPath, StrPath, listed, opened

if TYPE_CHECKING:
    # Each function loads what it needs: who asks for the installed packages needs no resolver.
    from packaging.pylock import Pylock

    from lockenv.manifest.model import Manifest
    from lockenv.operations.check import Checked
    from lockenv.operations.diff import Compared
    from lockenv.operations.explain import Failed
    from lockenv.operations.foresee import Foreseen
    from lockenv.operations.init import Offer
    from lockenv.operations.look import Recorded
    from lockenv.operations.outdated import Outdated
    from lockenv.operations.tree import Tree
    from lockenv.operations.verify import Verified
    from lockenv.operations.why import Why
    from lockenv.python.installed import Installed
    from lockenv.python.interpreter import Interpreter, RefusedInterpreter
    from lockenv.transaction.history import Generation


def read_manifest(project: ProjectPath) -> Manifest:
    """Read ``env.toml``, with what it includes.

    Raises `ManifestError`, whose `problems` are everything that is wrong with it.
    """
    from lockenv.operations.read import manifest_of

    with opened(project) as session:
        return manifest_of(session.project)


def list_environments(project: ProjectPath) -> tuple[str, ...]:
    """List the environments that ``env.toml`` declares, as `Project.environment` names them: '' is the first.

    Raises `ManifestError`.
    """
    from lockenv.operations.environments import environments_of

    with opened(project) as session:
        return environments_of(session)


def read_lock(project: ProjectPath) -> Pylock:
    """Read the lock, anyone's: a `packaging.pylock.Pylock` (PEP 751). Whether it is up to date, `check` says.

    Raises `LockError` where there is none, or it is malformed.
    """
    from lockenv.operations.woven import locked

    with opened(project) as session:
        return locked(session)[1]


def check(project: ProjectPath) -> Checked:
    """Say whether ``env.toml`` is valid, the lock up to date with it, and the environment what the lock says.

    `Checked.holds` is the answer to all three. No index is asked, and files are looked at, not read. What is wrong
    is told and not raised, but for `UsageError` where the project itself cannot be meant.
    """
    from lockenv.operations.check import check

    with opened(project) as session:
        return check(session)


def verify(project: ProjectPath, *, against: StrPath | None = None, bytecode: bool = True) -> Verified:
    """Compare the environment, byte by byte, with what the locked wheels hold: `findings` are what differs.

    With `against`, with a document that `sync(manifest=…)` wrote, which needs neither lock nor cache. Without
    `bytecode`, what Python compiled is not judged.
    Raises `UsageError` where there is no environment, `CheckFailed` where lockenv did not make it, `LockError`,
    and `NetworkError` or `Refused` for wheels that are not in the cache and cannot be had.
    """
    from lockenv.operations.verify import verify, verify_against

    with opened(project) as session:
        if against is None:
            return verify(session, bytecode=bytecode)
        return verify_against(session, os.fspath(against), bytecode=bytecode)


def diff(project: ProjectPath, before: StrPath | None = None, after: StrPath | None = None) -> Compared:
    """Say what is different between two of: the lock, another lock file, Git revisions, generations, environment.

    Each side is ``"env"``, a generation (``"@17"``), the path of a lock (a relative one begins at the project's
    folder), or a revision (``"main"``, ``"v1:other/pylock.toml"``). Without `after`, the lock is meant, or the
    environment where `before` is a generation. Without both, the last commit's lock is compared with the one that
    stands there or, outside of a repository, the environment with the lock.
    Raises `UsageError` for what is none of these, `LockError` for a lock that cannot be read or compared.
    """
    from lockenv.operations.diff import compare

    with opened(project) as session:
        return compare(session, *(None if side is None else os.fspath(side) for side in (before, after)))


def plan_sync(
    project: ProjectPath,
    *,
    groups: Iterable[str] = (),
    extras: Iterable[str] = (),
    all_groups: bool = False,
    seed: bool = False,
    only_hosts: Iterable[str] = (),
) -> Foreseen:
    """Say what `sync` with the same arguments would do: the packages that come, go and change.

    Nothing is fetched, built or changed. Raises what `sync` raises, as far as the lock, the Python and the
    environment tell it; what only the wheels tell (collisions, other requirements) is refused by `sync` alone.
    """
    from lockenv.operations.foresee import foresee
    from lockenv.operations.wish import Wish

    wish = Wish(
        groups=listed(groups, "groups"),
        extras=listed(extras, "extras"),
        all_groups=all_groups,
        seed=seed,
        only_hosts=listed(only_hosts, "hosts"),
    )
    with opened(project) as session:
        return foresee(session, wish)


def installed(project: ProjectPath) -> tuple[Installed, ...]:
    """List what the environment holds, sorted by name, whoever installed it.

    Raises `UsageError` where there is no environment.
    """
    from lockenv.operations.look import installed_in

    with opened(project) as session:
        return installed_in(session)


def digest(project: ProjectPath) -> Recorded:
    """Say which digest the environment was made with, and what shows that it is not that any more (None: nothing).

    Sizes, times and names are looked at; `verify` reads the bytes. Raises `UsageError` where there is no
    environment, or others made it.
    """
    from lockenv.operations.look import recorded

    with opened(project) as session:
        return recorded(session)


def offers(project: ProjectPath) -> tuple[Offer, ...]:
    """List what lies in the folder that ``env.toml`` could be made from, by `import_from`: files, environments."""
    from lockenv.operations.init import offers

    with opened(project) as session:
        return tuple(offers(session))


def tree_of(
    project: ProjectPath,
    packages: Iterable[str] = (),
    *,
    invert: bool = False,
    depth: int | None = None,
    groups: Iterable[str] = (),
    all_groups: bool = False,
    target: str | None = None,
) -> Tree:
    """Read the lock by who requires whom, from the manifest's requirements on or from some `packages` on.

    With `invert`, upwards. `target` is a platform, a minor version of Python, or the name of a target.
    Raises `LockError` where there is no lock or it does not say who requires whom, `UsageError` for names that it
    does not have.
    """
    from lockenv.operations.tree import Branching, tree

    branching = Branching(
        packages=listed(packages, "packages"),
        invert=invert,
        depth=depth,
        groups=listed(groups, "groups"),
        all_groups=all_groups,
        target=target,
    )
    with opened(project) as session:
        return tree(session, branching)


def why(project: ProjectPath, package: str, *, target: str | None = None) -> Why:
    """Find every path from the manifest to a package of the lock, the shortest first.

    Raises `UsageError` for one that the lock does not have, `LockError` as `tree_of` does.
    """
    from lockenv.operations.why import why

    with opened(project) as session:
        return why(session, package, target=target)


def outdated(project: ProjectPath, *, groups: Iterable[str] = (), direct: bool = False) -> Outdated:
    """Ask the indexes for newer releases of what the lock holds, and say what holds each package back.

    With `groups`, of what these need; with `direct`, of what ``env.toml`` names. Raises `LockError`,
    `ManifestError`, `UsageError` for a group that the lock does not have, and `NetworkError`.
    """
    from lockenv.operations.outdated import outdated

    with opened(project) as session:
        return outdated(session, groups=listed(groups, "groups"), direct=direct)


def explain(project: ProjectPath) -> Failed:
    """Tell at full length why the last lock found no solution. Raises `UsageError` where none failed."""
    from lockenv.operations.explain import explain

    with opened(project) as session:
        return explain(session)


def history(project: ProjectPath) -> tuple[Generation, ...]:
    """List the generations that the environment keeps, the newest first.

    Raises `UsageError` where lockenv has made none.
    """
    from lockenv.operations.history import history

    with opened(project) as session:
        return history(session)


def find_python(project: ProjectPath) -> Interpreter:
    """Find the Python that the project would be locked for, or the newest where there is no ``env.toml``.

    Raises `InterpreterNotFound`, `ManifestError`.
    """
    from lockenv.operations.choose import project_python

    with opened(project) as session:
        return project_python(session)


def list_pythons(project: ProjectPath) -> tuple[Interpreter | RefusedInterpreter, ...]:
    """List everything on this machine that looks like a Python, the usable ones first."""
    from lockenv.operations.choose import all_pythons

    with opened(project) as session:
        return all_pythons(session)
