"""What the judge of a lock asks again and again: markers, specifiers, tags and file names, each looked at once.

It rests on `packaging` alone, as the judge does (`lockenv.lockfile.judge`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from urllib.parse import unquote, urlsplit

from packaging.markers import Marker
from packaging.pylock import Package
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag, parse_tag
from packaging.version import Version

from lockenv.packages import MARKER_VARIABLES, Metadata, Requirement, parse_requirement
from lockenv.targets import Target


def _build_number(filename: str) -> int:
    parts = filename.removesuffix(".whl").split("-")
    digits = re.match(r"\d+", parts[2]) if len(parts) == 6 else None
    return int(digits[0]) if digits else -1


def archived(package: Package) -> Iterator[str]:
    """Give the name of the wheel, if it is one, that a package comes from without an index."""
    archive = package.archive
    if archive is not None:
        path = archive.path or unquote(urlsplit(archive.url or "").path)
        if path.endswith(".whl"):
            yield path.rpartition("/")[2]


class Evaluation:
    """Evaluates markers and specifiers with `packaging`, each once for all targets that it is the same for.

    What belongs to the lock or the claim lives as long as this, so that its id may stand for it.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], bool] = {}
        self._named: dict[int, tuple[Marker, tuple[tuple[str, ...], bool]]] = {}
        self._tags: dict[str, frozenset[Tag]] = {}
        self._lines: dict[int, tuple[Metadata, tuple[Requirement, ...], tuple[str, ...]]] = {}
        self._through: dict[tuple[int, str], list[tuple[Requirement, bool]]] = {}
        self._needs: dict[tuple[object, ...], tuple[Requirement, ...]] = {}
        self._wheels: dict[int, list[tuple[str, str, int]]] = {}
        self._met: dict[tuple[int, int], tuple[Requirement, bool]] = {}
        self._admitted: dict[tuple[int, Version], bool] = {}
        self._owned: dict[tuple[int, int], bool] = {}

    def meets(self, package: Package, requirement: Requirement) -> bool:
        """Whether the version of a package, if it has one, is among those that a requirement asks for."""
        key = (id(package), id(requirement))
        known = self._met.get(key)
        if known is None:
            version = package.version
            met = version is None or requirement.specifier.contains(version, prereleases=True)
            # The requirement is kept beside the answer so that its id stays taken.
            known = self._met[key] = (requirement, met)
        return known[1]

    def admits(self, requires_python: SpecifierSet | None, target: Target) -> bool:
        """Whether a bound on Python admits a target's."""
        if requires_python is None:
            return True
        key = (id(requires_python), target.python)
        known = self._admitted.get(key)
        if known is None:
            known = self._admitted[key] = requires_python.contains(target.python, prereleases=True)
        return known

    def is_of(self, metadata: Metadata, package: Package) -> bool:
        """Whether metadata speak of this package and version."""
        key = (id(metadata), id(package))
        known = self._owned.get(key)
        if known is None:
            said = (metadata.name, Version(metadata.version))
            known = self._owned[key] = said == (package.name, package.version)
        return known

    def needs(self, metadata: Metadata, extra: str, target: Target) -> tuple[Requirement, ...]:
        """What a distribution requires on a target for its own sake, or for that of one extra."""
        known = self._lines.get(id(metadata))
        if known is None:
            lines = tuple(map(parse_requirement, metadata.requires_dist))
            named = {name for line in lines if line.marker for name in self._variables(line.marker)[0]}
            # The metadata are kept beside the answer so that their id stays taken.
            known = self._lines[id(metadata)] = (metadata, lines, tuple(sorted(named)))
        _, lines, names = known
        key = (id(metadata), extra, *[target.variables[name] for name in names])
        found = self._needs.get(key)
        if found is None:
            found = self._needs[key] = tuple(
                line
                for line, settled in self._looked_through(metadata, lines, extra, target)
                if settled or self._counts(line, target, extra)
            )
        return found

    def _looked_through(
        self, metadata: Metadata, lines: Sequence[Requirement], extra: str, target: Target
    ) -> list[tuple[Requirement, bool]]:
        """The lines that may count: those that do on any target, as their markers name no variable, and others."""
        known = self._through.get((id(metadata), extra))
        if known is None:
            known = self._through[id(metadata), extra] = [
                (line, settled)
                for line in lines
                if not (settled := not (line.marker and self._variables(line.marker)[0]))
                or self._counts(line, target, extra)
            ]
        return known

    def _counts(self, line: Requirement, target: Target, extra: str) -> bool:
        return self.holds(line, target, extra) and (not extra or not self.holds(line, target))

    def wheels(self, package: Package) -> Sequence[tuple[str, str, int]]:
        """The wheels of a package: file name, tags, and build number, 0 first where there is none."""
        known = self._wheels.get(id(package))
        if known is None:
            names = [*(wheel.filename for wheel in package.wheels or ()), *archived(package)]
            known = self._wheels[id(package)] = [
                (name, "-".join(name.removesuffix(".whl").rsplit("-", 3)[1:]), _build_number(name))
                for name in names
            ]
        return known

    def tags(self, text: str) -> frozenset[Tag]:
        """The tags that a wheel's file name states."""
        if text not in self._tags:
            self._tags[text] = frozenset(parse_tag(text))
        return self._tags[text]

    def holds(self, requirement: Requirement, target: Target, extra: str = "") -> bool:
        """Whether a requirement counts on a target when an extra of its owner is asked for."""
        marker = requirement.marker
        if marker is None:
            return True
        variables = target.variables
        names, by_extra = self._variables(marker)
        # Requirements share their markers (`parse_requirement`).
        key = (id(marker), extra if by_extra else "", *[variables[name] for name in names])
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = marker.evaluate({**variables, "extra": extra})
        return known

    def selects(self, marker: Marker | None, target: Target, groups: frozenset[str]) -> bool:
        """Whether a package of the lock is installed on a target for a selection of groups."""
        if marker is None:
            return True
        variables = target.variables
        key = (id(marker), groups, *[variables[name] for name in self._variables(marker)[0]])
        known = self._known.get(key)
        if known is None:
            said: dict[str, str | AbstractSet[str]] = {
                **variables,
                "extras": frozenset[str](),
                "dependency_groups": groups,
            }
            known = self._known[key] = marker.evaluate(said, "lock_file")
        return known

    def _variables(self, marker: Marker) -> tuple[tuple[str, ...], bool]:
        """The variables whose names are in a marker's text, and whether `extra` is there too."""
        known = self._named.get(id(marker))
        if known is None:
            text = str(marker)
            names = tuple(name for name in MARKER_VARIABLES if name in text)
            # The marker is kept beside the answer so that its id stays taken.
            known = self._named[id(marker)] = (marker, (names, "extra" in text))
        return known[1]
