"""`import`: other tools' files, or an environment, brought into env.toml and the lock."""

from __future__ import annotations

import email.parser
import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from packaging.markers import default_environment
from packaging.specifiers import SpecifierSet

from lockenv.errors import LockError, ManifestError, Problem, UsageError
from lockenv.files import write_atomically
from lockenv.formats.draft import Draft, Pin
from lockenv.formats.env_toml import merge, settle
from lockenv.formats.gathering import Surroundings
from lockenv.formats.incoming import detect
from lockenv.formats.incoming.installed import Installed, draft_of
from lockenv.formats.merging import merge_into
from lockenv.graph import MAIN
from lockenv.index.default import built_in_default
from lockenv.index.origins import without_credentials
from lockenv.lockfile import pylock
from lockenv.manifest import read as manifest_reader
from lockenv.operations.choose import any_interpreter, first_python
from lockenv.operations.files import bytes_of, shown
from lockenv.operations.lock import lock
from lockenv.operations.locked import Locked
from lockenv.operations.preferences import preferring
from lockenv.packages import NormalizedName, canonicalize_name
from lockenv.project import LOCK, MANIFEST
from lockenv.python.installed import InstalledDistribution, read_installed
from lockenv.python.interpreter import Interpreter
from lockenv.session import Session
from lockenv.values import dataclass

_HEADING = """\
What this environment should hold. `lockenv lock` resolves it into pylock.toml,
`lockenv sync` makes .venv exactly that."""
_VERSION = re.compile(r"^version(?:_info)?\s*=\s*(\d+)\.(\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What `import` did, or would do.

    `text` is that of env.toml; `before` what it was, None where there was none; `added` is true where that stays.
    `draft` says what was left out, and which versions can be kept; `opposed` is what env.toml said otherwise, and
    goes on saying.
    """

    path: str
    text: str
    before: str | None
    added: bool
    draft: Draft
    opposed: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What became of the versions: `kept` of them are in the lock, `moved` are not: (name, before, now)."""

    locked: Locked
    kept: int
    moved: tuple[tuple[NormalizedName, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bringing:
    """What is asked for: files, an environment, the group for dependencies, and what is done with them."""

    files: tuple[str, ...] = ()
    from_env: str | None = None
    group: str = MAIN
    dry_run: bool = False
    force: bool = False


def bring(session: Session, asked: Bringing) -> Brought:
    """Bring files in: write env.toml, or add to the one that is there. `keep` keeps the versions that they hold.

    With `force`, an env.toml that is there is replaced. Raises `UsageError` where nothing is asked for, or a file
    cannot be read or does not fit into env.toml; `ManifestError` or `LockError` where one is not of its kind.
    """
    if not asked.files and asked.from_env is None:
        raise UsageError("nothing to bring in", hint="name a file, or an environment with --from-env .venv")
    around = _surroundings(session)
    drafts = [_read(session, name, around, asked.group) for name in asked.files]
    if asked.from_env is not None:
        drafts.append(_environment(session, asked.from_env, around, asked.group))
    draft = _with_notes(session, merge(drafts), asked.files)
    path = Path(session.project.manifest)
    raw = bytes_of(path)
    before = manifest_reader.decode(raw, where=MANIFEST) if raw is not None else None
    _check_asks(draft, asked, before)
    brought = _written(session, draft, None if asked.force else before, before)
    if asked.dry_run:
        return brought
    if brought.text != before:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, brought.text.encode("utf-8"))
    return brought


def keep(session: Session, brought: Brought, allowed: Sequence[str] = ()) -> Kept:
    """Lock env.toml with the versions that were brought in, where they fit. Raises what `lock` raises."""
    pins = brought.draft.pins
    locked = lock(session, allowed=frozenset(map(canonicalize_name, allowed)), prefer=preferring(pins))
    kept, moved = _compared(pins, locked)
    return Kept(locked=locked, kept=kept, moved=moved)


def _compared(pins: Sequence[Pin], locked: Locked) -> tuple[int, tuple[tuple[NormalizedName, str, str], ...]]:
    """How many packages of a lock have a version that was to be kept, and which have another one."""
    wanted: dict[NormalizedName, set[str]] = {}
    for pin in pins:
        wanted.setdefault(pin.name, set()).add(str(pin.version))
    held = {name: [entry.version for entry in locked.packages.get(name, ())] for name in wanted}
    there = {name: versions for name, versions in held.items() if versions}
    moved = tuple(
        (name, ", ".join(sorted(wanted[name])), ", ".join(versions))
        for name, versions in there.items()
        if wanted[name].isdisjoint(versions)
    )
    return len(there) - len(moved), moved


def _check_asks(draft: Draft, asked: Bringing, before: str | None) -> None:
    """A lock says what is chosen, not what is wanted: without a manifest, one alone is no beginning."""
    if draft.asks or (before is not None and not asked.force) or draft.constraints:
        return
    locks = [(name, wish) for name in asked.files if (wish := detect.wishes_for(Path(name).name))]
    if draft.pins and len(locks) == len(asked.files) > 0:
        name, wishes = locks[0]
        hint = f"name the file that says what is wanted as well: `lockenv import {wishes} {name}`"
        raise UsageError(f"{name} holds versions, but does not say which packages are wanted", hint=hint)
    details = [str(problem) for problem in draft.left_out]
    raise UsageError("no package is asked for in what is brought in", details=details)


def _written(session: Session, draft: Draft, standing: str | None, before: str | None) -> Brought:
    path = shown(session.project, session.project.manifest)
    settled = settle(draft, python=lambda: _python(session, draft, standing), heading=_HEADING)
    if settled.draft.python is None and standing is None:
        noted = replace(settled.draft, notes=(*settled.draft.notes, _about_python(session, draft)))
        settled = replace(settled, draft=noted)
    if standing is None:
        return Brought(path=path, text=settled.text, before=before, added=False, draft=settled.draft)
    merged = merge_into(standing, settled.draft)
    try:
        manifest_reader.read(merged.text, where=MANIFEST, load=_loader(Path(session.project.folder)))
    except ManifestError as error:
        message = "what is brought in does not fit into env.toml"
        hint = "mend env.toml first, or replace it with --force"
        raise UsageError(message, problems=error.problems, hint=hint) from None
    return Brought(
        path=path,
        text=merged.text,
        before=before,
        added=True,
        draft=settled.draft,
        opposed=tuple(merged.opposed),
    )


def _python(session: Session, draft: Draft, standing: str | None) -> SpecifierSet:
    """The Pythons that it is for where the files name none that is served.

    Where versions are to be kept, the one that is here alone: for others there may be no such versions.
    """
    if standing is not None:
        return SpecifierSet(">=3.8")
    minor = _minor(first_python(session)[0])
    return SpecifierSet(f"=={minor}.*" if draft.pins else f">={minor}")


def _about_python(session: Session, draft: Draft) -> str:
    """Say which Python was taken, and why that one."""
    found, why = first_python(session)
    whom = f"is for Python {_minor(found)} alone" if draft.pins else f"begins at Python {_minor(found)}"
    return f"the files name no Python to take: env.toml {whom}, which {why} (--python names another)"


def _minor(found: Interpreter) -> str:
    return f"{found.version_info.major}.{found.version_info.minor}"


# ── files


def _surroundings(session: Session) -> Surroundings:
    folder = Path(session.project.folder)
    defaults = {without_credentials(index.url) for index in session.known_indexes(None)}
    with suppress(UsageError):
        # A file that names PyPI means the default index, also where that is a mirror of it.
        defaults.add(built_in_default())
    return Surroundings(load=_loader(folder), folder=folder.as_posix(), default_indexes=frozenset(defaults))


def _loader(folder: Path) -> manifest_reader.Loader:
    return lambda path: (folder / path).read_text(encoding="utf-8-sig")


def _read(session: Session, name: str, around: Surroundings, group: str) -> Draft:
    path = Path(session.folder, name)
    raw = bytes_of(path)
    if raw is None:
        raise UsageError(f"there is no {name}", hint="name the file as it lies from here")
    if path == Path(session.project.manifest):
        raise UsageError(f"{name} is the manifest itself", hint="run `lockenv lock`")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problem = Problem(where=f"{name}:{line}", message="it is not UTF-8 text", hint="save it as UTF-8")
        raise UsageError(f"{name} cannot be read", problems=[problem]) from None
    own = path.name == LOCK and _is_ours(text)
    if own:
        raise UsageError(
            f"{name} is lockenv's own lock", hint="copy env.toml too; a lock keeps its pins by itself"
        )
    return detect.read(text, where=_inside(session, path), surroundings=around, group=group)


def _inside(session: Session, path: Path) -> str:
    """A file as messages and paths name it: relative to the project's folder, if it lies near."""
    folder = Path(session.project.folder)
    try:
        return path.relative_to(folder).as_posix()
    except ValueError:
        pass
    if path.parent in folder.parents:
        return posixpath.join(*[".."] * len(folder.relative_to(path.parent).parts), path.name)
    return path.as_posix()


def _is_ours(text: str) -> bool:
    try:
        return pylock.read(text).created_by == "lockenv"
    except LockError:
        return False


def _with_notes(session: Session, draft: Draft, files: Sequence[str]) -> Draft:
    """Say which locks lie beside the files, and hold versions that could be kept."""
    notes = list(draft.notes)
    paths = [Path(session.folder, name) for name in files]
    for folder in sorted({path.parent for path in paths}):
        names = frozenset(path.name for path in paths if path.parent == folder)
        present = frozenset(each.name for each in folder.iterdir() if each.is_file())
        for name in detect.companions(names, present):
            place = shown(session.project, str(folder / name))
            notes.append(f"{place} holds versions: name it too, and they are kept for the lock")
    return replace(draft, notes=tuple(notes))


# ── an environment


def _environment(session: Session, name: str, around: Surroundings, group: str) -> Draft:
    env = Path(session.folder, name)
    config = bytes_of(env / "pyvenv.cfg")
    history = env / "conda-meta"
    if config is None and not history.is_dir():
        raise UsageError(f"there is no environment at {name}", hint="name the folder that holds pyvenv.cfg")
    sites = [*env.glob("lib/python*/site-packages"), *env.glob("Lib/site-packages")]
    found = [_installed(one) for one in read_installed(sites) if isinstance(one, InstalledDistribution)]
    return draft_of(
        found, where=name, variables=_variables(session, config, sites), surroundings=around, group=group
    )


def _variables(session: Session, config: bytes | None, sites: Sequence[Path]) -> Mapping[str, str]:
    """The marker variables of an environment: this machine's, with its own version of Python."""
    machine = {name: str(said) for name, said in default_environment().items()}
    stated = _VERSION.search(config.decode("utf-8", "replace")) if config is not None else None
    folder = next((match for site in sites if (match := re.search(r"python(3)\.(\d+)", str(site)))), None)
    match = stated or folder
    minor = f"{match[1]}.{match[2]}" if match else _minor(any_interpreter(session))
    return {**machine, "python_version": minor, "python_full_version": f"{minor}.0"}


def _installed(one: InstalledDistribution) -> Installed:
    metadata = bytes_of(one.site / one.folder / "METADATA") or b""
    headers = email.parser.BytesHeaderParser().parsebytes(metadata)
    return Installed(
        name=one.name,
        version=one.version,
        requested=one.requested,
        requires=tuple(map(str, headers.get_all("Requires-Dist", []))),
        direct_url=_json(one.direct_url),
    )


def _json(text: str | None) -> Mapping[str, object] | None:
    try:
        data = json.loads(text) if text else None
    except ValueError:
        return None
    return data if isinstance(data, dict) else None
