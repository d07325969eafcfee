"""What became of the versions of one package that are in range."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.version import Version

from lockenv.packages import NormalizedName
from lockenv.resolution.candidates import Unfit, named
from lockenv.resolution.demands import Impossible
from lockenv.resolution.explain.failure import Failure
from lockenv.resolution.explain.story import Why
from lockenv.resolution.explain.wheels import lacking
from lockenv.resolution.provider import Provider
from lockenv.targets import Target

#: So many reasons beside the first are told as one.
_MANY = 3


@dataclass(frozen=True, slots=True)
class Fate:
    """Why a version is out."""

    why: Why
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What there is to look things up in: a target, who answered for it, and which releases are broken."""

    target: Target
    provider: Provider
    broken: Mapping[tuple[NormalizedName, Version], str]
    _words: dict[tuple[NormalizedName, Version], str] = field(default_factory=dict)

    def files(self, name: NormalizedName, version: Version) -> str:
        """Why no file of a release can be used, in words; found once."""
        key = (name, version)
        if key not in self._words:
            self._words[key] = _files(self, name, version)
        return self._words[key]


def known_of(failure: Failure) -> Known:
    """Make it of a failure."""
    broken = {
        (fact.parent.name, fact.parent.version): fact.requirement.reason
        for fact in failure.dead_end.causes
        if isinstance(fact.requirement, Impossible) and fact.parent is not None
    }
    return Known(target=failure.target, provider=failure.provider, broken=broken)


def fate_of(
    known: Known, name: NormalizedName, version: Version, *, opened: bool = False, pinned: bool = False
) -> Fate | None:
    """Say why a version is out whatever else is demanded; None where it could be used, as far as is known.

    `opened` says that pre-releases count, `pinned` that yanked versions do. Fetches nothing.
    """
    provider = known.provider
    offer = provider.offer(name, version)
    if isinstance(offer, Unfit):
        return Fate(offer.kind, known.files(name, version) if offer.kind == "files" else offer.reason)
    if offer.yanked is not None and not pinned:
        return Fate("yanked", f"yanked: {offer.yanked}" if offer.yanked else "yanked")
    project = provider.project(name)
    chosen = project is not None and version in project.chosen
    if version.is_prerelease and not (opened or chosen):
        return Fate("pre-release", "a pre-release" if not version.is_devrelease else "a development release")
    skipped = known.broken.get((name, version)) or provider.skipped.get(name, {}).get(version)
    if skipped is None:
        return None
    if skipped.startswith("needs Python"):
        return Fate("python", skipped)
    return Fate("dependency" if skipped.startswith("it depends on") else "metadata", skipped)


def by_reason(fates: Mapping[Version, Fate | None]) -> dict[Fate, list[Version]]:
    """Put versions together that are out for the same reason, in the order in which they come."""
    found: dict[Fate, list[Version]] = {}
    for version, fate in fates.items():
        if fate is not None:
            found.setdefault(fate, []).append(version)
    return found


def merged(fates: Mapping[Fate, list[Version]]) -> dict[Fate, list[Version]]:
    """Put reasons into few words where there are many: the first is told, those of files and Pythons together."""
    together = [fate for fate in list(fates)[1:] if fate.why in {"files", "python"}]
    if len(together) < _MANY:
        return dict(fates)
    found = {fate: versions for fate, versions in fates.items() if fate not in together}
    found[_in_common(together)] = [version for fate in together for version in fates[fate]]
    return dict(sorted(found.items(), key=lambda item: max(item[1]), reverse=True))


def _in_common(fates: Sequence[Fate]) -> Fate:
    kinds = {fate.why for fate in fates}
    if kinds == {"python"}:
        return Fate("python", "needs other Pythons")
    if kinds == {"files"}:
        return Fate("files", "no wheel fits" + _common_end([fate.reason for fate in fates]))
    return Fate("files", "no wheel fits, or another Python is needed")


def _common_end(reasons: Iterable[str]) -> str:
    """What all reasons say of the source, which is the same without wheels."""
    ends = {comma + end if comma else "" for _, comma, end in (reason.rpartition(", and ") for reason in reasons)}
    return ends.pop() if len(ends) == 1 else ""


def usable(fates: Mapping[Version, Fate | None]) -> list[Version]:
    """The versions that could be used."""
    return [version for version, fate in fates.items() if fate is None]


def _files(known: Known, name: NormalizedName, version: Version) -> str:
    provider = known.provider
    project = provider.project(name)
    files = () if project is None else project.releases[version].files
    policy = provider.policy
    ruled_out = named(name, policy.no_binary)
    why = "`no-binary` rules out wheels" if ruled_out else lacking(files, known.target)
    if all(file.is_wheel for file in files):
        return why
    if named(name, policy.only_binary):
        return f"{why}, and `only-binary` rules out the source"
    return f"{why}, and the source may not be built"
