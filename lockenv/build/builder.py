"""All of it in order: from a source to its build requirements, its metadata, its wheel.

What was found out before is not asked again: answers and wheels are kept by the source, all that shapes a build,
and the exact packages it is built with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

from lockenv.build.answers import Answers, key_of
from lockenv.build.bench import Bench, Workshop
from lockenv.build.children import Children
from lockenv.build.git import Repositories
from lockenv.build.metadata import metadata_in, static_metadata
from lockenv.build.requirements import OUTERMOST, Chain, Pin, Provide, Provision, merged, provision_of
from lockenv.build.sources import ArchiveFile, Source, identity, link_of, shown
from lockenv.build.static import BuildSystem, read_build_system
from lockenv.build.variables import shaping_variables
from lockenv.build.wheels import BuiltWheels, KeptWheel, check_built
from lockenv.errors import BuildError
from lockenv.events import Reporter, StageAdvanced, StageFinished, StageStarted, silent
from lockenv.limits import DEFAULT, Limits
from lockenv.packages import Metadata
from lockenv.python.interpreter import Interpreter
from lockenv.store import Store, StoredWheel
from lockenv.values import dataclass

_FORMAT = 1  #: to be changed with how builds are made, or with what is kept of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What building a source asks for, to be recorded in a lock.

    `requirements` are `build-system.requires` and then what the backend adds, as texts (PEP 508); `provision` is
    what they were answered with.
    """

    requirements: tuple[str, ...]
    provision: Provision

    @property
    def pins(self) -> tuple[Pin, ...]:
        """The packages that the build environment holds."""
        return self.provision.pins


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A wheel that was built, now or before, in the store; what it says of itself; what it was built with."""

    wheel: StoredWheel
    metadata: Metadata
    needs: Needs


class Builder:
    """Builds for one interpreter. Safe to use from several threads and processes at once.

    Which packages may be built is for `permit` to decide: it is asked before anything of a source is run, or
    brought in to run it, and raises where that may not be.
    """

    def __init__(
        self,
        *,
        cache: Path,
        interpreter: Interpreter,
        store: Store,
        provide: Provide,
        repositories: Repositories,
        environ: Mapping[str, str],
        permit: Callable[[Source], None] = lambda _: None,
        children: Children | None = None,
        settings: Mapping[str, str] | None = None,
        limits: Limits = DEFAULT,
        reporter: Reporter = silent,
    ) -> None:
        """`settings` are the backend's (PEP 517, config settings); of `environ` a backend sees little."""
        self.workshop = Workshop(
            root=cache.absolute() / "built",
            interpreter=interpreter,
            repositories=repositories,
            environ=environ,
            settings=dict(settings or {}),
            children=children or Children(),
            limits=limits,
            reporter=reporter,
        )
        self.store = store
        self.provide = provide
        self.permit = permit

    def needs(self, source: Source, *, editable: bool = False, chain: Chain = OUTERMOST) -> Needs:
        """Find out what a build asks for; runs the backend where it was not asked before.

        Raises `BuildError`, `Refused`, what `provide` raises, and `OSError`.
        """
        with _Job(self, source, chain, editable=editable) as job:
            return job.needs

    def metadata(self, source: Source, *, editable: bool = False, chain: Chain = OUTERMOST) -> Metadata:
        """Give the core metadata: what stands there statically, else what the backend says (PEP 517).

        Raises as `needs` does, and `MetadataError` for metadata that is broken or of something else.
        """
        with _Job(self, source, chain, editable=editable) as job:
            return job.metadata()

    def wheel(self, source: Source, *, editable: bool = False, chain: Chain = OUTERMOST) -> Built:
        """Build the wheel, unless it was built before from the same with the same; it is in the store then.

        `editable` builds one that leads to a `Tree` (PEP 660). Raises as `metadata` does.
        """
        with _Job(self, source, chain, editable=editable) as job:
            return job.wheel()

    def stop(self) -> None:
        """End all builds that run in other threads: for whoever is interrupted."""
        self.workshop.children.stop()


_V = TypeVar("_V")


class _Found(Generic[_V]):
    """What a job finds out when it is first asked.

    Before Python 3.12 the `cached_property` of functools holds one lock for all jobs: one that waits in there for
    its bench would never get it from another job, which needs the lock to go on.
    """

    def __init__(self, find: Callable[[Any], _V]) -> None:
        self._find = find

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, job: object, owner: type) -> _V:
        found = self._find(job)
        job.__dict__[self._name] = found
        return found


class _Job:
    """One source and all that is asked of it. The bench is taken when something has to be done, not before."""

    def __init__(self, builder: Builder, source: Source, chain: Chain, *, editable: bool) -> None:
        """Raises `BuildError` where the source is being built already."""
        self._builder = builder
        self._workshop = builder.workshop
        self._source = source
        self._chain = chain.extended(link_of(source))
        self._editable = editable
        self._shown = shown(source)
        self._answers = Answers(builder.workshop.root / "answers")
        self._wheels = BuiltWheels(builder.workshop.root)
        self._closing = ExitStack()
        self._key = key_of(
            _FORMAT,
            identity(source),
            editable,
            builder.workshop.settings,
            shaping_variables(builder.workshop.environ),
            asdict(builder.workshop.interpreter.facts),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.__exit__(kind, error, trace)

    @_Found
    def _bench(self) -> Bench:
        return self._closing.enter_context(Bench(self._workshop, self._source, self._key))

    def _answer(self, *question: str, find: Callable[[], object]) -> object:
        """Give what was answered before; else take the bench, where nobody else can be about to find it out."""
        key = key_of(self._key, *question)
        if (known := self._answers.get(key)) is None:
            _ = self._bench
            known = self._answers.get(key)
        if known is None:
            known = find()
            self._answers.keep(key, known)
        return known

    @_Found
    def _declared(self) -> dict[str, bytes]:
        texts = self._answer("declarations", find=self._find_declarations)
        return {name: text.encode("latin-1") for name, text in cast("dict[str, str]", texts).items()}

    def _find_declarations(self) -> dict[str, str]:
        # JSON holds texts; latin-1 takes any bytes and gives them back.
        return {name: content.decode("latin-1") for name, content in self._bench.declarations().items()}

    @_Found
    def _system(self) -> BuildSystem:
        declared = self._declared.get("pyproject.toml")
        if declared is None and "setup.py" not in self._declared:
            msg = f"{self._shown} cannot be built: it has neither pyproject.toml nor setup.py"
            raise BuildError(msg, hint="if the project stands in a folder of it, say so by `subdirectory`")
        return read_build_system(declared, shown=self._shown)

    @_Found
    def needs(self) -> Needs:
        """What the build asks for: first what stands there, then what the backend adds when asked (PEP 517)."""
        # Whatever runs a backend asks this first.
        self._builder.permit(self._source)
        static = merged(self._system.requires)
        provision = self._provide(static)
        found = self._answer("requires", provision.digest, find=lambda: self._ask_requires(provision))
        requirements = merged(static, cast("list[str]", found))
        if requirements != static:
            provision = self._provide(requirements)
        return Needs(requirements=requirements, provision=provision)

    def _provide(self, requirements: tuple[str, ...]) -> Provision:
        return self._builder.provide(requirements, chain=self._chain) if requirements else provision_of(())

    def _ask_requires(self, provision: Provision) -> list[str]:
        with self._telling():
            return list(self._bench.backend(self._system, provision).requires(editable=self._editable))

    def metadata(self) -> Metadata:
        """Give the metadata, at the least cost."""
        static = static_metadata(
            # A tree's is not its own: it was left there by something.
            pkg_info=self._declared.get("PKG-INFO") if isinstance(self._source, ArchiveFile) else None,
            pyproject=self._declared.get("pyproject.toml"),
            shown=self._shown,
            name=self._source.name,
            version=self._source.version,
        )
        if static is not None:
            return static
        found = self._answer("metadata", self.needs.provision.digest, find=self._ask_metadata)
        return self._judged(cast("str", found).encode("latin-1"))

    def _ask_metadata(self) -> str:
        with self._telling():
            backend = self._bench.backend(self._system, self.needs.provision)
            content = backend.metadata(self._bench.empty_folder("metadata"), editable=self._editable)
        if content is None:
            content = _metadata_of(self._stored_wheel())
        return content.decode("latin-1")

    def _judged(self, content: bytes) -> Metadata:
        return metadata_in(content, shown=self._shown, name=self._source.name, version=self._source.version)

    def wheel(self) -> Built:
        """Give the wheel, built now or before."""
        stored = self._stored_wheel()
        return Built(wheel=stored, metadata=self._judged(_metadata_of(stored)), needs=self.needs)

    def _stored_wheel(self) -> StoredWheel:
        key = key_of(self._key, "wheel", self.needs.provision.digest)
        if (stored := self._recalled(key)) is None:
            _ = self._bench
            stored = self._recalled(key)
        return stored or self._build(key)

    def _recalled(self, key: str) -> StoredWheel | None:
        kept = self._wheels.recall(key)
        if kept is None:
            return None
        stored = self._builder.store.get(kept.sha256)
        return stored or (self._store(kept) if kept.is_sound else None)

    def _build(self, key: str) -> StoredWheel:
        with self._telling():
            backend = self._bench.backend(self._system, self.needs.provision)
            made = backend.wheel(self._bench.empty_folder("wheel"), editable=self._editable)
        found = check_built(
            made,
            self._workshop.interpreter,
            shown=self._shown,
            name=self._source.name,
            version=self._source.version,
        )
        stored = self._store(found)
        self._wheels.keep(key, found)
        return stored

    def _store(self, wheel: KeptWheel) -> StoredWheel:
        return self._builder.store.add(
            wheel.sha256,
            wheel.path,
            name=wheel.name,
            version=wheel.version,
            filename=wheel.filename,
            limits=self._workshop.limits,
        )

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Say that something is being built, which may take long."""
        report = self._workshop.reporter
        report(StageStarted(stage="Building"))
        report(StageAdvanced(stage="Building", done=0, detail=self._shown))
        try:
            yield
        finally:
            report(StageFinished(stage="Building"))


def _metadata_of(stored: StoredWheel) -> bytes:
    return (stored.root / stored.dist_info / "METADATA").read_bytes()
