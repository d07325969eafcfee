"""The judgement of a lock at the moment of writing: on every target and for every selection of groups it is right.

The judge shares no code with the resolver. It reads the lock that was written, chooses from it as an installer
would (PEP 751, installation), and walks from the manifest's requirements through the metadata of the chosen files:
all that is required is there and fits, nothing else is, and no choice is ambiguous.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from packaging.pylock import Package, Pylock
from packaging.tags import Tag
from packaging.utils import canonicalize_name

from lockenv.errors import InternalError, Problem
from lockenv.lockfile.evaluation import Evaluation, archived
from lockenv.lockfile.probes import probes, turns
from lockenv.packages import Metadata, NormalizedName, Requirement, address, parse_requirement
from lockenv.targets import Target
from lockenv.values import dataclass

_MAIN = ""
#: A package's name and the name of its chosen file, or where it comes from if no index has it (`address`).
Evidence = Mapping[tuple[NormalizedName, str], Metadata]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a lock claims to answer.

    `roots` maps '' and the names of groups to their requirements; at most one group of each of `conflicts` is
    asked for. `evidence` is the metadata of each file that some target may choose. `buildable` are the packages
    that may be installed from source.
    """

    targets: tuple[Target, ...]
    roots: Mapping[str, tuple[Requirement, ...]]
    evidence: Evidence
    constraints: tuple[Requirement, ...] = ()
    overrides: tuple[Requirement, ...] = ()
    conflicts: tuple[tuple[str, ...], ...] = ()
    buildable: frozenset[str] = frozenset()


def judge(lock: Pylock, claim: Claim) -> None:
    """Compare what the lock selects with what its manifest requires.

    Raises `InternalError` with every difference.
    """
    problems = list(faults(lock, claim))
    if problems:
        raise InternalError(
            "the lock would not install what the manifest requires; nothing was written",
            problems=problems,
            hint="please report this, with env.toml: it is a bug in lockenv",
        )


def faults(lock: Pylock, claim: Claim) -> Iterator[Problem]:
    """Give every difference between what the lock selects and what its manifest requires, target by target."""
    truth = Evaluation()
    versions = turns(_texts(lock, claim))
    for target in claim.targets:
        ranks = [_Ranks(tags, truth) for tags in (target.tags, *(tags for _, tags in target.also))]
        for probe in probes(target, versions):
            # Another patch version of Python takes the same wheels.
            yield from _on_target(lock, claim, probe, truth, ranks)


def _texts(lock: Pylock, claim: Claim) -> Iterator[str]:
    """The markers and the bounds on Python that may tell one version of Python from another."""
    yield from map(str, (*(lock.environments or ()), lock.requires_python or ""))
    for package in lock.packages:
        yield str(package.marker or "")
        yield str(package.requires_python or "")
    for requirements in (*claim.roots.values(), claim.constraints, claim.overrides):
        yield from (str(requirement.marker or "") for requirement in requirements)
    for metadata in claim.evidence.values():
        yield metadata.requires_python or ""
        yield from (line.partition(";")[2] for line in metadata.requires_dist if "_version" in line)


def selections(groups: Iterable[str], conflicts: Sequence[Sequence[str]]) -> list[frozenset[str]]:
    """The selections of groups that stand for all legal ones.

    Whatever is installed is so for the sake of the main dependencies or of one group, under one choice among the
    conflicting groups: so each choice alone, with each further group, and with all of them.
    """
    apart = {group for conflict in conflicts for group in conflict}
    free = sorted(set(groups) - apart)
    choices: dict[frozenset[str], None] = {frozenset(): None}
    for conflict in conflicts:
        further = [choice | {member} for choice in choices for member in conflict]
        choices |= {
            choice: None for choice in further if all(len(choice & set(every)) <= 1 for every in conflicts)
        }
    found: dict[frozenset[str], None] = {}
    for choice in choices:
        for more in ((), *((group,) for group in free), tuple(free)):
            found.setdefault(choice | set(more))
    return list(found)


def _on_target(
    lock: Pylock, claim: Claim, target: Target, truth: Evaluation, ranks: Sequence[_Ranks]
) -> Iterator[Problem]:
    covering = [marker for marker in lock.environments or () if marker.evaluate(dict(target.variables))]
    if len(covering) != 1:
        yield Problem(where=target.name, message=f"{len(covering)} of the lock's environments cover it")
    if lock.requires_python is not None and not lock.requires_python.contains(target.python, prereleases=True):
        yield Problem(where=target.name, message=f"the lock requires Python {lock.requires_python}")
    view = _View(claim, target, truth, ranks)
    for groups in selections(lock.dependency_groups or (), claim.conflicts):
        where = f"{target.name}, groups {', '.join(sorted(groups)) or 'none'}"
        chosen: dict[NormalizedName, Package] = {}
        for package in lock.packages:
            if not truth.selects(package.marker, target, groups):
                continue
            if package.name in chosen:
                yield Problem(where=where, message=f"{package.name} is ambiguous")
            chosen[package.name] = package
        for message in view.faults(chosen, groups):
            yield Problem(where=where, message=message)


class _View:
    """One target's look at the lock's packages: which file each offers it, and what that requires."""

    def __init__(self, claim: Claim, target: Target, truth: Evaluation, ranks: Sequence[_Ranks]) -> None:
        self._claim = claim
        self._target = target
        self._truth = truth
        self._ranks = ranks
        self._needs: dict[tuple[int, str], list[Requirement]] = {}
        self._unfit: dict[int, str] = {}
        self._read: dict[int, tuple[Metadata, ...]] = {}
        self._overrides = {
            canonicalize_name(each.name): each for each in reversed(claim.overrides) if truth.holds(each, target)
        }

    def faults(self, chosen: Mapping[NormalizedName, Package], groups: frozenset[str]) -> Iterator[str]:
        """Everything that is wrong with a choice of packages for a selection of groups."""
        asked = [root for gate in (_MAIN, *sorted(groups)) for root in self._claim.roots.get(gate, ())]
        waiting = [(self._overridden(root), "the manifest") for root in asked if self._holds(root)]
        seen: set[tuple[NormalizedName, str]] = set()
        while waiting:
            requirement, owner = waiting.pop()
            name = canonicalize_name(requirement.name)
            package = chosen.get(name)
            if package is None:
                yield f"{owner} requires {requirement}, which is missing"
                continue
            if not self._truth.meets(package, requirement):
                yield f"{owner} requires {requirement}, the lock has {package.version}"
            for extra in ("", *map(canonicalize_name, requirement.extras)):
                if (name, extra) not in seen:
                    seen.add((name, extra))
                    waiting += [(need, name) for need in self._needed(package, extra)]
        reached = {name for name, _ in seen}
        yield from (f"{name} is installed and nobody requires it" for name in sorted(chosen.keys() - reached))
        for name, package in sorted(chosen.items()):
            if fault := self._fault(package):
                yield f"{name}: {fault}"

    def _fault(self, package: Package) -> str:
        known = self._unfit.get(id(package))
        if known is None:
            known = self._unfit[id(package)] = "; ".join(self._faults_of(package))
        return known

    def _faults_of(self, package: Package) -> Iterator[str]:
        if not self._truth.admits(package.requires_python, self._target):
            yield f"it requires Python {package.requires_python}"
        buildable = (package.archive or package.vcs or package.directory) is not None and not any(
            archived(package)
        )
        buildable |= package.sdist is not None and package.name in self._claim.buildable
        if not buildable and not all(ranks.wheel(package) for ranks in self._ranks):
            yield "no file of it fits"
        elif package.version is not None:
            for read in self._metadata(package):
                if not self._truth.is_of(read, package):
                    yield f"its file is of {read.name} {read.version}, the lock says {package.version}"
        for constraint in self._claim.constraints:
            concerned = canonicalize_name(constraint.name) == package.name and self._holds(constraint)
            if concerned and not self._truth.meets(package, constraint):
                yield f"the manifest constrains it to {constraint.specifier}, the lock has {package.version}"

    def _needed(self, package: Package, extra: str) -> list[Requirement]:
        """What a package requires here for its own sake, or for that of one extra."""
        key = (id(package), extra)
        known = self._needs.get(key)
        if known is None:
            known = self._needs[key] = [
                self._overridden(line)
                for metadata in self._metadata(package)
                for line in self._truth.needs(metadata, extra, self._target)
            ]
        return known

    def _metadata(self, package: Package) -> tuple[Metadata, ...]:
        known = self._read.get(id(package))
        if known is None:
            known = self._read[id(package)] = tuple(self._files_of(package))
        return known

    def _files_of(self, package: Package) -> Iterator[Metadata]:
        """What the files say that an installer takes here, or what was built."""
        names = {ranks.wheel(package) for ranks in self._ranks} - {""}
        if (origin := package.archive or package.vcs or package.directory) is not None:
            names = {address(origin)}
        elif not names:
            names = {package.sdist.filename if package.sdist is not None else ""}
        for filename in sorted(names):
            read = self._claim.evidence.get((package.name, filename))
            if read is None:
                msg = f"nobody has read the metadata of {filename or package.name}, which the lock would install"
                raise InternalError(msg, hint="please report this, with env.toml: it is a bug in lockenv")
            yield read

    def _overridden(self, requirement: Requirement) -> Requirement:
        override = self._overrides.get(canonicalize_name(requirement.name))
        if override is None:
            return requirement
        extras = ",".join(sorted(requirement.extras | override.extras))
        return parse_requirement(f"{requirement.name}{f'[{extras}]' if extras else ''}{override.specifier}")

    def _holds(self, requirement: Requirement) -> bool:
        return self._truth.holds(requirement, self._target)


class _Ranks:
    """How early each wheel's best tag comes in a list of tags, best first."""

    def __init__(self, tags: Sequence[Tag], truth: Evaluation) -> None:
        self._ranks: dict[Tag, int] = {}
        for rank, tag in enumerate(tags):
            self._ranks.setdefault(tag, rank)
        self._truth = truth
        self._known: dict[str, int | None] = {}
        self._wheels: dict[int, str] = {}

    def wheel(self, package: Package) -> str:
        """The file name of the wheel that an installer takes (PEP 425 order, PEP 427 build numbers), or ''."""
        known = self._wheels.get(id(package))
        if known is None:
            known = self._wheels[id(package)] = self._best(package)
        return known

    def _best(self, package: Package) -> str:
        best: tuple[tuple[int, int], str] | None = None
        for filename, tags, build in self._truth.wheels(package):
            rank = self.of(tags)
            if rank is not None and (best is None or (rank, -build) < best[0]):
                best = ((rank, -build), filename)
        return "" if best is None else best[1]

    def of(self, text: str) -> int | None:
        """The rank of a wheel with these tags; None where it does not fit."""
        if text not in self._known:
            ranks = self._ranks
            self._known[text] = min((ranks[tag] for tag in self._truth.tags(text) if tag in ranks), default=None)
        return self._known[text]
