"""Which project is meant, and how lockenv works on it."""

# A path that is asked for is text, and not always one of this machine's.
# ruff: noqa: PTH117

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, TypeAlias

from lockenv.errors import InstallError, UsageError
from lockenv.events import Reporter, silent
from lockenv.session import Session, open_session
from lockenv.settings import Bounds, Durable, Keyring, LinkMode

if TYPE_CHECKING:
    from lockenv.packages import NormalizedName

StrPath: TypeAlias = str | os.PathLike[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project's folder, and how lockenv works on it. A path alone does where nothing else is to be said.

    `folder` is absolute: the working directory is never asked. `environment` is the one of ``[environments]`` that
    is meant, if it is not the default one. `lock` and `env` are other places than its lock and its folder
    (``pylock.toml`` and ``.venv``); relative ones begin at `folder`.

    `listener` is called with each event (`lockenv.events`), perhaps from several threads at once; it has to be
    quick. `environ` stands in for this process's environment variables.

    All else are settings (docs/reference/settings.md), under their names there. None means what the person's
    ``LOCKENV_*`` variables and configuration file say, else the default. `limits` are texts such as
    ``unpacked=64GiB``; `wait` is in seconds or ``forever``.
    """

    folder: StrPath = field(kw_only=False)
    environment: str = ""
    lock: StrPath | None = None
    env: StrPath | None = None
    listener: Reporter = silent
    environ: Mapping[str, str] | None = None
    python: StrPath | None = None
    cache_dir: StrPath | None = None
    offline: bool | None = None
    index_url: str | None = None
    concurrency: int | None = None
    timeout: float | None = None
    keyring: Keyring | None = None
    link_mode: LinkMode | None = None
    wait: float | str | None = None
    durable: Durable | None = None
    history: int | None = None
    compile: bool | None = None
    bounds: Bounds | None = None
    limits: tuple[str, ...] | None = None


#: What a function of this package takes: a project, or just the path of its folder.
ProjectPath: TypeAlias = Project | StrPath

_NO_SETTINGS = frozenset({"folder", "environment", "lock", "env", "listener", "environ", "limits"})


@contextmanager
def opened(project: ProjectPath) -> Iterator[Session]:
    """Open a session for one call. Raises `UsageError`, and `InstallError` for what the system refuses."""
    asked = project if isinstance(project, Project) else Project(project)
    folder = os.fspath(asked.folder)
    if not os.path.isabs(folder):
        hint = "the working directory is not asked: say Path(...).resolve()"
        raise UsageError(f"the project's folder has to be an absolute path, and `{folder}` is not", hint=hint)
    try:
        with open_session(
            _flags(asked, folder),
            environ=dict(os.environ) if asked.environ is None else asked.environ,
            folder=folder,
            lock=None if asked.lock is None else os.fspath(asked.lock),
            environment=asked.environment,
            report=asked.listener,
        ) as session:
            cache = os.path.join(folder, session.settings.cache_dir)  # noqa: PTH118
            session.settings = replace(session.settings, cache_dir=cache)
            yield session
    except OSError as error:
        where = f"{os.fsdecode(error.filename)}: " if error.filename else ""
        raise InstallError(f"{where}{error.strerror or error}") from error


def _flags(asked: Project, folder: str) -> dict[str, object]:
    """The settings as the command line would give them; those that are not given are left out."""
    given = {each.name: getattr(asked, each.name) for each in fields(asked) if each.name not in _NO_SETTINGS}
    flags = {name: os.fspath(said) if isinstance(said, os.PathLike) else said for name, said in given.items()}
    flags["project"] = folder
    flags["env_dir"] = None if asked.env is None else os.fspath(asked.env)
    flags["limits"] = None if asked.limits is None else list(asked.limits)
    return flags


def allowed(names: Iterable[str]) -> frozenset[NormalizedName]:
    """The packages that may be built. Raises `UsageError` as `listed` does."""
    # Lazy: to look at an environment needs none of what it imports.
    from lockenv.packages import canonicalize_name

    return frozenset(map(canonicalize_name, listed(names, "packages")))


def listed(texts: Iterable[str], what: str) -> tuple[str, ...]:
    """Several texts. Raises `UsageError` for one alone, which would be taken for its letters."""
    if isinstance(texts, str):
        raise UsageError(f"{what} are several, and {texts!r} is one", hint=f"say [{texts!r}]")
    return tuple(texts)
