"""A sync that has something to do: select, refuse, fetch, then change the environment in one step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from packaging.pylock import PackageArchive, PackageWheel, Pylock
from packaging.specifiers import SpecifierSet
from packaging.utils import parse_wheel_filename

from lockenv.errors import InstallError, LockError, UsageError
from lockenv.events import Noted, StageFinished, StageStarted
from lockenv.files import hash_file
from lockenv.index.http import Http
from lockenv.lockfile.freshness import stale
from lockenv.lockfile.pylock import tool_table
from lockenv.lockfile.select import Selected, Selection, select
from lockenv.manifest.model import Manifest
from lockenv.operations.agreement import check_agreement
from lockenv.operations.choose import interpreter_for_sync
from lockenv.operations.declared import changed_sources, path_sources, watched_in
from lockenv.operations.direct_urls import direct_url_text
from lockenv.operations.fetch import fetch, need_of
from lockenv.operations.files import shown
from lockenv.operations.inputs import inputs_digest
from lockenv.operations.read import manifest_and_included, parse_lock
from lockenv.operations.support import check_supported, target_for
from lockenv.operations.unchanged import interpreter_id, note_fresh
from lockenv.operations.wish import Synced, Wish
from lockenv.packages import NormalizedName, Requirement, canonicalize_name
from lockenv.plan import Wanted
from lockenv.project import MANIFEST, Project
from lockenv.python.interpreter import Interpreter
from lockenv.python.venv import bare, bundled_pip, layout
from lockenv.session import Session
from lockenv.store import StoredWheel
from lockenv.targets import Target, platform_name
from lockenv.transaction.apply import apply
from lockenv.transaction.compose import Desired


def converge(session: Session, wish: Wish, *, raw: bytes, lock_digest: str) -> Synced:
    """Bring the environment to the lock whose bytes are `raw`. Raises as `sync` does."""
    project = session.project
    where = shown(project, project.lock)
    lock = parse_lock(raw, where)
    manifest, included = _manifest_for(project, lock)
    folder = Path(project.lock).parent
    python = manifest.python if manifest is not None else lock.requires_python or SpecifierSet()
    interpreter = interpreter_for_sync(session, python, lock)
    target = target_for(interpreter, manifest)
    session.report(Noted(message=f"using {target.name} ({interpreter.path})"))
    if manifest is not None:
        _refuse_stale(manifest, lock, target, where, folder=folder)
    chosen = _choose(lock, wish, target, where)
    # What is found in order is what stands there now, before anything of it is built.
    watched = watched_in(lock, [one.artifact for one in chosen], folder)
    inputs = inputs_digest(project, lock_digest, included, watched)
    wheels = _bring(session, wish, manifest, lock, chosen, interpreter=interpreter)
    asked = () if manifest is None else _asked(manifest, wish)
    check_agreement(lock, target, [(one.package, wheels[one.package.name]) for one in chosen], asked)
    packages = [(_wanted(one, stored, folder), stored) for one in chosen for stored in [wheels[one.package.name]]]
    if wish.seed:
        packages += _seed(session, interpreter, packages)
    name = manifest.name if manifest is not None else None
    desired = _desired(session, wish, interpreter, packages, lock_digest=lock_digest, name=name)
    session.report(StageStarted(stage="Linking", total=len(packages)))
    env = Path(project.env)
    applied = apply(env, desired, link_mode=session.settings.link_mode, reporter=session.report)
    session.report(StageFinished(stage="Linking"))
    note_fresh(project.env, inputs, included, watched)
    return Synced(
        env=shown(project, project.env),
        lock=where,
        packages=len(packages),
        plan=applied.plan if applied.changed else None,
        reason=applied.reason,
    )


def _manifest_for(project: Project, lock: Pylock) -> tuple[Manifest | None, tuple[str, ...]]:
    """The manifest that the lock has to answer, and what it includes; none for another tool's lock elsewhere."""
    named_itself = project.lock != Project(project.folder).lock
    if not Path(project.manifest).exists() or (named_itself and not tool_table(lock)):
        return None, ()
    return manifest_and_included(project)


def _refuse_stale(manifest: Manifest, lock: Pylock, target: Target, where: str, *, folder: Path) -> None:
    check_supported(manifest)
    reasons = [*stale(manifest, lock, [target], name=MANIFEST), *changed_sources(lock, folder)]
    if reasons:
        raise LockError(f"{where} is out of date", details=reasons, hint="run `lockenv lock`, then `lockenv sync`")


def _asked(manifest: Manifest, wish: Wish) -> Iterator[Requirement]:
    """What the manifest requires, for the groups that are asked for."""
    yield from manifest.dependencies
    for group in manifest.groups:
        if wish.all_groups or group.name in wish.groups:
            yield from group.requirements


def _choose(lock: Pylock, wish: Wish, target: Target, where: str) -> tuple[Selected, ...]:
    groups = frozenset(lock.dependency_groups or ()) if wish.all_groups else frozenset(wish.groups)
    extras = frozenset(canonicalize_name(extra) for extra in wish.extras)
    # None stands for the default groups of a lock made by others; ours has none.
    asked = None if lock.default_groups and not groups else groups
    return select(lock, target, Selection(groups=asked, extras=extras), where=where)


def _bring(
    session: Session,
    wish: Wish,
    manifest: Manifest | None,
    lock: Pylock,
    chosen: Sequence[Selected],
    *,
    interpreter: Interpreter,
) -> dict[NormalizedName, StoredWheel]:
    """Have everything in the store: wheels are fetched, the rest is built."""
    folder = Path(session.project.lock).parent
    needs = [
        need_of(one.package.name, one.package.version, one.artifact, folder)
        for one in chosen
        if isinstance(one.artifact, PackageWheel | PackageArchive) and is_wheel(one)
    ]
    sources = [one for one in chosen if not is_wheel(one)]
    # A file that lies on this machine needs no credentials, and to ask pip for its index takes time.
    far = bool(sources) or any(not need.url.startswith("file:") for need in needs)

    def connect() -> Http:
        return session.http(session.known_indexes(manifest) if far else session.declared_indexes(manifest))

    built = (
        _build(session, wish, manifest, lock, sources, interpreter=interpreter, connect=connect) if sources else {}
    )
    fetched = fetch(
        needs, session.store, connect, session.cache / "arriving", session.report, offline=session.settings.offline
    )
    return built | fetched


def is_wheel(one: Selected) -> bool:
    """Whether what is selected can be installed as it is."""
    artifact = one.artifact
    if isinstance(artifact, PackageArchive):
        return urlsplit(artifact.url or artifact.path or "").path.endswith(".whl")
    return isinstance(artifact, PackageWheel)


def _build(
    session: Session,
    wish: Wish,
    manifest: Manifest | None,
    lock: Pylock,
    sources: Sequence[Selected],
    *,
    interpreter: Interpreter,
    connect: Callable[[], Http],
) -> dict[NormalizedName, StoredWheel]:
    # Lazy: most locks need no build.
    from lockenv.operations.builds import build_all

    allowed = frozenset(canonicalize_name(name) for name in wish.allow_build)
    own = frozenset[NormalizedName]()
    if manifest is not None:
        allowed, own = allowed | manifest.build.allow, path_sources(manifest)
    return build_all(session, lock, sources, interpreter=interpreter, allowed=allowed, own=own, connect=connect)


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


def _desired(
    session: Session,
    wish: Wish,
    interpreter: Interpreter,
    packages: Sequence[tuple[Wanted, StoredWheel]],
    *,
    lock_digest: str,
    name: str | None,
) -> Desired:
    env = Path(session.project.env)
    # Most environments are called .venv, so the folder's name says more.
    prompt = name or (env.parent.name if env.name == ".venv" else env.name)
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
        runtime=_runtime(interpreter),
    )


def _runtime(interpreter: Interpreter) -> str:
    """What wheels are selected for, in the words of the environment digest: ``cpython 3.12 linux-x86_64``."""
    version = f"{interpreter.version_info.major}.{interpreter.version_info.minor}{interpreter.abiflags}"
    return f"{interpreter.implementation} {version} {platform_name(dict(interpreter.markers))}"
