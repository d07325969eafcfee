"""What a new lock changes, as lines for a person: your own wishes first, and no more than one wants to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lockenv.cli.markers import in_words
from lockenv.cli.screen import Screen
from lockenv.operations.changes import Change, Entry
from lockenv.values import dataclass

#: More packages than these that came or went on others' account are counted, not named.
_MOST = 8
#: Reasons stand in one column, unless a line is longer than this.
_COLUMN = 44


@dataclass(frozen=True, slots=True)
class _Line:
    sign: str
    text: str
    why: str = ""


def show_changes(screen: Screen, changes: Sequence[Change], *, first: bool, everything: bool) -> None:
    """Write one line a change: what env.toml asked for, what the command line did, what had to follow.

    Of a `first` lock no reasons are told. Long rows of packages that came or went with others are counted unless
    `everything` is wanted.
    """
    lines = list(_lines(changes, first=first, most=len(changes) if everything else _MOST))
    column = max((len(line.text) for line in lines if line.why and len(line.text) <= _COLUMN), default=0)
    for line in lines:
        told = screen.change(line.sign, line.text)
        if line.why:
            gap = " " * (max(column - len(line.text), 0) + 3)
            told += gap + screen.paint(screen.out, "dim", line.why)
        screen.say(told)


def _lines(changes: Sequence[Change], *, first: bool, most: int) -> Iterator[_Line]:
    yours = sorted((change for change in changes if change.cause == "manifest"), key=_only_in_groups)
    yield from (_line(change, first=first) for change in yours)
    yield from (_line(change) for change in changes if change.cause == "request")
    others = [change for change in changes if change.cause == "others"]
    yield from (_line(change) for change in others if change.before and change.after)
    came = [change for change in others if not change.before]
    went = [change for change in others if not change.after]
    yield from _counted(came, most, "+", "that these require" if first else "that came along", first=first)
    yield from _counted(went, most, "-", "that nothing requires any more")


def _only_in_groups(change: Change) -> bool:
    return all("dependency_groups" in entry.marker for entry in change.after or change.before)


def _counted(
    changes: Sequence[Change], most: int, sign: str, what: str, *, first: bool = False
) -> Iterator[_Line]:
    if len(changes) <= most:
        yield from (_line(change, first=first) for change in changes)
    else:
        yield _Line(sign, f"{len(changes)} more {what}")


def _line(change: Change, *, first: bool = False) -> _Line:
    name, why = change.name, "" if first else change.why
    if not change.before:
        return _Line("+", f"{name} {_entries(change.after, _placed)}", why)
    if not change.after:
        return _Line("-", f"{name} {_entries(change.before, _placed)}", why)
    before, after = (_entries(entries, _told_apart(entries)) for entries in (change.before, change.after))
    return _Line("~", f"{name} {before} -> {after}", why)


def _entries(entries: Sequence[Entry], said: Callable[[Entry], str]) -> str:
    *more, last = map(said, entries)
    return f"{', '.join(more)} and {last}" if more else last


def _told_apart(entries: Sequence[Entry]) -> Callable[[Entry], str]:
    """Where versions change, places are told only if there are several."""
    return _placed if len(entries) > 1 else _versioned


def _versioned(entry: Entry) -> str:
    return entry.told


def _placed(entry: Entry) -> str:
    return f"{entry.told} ({in_words(entry.marker)})".lstrip() if entry.marker else entry.told
