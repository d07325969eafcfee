"""A difference as lines for a person, as Markdown for a reviewer, and as a document for machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockenv.cli.markers import in_words
from lockenv.cli.screen import visible
from lockenv.lockfile.diff import Change, Difference, Item, Move, Rehash, Shift
from lockenv.operations.diff import Compared

SCHEMA = 1  #: of the JSON document
_NAMED = 6  #: packages that are named where many have moved


def lines(found: Difference) -> Iterator[tuple[str, str]]:
    """The lines, each with its sign: ``!`` for what must not be overlooked, '' for a heading."""
    yield from (("!", text) for text in _alarms(found))
    if found.python is not None:
        yield "~", f"requires-python {found.python[0] or '(any)'} -> {found.python[1] or '(any)'}"
    yield from _shifted("group", found.groups)
    yield from (("+", f"for {in_words(text)}") for text in found.environments.added)
    yield from (("-", f"for {in_words(text)}") for text in found.environments.removed)
    direct = [change for change in found.changes if change.direct]
    others = [change for change in found.changes if not change.direct]
    for title, changes in (("named by env.toml:", direct), ("required by others:", others)):
        if changes and direct and others:
            yield "", title
        yield from ((_sign(change), _told(change)) for change in sorted(changes, key=_order))
    if found.files:
        yield "~", f"other files at the same version: {_listed(found.files)}"
    yield from (("-", f"host {host}") for host in found.hosts.removed)
    yield from (("-", f"start-up file {_file_of(text)}") for text in found.startup.removed)


def _alarms(found: Difference) -> Iterator[str]:
    yield from map(_rehash, found.rehashed)
    yield from (f"new host: {host}" for host in found.hosts.added)
    yield from map(_move, found.moved)
    yield from (
        f"new start-up file: {_file_of(text)}, which runs whenever Python starts" for text in found.startup.added
    )


def _rehash(one: Rehash) -> str:
    file = f"{one.file} has" if one.file else "it has"
    return (
        f"{one.name} {one.version}: {file} another hash at the same version, {one.before[:12]} -> {one.after[:12]}"
    )


def _move(one: Move) -> str:
    verb = "comes" if len(one.names) == 1 else "come"
    return f"{_listed(one.names)} {verb} from {one.after}, not from {one.before}"


def _file_of(text: str) -> str:
    package, _, file = text.partition(": ")
    return f"{file} of {package}"


def _shifted(kind: str, shift: Shift) -> Iterator[tuple[str, str]]:
    yield from (("+", f"{kind} {one}") for one in shift.added)
    yield from (("-", f"{kind} {one}") for one in shift.removed)


def _sign(change: Change) -> str:
    return "+" if not change.before else "-" if not change.after else "~"


def _order(change: Change) -> tuple[int, str]:
    return ("+-~".index(_sign(change)), change.name)


def _told(change: Change) -> str:
    if not change.before or not change.after:
        return f"{change.name} {_items(change.before or change.after, placed=True)}"
    then = _items(change.before, placed=len(change.before) > 1)
    return f"{change.name} {then} -> {_items(change.after, placed=len(change.after) > 1)}"


def _items(items: Sequence[Item], *, placed: bool) -> str:
    *more, last = (_placed(item) if placed else item.told for item in items)
    return f"{', '.join(more)} and {last}" if more else last


def _placed(item: Item) -> str:
    return f"{item.told} ({in_words(item.marker)})".lstrip() if item.marker else item.told


def _listed(names: Sequence[str]) -> str:
    rest = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return ", ".join([*names[:_NAMED], *rest])


def verdict(found: Compared) -> str:
    """Say in one line what it comes to."""
    sides = f"{found.before} -> {found.after}"
    return f"{sides}: {_summary(found.difference)}"


def _summary(found: Difference) -> str:
    if not found:
        return "no difference"
    signs = [_sign(change) for change in found.changes]
    counts = [(signs.count("+"), "added"), (signs.count("-"), "removed"), (signs.count("~"), "changed")]
    told = [f"{count} {what}" for count, what in counts if count] or ["the same versions"]
    alarms = len(list(_alarms(found)))
    return ", ".join([*told, f"{alarms} to look at first (!)"] if alarms else told)


# ── Markdown


def markdown(found: Compared) -> Iterator[str]:
    """The same for a pull request; foreign text stands in code, from which it does not get out."""
    difference = found.difference
    yield f"### {_code(found.before)} → {_code(found.after)}: {_summary(difference)}"
    alarms = list(_alarms(difference))
    if alarms:
        yield ""
        yield "> [!CAUTION]"
        yield from (f"> - {_code(text)}" for text in alarms)
    rest = [(sign, text) for sign, text in lines(difference) if sign in {"+", "-", "~"}]
    told = {_told(change) for change in difference.changes}
    others = [f"{sign} {text}" for sign, text in rest if text not in told]
    if difference.changes:
        yield ""
        yield "|   | package | before | after | env.toml |"
        yield "|---|---|---|---|---|"
        ordered = sorted(difference.changes, key=lambda change: (not change.direct, _order(change)))
        yield from map(_row, ordered)
    if others:
        yield ""
        yield from (f"- {_code(text)}" for text in others)


def _row(change: Change) -> str:
    sides = (_items(items, placed=True) if items else "" for items in (change.before, change.after))
    cells = [_sign(change), change.name, *sides, "named" if change.direct else ""]
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _cell(text: str) -> str:
    """Code in a table, where a bar has to be escaped in code as well."""
    return _code(text).replace("|", "\\|") if text else ""


def _code(text: str) -> str:
    """Text as code in Markdown: no backquote of it ends it."""
    safe = visible(text)
    fence = "`"
    while fence in safe:
        fence += "`"
    pad = " " if "`" in safe else ""
    return f"{fence}{pad}{safe}{pad}{fence}"


# ── JSON


def document(found: Compared) -> dict[str, object]:
    """All of it, for machines."""
    difference = found.difference
    return {
        "schema": SCHEMA,
        "before": found.before,
        "after": found.after,
        "different": bool(difference),
        "rehashed": [_rehashed(one) for one in difference.rehashed],
        "hosts": _shift(difference.hosts),
        "startup": _shift(difference.startup),
        "moved": [
            {"before": one.before, "after": one.after, "names": list(one.names)} for one in difference.moved
        ],
        "requires-python": list(difference.python) if difference.python is not None else None,
        "groups": _shift(difference.groups),
        "environments": _shift(difference.environments),
        "changes": [
            {
                "name": change.name,
                "direct": change.direct,
                "before": [_described(item) for item in change.before],
                "after": [_described(item) for item in change.after],
            }
            for change in difference.changes
        ],
        "other-files": list(difference.files),
    }


def _rehashed(one: Rehash) -> dict[str, object]:
    hashes = {"before": one.before, "after": one.after}
    return {"name": one.name, "version": one.version, "file": one.file or None, **hashes}


def _shift(shift: Shift) -> dict[str, object]:
    return {"added": list(shift.added), "removed": list(shift.removed)}


def _described(item: Item) -> dict[str, object]:
    return {"version": item.version or None, "marker": item.marker, "source": item.source or item.index}
