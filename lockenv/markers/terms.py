"""Marker text in the making: comparisons joined by `and` and `or`, parentheses only where a reader wants them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from packaging.version import Version

from lockenv.markers.syntax import Atom
from lockenv.values import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """A piece of a marker, and what holds it together on its outside ('' for a single comparison)."""

    text: str
    joined: Literal["and", "or", ""] = ""


def conjunction(terms: Iterable[Term]) -> Term:
    """All of them, of which there is at least one."""
    return _joined("and", list(terms))


def disjunction(terms: Iterable[Term]) -> Term:
    """At least one of them, of which there is at least one."""
    return _joined("or", list(terms))


def _joined(word: Literal["and", "or"], terms: list[Term]) -> Term:
    terms = list(dict.fromkeys(terms))  # a group in two sets of conflicting ones is named once
    if len(terms) == 1:
        return terms[0]
    inner = (term.text if term.joined in {"", word} else f"({term.text})" for term in terms)
    return Term(f" {word} ".join(inner), word)


def comparison(variable: str, operator: str, value: str) -> Term:
    """One comparison of a variable with a value."""
    return Term(Atom(variable, operator, value).text)


def python_comparison(operator: str, python: Version) -> Term:
    """Compare Python's version: ``python_version`` where a minor is meant, else ``python_full_version``."""
    variable = "python_version" if is_minor(python) else "python_full_version"
    return comparison(variable, operator, str(python) if not is_minor(python) else minor_text(python))


def is_minor(python: Version) -> bool:
    """Whether a version is where a minor begins, so that ``python_version`` can be compared with it."""
    return not any(python.release[2:]) and not python.is_prerelease


def minor_text(python: Version) -> str:
    """The minor of a version, as ``python_version`` has it."""
    return f"{python.major}.{python.minor}"


def group_asked(group: str) -> Term:
    """The group is asked for (PEP 751)."""
    return Term(Atom("dependency_groups", "in", group, mirrored=True).text)


def group_not_asked(group: str) -> Term:
    """The group is not asked for (PEP 751)."""
    return Term(Atom("dependency_groups", "not in", group, mirrored=True).text)
