"""The edges of one run, each built when first needed: settings, interpreters, indexes, the store."""

from __future__ import annotations

import os

from lockenv import settings as user_settings
from lockenv.errors import UsageError
from lockenv.events import Event, Noted, Reporter, Warned, silent
from lockenv.light import cached_property
from lockenv.project import Project, find_project, stated_env
from lockenv.python.probe_cache import ProbeCache
from lockenv.settings import Settings
from lockenv.user_folders import KEPT_DEFAULT_INDEX, cache_folder, config_file
from lockenv.values import replace

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import ExitStack
    from pathlib import Path
    from typing import Self

    from lockenv.index.cache import IndexCache
    from lockenv.index.client import IndexClient
    from lockenv.index.http import Http
    from lockenv.index.kept_default import AskedAhead
    from lockenv.limits import Limits
    from lockenv.manifest.model import Manifest
    from lockenv.packages import Index
    from lockenv.store import Store

#: Where a folder for caches marks itself as one (Cache Directory Tagging Specification).
_CACHE_TAG = "CACHEDIR.TAG"
_CACHE_TAG_TEXT = "Signature: 8a477f597d28d172789f06886806bc55\n# Made by lockenv. Safe to delete.\n"

#: The folder of the cache that holds what interpreters said of themselves.
INTERPRETERS = "interpreters"


class Session:
    """What an operation works with. Close it, or use it as a context manager."""

    def __init__(
        self,
        *,
        settings: Settings,
        project: Project,
        environ: Mapping[str, str],
        report: Reporter = silent,
        folder: str | None = None,
    ) -> None:
        #: Where the relative paths begin that are named besides: files to import, to compare, to write.
        self.folder = folder if folder is not None else project.folder
        self.settings = settings
        self.project = project
        self.environ = environ
        self.report = report
        self._clients: dict[object, IndexClient] = {}
        self._asked_ahead: AskedAhead | None = None

    def beside(self, project: Project) -> Session:
        """The same for another environment of the project: with one cache and one set of connections.

        It is closed with this one.
        """
        from copy import copy  # Lazy: most projects have one environment

        shared = self._closing
        other = copy(self)
        other._closing = shared  # noqa: SLF001 - it is one of our own
        other.project = project
        vars(other).pop("limits", None)
        return other

    def _pass_on(self, event: Event) -> None:
        """Report to whoever listens now: connections live longer than what is done for one environment."""
        self.report(event)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back connections and threads."""
        if (closing := vars(self).pop("_closing", None)) is not None:
            closing.close()

    @cached_property
    def _closing(self) -> ExitStack:
        from contextlib import ExitStack  # Lazy: a sync that was planned before has nothing to close

        return ExitStack()

    def on_close(self, call: Callable[[], None]) -> None:
        """Have something done when the session closes; what was said last is done first."""
        self._closing.callback(call)

    @cached_property
    def cache(self) -> Path:
        """The cache folder, made and marked as one when first needed."""
        from pathlib import Path  # Lazy: a sync that was planned before needs no cache but its plan

        folder = Path(self.settings.cache_dir)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tag = folder / _CACHE_TAG
            if not tag.exists():
                tag.write_text(_CACHE_TAG_TEXT, encoding="ascii")
        except OSError as error:
            self.report(Noted(message=f"the cache folder {folder} cannot be written: {error.strerror}"))
        return folder

    @cached_property
    def limits(self) -> Limits:
        """The bounds on archives: the settings', then the manifest's (`heed`), then our own."""
        # Lazy: a sync that has nothing to do opens no archive.
        from lockenv.limits import DEFAULT

        return self._with_own_limits(DEFAULT)

    def heed(self, manifest: Manifest) -> None:
        """Let a manifest raise the bounds on archives."""
        self.limits = self._with_own_limits(manifest.limits)

    def _with_own_limits(self, limits: Limits) -> Limits:
        return replace(limits, **dict(self.settings.limits))

    @cached_property
    def probes(self) -> ProbeCache:
        """What interpreters said of themselves."""
        return ProbeCache(self.cache / INTERPRETERS)

    @cached_property
    def store(self) -> Store:
        """The unpacked wheels."""
        # Lazy: a resolution does not need it.
        from lockenv.store import Store

        return Store(self.cache)

    @cached_property
    def index_cache(self) -> IndexCache:
        """Pages and metadata."""
        # Lazy: a sync from the store does not need it.
        from lockenv.index.noting import NotingCache

        return NotingCache(self.cache / "index")

    def declared_indexes(self, manifest: Manifest | None) -> tuple[Index, ...]:
        """The manifest's own indexes with absolute addresses: those whose credentials are known by name."""
        if manifest is None:
            return ()
        return tuple(_absolute(index, self.project.folder) for index in manifest.indexes)

    def indexes(self, manifest: Manifest) -> tuple[Index, ...]:
        """The manifest's indexes and, where none of them is for every name, the default one behind them."""
        declared = self.declared_indexes(manifest)
        if any(not index.explicit and not index.packages for index in declared):
            return declared
        return (*declared, self._default_index)

    def known_indexes(self, manifest: Manifest | None) -> tuple[Index, ...]:
        """The indexes whose credentials the files of a lock may need: the declared ones and the default one.

        Where pip cannot say which index it is configured for, there are no credentials of it either.
        """
        declared = self.declared_indexes(manifest)
        try:
            return (*declared, self._default_index)
        except UsageError as error:
            self.report(Noted(message=error.message))
            return declared

    def ask_index_ahead(self) -> None:
        """Begin to find out the default index, if the cache does not tell: it is needed soon.

        pip, who knows it, takes long to import.
        """
        kept = os.path.join(self.settings.cache_dir, KEPT_DEFAULT_INDEX)  # noqa: PTH118 - as above
        if self.settings.index_url or self.settings.offline or os.path.exists(kept):  # noqa: PTH110
            return
        # Lazy: as below.
        from lockenv.index.kept_default import AskedAhead

        self._asked_ahead = AskedAhead(self.environ, self.cache)
        self.on_close(self._asked_ahead.end)

    @cached_property
    def _default_index(self) -> Index:
        # Lazy: a sync, and a project with an index for every name, need not ask pip.
        from lockenv.index.kept_default import kept_default_index
        from lockenv.packages import Index

        if self.settings.index_url:
            return Index(name="default", url=self.settings.index_url)
        if self._asked_ahead is not None:
            self._asked_ahead.wait()
        found = kept_default_index(self.environ, self.cache)
        self.report(Noted(message=f"the default index is that of {found.origin}"))
        for ignored in found.ignored:
            self.report(Noted(message=f"pip's setting {ignored} is a fact of this machine and is not followed"))
        return Index(name="default", url=found.url)

    def http(self, indexes: tuple[Index, ...], closing: ExitStack | None = None) -> Http:
        """A pooled client that knows the credentials of these indexes. Closed by `closing` or with the session."""
        # Lazy: importing an HTTP client takes tens of milliseconds.
        from lockenv.index.auth import Credentials
        from lockenv.index.http import Http

        return (closing or self._closing).enter_context(
            Http(
                credentials=Credentials(
                    environ=self.environ, indexes=indexes, keyring=self.settings.keyring == "auto"
                ),
                environ=self.environ,
                reporter=self._pass_on,
                connections=self.settings.concurrency,
                timeout=self.settings.timeout,
            )
        )

    def client(self, manifest: Manifest) -> IndexClient:
        """A client for the manifest's indexes, the same for all manifests with these. Closed with the session."""
        # Lazy: a sync from the store does not need it.
        from contextlib import ExitStack

        from lockenv.index.client import IndexClient
        from lockenv.index.sources import SOURCES
        from lockenv.manifest.model import IndexSource

        indexes = self.indexes(manifest)
        routes = {name: source.index for name, source in manifest.sources if isinstance(source, IndexSource)}
        key = (indexes, tuple(sorted(routes.items())))
        if key in self._clients:
            return self._clients[key]
        # Connections are made when they are needed, and closed after the client, which may wait for them.
        connections = self._closing.enter_context(ExitStack())
        self._clients[key] = self._closing.enter_context(
            IndexClient(
                indexes=indexes,
                routes=routes,
                http=lambda: self.http(indexes, connections),
                cache=self.index_cache,
                offline=self.settings.offline,
                reporter=self._pass_on,
                workers=min(self.settings.concurrency, 32),
                sources=self.cache / SOURCES,
            )
        )
        return self._clients[key]


def _absolute(index: Index, folder: str) -> Index:
    """Turn the address of an index that is a folder beside the manifest into a file: URL."""
    from pathlib import Path

    if "://" in index.url:
        return index
    return replace(index, url=Path(folder, index.url).resolve().as_uri() + "/")


def open_session(
    flags: Mapping[str, object],
    *,
    environ: Mapping[str, str],
    folder: str,
    lock: str | None = None,
    environment: str = "",
    report: Reporter = silent,
) -> Session:
    """Read the settings and find the project, from `folder` upwards, where relative paths begin too.

    `environment` is the one of `[environments]` that is meant, if it is not the default one. Raises `UsageError`.
    """
    config = config_file(environ)
    try:
        with open(config, encoding="utf-8") as file:  # noqa: PTH123 - without pathlib, as above
            text = file.read()
    except OSError:
        text = None
    settings = user_settings.load(
        flags=flags,
        environ=environ,
        config=text,
        config_where=config,
        cache_default=cache_folder(environ),
    )
    for warning in settings.warnings:
        report(Warned(message=warning))
    start = settings.project if settings.project is not None else find_project(folder)
    env = stated_env(environment, flag=flags.get("env_dir"), setting=settings.env_dir)
    lock, env = (os.path.join(folder, path) if path else None for path in (lock, env))  # noqa: PTH118
    project = Project(os.path.join(folder, start), lock=lock, env=env, environment=environment)  # noqa: PTH118
    return Session(settings=settings, project=project, environ=environ, report=report, folder=folder)
