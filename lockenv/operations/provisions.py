"""What builds are made with: resolved while locking, taken from the lock while syncing.

Here the knot 'resolving needs building needs resolving' is cut: a build asks for requirements, and gets wheels
that our own resolver chose, or that the lock says it chose. Build requirements are taken as wheels only, so that
building one thing never starts to build another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from packaging.pylock import Package, PackageWheel, Pylock
from packaging.specifiers import SpecifierSet

from lockenv.build.requirements import Chain, Pin, Provision
from lockenv.build.sources import Source as Buildable
from lockenv.build.sources import identity, shown
from lockenv.errors import BuildError, LockError, Refused, ResolutionImpossible
from lockenv.graph import MAIN
from lockenv.lockfile.builds import build_lock, build_requires
from lockenv.lockfile.pin import pin
from lockenv.lockfile.pylock import tool_table
from lockenv.lockfile.select import Selection, select
from lockenv.manifest.model import ALL
from lockenv.markers.truth import Truth
from lockenv.packages import NormalizedName, canonicalize_name, parse_requirement
from lockenv.resolution.model import Dropped, Fork, Held, Policy, Question
from lockenv.resolution.resolve import resolve
from lockenv.resolution.source import Source
from lockenv.session import Session
from lockenv.store import StoredWheel
from lockenv.targets import Span, Target

if TYPE_CHECKING:
    from lockenv.index.http import Http

Connect: TypeAlias = "Callable[[], Http]"
#: What a package is built with, as a lock of its own, and the optional targets for which there is no answer.
Answer: TypeAlias = tuple[Pylock, tuple[Dropped, ...]]

#: Remedies that hold for what a package is built with as for everything else: to be for other targets.
_OF_TARGETS = re.compile(r"(leave|raise|bound) ")


class Leave:
    """Which builds may run: those of `named` packages, and those of sources that are the project's own."""

    def __init__(self, named: frozenset[str]) -> None:
        self._named = named
        self._own: set[str] = set()

    def give(self, source: Buildable) -> None:
        """Count a source as the project's own."""
        self._own.add(identity(source))

    def covers(self, source: Buildable) -> bool:
        """Whether its build may run."""
        return (source.name or "") in self._named or identity(source) in self._own

    def check(self, source: Buildable) -> None:
        """Raise `Refused` where its build may not run: a builder's `permit`."""
        if not self.covers(source):
            msg = f"only its build can say what {shown(source)} requires, and nobody has allowed to run that"
            raise Refused(msg, hint=self.remedy(source))

    def remedy(self, source: Buildable) -> str:
        """Say how to allow its build."""
        return remedy([source.name or ""], self._named)


def remedy(names: Sequence[str], beside: Iterable[str], *, ours: bool = True) -> str:
    """Say how to allow builds `beside` those that are; `ours` is whether there is a manifest to write it into."""
    listed = ", ".join(f'"{name}"' for name in (*sorted(beside), *names))
    flags = " ".join(f"--allow-build {name}" for name in names)
    if not ours:
        return f"if you trust who wrote the lock, say `{flags}`"
    return f"write `allow = [{listed}]` below [build] in env.toml, or say `{flags}`"


class Bringing:
    """Turns a small lock into wheels in the store, for one interpreter. `connect` is called if one is missing."""

    def __init__(self, session: Session, target: Target, connect: Connect) -> None:
        self._session = session
        self.target = target
        self._connect = connect

    def provision(self, answer: Pylock) -> Provision:
        """What a small lock selects here. Raises `LockError` where it is not for this interpreter."""
        # Lazy: nothing may have to be built.
        from lockenv.operations.fetch import fetch, need_of

        needs = [
            need_of(one.package.name, one.package.version, one.artifact, Path(self._session.project.lock).parent)
            for one in select(answer, self.target, Selection())
            if isinstance(one.artifact, PackageWheel)
        ]
        pins = tuple(Pin(need.name, need.version, need.hashes.get("sha256", "")) for need in needs)

        def bring() -> tuple[StoredWheel, ...]:
            session = self._session
            found = fetch(
                needs,
                session.store,
                self._connect,
                session.cache / "arriving",
                session.report,
                offline=session.settings.offline,
                limits=session.limits,
            )
            return tuple(stored for _, stored in sorted(found.items()))

        return Provision(pins=pins, bring=bring)


class ResolvedBuilds:
    """Answers build requirements by resolving them: for the interpreter that builds, and for a lock's targets."""

    def __init__(
        self,
        source: Source,
        policy: Policy,
        bringing: Bringing,
        *,
        held: Callable[[NormalizedName], Mapping[NormalizedName, Held]],
        local: Mapping[str, str],
    ) -> None:
        """`held` says what a package was built with according to the old lock.

        `local` are the indexes that are folders beside the lock, as `lockfile.pin.pin` takes them.
        """
        self._source = source
        self._local = local
        self._policy = replace(
            policy,
            strategy="highest",
            constraints=(),
            overrides=(),
            only_binary=frozenset({ALL}),
            no_binary=frozenset(),
            allow_build=frozenset(),
        )
        self._bringing = bringing
        self._held = held
        self._answers: dict[tuple[NormalizedName, tuple[str, ...], tuple[Target, ...]], Answer] = {}

    def __call__(self, requirements: tuple[str, ...], *, chain: Chain) -> Provision:
        """Answer for the interpreter. Raises as `answer` does."""
        asking = chain.asking
        name = canonicalize_name(asking.name if asking is not None else "")
        answer, _ = self.answer(name, requirements, (_alone(self._bringing.target),))
        return self._bringing.provision(answer)

    def answer(self, name: NormalizedName, requirements: tuple[str, ...], targets: tuple[Target, ...]) -> Answer:
        """Resolve what a package is built with for some targets; those that are optional may be dropped.

        Raises `BuildError` where there is no answer.
        """
        key = (name, requirements, targets)
        if key not in self._answers:
            self._answers[key] = self._resolve(name, requirements, targets)
        return self._answers[key]

    def _resolve(self, name: NormalizedName, requirements: tuple[str, ...], targets: tuple[Target, ...]) -> Answer:
        held = self._held(name)

        def keeping(target: Target, fork: Fork) -> Mapping[NormalizedName, Held]:
            del target, fork
            return held

        question = Question(
            targets=targets,
            roots={MAIN: tuple(map(parse_requirement, requirements))},
            policy=self._policy,
            held=keeping,
        )
        try:
            resolution = resolve(question, self._source)
        except ResolutionImpossible as error:
            raise _cannot_build(name, requirements, error) from None
        lock = pin(resolution, requires_python=SpecifierSet(), groups=(), local=self._local, tool={})
        return lock, resolution.dropped


def _cannot_build(name: NormalizedName, requirements: Sequence[str], error: ResolutionImpossible) -> BuildError:
    """Tell why there is no answer as what concerns a package's build: no word of env.toml asks for it."""
    told = [
        line.replace("`only-binary` rules out the source", "builds are made with wheels only")
        for line in error.details
        if not line.startswith("your manifest requires ")
    ]
    own = (
        f"ask for another version of `{name}`, or name a wheel of it in [sources]; if it is yours, mend that file"
    )
    hints = [part for part in (error.hint or "").split("; or ") if _OF_TARGETS.match(part)]
    if "index" in error.message:
        hints.append("name the index that has it in [[index]]")
    return BuildError(
        f"{name} cannot be built, because what it is built with cannot be had as wheels: {error.message}",
        details=[f"{name} asks for {', '.join(requirements)} in its [build-system], or its backend does", *told],
        hint="; or ".join([own, *hints]),
    )


class LockedBuilds:
    """Answers build requirements from a lock, for the packages of it that are to be built."""

    def __init__(self, lock: Pylock, packages: Mapping[NormalizedName, Package], bringing: Bringing) -> None:
        self._lock = lock
        self._packages = packages
        self._bringing = bringing

    def __call__(self, requirements: tuple[str, ...], *, chain: Chain) -> Provision:
        """Give what the lock says. Raises `LockError` where it does not say enough."""
        asking = chain.asking
        name = canonicalize_name(asking.name if asking is not None else "")
        package = self._packages.get(name)
        if package is None or build_requires(package) is None:
            raise self._silent(name, requirements)
        answer = build_lock(package)
        self._check(name, requirements, answer)
        return self._bringing.provision(answer)

    def _silent(self, name: NormalizedName, requirements: tuple[str, ...]) -> LockError:
        msg = f"{name} has to be built, and the lock does not say with what"
        details = [f"its source asks for: {', '.join(requirements)}"]
        if tool_table(self._lock):
            hint = f"run `lockenv lock --allow-build {name}`, which finds out"
            return LockError(msg, details=details, hint=hint)
        hint = "locks of other tools have no place for it: have a wheel of it, or lock with `lockenv lock`"
        return LockError(msg, details=details, hint=hint)

    def _check(self, name: str, requirements: tuple[str, ...], answer: Pylock) -> None:
        """See that the lock answers all that is asked: a backend may ask for more on another machine."""
        target = self._bringing.target
        truth = Truth(target)
        chosen = {one.package.name: one.package.version for one in select(answer, target, Selection())}
        for text in requirements:
            line = parse_requirement(text)
            version = chosen.get(canonicalize_name(line.name))
            if truth.applies(line) and (version is None or not line.specifier.contains(version, prereleases=True)):
                has = f"has {version}" if version is not None else "has none"
                msg = f"{name} asks for {text} to be built on {target.name}; the lock {has}"
                hint = f"let its backend be asked by this Python: run `lockenv lock --upgrade-package {name}`"
                raise LockError(msg, hint=hint)


def _alone(target: Target) -> Target:
    """A target that stands for this very interpreter."""
    return replace(target, span=Span(lowest=target.python, beyond=target.span.beyond))
