"""`outdated`: which packages of the lock have newer releases, and what holds them back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from packaging.pylock import Package
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.events import StageFinished, StageStarted
from lockenv.graph import MAIN
from lockenv.lockfile.pylock import tool_table
from lockenv.lockfile.select import Selection, check_selection
from lockenv.lockfile.web import Web, web_of
from lockenv.manifest.model import IndexSource, Manifest
from lockenv.markers.truth import Truths
from lockenv.operations.question import Upgrade, here_of, question_of
from lockenv.operations.woven import declared, locked
from lockenv.packages import Requirement, canonicalize_name
from lockenv.project import MANIFEST
from lockenv.resolution.candidates import Offers, Project, Projects, Unfit
from lockenv.resolution.model import Question
from lockenv.session import Session
from lockenv.targets import Target
from lockenv.values import dataclass

#: What holds a package back: the manifest, what targets can use, others' requirements, that it gave way to others
#: when the lock was made, or nothing but that nobody has asked.
Holder: TypeAlias = Literal[
    "manifest", "python", "files", "cut-off", "quarantine", "source", "others", "gave-way", ""
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What stands between a package and a newer release, in kind and in words."""

    by: Holder
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A package of the lock, and what its index has.

    `newest` is the newest release that is neither yanked nor a pre-release (unless those are wanted), `admitted`
    the newest that the manifest admits on some of the package's targets. Of these, `newest_held` and
    `admitted_held` say what stands between. `yanked` is the reason why the locked release was withdrawn, which may
    be empty (None: it was not); `gone` is whether the index does not have it any more.
    """

    package: Package
    direct: bool
    newest: Version | None = None
    admitted: Version | None = None
    newest_held: Held | None = None
    admitted_held: Held | None = None
    yanked: str | None = None
    gone: bool = False

    @property
    def behind(self) -> bool:
        """Whether there is a newer release."""
        own = self.package.version
        return own is not None and self.newest is not None and self.newest > own

    @property
    def movable(self) -> bool:
        """Whether nothing is known to be in the way of a newer release."""
        return self.admitted_held is not None and not self.admitted_held.by


@dataclass(frozen=True, slots=True, kw_only=True)
class Outdated:
    """The packages of a lock that come from an index; `elsewhere` counts the others, which are not compared."""

    where: str
    standings: tuple[Standing, ...]
    elsewhere: int


def outdated(session: Session, *, groups: Sequence[str] = (), direct: bool = False) -> Outdated:
    """Ask the indexes for newer releases of what the lock holds; with `groups`, of what these need.

    With `direct`, only what the manifest names is asked for. Raises `LockError` where there is no lock,
    `UsageError` for a group that it does not have, `ManifestError`, and `NetworkError` as `lock` does.
    """
    where, lock = locked(session)
    check_selection(lock, Selection(groups=frozenset(groups)), where=where)
    written = declared(session)
    manifest = written or Manifest(python=lock.requires_python or SpecifierSet())
    here = here_of(session, manifest, lock)
    question = question_of(session, manifest, here=here, old=lock, upgrade=Upgrade(everything=True))
    web = web_of(lock, written)
    wanted = [number for number in _asked(web, groups) if not direct or _is_direct(web, number)]
    ours = [number for number in wanted if _from_index(lock.packages[number], manifest)]
    judge = _Judge(session, manifest, question, web)
    judge.prefetch(ours)
    session.report(StageStarted(stage="Looking", total=len(ours)))
    standings = tuple(judge.standing(number) for number in ours)
    session.report(StageFinished(stage="Looking"))
    return Outdated(where=where, standings=standings, elsewhere=len(wanted) - len(ours))


def _asked(web: Web, groups: Sequence[str]) -> list[int]:
    """The packages that some groups need; all of the lock's, where no group is asked for."""
    if not groups:
        return list(range(len(web.packages)))
    found: set[int] = set()
    waiting = [demand for demand in web.outgoing.get(None, ()) if demand.group in groups]
    seen = set(waiting)
    while waiting:
        demand = waiting.pop()
        found.add(demand.goal)
        further = [each for each in web.below(demand.goal, demand.extras) if each not in seen]
        seen.update(further)
        waiting += further
    return sorted(found)


def _is_direct(web: Web, number: int) -> bool:
    return any(demand.source is None for demand in web.incoming.get(number, ()))


def _from_index(package: Package, manifest: Manifest) -> bool:
    elsewhere = {name for name, source in manifest.sources if not isinstance(source, IndexSource)}
    has_files = bool(package.wheels) or package.sdist is not None
    return package.version is not None and has_files and package.name not in elsewhere


class _Judge:
    """Says of one package after the other how it stands."""

    def __init__(self, session: Session, manifest: Manifest, question: Question, web: Web) -> None:
        self._web = web
        self._question = question
        self._client = session.client(manifest)
        self._projects = Projects(self._client, question.policy)
        self._truths = Truths()
        self._offers: dict[Target, Offers] = {}

    def prefetch(self, numbers: Sequence[int]) -> None:
        """Say what will be asked for."""
        self._client.prefetch_listings(dict.fromkeys(self._web.packages[number].name for number in numbers))

    def standing(self, number: int) -> Standing:
        """How a package stands. Raises `NetworkError`."""
        package = self._web.packages[number]
        direct, own = _is_direct(self._web, number), package.version
        project = self._projects.get(package.name)
        if project is None or own is None:
            return Standing(package=package, direct=direct, gone=True)
        targets = self._targets(number)
        candidates = self._newer(project, own)
        admitted = next((v for v in candidates if self._ruled_out(number, v, targets) is None), None)
        newest = candidates[0] if candidates else own
        return Standing(
            package=package,
            direct=direct,
            newest=newest,
            admitted=admitted or own,
            newest_held=self._ruled_out(number, newest, targets) if candidates and newest != admitted else None,
            admitted_held=self._holding(number, admitted) if admitted is not None else None,
            yanked=_yanked(project, own),
            gone=own not in project.releases,
        )

    def _targets(self, number: int) -> tuple[Target, ...]:
        """The targets of the manifest on which the lock installs a package."""
        mine = self._web.targets(self._web.presence[number])
        found = tuple(target for target in self._question.targets if any(map(target.overlaps, mine)))
        return found or self._question.targets

    def _newer(self, project: Project, own: Version) -> list[Version]:
        """The releases after one, the newest first."""
        yanked = {version for version in project.versions if _yanked(project, version) is not None}
        pre = own.is_prerelease or not project.has_final or self._question.policy.prereleases == "allow"
        return [v for v in project.versions if v > own and v not in yanked and (pre or not v.is_prerelease)]

    # -- what the manifest and the targets admit

    def _ruled_out(self, number: int, version: Version, targets: Sequence[Target]) -> Held | None:
        """Why no target of a package may have a version; None where some may."""
        reason: Held | None = None
        for target in targets:
            found = self._ruled_out_on(number, version, target)
            if found is None:
                return None
            reason = reason or found
        return reason

    def _ruled_out_on(self, number: int, version: Version, target: Target) -> Held | None:
        package = self._web.packages[number]
        for requirement, said in self._limits(number, target):
            if not requirement.specifier.contains(version, prereleases=True):
                return Held(by="manifest", why=said)
        offers = self._offers.get(target)
        if offers is None:
            offers = self._offers[target] = Offers(self._projects, target, self._question.policy)
        offer = offers.offer(package.name, "", version)
        return Held(by=offer.kind, why=offer.reason) if isinstance(offer, Unfit) else None

    def _limits(self, number: int, target: Target) -> Iterator[tuple[Requirement, str]]:
        """What the manifest says of a package on a target."""
        policy, name = self._question.policy, self._web.packages[number].name
        overrides = self._about(name, policy.overrides, target)
        roots = [] if overrides else list(self._question.roots.items())
        for gate, requirements in roots:
            who = f"group {gate}" if gate != MAIN else MANIFEST
            own = self._about(name, requirements, target)
            yield from ((line, f"{who} requires {_stated(line)}") for line in own)
        yield from ((line, f"{MANIFEST} overrides it with {_stated(line)}") for line in overrides)
        limits = self._about(name, policy.constraints, target)
        yield from ((line, f"{MANIFEST} constrains it to {_stated(line)}") for line in limits)

    def _about(self, name: str, requirements: Sequence[Requirement], target: Target) -> list[Requirement]:
        own = [line for line in requirements if canonicalize_name(line.name) == name]
        return [line for line in own if self._truths.of(target).would_apply(line)]

    # -- what others hold

    def _holding(self, number: int, version: Version) -> Held:
        """What of the lock stands between a package and a version that the manifest admits."""
        package = self._web.packages[number]
        overrides = self._question.policy.overrides
        overridden = any(canonicalize_name(line.name) == package.name for line in overrides)
        for demand in () if overridden else self._web.incoming.get(number, ()):
            line = demand.requirement
            if demand.source is not None and not line.specifier.contains(version, prereleases=True):
                owner = self._web.packages[demand.source.number]
                return Held(by="others", why=f"{owner.name} {owner.version} requires {_stated(line)}")
        gave_way = {text.partition(" ; ")[0] for text in tool_table(package).get("instead-of", ())}
        if str(version) in gave_way:
            return Held(by="gave-way", why="it gave way to other packages' wishes")
        return Held(by="", why="")


def _yanked(project: Project, version: Version) -> str | None:
    """The reason for which all files of a release were withdrawn (PEP 592); None where not all were."""
    release = project.releases.get(version)
    if release is None or not release.is_remarkable:
        return None
    reasons = [file.yanked for file in release.files]
    said = [reason for reason in reasons if reason is not None]
    return said[0] if said and len(said) == len(reasons) else None


def _stated(requirement: Requirement) -> str:
    return f"{requirement.name}{requirement.specifier}"
