"""Addresses as other tools write them: URLs, VCS URLs, paths; and the source of a manifest that says the same.

What pip takes is read (its 'VCS support' and PEP 508's direct references), and the keys of Poetry, PDM, uv and
Pipenv, which agree on most words.
"""

from __future__ import annotations

import posixpath
import re
from urllib.parse import parse_qs, unquote, urlsplit

from packaging.markers import Marker
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from lockenv.manifest.model import GitSource, PathSource, Source, UrlSource
from lockenv.manifest.words import quoted, shown, without_secrets

_VARIABLE = re.compile(r"\$\{\w+\}")
_USERINFO = re.compile(r"(?i)^((?:git\+)?https?://)[^/@]*@")
_PASSWORD = re.compile(r"(?i)^((?:[a-z]+\+)?[a-z]+://[^/:@]*):[^/@]*@")
_SCP = re.compile(r"(?:ssh://)?([\w.-]+@[\w.-]+):(?!\d+/|//)(.+)")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz")


class NotCarried(ValueError):
    """Something has no counterpart in a manifest. `message` says what and why, `hint` what to do instead."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def without_credentials(url: str) -> tuple[str, bool]:
    """Take user and password out of an address; says whether there were any. The user of SSH is none."""
    bare = _PASSWORD.sub(r"\1@", _USERINFO.sub(r"\1", url))
    return bare, bare != url


def has_scheme(text: str) -> bool:
    """Whether this is a URL or VCS URL rather than a path."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", text) is not None and not _DRIVE.match(text)


def is_absolute(path: str) -> bool:
    """Whether a path is a place on one machine."""
    return path.startswith(("/", "\\", "~")) or _DRIVE.match(path) is not None


def relative(path: str, folder: str) -> str:
    """Write a path relative to the project's folder, if it lies within; `folder` is '' where nobody knows it.

    Raises `NotCarried` for another place of this machine.
    """
    plain = path.replace("\\", "/") if _DRIVE.match(path) or "\\" in path else path
    home = folder.replace("\\", "/").rstrip("/")
    if home and plain.rstrip("/") == home:
        return "."
    if home and plain.startswith(f"{home}/"):
        plain = plain[len(home) + 1 :]
    if is_absolute(plain):
        message = f"{quoted(path)} is a place on one machine"
        raise NotCarried(message, 'write it under [sources] as { path = "…" }, relative to env.toml')
    return posixpath.normpath(plain) if plain else "."


def fragment(url: str) -> dict[str, str]:
    """What stands behind `#`: ``egg``, ``subdirectory``, hashes."""
    try:
        parts = parse_qs(url.partition("#")[2], keep_blank_values=False)
    except ValueError:
        return {}
    return {name: values[0] for name, values in parts.items()}


def source_of(url: str, *, editable: bool = False, folder: str = "", marker: Marker | None = None) -> Source:
    """The source that a URL, VCS URL or path names. Raises `NotCarried`."""
    if _VARIABLE.search(without_credentials(url)[0]):
        message = f"{quoted(url)} holds a variable, and what it stands for is a fact of one machine"
        raise NotCarried(message, "write what it stands for")
    bare, _ = without_credentials(url)
    address, said = bare.partition("#")[0], fragment(bare)
    subdirectory = said.get("subdirectory")
    if bare.startswith("git+"):
        return git_source(address.removeprefix("git+"), subdirectory=subdirectory, marker=marker)
    if re.match(r"(hg|svn|bzr)\+", bare):
        message = f"{quoted(url)}: of version control systems, only Git is known"
        raise NotCarried(message, "build a wheel of it, and name that under [sources]")
    if not has_scheme(bare) or bare.lower().startswith("file:"):
        path = relative(_file_path(address), folder)
        return PathSource(path=path, editable=editable, subdirectory=subdirectory, marker=marker)
    return UrlSource(url=address, subdirectory=subdirectory, marker=marker)


def _file_path(address: str) -> str:
    if not address.lower().startswith("file:"):
        return address
    rest = address[5:]
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        rest = slash + path if host in {"", "localhost"} else f"{host}/{path}"
    rest = unquote(rest)
    return rest[1:] if re.match(r"/[A-Za-z]:[\\/]", rest) else rest


def git_source(
    address: str, *, rev: str | None = None, subdirectory: str | None = None, marker: Marker | None = None
) -> GitSource:
    """A Git source of an address that may end in ``@revision``. Raises `NotCarried`."""
    address, _ = without_credentials(address.removeprefix("git+"))
    before, at, behind = address.rpartition("@")
    # An '@' before the path belongs to the host: `ssh://git@host/path`, `git@host:path`.
    if at and re.search(r"[:/]", before.partition("://")[2] if "://" in before else before) and ":" not in behind:
        address, rev = before, rev or behind
    if match := _SCP.fullmatch(address):
        address = f"ssh://{match[1]}/{match[2].lstrip('/')}"
    return GitSource(git=address, rev=rev or None, subdirectory=subdirectory, marker=marker)


def named_by(address: str) -> tuple[str, Version | None] | None:
    """The name that an address gives itself, and a version: ``#egg=``, or the name of its file."""
    if egg := fragment(address).get("egg"):
        match = re.fullmatch(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[.*\])?.*", egg)
        return (match[1] + (match[2] or ""), None) if match else None
    file = unquote(re.split(r"[#?]", address.replace("\\", "/"), maxsplit=1)[0].rpartition("/")[2])
    try:
        if file.endswith(".whl"):
            return parse_wheel_filename(file)[:2]
        if file.endswith((".tar.gz", ".zip")):
            return parse_sdist_filename(file)
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None
    return None


def host_of(url: str) -> str:
    """The host of a URL, for a name; '' where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def plainly(url: str) -> str:
    """An address as a message may show it."""
    return shown(without_secrets(url))
