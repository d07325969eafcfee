"""Whether markers hold on a target, each question answered once (PEP 508)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from packaging.markers import Marker

from lockenv.packages import NormalizedName, Requirement
from lockenv.targets import Target


class Truth:
    """The truth of requirements' markers on one target.

    Asked per (requirement, extra), because the same requirement lines return in release after release; the
    requirement objects themselves are interned by `lockenv.packages.parse_requirement`, so identity is a key.
    """

    def __init__(self, target: Target) -> None:
        self._environments: dict[str, Mapping[str, str]] = {"": {**target.variables, "extra": ""}}
        self._variables = target.variables
        self._known: dict[tuple[int, str], tuple[Requirement, bool]] = {}

    def applies(self, requirement: Requirement, extra: str = "") -> bool:
        """Whether a requirement counts here when `extra` of its owner is asked for ('' for none)."""
        if requirement.marker is None:
            return True
        key = (id(requirement), extra)
        known = self._known.get(key)
        if known is None:
            # The requirement is kept beside the answer so that its id stays taken.
            known = (requirement, self.holds(requirement.marker, extra))
            self._known[key] = known
        return known[1]

    def holds(self, marker: Marker, extra: str = "") -> bool:
        """Whether a marker is true here, with ``extra`` set to the given name."""
        environment = self._environments.get(extra)
        if environment is None:
            environment = {**self._variables, "extra": extra}
            self._environments[extra] = environment
        return marker.evaluate(dict(environment))

    def asked(self) -> Iterator[tuple[Requirement, str, bool]]:
        """All that `applies` was asked and answered: (requirement, extra, answer), in the order first asked."""
        raise NotImplementedError

    def answered_alike(self, other: Truth) -> bool:
        """Whether `other` would give the same answer to all that this one was asked."""
        return all(other.applies(requirement, extra) is answer for requirement, extra, answer in self.asked())


def names_extra(requirement: Requirement, extra: NormalizedName, truth: Truth) -> bool:
    """Whether a requirement belongs to an extra: it counts with the extra and not without."""
    return truth.applies(requirement, extra) and not truth.applies(requirement)


class Truths:
    """Makes the truth of each target, so that what one was asked helps the others.

    A marker is evaluated once for all targets that agree on the variables it names.
    """

    def of(self, target: Target) -> Truth:
        """A truth of this target that has been asked nothing yet; to be had anew for every search."""
        raise NotImplementedError
