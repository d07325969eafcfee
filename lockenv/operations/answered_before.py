"""The lock that was made before: what the same question came to is given again, while the index says the same.

A lock follows from the manifest and what it includes, the lock that stood there, a few settings, this machine's
Python where it has a say, and the pages of indexes. So a lock that was made leaves in the cache what it rested on.
Who asks the same again, and finds each page as it was and young enough not to be asked for, gets the same bytes
and is told the same. Nothing is resolved or parsed, and little is imported.

What is not told from bytes that are at hand is not answered so: what came from a folder, a file, a repository or a
build, ages that are counted from now, an upgrade, marks of a merge. Then no answer is kept (`rests_on`).
"""

# pathlib is among the heavy imports that are avoided here.
# ruff: noqa: PTH108, PTH123

from __future__ import annotations

import os
import time

from lockenv.errors import LockenvError
from lockenv.index import answers
from lockenv.operations.asked import contents_of, key_of, pip_says, pip_says_so, pythons_around
from lockenv.operations.files import bytes_of
from lockenv.operations.standing import digest_with, inputs_of, note_standing
from lockenv.operations.unchanged import digest_of, interpreter_id, replaced
from lockenv.sums import sha256
from lockenv.values import dataclass

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from lockenv.index.noting import Kept
    from lockenv.operations.asked import PipSays, Place

_FAILURES = "failures"  #: as `lockenv.operations.explain` has it, whose import is heavy


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What was true before anything was read: the question's key, and what decides on this machine's Python.

    `around` is None where that cannot be told from outside.
    """

    key: str
    around: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rests:
    """What an answer rests on besides its key.

    `included` are the files that the manifest includes, and `contents` is the digest of what they hold. `around`
    is '' where no Python of this machine has a say, `python` identifies the one that was found
    (`lockenv.operations.unchanged.interpreter_id`). `pip` is there where it was asked for its index.
    """

    key: str
    included: tuple[str, ...]
    contents: str
    around: str
    python: str
    pip: PipSays | None = None
    pages: tuple[tuple[str, bytes, int, float], ...] = ()
    warnings: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is said of a lock: lines as a screen takes them, all of them and those that are usually shown.

    `document` is without its warnings. `again` is what another run will say, and the Python that it rests on.
    """

    lines: tuple[Any, ...]
    every: tuple[Any, ...]
    verdict: str
    document: dict[str, object]
    again: tuple[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that still holds. `when` is the second since the epoch in which it was found."""

    place: str
    when: float
    rests: Rests
    content: bytes
    told: Told


# ── giving an answer


def answered(place: Place) -> Answer | None:
    """Find the answer to what a lock is asked now; None where there is none that holds."""
    try:
        key = key_of(place)
        for path, kept in answers.read(_root(place), key):
            flat, when, content, told = kept
            rests = _rests(key, flat)
            if _holds(place, rests):
                return Answer(place=path, when=when, rests=rests, content=content, told=_told(told))
    except (LockenvError, OSError, ValueError, TypeError):
        return None
    return None


def give(place: Place, answer: Answer) -> bool:
    """Make the lock what the answer says, as if it had been made anew. False where that cannot be done."""
    rests = answer.rests
    inputs = inputs_of(place, rests.included)
    standing = bytes_of(place.project.lock)
    if key_of(place) != rests.key:
        return False  # somebody has just edited a file
    if answer.content != standing:
        # Lazy: a lock that is right already is not written.
        from lockenv.files import write_atomically

        try:
            write_atomically(place.project.lock, answer.content)
        except OSError:
            return False
    answers.mark_used(answer.place)
    _forget_failure(place)
    if answer.told.again is not None:
        said, executable = answer.told.again
        seen = digest_with(inputs, answer.content)
        note_standing(place, said, seen=seen, included=rests.included, executable=executable)
    return True


def since(answer: Answer) -> str:
    """Say that a lock was not resolved, and why not."""
    day = time.strftime("%Y-%m-%d %H:%M", time.localtime(answer.when))
    return f"answered as on {day}: nothing it rests on has changed"


def _holds(place: Place, rests: Rests) -> bool:
    return (
        rests.contents == contents_of(place, rests.included)
        and (not rests.around or rests.around == pythons_around(place))
        and (not rests.python or not replaced(rests.python))
        and (rests.pip is None or pip_says_so(place, rests.pip))
        and _are_as_they_were(place, rests.pages)
    )


def _are_as_they_were(place: Place, pages: Iterable[tuple[str, bytes, int, float]]) -> bool:
    """Whether the cache has these pages, and need not ask for them: offline, it never does."""
    root, now, offline = _root(place), time.time(), place.settings.offline
    for name, seal, size, fresh in pages:
        try:
            with open(f"{root}/{name}", "rb", buffering=0) as file:
                status = os.fstat(file.fileno())
                found = file.read(len(seal))
        except OSError:
            return False
        if status.st_size != size or found != seal:
            return False
        if not offline and not 0 <= now - status.st_mtime < fresh:
            return False
    return True


def _forget_failure(place: Place) -> None:
    """Take away the note of an earlier failure, as a lock that is made does."""
    name = sha256(os.fsencode(place.project.lock)).hexdigest()[:32]
    try:
        os.unlink(f"{place.cache}/{_FAILURES}/{name}")
    except OSError:
        return


# ── keeping an answer


def begin(place: Place) -> Begun | None:
    """Note what a lock is asked, before anything is read; None where it cannot be read."""
    try:
        return Begun(key=key_of(place), around=pythons_around(place))
    except LockenvError:
        return None


def rests_on(
    place: Place,
    begun: Begun,
    *,
    included: tuple[str, ...],
    around: str | None,
    executable: str,
    pip: str = "",
    pages: Iterable[Kept] = (),
) -> Rests | None:
    """What an answer rests on; None where that has changed meanwhile, or cannot be told.

    `around` is that of `begun`, or '' where no Python of this machine has a say; `executable` is the one that was
    found, `pip` the index that pip named, if it was asked.
    """
    says = pip_says(place, pip) if pip else None
    now = begin(place)
    if around is None or (pip and says is None) or now is None or now.key != begun.key:
        return None
    if around and around != now.around:
        return None
    return Rests(
        key=begun.key,
        included=included,
        contents=contents_of(place, included),
        around=around,
        python=interpreter_id(executable) if executable else "",
        pip=says,
        pages=tuple((one.place, one.seal, one.size, one.fresh) for one in pages),
    )


def rests_to_stay(
    place: Place, *, seen: str, included: tuple[str, ...], executable: str, around: str | None
) -> tuple[Rests, bytes] | None:
    """What it rests on that a lock was found in order, and its bytes; None where something has changed since.

    `seen` is the digest of what was looked at then (`lockenv.operations.standing.digest_with`).
    """
    begun, content = begin(place), bytes_of(place.project.lock)
    if begun is None or content is None or around not in {"", begun.around}:
        return None
    if digest_with(inputs_of(place, included), content) != seen:
        return None
    rests = rests_on(place, begun, included=included, around=around, executable=executable)
    return (rests, content) if rests is not None else None


def keep(place: Place, rests: Rests, content: bytes, told: Told) -> None:
    """Keep an answer. One that cannot be kept costs time later, nothing else."""
    said = (told.lines, told.every, told.verdict, told.document, told.again)
    *but_pages, pages, warnings = _flat(rests)
    variant = digest_of(repr(but_pages).encode("utf-8", "surrogateescape"))
    flat = (*but_pages, pages, warnings)
    answers.write(_root(place), rests.key, variant, (flat, time.time(), content, said))


def _flat(rests: Rests) -> tuple[Any, ...]:
    """Give it as marshal takes it, without the key, which is known whenever it is read."""
    return (
        rests.included,
        rests.contents,
        rests.around,
        rests.python,
        rests.pip,
        rests.pages,
        rests.warnings,
    )


def _rests(key: str, flat: tuple[Any, ...]) -> Rests:
    included, contents, around, python, pip, pages, warnings = flat
    return Rests(
        key=key,
        included=included,
        contents=contents,
        around=around,
        python=python,
        pip=pip,
        pages=pages,
        warnings=warnings,
    )


def _told(said: tuple[Any, ...]) -> Told:
    lines, every, verdict, document, again = said
    return Told(lines=lines, every=every, verdict=verdict, document=document, again=again)


def _root(place: Place) -> str:
    """Where the cache of indexes is, as `lockenv.session` has it."""
    return f"{place.cache}/index"
