"""From the manifest, this machine and the old lock to the question that resolution answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from lockenv.errors import InterpreterNotFound, UsageError
from lockenv.events import Noted
from lockenv.graph import MAIN
from lockenv.lockfile import freshness, pylock
from lockenv.manifest.model import GitSource, IndexSource, Manifest, UrlSource
from lockenv.packages import NormalizedName, canonicalize_name, parse_requirement
from lockenv.project import MANIFEST
from lockenv.resolution.model import Fork, Held, Keeping, Policy, Question, nothing_held
from lockenv.resolution.universe import Here, targets_of
from lockenv.session import Session
from lockenv.targets import Target
from lockenv.values import dataclass, field

if TYPE_CHECKING:
    from packaging.pylock import Pylock

#: The marker variables that tell one platform and implementation from another.
_TELLING = ("sys_platform", "platform_machine", "implementation_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """Which pins of the old lock are let go: all, or those of some packages.

    `exactly` are versions that packages are to have after this run, whatever they had.
    """

    everything: bool = False
    names: frozenset[NormalizedName] = frozenset()
    exactly: Mapping[NormalizedName, Version] = field(default_factory=dict)

    @property
    def asked(self) -> bool:
        """Whether anything is to move at all."""
        return self.everything or bool(self.names)


def here_of(session: Session, manifest: Manifest, old: Pylock | None) -> Here | None:
    """This machine, where it has a say in what a lock is for: no platforms declared, or `--python` given.

    Raises `InterpreterNotFound` where a Python was asked for that is not there, `UsageError` where it is of an
    implementation that `[targets]` leaves out.
    """
    if platforms_declared(manifest) and session.settings.python is None:
        return None
    # Lazy: where the platforms are declared, no Python of this machine has a say.
    from lockenv.operations.choose import interpreter_for_lock

    try:
        interpreter = interpreter_for_lock(session, manifest.python, old)
    except InterpreterNotFound as error:
        if session.settings.python is not None:
            raise
        session.report(Noted(message=f"this machine has no say in what is locked: {error.message}"))
        return None
    target = interpreter.target()
    if manifest.targets is not None and interpreter.implementation not in manifest.targets.implementations:
        said = f"the Python at {interpreter.path} is no {' or '.join(manifest.targets.implementations)}"
        if session.settings.python is not None:
            raise UsageError(f"{said}, and [targets] is for no other", hint="name it in `implementations`")
        session.report(Noted(message=f"this machine has no say in what is locked: {said}"))
        return None
    session.report(Noted(message=f"this machine is {target.name} ({interpreter.path})"))
    return Here(target=target, facts=interpreter.facts, executable=str(interpreter.executable))


def platforms_declared(manifest: Manifest) -> bool:
    """Whether `[targets]` says all that the lock is for; without, this machine is among it."""
    return manifest.targets is not None and bool(manifest.targets.platforms)


def question_of(
    session: Session,
    manifest: Manifest,
    *,
    here: Here | None,
    old: Pylock | None,
    upgrade: Upgrade,
    allowed: frozenset[NormalizedName] = frozenset(),
) -> Question:
    """Make the question. `allowed` are packages that may be built besides those that the manifest allows.

    Raises `ManifestError` where no released Python fits, `UsageError` where `here` is not among what is declared.
    """
    targets = targets_of(manifest.python, manifest.targets, here)
    if here is not None and platforms_declared(manifest):
        _check_covered(here, targets)
        here = None
    return Question(
        targets=targets,
        roots={MAIN: manifest.dependencies} | {group.name: group.requirements for group in manifest.groups},
        policy=_policy(session, manifest, old, upgrade, allowed),
        conflicts=manifest.resolution.conflicts,
        includes={group.name: group.includes for group in manifest.groups},
        across_pythons=manifest.resolution.across_pythons,
        held=nothing_held if old is None or upgrade.everything else _kept(manifest, old, upgrade),
        here=here.target.python if here is not None else None,
    )


def _check_covered(here: Here, targets: Collection[Target]) -> None:
    """See that the Python that must not be left out is among the declared targets."""
    variables, python = here.target.variables, here.target.python
    for target in targets:
        same = all(target.variables[name] == variables[name] for name in _TELLING)
        if same and target.span.holds(python):
            return
    msg = f"{here.target.name} ({python}) is asked for, and not among the `platforms` of {MANIFEST}"
    raise UsageError(msg, hint="add its platform to `platforms` in [targets], or leave out `--python`")


def standing(manifest: Manifest) -> Mapping[str, tuple[str, ...]]:
    """For each conflicting group itself and the groups that include it: who asks for these asks for it too."""
    return {
        member: tuple(sorted((member, *(each.name for each in manifest.groups if member in each.includes))))
        for members in manifest.resolution.conflicts
        for member in members
    }


def forbidden(manifest: Manifest) -> tuple[tuple[str, ...], ...]:
    """The sets of groups of which one at most can be asked for, also where a group includes a conflicting one."""
    asking = standing(manifest)
    chosen = (product(*(asking[member] for member in members)) for members in manifest.resolution.conflicts)
    return tuple(sorted({tuple(sorted(choice)) for choices in chosen for choice in choices}))


def holding(manifest: Manifest, old: Pylock) -> Keeping:
    """What a lock holds for each target and choice among conflicting groups."""
    asking = standing(manifest)

    def held(target: Target, fork: Fork) -> Mapping[NormalizedName, Held]:
        chosen = frozenset(group for member in fork for group in asking.get(member, (member,)))
        return freshness.held(old, target, chosen)

    return held


def _kept(manifest: Manifest, old: Pylock, upgrade: Upgrade) -> Keeping:
    holds = holding(manifest, old)

    def held(target: Target, fork: Fork) -> Mapping[NormalizedName, Held]:
        every = holds(target, fork)
        return {name: one for name, one in every.items() if name not in upgrade.names}

    return held


def _policy(
    session: Session,
    manifest: Manifest,
    old: Pylock | None,
    upgrade: Upgrade,
    allowed: frozenset[NormalizedName],
) -> Policy:
    options = manifest.resolution
    moments = _Moments(manifest, old, upgrade)
    exactly = tuple(parse_requirement(f"{name}=={version}") for name, version in sorted(upgrade.exactly.items()))
    declared = zip(manifest.indexes, session.declared_indexes(manifest), strict=True)
    return Policy(
        strategy=options.strategy,
        prereleases=options.prereleases,
        exclude_newer=moments.of(options.exclude_newer),
        exclude_newer_package={name: moments.of(said, name) for name, said in options.exclude_newer_package},
        untimed=frozenset(absolute.url for index, absolute in declared if not index.upload_times),
        constraints=(*options.constraints, *exactly),
        overrides=options.overrides,
        only_binary=options.only_binary,
        no_binary=options.no_binary,
        allow_build=frozenset(manifest.build.allow) | allowed,
        sources=frozenset(_source_urls(manifest)),
        asked=upgrade.exactly,
        owned=tuple(_owned(manifest)),
        explicit=tuple(index.name for index in manifest.indexes if index.explicit),
    )


def _owned(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """The names that are asked of one index only, and which that is."""
    yield from ((name, source.index) for name, source in manifest.sources if isinstance(source, IndexSource))
    for index in manifest.indexes:
        yield from ((canonicalize_name(pattern), index.name) for pattern in index.packages)


def _source_urls(manifest: Manifest) -> Iterator[tuple[NormalizedName, str]]:
    """The packages that come from URLs and repositories, as a requirement by URL names them (PEP 508)."""
    for name, source in manifest.sources:
        match source:
            case UrlSource():
                yield name, source.url
            case GitSource():
                yield name, f"git+{source.git}" + (f"@{source.rev}" if source.rev else "")
            case _:
                pass


class _Moments:
    """Turns ages into moments: counted from now, unless a lock is there and nothing is upgraded."""

    def __init__(self, manifest: Manifest, old: Pylock | None, upgrade: Upgrade) -> None:
        self._now = datetime.now(UTC).replace(microsecond=0)
        self._then: Mapping[str, object] = {}
        if old is not None and not upgrade.asked:
            table = pylock.tool_table(old)
            if table.get("manifest", {}).get("resolution") == freshness.digests(manifest)["resolution"]:
                self._then = {"": table.get("exclude-newer"), **table.get("exclude-newer-package", {})}

    def of(self, said: datetime | timedelta | None, name: str = "") -> datetime | None:
        """The moment that is meant, for all packages or for one."""
        if not isinstance(said, timedelta):
            return said
        then = self._then.get(name)
        return then if isinstance(then, datetime) else self._now - said


def check_upgrade(
    upgrade: Upgrade, before: Collection[NormalizedName], environments: Callable[[], Collection[str]] = tuple
) -> None:
    """Raise `UsageError` for a package that is to be upgraded and that the lock does not hold.

    `environments` gives those of the project, one of which may be meant instead.
    """
    for name in sorted(upgrade.names):
        if before and name not in before:
            # Lazy: only a slip needs it.
            from difflib import get_close_matches

            close = get_close_matches(name, before, n=1)
            hint = f"did you mean `{close[0]}`?" if close else "add it to env.toml, and run `lockenv lock`"
            if name in environments():
                hint = f"the environment of that name is upgraded by `lockenv upgrade --environment {name}`"
            raise UsageError(f"`{name}` is not in the lock, so there is nothing to upgrade", hint=hint)


def upgrade_of(asked: Collection[str] | bool) -> Upgrade | None:
    """What is to be upgraded: everything, nothing (None), or what is named. Raises as `names_to_upgrade`."""
    if isinstance(asked, bool):
        return Upgrade(everything=True) if asked else None
    return names_to_upgrade(asked) if asked else None


def names_to_upgrade(texts: Collection[str]) -> Upgrade:
    """Read ``NAME`` and ``NAME==VERSION``. Raises `UsageError`."""
    names: set[NormalizedName] = set()
    exactly: dict[NormalizedName, Version] = {}
    for text in texts:
        requirement = _upgrade_requirement(text)
        name = canonicalize_name(requirement.name)
        names.add(name)
        for clause in requirement.specifier:
            exactly[name] = Version(clause.version)
    return Upgrade(names=frozenset(names), exactly=exactly)


def _upgrade_requirement(text: str) -> Requirement:
    try:
        requirement = parse_requirement(text)
    except InvalidRequirement:
        raise _not_to_upgrade(text) from None
    clauses = [clause.operator for clause in requirement.specifier if "*" not in clause.version]
    if (
        requirement.url
        or requirement.marker
        or requirement.extras
        or clauses != ["=="] * len(requirement.specifier)
    ):
        raise _not_to_upgrade(text)
    return requirement


def _not_to_upgrade(text: str) -> UsageError:
    return UsageError(f"{text!r} does not say what to upgrade", hint="say NAME, or NAME==VERSION")
