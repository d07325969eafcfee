"""What an environment should be, from a lock: what is selected, for which Python, as which wheels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from packaging.pylock import PackageArchive, PackageWheel, Pylock
from packaging.utils import parse_wheel_filename

from lockenv.errors import InstallError, UsageError
from lockenv.files import hash_file
from lockenv.lockfile.pylock import tool_table
from lockenv.lockfile.select import Selected, Selection, select
from lockenv.manifest.model import Manifest
from lockenv.operations.direct_urls import direct_url_text
from lockenv.operations.fetch import Need, need_of
from lockenv.operations.read import manifest_and_included
from lockenv.operations.unchanged import interpreter_id
from lockenv.operations.wish import Wish
from lockenv.packages import NormalizedName, canonicalize_name
from lockenv.plan import Wanted
from lockenv.project import Project
from lockenv.python.interpreter import Interpreter
from lockenv.python.venv import bare, bundled_pip, layout
from lockenv.session import Session
from lockenv.store import StoredWheel
from lockenv.targets import Target, platform_name
from lockenv.transaction.compose import Desired


def manifest_for(project: Project, lock: Pylock) -> tuple[Manifest | None, tuple[str, ...]]:
    """The manifest that the lock has to answer, and what it includes; none for another tool's lock elsewhere."""
    named_itself = project.lock != project.own_lock
    if not Path(project.manifest).exists() or (named_itself and not tool_table(lock)):
        return None, ()
    return manifest_and_included(project)


def choose(lock: Pylock, wish: Wish, target: Target, where: str) -> tuple[Selected, ...]:
    """What of the lock is asked for. Raises `LockError` as `select` does."""
    groups = frozenset(lock.dependency_groups or ()) if wish.all_groups else frozenset(wish.groups)
    extras = frozenset(canonicalize_name(extra) for extra in wish.extras)
    # None stands for the default groups of a lock made by others; ours has none.
    asked = None if lock.default_groups and not groups else groups
    return select(lock, target, Selection(groups=asked, extras=extras), where=where)


def is_wheel(one: Selected) -> bool:
    """Whether what is selected can be installed as it is."""
    artifact = one.artifact
    if isinstance(artifact, PackageArchive):
        return urlsplit(artifact.url or artifact.path or "").path.endswith(".whl")
    return isinstance(artifact, PackageWheel)


def needs_of(chosen: Sequence[Selected], folder: Path) -> list[Need]:
    """What of the chosen has to be fetched as a wheel; `folder` is the lock's."""
    return [
        need_of(one.package.name, one.package.version, one.artifact, folder)
        for one in chosen
        if isinstance(one.artifact, PackageWheel | PackageArchive) and is_wheel(one)
    ]


def desired_of(
    session: Session,
    wish: Wish,
    interpreter: Interpreter,
    chosen: Sequence[Selected],
    wheels: Mapping[NormalizedName, StoredWheel],
    *,
    lock_digest: str,
    name: str | None,
) -> Desired:
    """Put together what an environment should be. `name` is the manifest's, for people.

    Raises `UsageError` for a wish or a place that cannot be, `InstallError` where the interpreter is gone.
    """
    folder = Path(session.project.lock).parent
    packages = [(_wanted(one, stored, folder), stored) for one in chosen for stored in [wheels[one.package.name]]]
    if wish.seed:
        packages += _seed(session, interpreter, packages)
    env = Path(session.project.env)
    # Most environments are called .venv, so the folder's name says more.
    own = session.project.environment
    folder_name = "-".join(filter(None, [env.parent.name, own]))
    prompt = name or (folder_name if env.name.removesuffix(f"-{own}") == ".venv" else env.name)
    try:
        identity = interpreter_id(str(interpreter.executable))
    except OSError as error:
        raise InstallError(f"the Python at {interpreter.executable} is gone: {error.strerror}") from error
    return Desired(
        lock_digest=lock_digest,
        selection=wish.selection,
        interpreter_id=identity,
        entries=bare(interpreter, env_dir=env, prompt=prompt),
        scheme=layout(interpreter),
        packages=tuple(packages),
        runtime=runtime(interpreter),
    )


def runtime(interpreter: Interpreter) -> str:
    """What wheels are selected for, in the words of the environment digest: ``cpython 3.12 linux-x86_64``."""
    version = f"{interpreter.version_info.major}.{interpreter.version_info.minor}{interpreter.abiflags}"
    return f"{interpreter.implementation} {version} {platform_name(dict(interpreter.markers))}"


def _wanted(one: Selected, stored: StoredWheel, folder: Path) -> Wanted:
    package = one.package
    return Wanted(
        name=package.name,
        version=stored.version,
        sha256=stored.sha256,
        filename=stored.filename,
        requested=tool_table(package).get("direct") is True,
        direct_url=direct_url_text(one.artifact, folder),
    )


def _seed(
    session: Session, interpreter: Interpreter, packages: Sequence[tuple[Wanted, StoredWheel]]
) -> list[tuple[Wanted, StoredWheel]]:
    """The pip that the interpreter brings along, unless the lock has its own."""
    if any(wanted.name == "pip" for wanted, _ in packages):
        return []
    wheel = bundled_pip(interpreter)
    if wheel is None:
        msg = f"the Python at {interpreter.path} brings no pip along"
        raise UsageError(msg, hint="leave out --seed, and add `pip` to the dependencies")
    name, version, *_ = parse_wheel_filename(wheel.name)
    sha256 = hash_file(wheel)["sha256"]
    stored = session.store.add(sha256, wheel, name=name, version=str(version), filename=wheel.name)
    wanted = Wanted(name=name, version=str(version), sha256=sha256, filename=wheel.name, requested=True)
    return [(wanted, stored)]
