"""Lists of requirements (PEP 508): each valid and satisfiable, none twice, none against another."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from lockenv.manifest.entries import Entry
from lockenv.manifest.words import listed, quoted, shown
from lockenv.packages import NormalizedName, Requirement, canonicalize_name, parse_requirement

_QUOTED_VALUE = r"'[^']*'|\"[^\"]*\""
# PEP 508 `extra` has a value only in a distribution's own metadata, PEP 751's two only in a lock.
_FOREIGN_VARIABLE = r"\b(extras?|dependency_groups)\b"
_OLDEST_PYTHON = SpecifierSet(">=3.8,<4", prereleases=True)
_EXAMPLE = '["pandas>=2.2", "httpx"]'
_NAME = r"(?i:[A-Z0-9](?:[A-Z0-9._-]*[A-Z0-9])?)"  # PEP 508, 'Names'


class Stated(NamedTuple):
    """A requirement and where it stands."""

    entry: Entry
    requirement: Requirement


def requirement_list(entry: Entry | None, *, extras: bool = True) -> tuple[Stated, ...]:
    """Read a list of requirements and hold them against each other; without `extras` none may ask for extras."""
    if entry is None:
        return ()
    read = (stated_requirement(item, extras=extras) for item in entry.items("requirements", _EXAMPLE))
    stated = tuple(one for one in read if one is not None)
    check_together(stated)
    return stated


def plain(stated: Iterable[Stated]) -> tuple[Requirement, ...]:
    """Drop the places."""
    return tuple(one.requirement for one in stated)


def stated_requirement(entry: Entry, *, extras: bool = True) -> Stated | None:
    """Read one requirement."""
    text = entry.text('"name>=1.0"')
    if text is None:
        return None
    try:
        requirement = parse_requirement(text)
    except InvalidRequirement:
        requirement = None
    # `name@^1.2`, as Poetry's command line takes it, is an address to PEP 508.
    if requirement is None or (requirement.url is not None and ":" not in requirement.url):
        from lockenv.manifest.slips import why_no_requirement  # only a mistake needs its many patterns

        reason, hint = why_no_requirement(text)
        entry.refuse(f"{quoted(text)} is not a requirement: {reason}", hint)
        return None
    return Stated(entry, requirement) if _fits(entry, text, requirement, extras=extras) else None


def _fits(entry: Entry, text: str, requirement: Requirement, *, extras: bool) -> bool:
    if requirement.url is not None:
        entry.refuse(
            f"{quoted(requirement.name)} names its source; sources stand in [sources]", _as_source(requirement)
        )
    elif variable := foreign_variable(requirement.marker):
        hint = "a group in [groups] is the way to have optional packages"
        entry.refuse(f"{quoted(text)}: the marker variable `{variable}` means nothing in a manifest", hint)
    elif requirement.extras and not extras:
        entry.refuse(f"{quoted(text)}: a constraint or override limits versions and cannot ask for extras", None)
    elif requirement.specifier.is_unsatisfiable():
        entry.refuse(f"{quoted(text)}: no version can satisfy {quoted(str(requirement.specifier))}")
    else:
        return True
    return False


def foreign_variable(marker: Marker | None) -> str | None:
    """The variable of a marker that has no value in a manifest, or None."""
    if marker is None:
        return None
    match = re.search(_FOREIGN_VARIABLE, re.sub(_QUOTED_VALUE, "", str(marker)))
    return match[1] if match else None


def _as_source(requirement: Requirement) -> str:
    """Write the lines that say the same: the name as a requirement, the address as a source."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    url = requirement.url or ""
    if url.startswith("git+"):
        address, at, revision = url.removeprefix("git+").rpartition("@")
        # An '@' before the path belongs to the host: `ssh://git@host/path`.
        if not at or "/" in revision:
            address, revision = url.removeprefix("git+"), ""
        source = f'git = "{shown(address)}"' + (f', rev = "{shown(revision)}"' if revision else "")
    elif url.startswith("file:"):
        source = 'path = "…"'
    else:
        source = f'url = "{shown(url)}"'
    name = canonicalize_name(requirement.name)
    return f"write `{requirement.name}{extras}{marker}` here, and `{name} = {{ {source} }}` under [sources]"


def check_together(stated: Iterable[Stated]) -> None:
    """Refuse what stands twice in one file, and what contradicts an earlier requirement under the same marker."""
    seen: dict[tuple[NormalizedName, str], list[Stated]] = {}
    for one in stated:
        key = (canonicalize_name(one.requirement.name), str(one.requirement.marker or ""))
        earlier = seen.setdefault(key, [])
        twin = next((other for other in earlier if other.requirement == one.requirement), None)
        if twin is None:
            _check_agreement(one, earlier)
        elif twin.entry.document is one.entry.document:
            one.entry.refuse(f"{quoted(str(one.requirement))} stands here already, on line {twin.entry.line}")
        earlier.append(one)


def _check_agreement(one: Stated, earlier: list[Stated]) -> None:
    opposed = [other for other in earlier if _disjoint((other, one))]
    if not opposed and len(earlier) > 1 and _disjoint((*earlier, one)):
        opposed = earlier
    if opposed:
        others = listed(f"{quoted(str(other.requirement))} ({_place(other, one)})" for other in opposed)
        one.entry.refuse(f"{quoted(str(one.requirement))} and {others} contradict each other", "keep one of them")


def _disjoint(stated: Iterable[Stated]) -> bool:
    together = SpecifierSet()
    for one in stated:
        together &= one.requirement.specifier
    return together.is_unsatisfiable()


def _place(other: Stated, seen_from: Stated) -> str:
    document = other.entry.document
    same = document is seen_from.entry.document
    return f"line {other.entry.line}" if same else f"{document.where}:{other.entry.line}"


def python_specifier(entry: Entry) -> SpecifierSet | None:
    """Read the Pythons that an environment is for (PEP 440); some CPython from 3.8 on must be among them."""
    text = entry.text('">=3.11"')
    if text is None:
        return None
    try:
        specifier = SpecifierSet(text)
    except InvalidSpecifier:
        from lockenv.manifest.slips import why_no_python  # only a mistake needs its many patterns

        reason, hint = why_no_python(text)
        entry.refuse(f"{entry.title} cannot be {quoted(text)}: {reason}", hint)
        return None
    if specifier.is_unsatisfiable():
        entry.refuse(f"{entry.title} contradicts itself: no version satisfies {quoted(text)}")
        return None
    if (specifier & _OLDEST_PYTHON).is_unsatisfiable():
        entry.refuse(
            f"no Python that lockenv serves (3.8 and later) satisfies {quoted(text)}", "write for example `>=3.11`"
        )
        return None
    return specifier


def package_name(entry: Entry, text: str | None) -> NormalizedName | None:
    """Read the name of a package (PEP 508 'Names', normalised as PEP 503 says)."""
    if text is None:
        return None
    if re.fullmatch(_NAME, text):
        return canonicalize_name(text)
    hint = "write the name alone" if re.match(r"[A-Za-z0-9._-]+\s*[\[<>=!~;@]", text) else None
    entry.refuse(f"{quoted(text)} is not the name of a package", hint)
    return None


def name_list(entry: Entry | None, *, wildcard: str | None) -> frozenset[str]:
    """Read a list of packages' names; `wildcard` is the word that may stand for all of them."""
    if entry is None:
        return frozenset()
    names: set[str] = set()
    for item in entry.items("names of packages", '["numpy"]'):
        text = item.text()
        if text == ":all:" and wildcard is None:
            item.refuse(f"{entry.title} takes no `:all:`", "name each package whose build may run")
        elif text == wildcard and text is not None:
            names.add(text)
        elif name := package_name(item, text):
            names.add(name)
    return frozenset(names)
