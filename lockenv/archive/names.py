"""Which paths an archive may hold: relative, plain, and the same on every file system. Pure.

Refusing odd names outright beats resolving them on a live file system.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from lockenv.errors import Refused
from lockenv.wheels import folded

#: Control characters (C0, DEL, C1), those that reorder text on a screen, those that nobody sees, lone surrogates,
#: and the backslash. Joiners and variants, which some scripts and emoji need, count where they join nothing.
_FORBIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e"
    r"\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e00ff\\]"
    r"|(?:^|(?<=[!-\"$-)+-/:-~ ]))[\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
#: A segment that is empty, ``.`` or ``..``.
_NOT_A_NAME = re.compile(r"(?:^|/)\.{0,2}(?:/|$)")
_DRIVE = re.compile(r"[A-Za-z]:")
#: What Windows takes for a device, whatever follows the first dot.
_DEVICES = r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])"
_DEVICE = re.compile(_DEVICES + r"(?: *(?:\.|$))", re.IGNORECASE)
#: Whatever may be one of these, a name's end that Windows cuts off, or its sign for a part of a file.
_TRAP = re.compile(rf"(?:^|/){_DEVICES} *(?:[./]|$)|[. ](?:/|$)|:", re.IGNORECASE)
#: What nearly all paths are, and nothing can be wrong with if they are short: words with dots and dashes.
_PLAIN = re.compile(r"(?:\w[\w.+-]*/)*\w[\w.+-]*", re.ASCII)
_MAX_SEGMENT = 255  #: bytes; what common file systems take
_MAX_PATH = 1024  #: bytes; leaves room for the environment's own path below PATH_MAX


def refusal(path: str) -> str | None:
    """Say why a path (POSIX, without a trailing slash) cannot be unpacked, or None where it can."""
    plain = len(path) <= _MAX_SEGMENT and _PLAIN.fullmatch(path)
    return None if plain else _oddity(path)


def _oddity(path: str) -> str | None:
    if found := _FORBIDDEN.search(path):
        return "a backslash" if found[0] == "\\" else f"the character U+{ord(found[0]):04X}"
    if path.startswith("/"):
        return "an absolute path"
    if found := _NOT_A_NAME.search(path):
        return "an empty path segment" if not found[0].strip("/") else f"the path segment {found[0].strip('/')!r}"
    if _DRIVE.match(path):
        return "a drive letter"
    if not path.isascii() and not unicodedata.is_normalized("NFC", path):
        # To normalise it would give a file another name than RECORD and the code that opens it do.
        return "a spelling that is not in Unicode's normal form C"
    return _excess(path)


def trap(path: str) -> str | None:
    """Say why a path that may be unpacked here would be another file, or none, on Windows; else None.

    A wheel is installed wherever its lock is; sources are only built where they are.
    """
    # Most paths have nothing of all this, and one look says so.
    if _TRAP.search(path) is None:
        return None
    for segment in path.split("/"):
        if _DEVICE.match(segment):
            return f"the name {segment!r}, which is a device on Windows"
        if segment[-1] in ". ":
            return f"the name {segment!r}, whose end Windows cuts off"
        if ":" in segment:
            return f"the name {segment!r}, which is a part of another file on Windows"
    return None


def _excess(path: str) -> str | None:
    if len(path) <= _MAX_SEGMENT and path.isascii():
        return None
    if len(path.encode()) > _MAX_PATH:
        return "a path that is too long"
    if any(len(segment.encode()) > _MAX_SEGMENT for segment in path.split("/")):
        return "a file name that is too long"
    return None


def check_distinct(files: Iterable[str], folders: Iterable[str], *, archive: str) -> None:
    """Refuse two members that are one file somewhere, and a file that is also a folder. Raises `Refused`."""
    seen: dict[str, str] = {}
    parents: set[str] = {folded(folder) for folder in folders}
    done: set[str] = set()
    for path in files:
        key = folded(path)
        if key in seen:
            twice = (
                "stands twice" if seen[key] == path else f"and {seen[key]!r} are one file where case is ignored"
            )
            raise Refused(f"{archive}: {path!r} {twice}")
        seen[key] = path
        parent = key.rpartition("/")[0]
        # Climbing stops at the first folder that was met before: its parents have been met too.
        while parent and parent not in done:
            done.add(parent)
            parent = parent.rpartition("/")[0]
    for folder in parents | done:
        if folder in seen:
            raise Refused(f"{archive}: {seen[folder]!r} is a file and a folder at once")
