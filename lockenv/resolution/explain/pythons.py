"""Remedies where the versions in range need another Python: the loosest bound that helps."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from lockenv.packages import NormalizedName
from lockenv.resolution.candidates import python_specifier
from lockenv.resolution.explain.account import Account
from lockenv.resolution.explain.places import bounded
from lockenv.resolution.explain.scene import Scene


def other_python(scene: Scene, name: NormalizedName) -> Iterator[str]:
    """How to bound Python so that one of the versions in range can be used; nothing where no bound helps."""
    near, loosest = scene.place.python, _loosest(scene, name)
    if near is not None:
        yield bounded(near) + scene.or_another(name)
    elif loosest is not None and scene.helps(loosest):
        yield bounded(loosest, f" as {name} does,") + scene.or_another(name)


def _loosest(scene: Scene, name: NormalizedName) -> str | None:
    lower = [python for account in scene.accounts for python in _missed(account, name, {">", ">=", "~=", "=="})]
    if lower:
        return f">={min(lower)}"
    upper = [python for account in scene.accounts for python in _missed(account, name, {"<", "<="})]
    return f"<{max(upper)}" if upper else None


def _missed(account: Account, name: NormalizedName, operators: set[str]) -> Iterator[Version]:
    """The bounds of these kinds that a target's Python misses, of each version that needs another one."""
    python = account.known.target.python
    for fate in account.fates(name).values():
        if fate is None or fate.why != "python":
            continue
        specifier = python_specifier(fate.reason.removeprefix("needs Python ")) or SpecifierSet()
        clauses = [clause for clause in specifier if not clause.contains(python, prereleases=True)]
        if clauses and all(clause.operator in operators for clause in clauses):
            yield from (found for clause in clauses if (found := _version(clause.version)) is not None)


def _version(text: str) -> Version | None:
    try:
        return Version(text.removesuffix(".*"))
    except InvalidVersion:  # pragma: no cover - only behind `===`
        return None
