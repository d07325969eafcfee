"""Constraints on versions that are not PEP 440's, as specifiers: Poetry's and Conda's; and Pythons as markers."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import reduce
from operator import and_
from typing import TypeAlias

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from lockenv.formats.addresses import NotCarried
from lockenv.manifest.words import quoted

#: An operator, or '', and a version -> a clause of PEP 440.
_Clause: TypeAlias = Callable[[str, str], str]
_CLAUSE = re.compile(r"\s*(\^|~=|~|===|==|!=|<=|>=|<|>|=)?\s*([^\s,|^~=!<>]+)\s*,?")


def poetry(text: str, *, above: SpecifierSet | None = None) -> SpecifierSet:
    """A constraint as Poetry writes it: ``^1.2``, ``~1.2``, ``1.*``, ``>=1,<2 || >=3``, a bare version.

    Of a choice, what has no version in `above` does not count. Raises `NotCarried` for what is none, or what no
    specifier says.
    """
    choices = [_all_of(part, text, _poetry_clause) for part in re.split(r"\|\|?", text)]
    if above is not None:
        choices = [each for each in choices if not (each & above).is_unsatisfiable()] or choices
    return _union(choices, text)


def conda(text: str) -> SpecifierSet:
    """A version as Conda's match specifications write it: ``1.2``, ``=1.2``, ``1.2.*``, ``>=1.2,<2``, ``1.2|1.3``.

    Raises `NotCarried` for what is none, or what no specifier says.
    """
    return _union([_all_of(part, text, _conda_clause) for part in text.split("|")], text)


def _union(alternatives: list[SpecifierSet], text: str) -> SpecifierSet:
    if len(alternatives) == 1:
        return alternatives[0]
    # Bounds as they are meant: between `<2` and `>=2` nothing is left out, not even what comes before 2.
    meant = [SpecifierSet(re.sub(r"(>=[\d.]+)(?=,|$)", r"\1.dev0", str(each))) for each in alternatives]
    together = reduce(lambda one, other: one.union(other), (each.to_range() for each in meant))
    try:
        found = together.to_specifier_set()
    except ValueError:
        found = None
    if found is None:
        message = f"{quoted(text)} is a choice that no specifier (PEP 440) says"
        raise NotCarried(message, "write the range that you want")
    return SpecifierSet(str(found).replace(".dev0", ""))


def _all_of(part: str, text: str, clause: _Clause) -> SpecifierSet:
    if part.strip() in {"*", "", "x"}:
        return SpecifierSet()
    position, found = 0, []
    while position < len(part.rstrip()):
        match = _CLAUSE.match(part, position)
        if match is None:
            raise NotCarried(f"{quoted(text)} is no constraint on versions")
        position = match.end()
        try:
            found.append(SpecifierSet(clause(match[1] or "", match[2])))
        except (InvalidSpecifier, InvalidVersion, ValueError):
            raise NotCarried(f"{quoted(text)} is no constraint on versions") from None
    return reduce(and_, found, SpecifierSet())


def _poetry_clause(operator: str, version: str) -> str:
    if version in {"*", "x"}:
        return ""
    if re.search(r"\.[*x]$", version):
        plain = re.sub(r"(\.[*x])+$", "", version)
        return f"{operator if operator == '!=' else '=='}{plain}.*"
    match operator:
        case "^":
            return f">={version},<{_beyond(version, caret=True)}"
        case "~":
            return f">={version},<{_beyond(version, caret=False)}"
        case "" | "=":
            return f"=={Version(version)}" if version else ""
        case _:
            return f"{operator}{version}"


def _beyond(version: str, *, caret: bool) -> str:
    """The first version that a caret or tilde leaves out."""
    release = Version(version).release
    if caret:
        changing = next((place for place, part in enumerate(release) if part), len(release) - 1)
    else:
        changing = min(1, len(release) - 1)
    return ".".join(map(str, (*release[:changing], release[changing] + 1)))


def _conda_clause(operator: str, version: str) -> str:
    version = version.partition("=")[0]  # `1.2=py311_0`: what follows is the build
    if version.endswith(".*") or version == "*":
        return _poetry_clause(operator.replace("=", "") if operator == "=" else operator, version)
    if version.endswith("*"):
        return f"=={version.rstrip('*').rstrip('.')}.*"
    match operator:
        case "" | "=":
            # Conda's `=1.2` is a beginning: 1.2 and every 1.2.x. Exact is `==1.2`.
            return f"=={version}.*" if operator == "=" else f"=={version}"
        case _:
            return f"{operator}{version}"


def clauses(specifier: SpecifierSet) -> list[str]:
    """The clauses of a specifier, each once, in the order in which people write them: exact, lower, upper, !=."""
    return sorted(set(map(str, specifier)), key=lambda clause: ("=~><!".find(clause[0]), clause))


def python_marker(pythons: SpecifierSet) -> str:
    """A marker that holds for these Pythons; '' for all."""
    parts = []
    for clause in clauses(pythons):
        version = clause.lstrip("=~!<>")
        operator = clause.removesuffix(version)
        minor = re.fullmatch(r"\d+\.\d+(\.\*)?", version) is not None or re.fullmatch(r"\d+(\.0)?", version)
        variable = "python_version" if minor else "python_full_version"
        if variable == "python_version" and version.endswith(".*"):
            version = version.removesuffix(".*")
        if variable == "python_version" and re.fullmatch(r"\d+", version):
            version += ".0"
        parts.append(f"{variable} {operator} '{version}'")
    return " and ".join(parts)
