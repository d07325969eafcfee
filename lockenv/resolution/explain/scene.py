"""What a remedy has to serve: all targets of a story, and what there is elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.packages import NormalizedName
from lockenv.resolution.explain.account import Account
from lockenv.resolution.explain.fates import Fate, fate_of
from lockenv.resolution.explain.places import Place
from lockenv.targets import Target
from lockenv.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The accounts of all targets that a story is told of, and which targets these are.

    `hopeless` are all targets without solution, those of other stories too, and `targets` all that there are.
    """

    accounts: Sequence[Account]
    place: Place
    hopeless: frozenset[Target]
    targets: Sequence[Target]

    @property
    def account(self) -> Account:
        """The one whose facts are told."""
        return self.accounts[0]

    def helps(self, bound: str) -> bool:
        """Whether a bound on Python leaves a target that has a solution, or only such as are not declared."""
        specifier = SpecifierSet(bound)
        left = [target for target in self.targets if specifier.contains(target.python, prereleases=True)]
        return not left or any(target not in self.hopeless for target in left)

    def out_for(self, name: NormalizedName, why: str) -> list[Fate]:
        """For each target, why its newest version of a package is out that is out for this kind of reason."""
        found = []
        for account in self.accounts:
            fates = [(version, fate) for version, fate in account.fates(name).items() if fate and fate.why == why]
            found += [fate for _, fate in finals_first(fates)[:1]]
        return found

    def another(self, name: NormalizedName) -> Version | None:
        """The newest version out of the user's own range that could be used on each of these targets."""
        project = self.account.provider.project(name)
        if project is None or name not in self.account.root_names():
            return None
        in_range = set(self.account.in_range(name))
        for version in project.versions:
            if version not in in_range and not any(fate_of(one.known, name, version) for one in self.accounts):
                return version
        return None

    def or_another(self, name: NormalizedName) -> str:
        """The same as the end of a hint."""
        version = self.another(name)
        return "" if version is None else f", or allow {name} {version}, which fits"

    def elsewhere(self) -> str | None:
        """The user's requirement with a marker that leaves these targets out, where there is but one."""
        roots = {root.text for root in self.account.core.roots}
        if self.place.elsewhere is None or len(roots) != 1:
            return None
        (text,) = roots
        return None if ";" in text else f'require "{text} ; {self.place.elsewhere}"'


def finals_first(fates: Sequence[tuple[Version, Fate]]) -> list[tuple[Version, Fate]]:
    """Put pre-releases, which nobody expects, last; a stable sort."""
    return sorted(fates, key=lambda each: each[0].is_prerelease)
