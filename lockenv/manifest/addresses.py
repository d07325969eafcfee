"""URLs and paths in a manifest: of a known scheme or relative, without secrets, the same on every machine."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lockenv.manifest.entries import Entry
from lockenv.manifest.words import listed, quoted

_SCHEME = r"([A-Za-z][A-Za-z0-9+.-]+):(//)?"  # two letters at least: `C:` is a drive
_AUTHORITY = r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)"


def scheme_of(text: str) -> str | None:
    """The scheme of a URL in lower case; None for what is none, such as a path."""
    match = re.match(_SCHEME, text)
    return match[1].lower() if match else None


def userinfo(url: str) -> str:
    """What stands before the host and its `@`; may be empty."""
    match = re.match(_AUTHORITY, url)
    return match[1].rpartition("@")[0] if match else ""


def has_userinfo(url: str) -> bool:
    """Whether anything, even nothing, stands before an `@` and the host."""
    match = re.match(_AUTHORITY, url)
    return match is not None and "@" in match[1]


def is_place(entry: Entry, text: str, schemes: Sequence[str]) -> bool:
    """Whether this is a URL of one of these schemes or a relative path; refuses it otherwise."""
    scheme = re.match(_SCHEME, text)
    if scheme is None:
        return is_relative(entry, text)
    if scheme[1].lower() not in schemes or not scheme[2]:
        entry.refuse(f"{quoted(text)} is no URL that can be used here", f"it begins with {_beginnings(schemes)}")
    elif not text.isprintable() or " " in text:
        entry.refuse(f"{quoted(text)} is no URL: it holds a space or control character")
    elif scheme[1].lower() != "file" and not _host(text[scheme.end() :]):
        entry.refuse(f"{quoted(text)} names no host")
    else:
        return True
    return False


def _host(rest: str) -> str:
    """The host behind ``//``; what begins with a dash is none, but an option to whoever is handed it."""
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    return "" if host.startswith("-") else host


def _beginnings(schemes: Sequence[str]) -> str:
    return listed((f"{scheme}://" for scheme in schemes), "or")


def is_relative(entry: Entry, path: str) -> bool:
    """Whether this is a relative POSIX path; refuses it otherwise."""
    if path.startswith(("/", "~", "\\")) or re.match(r"[A-Za-z]:", path):
        entry.refuse(
            f"{quoted(path)} is a place on one machine; the manifest is for all",
            "write a path relative to env.toml",
        )
    elif "\\" in path:
        entry.refuse(f"{quoted(path)} has backslashes, which only Windows reads", f"write {quoted(_posix(path))}")
    elif not path.isprintable():
        entry.refuse(f"{quoted(path)} holds a control character")
    elif path.startswith("-"):
        entry.refuse(f"{quoted(path)} looks like an option", f"write {quoted(f'./{path}')}")
    else:
        return True
    return False


def _posix(path: str) -> str:
    return path.replace("\\", "/")


def is_inside(entry: Entry, path: str) -> bool:
    """Whether this is a relative path that does not lead out of where it starts; refuses it otherwise."""
    if not is_relative(entry, path):
        return False
    depth = 0
    for part in path.split("/"):
        depth += {"..": -1, ".": 0, "": 0}.get(part, 1)
        if depth < 0:
            entry.refuse(f"{quoted(path)} leads out of the source", f"{entry.title} is a folder inside it")
            return False
    return True
