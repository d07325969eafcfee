"""Versions that others hold, as what a lock starts from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.version import InvalidVersion

from lockenv.packages import NormalizedName
from lockenv.resolution.model import Fork, Held, Keeping
from lockenv.targets import Target

if TYPE_CHECKING:
    from lockenv.formats.draft import Pin

_ASKING = r"\b(extras?|dependency_groups)\b"


def preferring(pins: Sequence[Pin]) -> Keeping:
    """Pins as what a lock would hold: for each target those whose markers are true there; the first counts."""

    def held(target: Target, fork: Fork) -> Mapping[NormalizedName, Held]:
        del fork
        found: dict[NormalizedName, Held] = {}
        for pin in pins:
            if pin.name not in found and _holds(pin, target):
                found[pin.name] = Held(version=pin.version)
        return found

    return held


def rather(first: Keeping, then: Keeping) -> Keeping:
    """What one of two holds, and what the other does where the first holds nothing."""

    def held(target: Target, fork: Fork) -> Mapping[NormalizedName, Held]:
        return {**then(target, fork), **first(target, fork)}

    return held


def _holds(pin: Pin, target: Target) -> bool:
    """Whether a pin is for a target. One that rests on extras or groups is: somebody may ask for them."""
    if pin.marker is None or re.search(_ASKING, str(pin.marker)):
        return True
    try:
        return pin.marker.evaluate(dict(target.variables))
    except (UndefinedComparison, UndefinedEnvironmentName, InvalidVersion):
        return True  # others' markers may compare what cannot be compared
