"""How demands of a lock are told: what `tree` and `why` have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lockenv.cli.markers import in_words
from lockenv.lockfile.web import Demand, Web
from lockenv.markers.syntax import Atom, Every, parse_leniently
from lockenv.project import MANIFEST
from lockenv.targets import Target

if TYPE_CHECKING:
    from packaging.pylock import Package


def title(package: Package, extras: Sequence[str] = ()) -> str:
    """A package of a lock: ``dropdown[fast] 1.1``, or where it comes from if it has no version."""
    name = f"{package.name}[{','.join(extras)}]" if extras else package.name
    if package.version is not None:
        return f"{name} {package.version}"
    return f"{name} (from {package.directory.path})" if package.directory is not None else name


def requirer(web: Web, demand: Demand) -> str:
    """Who makes a demand."""
    if demand.source is not None:
        extra = demand.source.extra
        return title(web.packages[demand.source.number], [extra] if extra else [])
    if demand.group:
        return f"group {demand.group}"
    return "the project" if web.guessed else MANIFEST


def condition(web: Web, demand: Demand) -> str:
    """Where a demand counts, in words, if not wherever its requirer is installed."""
    marker = demand.requirement.marker
    if marker is None or web.is_everywhere(demand):
        return ""
    told = _without_extra(str(marker))
    return f"({in_words(told)})" if told else ""


def _without_extra(marker: str) -> str:
    """A marker without the extra for whose sake it is there: that stands with the requirer."""
    expression = parse_leniently(marker)
    parts = expression.parts if isinstance(expression, Every) else (expression,)
    rest = [part for part in parts if not (isinstance(part, Atom) and part.variable == "extra")]
    if len(rest) == len(parts) or not all(isinstance(part, Atom) for part in rest):
        return marker
    return " and ".join(part.text for part in rest if isinstance(part, Atom))


def stated(demand: Demand) -> str:
    """A requirement without its marker."""
    line = demand.requirement
    extras = f"[{','.join(demand.extras)}]" if demand.extras else ""
    return f"{line.name}{extras}{f' @ {line.url}' if line.url else line.specifier}"


def described(web: Web, demand: Demand) -> dict[str, object]:
    """A demand as a part of a document: its `targets` are null where it counts wherever its requirer is."""
    goal = web.packages[demand.goal]
    return {
        "name": goal.name,
        "version": str(goal.version) if goal.version is not None else None,
        "extras": list(demand.extras),
        "requirement": str(demand.requirement),
        "specifier": str(demand.requirement.specifier),
        "marker": str(demand.requirement.marker or ""),
        "targets": None if web.is_everywhere(demand) else target_names(web.targets(demand.where)),
    }


def target_names(targets: Sequence[Target]) -> list[str]:
    """Targets as parts of a document."""
    return [target.name for target in targets]
