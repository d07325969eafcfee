"""`[targets]`, `[resolution]`, `[build]`, `[startup]` and `[limits]`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal, cast

from lockenv.limits import DEFAULT, NAMES, Limits, example, read_limit
from lockenv.manifest.conflicts import read_conflicts
from lockenv.manifest.entries import Entry
from lockenv.manifest.model import ALL, Build, Group, Options, Targets
from lockenv.manifest.requirements import name_list, package_name, plain, requirement_list
from lockenv.manifest.words import closest, listed, quoted
from lockenv.packages import NormalizedName
from lockenv.platforms import PLATFORMS, Platform
from lockenv.values import replace

IMPLEMENTATIONS = ("cpython", "pypy")
STRATEGIES = ("highest", "lowest", "lowest-direct")
ACROSS_PYTHONS = ("newest", "fewest")
PRERELEASES = ("if-necessary", "allow", "disallow")

# What Conda, Go, uv and uname call systems and machines.
_SYSTEMS = {"osx": "macos", "darwin": "macos", "mac": "macos", "win": "windows", "win32": "windows"}
_MACHINES = {"amd64": "x86_64", "64": "x86_64", "x64": "x86_64", "intel": "x86_64"}
# The one major version that a floor can have: wheel tags know no other (PEP 600, PEP 656).
_MAJORS = {"glibc": 2, "musl": 1}
_KINDS = {"glibc": "Linux without `-musl`", "musl": "Linux with `-musl`", "macos": "macOS"}
_UNITS = {"hour": 3600, "day": 86_400, "week": 604_800}
_DURATION = r"(\d{1,6})\s*(hour|day|week)s?"
_OLDEST = timedelta(days=36_500)  # older than any index; more would leave the calendar
_WHEN = 'a date such as 2026-03-01, or an age such as "7 days"'


# ── [targets]


def read_targets(table: Entry | None) -> Targets | None:
    """Read `[targets]`; None where it is left out."""
    if table is None:
        return None
    implementations = _words(table.child("implementations"), IMPLEMENTATIONS, "implementation")
    platforms = _words(table.child("platforms"), tuple(PLATFORMS), "platform")
    if platforms and PLATFORMS.keys() >= set(platforms):
        _check_floors(table, [PLATFORMS[name] for name in platforms])
    return Targets(
        platforms=platforms,
        glibc=_floor(table.child("glibc")),
        musl=_floor(table.child("musl")),
        macos=_floor(table.child("macos")),
        implementations=implementations or ("cpython",),
    )


def _words(entry: Entry | None, known: Sequence[str], what: str) -> tuple[str, ...]:
    """Read a list of known words, each once, not none."""
    if entry is None:
        return ()
    words: dict[str, None] = {}
    items = tuple(entry.items(f"{what}s", f'["{known[0]}"]'))
    if entry.value == []:
        entry.refuse(f"{entry.title} is empty", f"name at least one {what}, or leave the key out")
    for item in items:
        word = item.text()
        if word is None:
            continue
        if word not in known:
            item.refuse(f"unknown {what} {quoted(word)}", _meant(word, known))
        elif word in words:
            item.refuse(f"{quoted(word)} stands here already")
        words[word] = None
    return tuple(words)


def _check_floors(table: Entry, platforms: Sequence[Platform]) -> None:
    """Refuse a floor of a kind that no platform is of."""
    kinds = {platform.libc or ("macos" if platform.system == "darwin" else "") for platform in platforms}
    for key, names in _KINDS.items():
        entry = table.child(key)
        if entry and key not in kinds:
            entry.refuse(
                f"{entry.title} counts for {names}, and none is in `platforms`",
                "leave it out, or add the platform",
            )


def _meant(word: str, known: Sequence[str]) -> str:
    word, musl, _ = word.partition("-musl")
    system, _, machine = word.lower().replace("_", "-").partition("-")
    system = _SYSTEMS.get(system, system)
    machine = _MACHINES.get(machine, machine.replace("x86-64", "x86_64"))
    arm = "aarch64" if system == "linux" else "arm64"
    machine = arm if machine in ("arm64", "aarch64") else machine
    exact = f"{system}-{machine}{musl}"
    near = exact if exact in known else closest(word + musl, known)
    return f"did you mean {quoted(near)}?" if near else f"it can be {listed(known, 'or')}"


def _floor(entry: Entry | None) -> tuple[int, int] | None:
    if entry is None:
        return None
    key = str(entry.path[-1])
    example = {"glibc": "2.28", "musl": "1.2", "macos": "13.0"}[key]
    if isinstance(entry.value, int | float) and not isinstance(entry.value, bool):
        entry.refuse(f"{entry.title} must be text: as a number, 2.10 would be 2.1", f'write "{example}"')
        return None
    text = entry.text(f'"{example}"')
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,3})(?:\.(\d{1,3}))?", text)
    if match is None or (match[2] is None and key != "macos"):
        entry.refuse(
            f"{entry.title} cannot be {quoted(text)}: a floor is a version of two numbers", f'write "{example}"'
        )
        return None
    floor = (int(match[1]), int(match[2] or 0))
    if floor[0] != _MAJORS.get(key, floor[0]) or (key == "macos" and floor < (10, 0)):
        entry.refuse(f"{entry.title} cannot be {quoted(text)}: there are no wheels for it", f'write "{example}"')
        return None
    return floor


# ── [resolution]


def read_options(table: Entry | None, groups: Sequence[Group] = ()) -> Options:
    """Read `[resolution]`; `groups` are those of the manifest."""
    if table is None:
        return Options()
    only_binary = name_list(table.child("only-binary"), wildcard=ALL)
    no_binary = name_list(table.child("no-binary"), wildcard=ALL)
    if both := sorted(only_binary & no_binary):
        message = f"{listed(map(quoted, both))} in `only-binary` and `no-binary`: no file is left"
        (table.child("no-binary") or table).refuse(message, "keep one of them")
    return Options(
        strategy=cast('Literal["highest"]', _word(table, "strategy", STRATEGIES)),
        across_pythons=cast('Literal["newest"]', _word(table, "across-pythons", ACROSS_PYTHONS)),
        prereleases=cast('Literal["allow"]', _word(table, "prereleases", PRERELEASES)),
        exclude_newer=_cut_off(table.child("exclude-newer")),
        exclude_newer_package=_cut_offs(table.child("exclude-newer-package")),
        constraints=plain(requirement_list(table.child("constraints"), extras=False)),
        overrides=plain(requirement_list(table.child("overrides"), extras=False)),
        only_binary=only_binary,
        no_binary=no_binary,
        conflicts=read_conflicts(table.child("conflicts"), groups),
    )


def _word(table: Entry, key: str, known: Sequence[str]) -> str:
    """Read one of the known words; the first is the default."""
    entry = table.child(key)
    return (entry.choice(known) if entry else None) or known[0]


def _cut_off(entry: Entry | None) -> datetime | timedelta | None:
    """Read a moment, in UTC, or an age."""
    if entry is None:
        return None
    value = entry.value
    if isinstance(value, str):
        text = value.strip()
        if duration := re.fullmatch(_DURATION, text.lower()):
            age = timedelta(seconds=int(duration[1]) * _UNITS[duration[2]])
            if age <= _OLDEST:
                return age
        value = _parsed_moment(text)
        if value is None:
            entry.refuse(f"{entry.title} cannot be {quoted(text)}: it is no date and no age", f"write {_WHEN}")
            return None
    if not isinstance(value, date):  # a datetime is a date, too
        entry.refuse(f"{entry.title} must be a date or an age", f"write {_WHEN}")
        return None
    moment = _in_utc(value)
    if moment is None:
        entry.refuse(f"{entry.title} is out of bounds", f"write {_WHEN}")
    return moment


def _cut_offs(
    table: Entry | None,
) -> tuple[tuple[NormalizedName, datetime | timedelta | None], ...]:
    """Read the cut-offs of single packages, sorted by name; None for `false`: all files exist."""
    found: dict[NormalizedName, datetime | timedelta | None] = {}
    for entry in table.children() if table else ():
        name = package_name(entry, str(entry.path[-1]))
        if entry.value is True:
            entry.refuse(f"{entry.title} cannot be true", f"write {_WHEN}, or false for no cut-off")
        elif name in found:
            entry.refuse(f"{quoted(name)} has a cut-off already", "keep one of them")
        elif name is not None:
            found[name] = None if entry.value is False else _cut_off(entry)
    return tuple(sorted(found.items(), key=lambda item: item[0]))


def _parsed_moment(text: str) -> date | datetime | None:
    """Read ISO 8601 as RFC 3339 narrows it."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?", text):
        return None
    try:
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        return None


def _in_utc(value: date | datetime) -> datetime | None:
    """Make a moment of a date or a time.

    What has no zone is UTC, not the zone of this machine. A date counts whole: the cut-off is its end.
    """
    try:
        if not isinstance(value, datetime):
            return datetime(value.year, value.month, value.day, tzinfo=UTC) + timedelta(days=1)
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        return None


# ── [build]


def read_build(table: Entry | None) -> Build:
    """Read `[build]`."""
    if table is None:
        return Build()
    allowed = name_list(table.child("allow"), wildcard=None)
    return Build(allow=frozenset(cast("frozenset[NormalizedName]", allowed)))


# ── [startup]


def read_startup(table: Entry | None) -> frozenset[NormalizedName] | None:
    """Read `[startup]`; None where it is left out."""
    if table is None:
        return None
    allowed = name_list(table.child("allow"), wildcard=None)
    return frozenset(cast("frozenset[NormalizedName]", allowed))


# ── [limits]


def read_limits(table: Entry | None) -> Limits:
    """Read `[limits]`."""
    entries = [entry for name in NAMES if table and (entry := table.child(name))]
    found = {str(entry.path[-1]): _limit(entry) for entry in entries}
    return replace(DEFAULT, **{name: bound for name, bound in found.items() if bound is not None})


def _limit(entry: Entry) -> int | None:
    """Read a size or a count; counts are numbers, sizes texts with a unit."""
    name = str(entry.path[-1])
    value, wanted = entry.value, example(name)
    is_count = wanted.isdigit()
    fits = isinstance(value, int if is_count else str) and not isinstance(value, bool)
    bound = read_limit(name, str(value)) if fits else None
    if bound is None:
        kind = "a whole number above 0" if is_count else "a size with its unit (KiB, MiB, GiB), as text"
        shown = wanted if is_count else f'"{wanted}"'
        entry.refuse(f"{entry.title} must be {kind}", f"write {name} = {shown}")
    return bound
