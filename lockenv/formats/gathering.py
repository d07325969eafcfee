"""Collecting a draft: what readers find, in their order; nothing is dropped without a word."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from lockenv.errors import Problem
from lockenv.formats.addresses import NotCarried, host_of, named_by, plainly, source_of, without_credentials
from lockenv.formats.draft import At, Draft, DraftGroup, Item, Pin
from lockenv.graph import MAIN
from lockenv.manifest.model import IndexSource, Source
from lockenv.manifest.slips import why_no_requirement
from lockenv.manifest.words import quoted
from lockenv.packages import Index, NormalizedName, Requirement, canonicalize_name, parse_requirement

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")  # PEP 508, 'Names'


def nothing_to_load(path: str) -> str:
    """Where no other file can be read."""
    raise FileNotFoundError(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a reader may know beside the text.

    `load` gives the text of a file by its path relative to the project's folder, or raises `OSError` or
    `UnicodeError`. `folder` is that folder, absolute, so that paths into it can be told. `default_indexes` are
    addresses of the index that lockenv takes by default: nobody has to declare them.
    """

    load: Callable[[str], str] = nothing_to_load
    folder: str = ""
    default_indexes: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class Gathering:
    """A draft in the making. Its methods never raise: what cannot be carried over is noted with its reason."""

    surroundings: Surroundings = field(default_factory=Surroundings)
    name: At[str] | None = None
    python: At[SpecifierSet] | None = None
    items: dict[str, list[Item]] = field(default_factory=lambda: {MAIN: []})
    group_places: dict[str, str] = field(default_factory=dict)
    indexes: list[At[Index]] = field(default_factory=list)
    sources: list[At[tuple[NormalizedName, Source]]] = field(default_factory=list)
    constraints: list[At[Requirement]] = field(default_factory=list)
    overrides: list[At[Requirement]] = field(default_factory=list)
    resolution: dict[str, At[object]] = field(default_factory=dict)
    pins: list[Pin] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: list[Problem] = field(default_factory=list)

    # -- what is wanted

    def leave(self, where: str, message: str, hint: str | None = None) -> None:
        """Note that something is not carried over."""
        self.left_out.append(Problem(where=where, message=message, hint=hint))

    def group(self, where: str, name: str) -> str | None:
        """Declare a group and give its normalised name, or None where it cannot be one."""
        if name == MAIN:
            return MAIN
        if not _NAME.fullmatch(name):
            self.leave(where, f"{quoted(name)} cannot be the name of a group")
            return None
        normal = canonicalize_name(name)
        self.group_places.setdefault(normal, where)
        self.items.setdefault(normal, [])
        return normal

    def require(self, where: str, text: str, group: str = MAIN) -> None:
        """Take a requirement as PEP 508 writes it; an address in it becomes a source."""
        requirement = self.parsed(where, text)
        if requirement is not None:
            self.wish(where, requirement, group)

    def parsed(self, where: str, text: str) -> Requirement | None:
        """Read a requirement; None where it is none, which is noted."""
        try:
            requirement = parse_requirement(text)
            str(requirement)
        except InvalidRequirement:
            reason, hint = why_no_requirement(text)
            self.leave(where, f"{quoted(text)} is not a requirement: {reason}", hint)
        except ValueError:  # a marker whose value has both kinds of quotes cannot be written down again
            self.leave(where, f"{quoted(text)} cannot be written down again")
        else:
            return requirement
        return None

    def wish(self, where: str, requirement: Requirement, group: str = MAIN) -> None:
        """Take a requirement."""
        if requirement.url is not None:
            self.address(where, requirement.name, requirement.url, marker=requirement.marker)
            requirement = bare(requirement)
        self._put(group, At(where, requirement))

    def include(self, where: str, group: str, included: NormalizedName) -> None:
        """Let a group hold what another one holds."""
        self._put(group, At(where, included))

    def _put(self, group: str, item: Item) -> None:
        held = self.items.setdefault(group, [])
        if not any(one.value == item.value and type(one.value) is type(item.value) for one in held):
            held.append(item)

    def address(
        self, where: str, name: str, url: str, *, editable: bool = False, marker: Marker | None = None
    ) -> None:
        """Take what an address says about where a package comes from."""
        try:
            source = source_of(url, editable=editable, folder=self.surroundings.folder, marker=marker)
        except NotCarried as reason:
            said = named_by(url)
            if said is not None and said[1] is not None:
                self.pins.append(Pin(name=canonicalize_name(name), version=said[1], marker=marker))
            hint = reason.hint or "it is now looked up in the index"
            self.leave(where, f"{quoted(name)}: {reason.message}; its name is kept", hint)
            return
        if without_credentials(url)[1]:
            message = f"{quoted(name)}: the credentials in its address are not carried over"
            self.leave(where, message, "give them in netrc or the keyring")
        self.source(where, name, source)

    def source(self, where: str, name: str, source: Source) -> None:
        """Take the source of a package; another one for the same place is noted."""
        normal = canonicalize_name(name)
        if isinstance(source, IndexSource) and source.marker is not None:
            message = f"{quoted(name)} comes from the index {quoted(source.index)} only where {source.marker}"
            self.leave(
                where, f"{message}; here, a name comes from one index everywhere", "choose one under [sources]"
            )
            return
        taken = [one.value[1] for one in self.sources if one.value[0] == normal]
        if source in taken:
            return
        if any(other.marker is None or source.marker is None for other in taken):
            self.leave(where, f"{quoted(name)} has another source already; the first is kept")
            return
        self.sources.append(At(where, (normal, source)))

    # -- indexes

    def index(self, where: str, url: str, *, name: str | None = None, explicit: bool = False) -> str | None:
        """Declare an index and give its name; None for one that need not or cannot be declared."""
        plain, had = without_credentials(url.strip())
        if plain.rstrip("/") in {each.rstrip("/") for each in self.surroundings.default_indexes}:
            return None
        if "$" in plain:
            self.leave(where, f"the index {quoted(plain)} holds a variable", "write what it stands for")
            return None
        known = next((one.value for one in self.indexes if one.value.url.rstrip("/") == plain.rstrip("/")), None)
        if known is not None:
            return known.name
        made = self._index_name(name or host_of(plain) or plain)
        if had:
            variable = re.sub(r"[^A-Za-z0-9]", "_", made).upper()
            hint = f"set LOCKENV_INDEX_{variable}_USERNAME and …_PASSWORD, or use netrc or the keyring"
            self.leave(where, f"the credentials of {plainly(plain)} are not carried over", hint)
        self.indexes.append(At(where, Index(name=made, url=plain, explicit=explicit)))
        return made

    def _index_name(self, wanted: str) -> str:
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", wanted).strip("-._") or "index"
        taken = {re.sub(r"[._-]", "-", one.value.name).lower() for one in self.indexes}
        for number in range(1, len(taken) + 2):
            name = plain if number == 1 else f"{plain}-{number}"
            if re.sub(r"[._-]", "-", name).lower() not in taken:
                return name
        raise AssertionError(wanted)  # pragma: no cover - one of them is free

    # -- the rest

    def call(self, where: str, name: str | None) -> None:
        """Take the environment's name; the first counts."""
        if name and self.name is None:
            self.name = At(where, name)

    def take_python(self, where: str, text: str) -> None:
        """Take the Pythons that it is for."""
        try:
            said = SpecifierSet(text)
        except InvalidSpecifier:
            self.leave(where, f"{quoted(text)} says no versions of Python")
            return
        if str(said):
            self.python = At(where, said if self.python is None else self.python.value & said)

    def constrain(self, where: str, text: str, *, override: bool = False) -> None:
        """Take a constraint, or an override."""
        kind, into = ("override", self.overrides) if override else ("constraint", self.constraints)
        requirement = self.parsed(where, text)
        if requirement is None:
            return
        if requirement.url is not None:
            hint = "name the source under [sources]"
            self.leave(where, f"{quoted(requirement.name)}: a {kind} limits versions and names no source", hint)
            return
        if requirement.extras:
            self.leave(where, f"{quoted(text)}: a {kind} cannot ask for extras; the rest is kept")
            requirement = bare(requirement, extras=False)
        if all(one.value != requirement for one in into):
            into.append(At(where, requirement))

    def option(self, where: str, key: str, value: object) -> None:
        """Take a key of `[resolution]`; the last word counts, as it does on a command line."""
        self.resolution[key] = At(where, value)

    def names(self, where: str, key: str, value: str) -> None:
        """Take pip's ``:all:``, ``:none:`` or names for `only-binary` or `no-binary`."""
        for word in filter(None, (part.strip() for part in value.split(","))):
            known = self.resolution.get(key)
            held = list(known.value) if known is not None and isinstance(known.value, list) else []
            self.resolution[key] = At(where, [] if word == ":none:" else [*dict.fromkeys((*held, word))])

    def pin(self, where: str, name: str, version: str, marker: str | None = None) -> None:
        """Take a version as a preference for the lock."""
        if not _NAME.fullmatch(name):
            self.leave(where, f"{quoted(name)} is not the name of a package")
            return
        try:
            pin = Pin(
                name=canonicalize_name(name),
                version=Version(version),
                marker=Marker(marker) if marker else None,
            )
        except InvalidVersion:
            self.leave(where, f"{quoted(name)}: {quoted(version)} is no version (PEP 440)")
        except InvalidMarker:
            self.leave(where, f"{quoted(name)}: {quoted(marker or '')} is no marker (PEP 508)")
        else:
            self.pins.append(pin)

    def draft(self) -> Draft:
        """What was gathered."""
        groups = tuple(
            DraftGroup(name=canonicalize_name(name), where=self.group_places.get(name, ""), items=tuple(items))
            for name, items in self.items.items()
            if name != MAIN
        )
        main = tuple(At(one.where, one.value) for one in self.items[MAIN] if isinstance(one.value, Requirement))
        return Draft(
            name=self.name,
            python=self.python,
            dependencies=main,
            groups=groups,
            indexes=tuple(self.indexes),
            sources=tuple(self.sources),
            constraints=tuple(self.constraints),
            overrides=tuple(self.overrides),
            resolution=tuple(
                At(said.where, (key, said.value)) for key, said in self.resolution.items() if said.value != []
            ),
            pins=tuple(dict.fromkeys(self.pins)),
            notes=tuple(dict.fromkeys(self.notes)),
            left_out=tuple(dict.fromkeys(self.left_out)),
        )


def bare(requirement: Requirement, *, extras: bool = True, versions: bool = True) -> Requirement:
    """The requirement without its address; without its extras or versions too, if asked."""
    named = f"[{','.join(sorted(requirement.extras))}]" if extras and requirement.extras else ""
    limits = str(requirement.specifier) if versions else ""
    marker = f" ; {requirement.marker}" if requirement.marker is not None else ""
    return parse_requirement(f"{requirement.name}{named}{limits}{marker}")
