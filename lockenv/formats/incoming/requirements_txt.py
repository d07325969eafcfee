"""requirements.txt, requirements.in, constraints.txt, what `pip freeze` prints (pip's 'Requirements File Format').

A file in which every package stands at one exact version was written by a machine (`pip freeze`, pip-compile,
`poetry export`): its versions are kept as preferences for the lock, and the manifest asks for the names. Where
comments say who asks for what (``# via``), only what nobody else asks for is asked for.
"""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from lockenv.formats.addresses import ARCHIVES, NotCarried, has_scheme, is_absolute, named_by, relative
from lockenv.formats.draft import Draft
from lockenv.formats.gathering import Gathering, Surroundings, bare
from lockenv.formats.incoming.requirement_lines import Line, lines, split_options, words
from lockenv.graph import MAIN
from lockenv.manifest.words import quoted
from lockenv.packages import Requirement, canonicalize_name

#: pip's options that take a value, by every name they have.
_VALUED = {
    "-i": "index-url",
    "--index-url": "index-url",
    "--pypi-url": "index-url",
    "--extra-index-url": "extra-index-url",
    "-f": "find-links",
    "--find-links": "find-links",
    "-r": "requirement",
    "--requirement": "requirement",
    "-c": "constraint",
    "--constraint": "constraint",
    "-e": "editable",
    "--editable": "editable",
    "--no-binary": "no-binary",
    "--only-binary": "only-binary",
    "--trusted-host": "trusted-host",
    "--use-feature": "use-feature",
    "--uploaded-prior-to": "exclude-newer",
    "--exclude-newer": "exclude-newer",
}
#: Those of no consequence here, and why.
_NEEDLESS = {
    "--prefer-binary": "wheels are preferred to sdists anyway",
    "--require-hashes": "a lock holds the hash of every file",
    "--use-feature": "it is for pip alone",
    "--no-build-isolation": "builds are isolated here; their requirements are locked",
    "--use-pep517": "every build follows PEP 517 here",
    "--trusted-host": "a host without a certificate is never trusted here",
}
_EXACT = ("==", "===")
_EDITABLE = re.compile(r"Editable .*\(([A-Za-z0-9._-]+)(?:==(\S+))?\)")


@dataclass(frozen=True, slots=True)
class _Row:
    """A requirement of the file, who asks for it, and whether it names a place."""

    where: str
    requirement: Requirement
    via: tuple[str, ...] = ()
    placed: bool = False


@dataclass(frozen=True, slots=True)
class _Spot:
    """A line, its file, and whether that holds constraints."""

    where: str
    line: Line
    constraints: bool

    @property
    def place(self) -> str:
        return f"{self.where}:{self.line.number}"


@dataclass(slots=True, kw_only=True)
class _File:
    """One reading: the rows of the file and of those that it includes."""

    gathered: Gathering
    rows: list[_Row] = field(default_factory=list)
    general: bool = False
    extra: list[tuple[str, str]] = field(default_factory=list)
    hashes: dict[str, int] = field(default_factory=dict)
    seen: set[tuple[str, bool]] = field(default_factory=set)


def read(
    text: str, *, where: str = "requirements.txt", surroundings: Surroundings | None = None, group: str = MAIN
) -> Draft:
    """Read a requirements file into `group`. Never refuses: what makes no sense is left out, with its line.

    `where` is the file's path relative to the project's folder; what it includes is sought beside it.
    """
    gathered = Gathering(surroundings=surroundings or Surroundings())
    into = gathered.group(where, group) or MAIN
    file = _File(gathered=gathered)
    _read(file, text, where, constraints=False)
    _indexes(file)
    _requirements(file, into, where)
    for name, count in file.hashes.items():
        packages = "1 requirement" if count == 1 else f"{count} requirements"
        gathered.notes.append(f"{name}: the hashes of {packages} are not kept; the lock takes the index's own")
    return gathered.draft()


def read_constraints(
    text: str, *, where: str = "constraints.txt", surroundings: Surroundings | None = None
) -> Draft:
    """Read a file of constraints, as ``-c`` takes it."""
    file = _File(gathered=Gathering(surroundings=surroundings or Surroundings()))
    _read(file, text, where, constraints=True)
    _indexes(file)
    return file.gathered.draft()


def _read(file: _File, text: str, where: str, *, constraints: bool) -> None:
    file.seen.add((posixpath.normpath(where), constraints))
    for line in lines(text.removeprefix("\ufeff")):
        spot = _Spot(where, line, constraints)
        if line.text.startswith("-"):
            _options(file, spot)
        else:
            _requirement(file, spot)


# ── options


def _options(file: _File, spot: _Spot) -> None:
    try:
        given = words(spot.line.text)
    except ValueError:
        file.gathered.leave(spot.place, f"{quoted(spot.line.text)}: a quote is never closed")
        return
    for option, value in _parted(given):
        _option(file, spot, option, value)


def _parted(given: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """Part options from their values: ``--x=1``, ``--x 1``, ``-x1``, ``--flag``; a stray value stands alone."""
    waiting = list(reversed(list(given)))
    while waiting:
        word = waiting.pop()
        name, equals, value = word.partition("=")
        if name in _VALUED and equals and word.startswith("--"):
            yield name, value
        elif word in _VALUED:
            yield word, waiting.pop() if waiting else None
        elif word[:2] in _VALUED and not word.startswith("--"):
            yield word[:2], word[2:].removeprefix("=")
        else:
            yield word, ""


def _option(file: _File, spot: _Spot, option: str, value: str | None) -> None:
    gathered, place = file.gathered, spot.place
    meant = _VALUED.get(option)
    if value is None or (meant is not None and not value.strip()):
        gathered.leave(place, f"{quoted(option)} has no value")
        return
    match meant:
        case "index-url":
            # The default index need not be declared, and then does not stand beside those that are.
            file.general = gathered.index(place, value) is not None
        case "extra-index-url":
            file.extra.append((place, value))
        case "find-links":
            _find_links(file, value, place)
        case "requirement" | "constraint":
            _include(file, value, spot, constraints=spot.constraints or meant == "constraint")
        case "editable":
            _unnamed(file, value, spot, editable=True)
        case "no-binary" | "only-binary":
            gathered.names(place, meant, value)
        case "exclude-newer":
            gathered.option(place, "exclude-newer", value)
        case _:
            _flag(gathered, option, place)


def _flag(gathered: Gathering, option: str, place: str) -> None:
    name = option.partition("=")[0]
    if option == "--pre":
        gathered.option(place, "prereleases", "allow")
    elif name in _NEEDLESS:
        gathered.notes.append(f"{place}: {quoted(option)} is not needed: {_NEEDLESS[name]}")
    elif option == "--no-index":
        gathered.leave(
            place, "`--no-index`: an index is always there", "declare your folder of wheels as [[index]]"
        )
    else:
        gathered.leave(place, f"{quoted(option)} has no counterpart here")


def _find_links(file: _File, value: str, place: str) -> None:
    if has_scheme(value) and not value.lower().startswith("file:"):
        message = f"{quoted(value)} is a page of links, which is no index"
        file.gathered.leave(place, message, "name the wheels under [sources], by their url")
        return
    try:
        folder = relative(value, file.gathered.surroundings.folder)
    except NotCarried as reason:
        file.gathered.leave(place, f"`--find-links`: {reason.message}", "put the folder beside env.toml")
        return
    file.extra.append((place, folder))


def _indexes(file: _File) -> None:
    """Extra indexes stand beside the main one; alone, they would stand in for the default index."""
    for place, url in file.extra:
        name = file.gathered.index(place, url, explicit=not file.general)
        if name is not None and not file.general:
            hint = f'say which: packages = ["…"] below name = "{name}"'
            message = f"pip takes any package from the extra index `{name}`; here it is asked only for its own"
            file.gathered.leave(place, message, hint)


def _include(file: _File, value: str, spot: _Spot, *, constraints: bool) -> None:
    gathered, where, place = file.gathered, spot.where, spot.place
    if has_scheme(value):
        gathered.leave(place, f"{quoted(value)} is not read: it is not on this machine", "fetch it, and import it")
        return
    path = value if is_absolute(value) else posixpath.normpath(posixpath.join(posixpath.dirname(where), value))
    if (path, constraints) in file.seen:
        return
    try:
        text = gathered.surroundings.load(path)
    except (OSError, ValueError) as error:
        reason = "it does not exist" if isinstance(error, FileNotFoundError) else "it cannot be read as UTF-8 text"
        gathered.leave(place, f"{quoted(path)} is not included: {reason}")
        return
    if len(file.seen) > 200:
        gathered.leave(place, f"{quoted(path)} is not included: there are too many files")
        return
    try:
        _read(file, text, path, constraints=constraints)
    except RecursionError:
        gathered.leave(place, f"{quoted(path)} is not included: files include files too deeply")


# ── requirements


def _requirement(file: _File, spot: _Spot) -> None:
    place, via = spot.place, tuple(spot.line.via())
    text, options = split_options(spot.line.text)
    _own_options(file, options, spot)
    if _is_place(text):
        _unnamed(file, text, spot, editable=False)
        return
    if spot.constraints:
        file.gathered.constrain(place, text)
        return
    requirement = file.gathered.parsed(place, text)
    if requirement is None:
        return
    if requirement.url is not None:
        marker = requirement.marker
        file.gathered.address(place, requirement.name, requirement.url, marker=marker)
        requirement = bare(requirement)
        file.rows.append(_Row(place, requirement, via, placed=True))
    else:
        file.rows.append(_Row(place, requirement, via))


def _own_options(file: _File, options: str, spot: _Spot) -> None:
    where, place = spot.where, spot.place
    try:
        given = words(options)
    except ValueError:
        file.gathered.leave(place, f"{quoted(options)}: a quote is never closed")
        return
    if any(word.startswith("--hash") for word in given):
        file.hashes[where] = file.hashes.get(where, 0) + 1
    value_of_hash = False
    for word in given:
        if word.startswith("--hash"):
            value_of_hash = word == "--hash"
        elif value_of_hash:
            value_of_hash = False
        elif word.startswith("-"):
            message = f"{quoted(word)}: options for one package's build have no counterpart here"
            file.gathered.leave(place, message)


def _is_place(text: str) -> bool:
    """Whether pip takes a line for a path or URL rather than for a name."""
    first = text.partition(";")[0].strip()
    named = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[^\]]*\])?\s*@", first)
    if named and not first.startswith("git@"):
        return False
    beginning = re.split(r"[<>=!~\s\[]", first, maxsplit=1)[0]
    return (
        has_scheme(first)
        or first.startswith((".", "/", "~", "\\", "git@"))
        or "/" in beginning
        or "\\" in beginning
        or beginning.lower().endswith(ARCHIVES)
    )


def _unnamed(file: _File, text: str, spot: _Spot, *, editable: bool) -> None:
    """A path or URL: its name is what it says itself, what a comment says, or what its own project file says."""
    gathered, place = file.gathered, spot.place
    name, text = _own_name(re.sub(r"^([\"'])(.*)\1$", r"\2", text.strip()))
    address, extras, marker = _parts(text)
    name = name or _name(file, address, spot.line)
    if not name:
        hint = f"say which package it is: NAME @ {address}" if has_scheme(address) else "give it under [sources]"
        gathered.leave(place, f"{quoted(address)} does not say which package it is", hint)
        return
    if spot.constraints:
        gathered.leave(place, f"{quoted(text)}: a constraint names no source", "name the source under [sources]")
        return
    requirement = gathered.parsed(
        place, f"{name}{'' if '[' in name else extras}{f' ; {marker}' if marker else ''}"
    )
    if requirement is not None:
        gathered.address(place, requirement.name, address, editable=editable, marker=requirement.marker)
        file.rows.append(_Row(place, requirement, tuple(spot.line.via()), placed=True))


def _own_name(text: str) -> tuple[str, str]:
    """Part ``name @ address``, which ``-e`` takes too."""
    if re.match(r"[A-Za-z0-9._-]+(\[[^\]]*\])?\s+@\s", text):
        name, _, address = text.partition("@")
        return name.strip(), address.strip()
    return "", text


def _parts(text: str) -> tuple[str, str, str]:
    """Part an address from the extras and the marker behind it."""
    address, _, marker = text.partition(" ;") if " ;" in text else text.partition("; ")
    match = re.fullmatch(r"(.*?)\s*(\[[^\]]*\])?\s*", address, re.DOTALL)
    return (match[1], match[2] or "", marker.strip()) if match else (address, "", marker.strip())


def _name(file: _File, address: str, line: Line) -> str:
    if said := named_by(address):
        return said[0]
    for comment in line.before[-2:]:
        if match := _EDITABLE.match(comment):
            return match[1]
    try:
        folder = relative(address.removeprefix("file:"), file.gathered.surroundings.folder)
        return project_name(file.gathered.surroundings.load(posixpath.join(folder, "pyproject.toml")))
    except (NotCarried, OSError, ValueError):
        return ""


def project_name(text: str) -> str:
    """The name that a pyproject.toml gives its project; '' where it gives none. Raises `ValueError`."""
    data = tomllib.loads(text)
    for table in (data.get("project"), data.get("tool", {}).get("poetry")):
        if isinstance(table, dict) and isinstance(table.get("name"), str):
            return str(table["name"])
    return ""


def _requirements(file: _File, group: str, where: str) -> None:
    """Give the rows over: as they are, or as names and preferences where the file is a machine's."""
    rows = file.rows
    frozen = any(not row.placed for row in rows) and all(row.placed or _is_exact(row.requirement) for row in rows)
    if not frozen:
        for row in rows:
            file.gathered.wish(row.where, row.requirement, group)
        return
    names = {canonicalize_name(row.requirement.name) for row in rows}
    told = any(row.via for row in rows)
    asked = [row for row in rows if not told or not row.via or any(_is_root(each, names) for each in row.via)]
    for row in asked:
        file.gathered.wish(row.where, bare(row.requirement, versions=row.placed), group)
    for row in rows:
        if not row.placed:
            marker = str(row.requirement.marker) if row.requirement.marker else None
            file.gathered.pin(row.where, row.requirement.name, _version(row.requirement), marker)
    others = len(rows) - len(asked)
    pinned = sum(not row.placed for row in rows)
    versions = "the version is kept" if pinned == 1 else f"all {pinned} versions are kept"
    why = f"; {others} that only others ask for are not asked for" if others else ""
    file.gathered.notes.append(f"{where} pins everything: {versions} for the lock, env.toml asks for names{why}")


def _is_exact(requirement: Requirement) -> bool:
    clauses = list(requirement.specifier)
    return len(clauses) == 1 and clauses[0].operator in _EXACT and not clauses[0].version.endswith(".*")


def _version(requirement: Requirement) -> str:
    return next(iter(requirement.specifier)).version


def _is_root(asker: str, names: Collection[str]) -> bool:
    """Whether who asks for a package is no other package of the file: ``-r x.in``, ``app (pyproject.toml)``."""
    return not asker.startswith("-c ") and (
        not re.fullmatch(r"[A-Za-z0-9._-]+(\[.*\])?", asker)
        or canonicalize_name(asker.partition("[")[0]) not in names
    )
