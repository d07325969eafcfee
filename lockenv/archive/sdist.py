"""Archives of sources, unpacked: strictly, within bounds, the same bytes, modes and times on every machine.

An sdist is a .tar.gz with a single folder at its top (source distribution format, PEP 625; .zip in older times).
No link stands on the disk while files are written, so none can be followed; links that stay within the archive
are made at the end.
"""

# Strings and system calls, as for wheels: sources may have tens of thousands of files.
# ruff: noqa: PTH102

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from lockenv.archive.inflated import Inflated
from lockenv.archive.names import check_distinct, refusal
from lockenv.archive.tars import Member, read_members
from lockenv.archive.zips import ZipArchive
from lockenv.errors import Refused
from lockenv.limits import DEFAULT, Limits, remedy
from lockenv.wheels import folded

#: Seconds since 1970 of every unpacked file: 2020-01-01. Equal times tell `make` that nothing is out of date.
SOURCE_TIME = 1_577_836_800

#: What an archive of sources may be called, and how it is compressed.
_KINDS = {
    ".tar.gz": "gz",
    ".tgz": "gz",
    ".tar.bz2": "bz2",
    ".tbz2": "bz2",
    ".tar.xz": "xz",
    ".txz": "xz",
    ".tar": "",
    ".zip": "zip",
}
SUFFIXES = tuple(_KINDS)
_COPY = 1 << 20


def unpack(
    archive: Path,
    folder: Path,
    *,
    filename: str | None = None,
    sdist: bool = True,
    limits: Limits = DEFAULT,
) -> Path:
    """Unpack an archive (`SUFFIXES`) into `folder`, new or empty; give the project's folder.

    An `sdist` must hold exactly one folder at its top; of another archive that folder, or all of it, is the
    project. `filename` is the name for messages where the file is kept under another. Raises `Refused` for what
    is odd, after which the caller removes what was unpacked; `OSError`.
    """
    shown = filename or archive.name
    kind = next((kind for suffix, kind in _KINDS.items() if shown.lower().endswith(suffix)), None)
    if kind is None:
        raise Refused(f"{shown} is no archive of sources", hint=f"known are {', '.join(SUFFIXES)}")
    folder.mkdir(parents=True, exist_ok=True)
    unpacking = _Unpacking(folder, shown, limits)
    if kind == "zip":
        _from_zip(archive, unpacking)
    else:
        _from_tar(archive, kind, unpacking)
    unpacking.finish()
    return unpacking.project(single=sdist)


def _from_zip(archive: Path, unpacking: _Unpacking) -> None:
    opened = ZipArchive(archive, filename=unpacking.shown, limits=unpacking.limits)
    try:
        for member in opened.members:
            if member.is_dir:
                unpacking.add_folder(member.path)
            else:
                unpacking.add_file(member.path, opened.chunks(member), executable=bool(member.mode & 0o111))
    finally:
        opened.close()


def _from_tar(archive: Path, compression: str, unpacking: _Unpacking) -> None:
    with Inflated(archive, compression, refuse=unpacking.refuse, limits=unpacking.limits) as stream:
        for member, content in read_members(stream, refuse=unpacking.refuse):
            _add(member, content, unpacking)


def _add(member: Member, content: Iterable[bytes], unpacking: _Unpacking) -> None:
    path = _plain(member.path)
    if path in {"", "."}:
        if member.kind != "folder":
            raise unpacking.refuse("is no name", member.path)
    elif member.kind == "folder":
        unpacking.add_folder(path)
    elif member.kind == "file":
        unpacking.add_file(path, content, executable=member.executable)
    elif member.kind == "link":
        unpacking.add_link(path, member.target)
    else:
        unpacking.add_copy(path, _plain(member.target), executable=member.executable)


def _plain(path: str) -> str:
    """Take off the ``./`` that `tar c .` writes before all names."""
    while path.startswith("./"):
        path = path[2:]
    return path


class _Unpacking:
    """What has been unpacked into a folder so far. Names are checked before anything is made of them."""

    def __init__(self, folder: Path, shown: str, limits: Limits) -> None:
        self.shown = shown
        self.limits = limits
        self._folder = folder
        self._files: dict[str, int] = {}
        self._folders: set[str] = set()
        self._links: dict[str, str] = {}
        self._copied = 0

    def refuse(self, reason: str, member: str | None = None) -> Refused:
        """Make the error that says which archive, which member and why."""
        where = f"{self.shown}: {member!r}" if member is not None else self.shown
        return Refused(f"{where} {reason}", hint="the file is damaged or hostile; nothing of it is used")

    def _check(self, path: str) -> str:
        if reason := refusal(path):
            raise self.refuse(f"is refused for {reason} in its name", path)
        return path

    def add_folder(self, path: str) -> None:
        """Make a folder, unless it is there, and those above it."""
        self._make(self._check(path), path)

    def _make(self, folder: str, member: str) -> None:
        if not folder or folder in self._folders:
            return
        self._make(folder.rpartition("/")[0], member)
        try:
            os.mkdir(f"{self._folder}/{folder}")
        except FileExistsError:
            raise self._collides(member) from None
        self._folders.add(folder)

    def _collides(self, member: str) -> Refused:
        # Nobody else writes here: what is in the way came from the same archive.
        return self.refuse("and another member are one file", member)

    def add_file(self, path: str, content: Iterable[bytes], *, executable: bool) -> None:
        """Write a file."""
        self._check(path)
        self._make(path.rpartition("/")[0], path)
        try:
            self._files[path] = _write(f"{self._folder}/{path}", content, executable=executable)
        except FileExistsError:
            raise self._collides(path) from None

    def add_copy(self, path: str, target: str, *, executable: bool) -> None:
        """Write a hard link as the copy that nobody can tell from one."""
        if target not in self._files:
            raise self.refuse(f"is a hard link to {target!r}, which is no file before it", path)
        self._copied += self._files[target]
        if self._copied > self.limits.unpacked:
            error = self.refuse(f"would take more than {self.limits.unpacked >> 20} MiB when unpacked")
            raise Refused(error.message, hint=remedy("unpacked", self._copied * 2))
        with open(f"{self._folder}/{target}", "rb", buffering=0) as source:  # noqa: PTH123
            self.add_file(path, iter(lambda: source.read(_COPY), b""), executable=executable)

    def add_link(self, path: str, target: str) -> None:
        """Remember a symbolic link until all files are written."""
        self._check(path)
        if path in self._links:
            raise self.refuse("stands twice", path)
        self._links[path] = target

    def finish(self) -> None:
        """Check that all members are distinct everywhere, then make the links."""
        check_distinct((*self._files, *self._links), self._folders, archive=self.shown)
        known = set(map(folded, (*self._folders, *self._files, *self._links)))
        linked = set(map(folded, self._links))
        leads = {path: self._resolved(path, target, linked) for path, target in self._links.items()}
        for path, resolved in leads.items():
            # What leads nowhere is of no use to a build, and trips those that copy trees.
            if resolved == "." or folded(resolved) in known:
                self._make(path.rpartition("/")[0], path)
                os.symlink(self._links[path], f"{self._folder}/{path}")  # noqa: PTH211

    def _resolved(self, path: str, target: str, linked: set[str]) -> str:
        """Follow a link by its text alone; refuse one that leaves the archive or goes through another link."""
        if not target or target.startswith("/") or "\\" in target or not target.isprintable():
            raise self.refuse(f"is a link to {target!r}", path)
        walked = path.split("/")[:-1]
        steps = [step for step in target.split("/") if step not in {"", "."}]
        for number, step in enumerate(steps):
            if step != "..":
                walked.append(step)
            elif walked:
                walked.pop()
            else:
                raise self.refuse(f"is a link to {target!r}, which leaves the archive", path)
            if number + 1 < len(steps) and folded("/".join(walked)) in linked:
                raise self.refuse(f"is a link to {target!r}, which goes through another link", path)
        return "/".join(walked) or "."

    def project(self, *, single: bool) -> Path:
        """Say where the project stands: in the one folder at the top, or, unless it must be, in all of it."""
        tops = {path.partition("/")[0] for path in (*self._folders, *self._files, *self._links)}
        if len(tops) == 1 and tops <= self._folders:
            return self._folder / tops.pop()
        if single:
            listed = ", ".join(map(repr, sorted(tops)[:3])) or "nothing"
            more = ", …" if len(tops) > 3 else ""
            raise self.refuse(f"must hold exactly one folder at its top, and holds {listed}{more}")
        return self._folder


def _write(path: str, content: Iterable[bytes], *, executable: bool) -> int:
    """Write a new file of normal mode and fixed time; give its size."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    size = 0
    try:
        for chunk in content:
            size += len(chunk)
            rest = memoryview(chunk)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        os.fchmod(descriptor, 0o755 if executable else 0o644)
        os.utime(descriptor, ns=(SOURCE_TIME * 10**9, SOURCE_TIME * 10**9))
    finally:
        os.close(descriptor)
    return size
