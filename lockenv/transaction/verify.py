"""Comparing an environment with the tree it should be: every byte, mode and type, and everything besides.

Nothing that stands in the environment is trusted, neither RECORD nor lockenv's own record. Files are read through
descriptors of their folders, no link is followed, and what cannot be read is a finding and ends nothing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal, TypeAlias

from lockenv.transaction import places, state
from lockenv.transaction.bytecode import BytecodeFile, Prover, source_of, tool_of
from lockenv.transaction.modes import Openness, root_faults
from lockenv.transaction.planned import ANY_MODE, Planned, Row, by_folder

Kind: TypeAlias = Literal[
    "missing", "changed", "extra", "mode", "type", "bytecode", "interpreter", "record", "unjudged"
]

_THREADS = 2
_BATCH = 32  #: folders that a thread takes at a time
_CHUNK = 1 << 20
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_FOLDER = _READ | os.O_DIRECTORY
_CACHE = "__pycache__"
#: What a file from the store may have: a copy or clone is its owner's to edit, a hard link is not.
_OWNERS_TO_WRITE = 0o200
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_KINDS = {stat.S_IFREG: "file", stat.S_IFLNK: "link", stat.S_IFDIR: "folder"}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One difference. `path` is seen from the environment's folder; `package` is empty for its own files."""

    path: str
    kind: Kind
    package: str = ""
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.kind}" + (f", {self.detail}" if self.detail else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """The differences, and what programs keep beside planned sources that Python never loads: of kind `unjudged`.

    Each is sorted by path.
    """

    findings: tuple[Finding, ...]
    unjudged: tuple[Finding, ...] = ()


def examine(plan: Planned, prover: Prover | None) -> Examined:
    """Compare the environment that should be `plan` with the disk.

    `prover` judges bytecode that Python wrote; without one, such bytecode is passed over unread. Where no
    generation is current, that is the only finding.
    """
    # People may keep an environment elsewhere; its scripts name the link.
    env = os.path.realpath(plan.env)
    number = places.current_number(env)
    if number is None:
        lost = Finding(path=f"{places.HOME}/current", kind="missing", detail="no generation is current")
        return Examined(findings=(lost,))
    try:
        openness = Openness(env)
    except OSError as error:
        return Examined(findings=(Finding(path=".", kind="missing", detail=_said(error)),))
    generation = _Generation(places.generation(env, number), plan, openness)
    open_roots = (Finding(path=path, kind="mode", detail=fault) for path, fault in root_faults(env, openness))
    found = {*_root(env, plan), *open_roots, *generation.examine()}
    if prover is not None:
        found |= set(generation.prove(prover))
    return Examined(findings=tuple(sorted(found)), unjudged=tuple(sorted(generation.unjudged)))


def _root(env: str, plan: Planned) -> Iterator[Finding]:
    """Compare the real root; what people put there is theirs, but no link of ours may lead to nothing."""
    expected = {row.path for row in plan.root}
    try:
        folder = os.open(env, _FOLDER)
    except OSError as error:
        yield Finding(path=".", kind="missing", detail=_said(error))
        return
    try:
        for row in plan.root:
            yield from _compare(row, row.path, folder)
    finally:
        os.close(folder)
    with os.scandir(env) as entries:
        for entry in entries:
            if entry.name not in expected and state.is_own_link(env, entry):
                yield Finding(path=entry.name, kind="extra", detail="a link into the generation")


@dataclass(slots=True)
class _Generation:
    """One comparison of a generation's folder with the rows of a plan."""

    folder: str
    plan: Planned
    openness: Openness
    rows: dict[str, dict[str, Row]] = field(init=False, default_factory=dict)
    bytecode: list[BytecodeFile] = field(init=False, default_factory=list)
    unjudged: list[Finding] = field(init=False, default_factory=list)

    def examine(self) -> Iterator[Finding]:
        """Compare all folders that are planned, in a few threads: reading and hashing leave Python's lock."""
        self.rows = by_folder(self.plan.rows)
        if not os.path.lexists(self.folder):
            yield Finding(path=".", kind="missing", detail="there is no folder of the current generation")
            return
        folders = list(self.rows)
        batches = [folders[at : at + _BATCH] for at in range(0, len(folders), _BATCH)]
        with ThreadPoolExecutor(_THREADS) as threads:
            for found in threads.map(self._folders, batches):
                yield from found

    def prove(self, prover: Prover) -> Iterator[Finding]:
        """Have the bytecode judged that was met on the way."""
        for file, reason in prover.refused(self.folder, self.bytecode):
            if os.path.lexists(f"{self.folder}/{file.path}"):  # else Python has replaced it meanwhile
                yield Finding(path=file.path, kind="bytecode", package=file.owner, detail=reason)

    def _folders(self, folders: Iterable[str]) -> list[Finding]:
        return [finding for folder in folders for finding in self._folder(folder)]

    def _folder(self, folder: str) -> Iterator[Finding]:
        rows = self.rows.get(folder, {})
        try:
            descriptor = os.open(f"{self.folder}/{folder}" if folder else self.folder, _FOLDER)
        except OSError:
            # The row of the folder itself says what is wrong with it.
            yield from (_missing(row) for row in rows.values())
            return
        try:
            if fault := self.openness.fault(os.fstat(descriptor)):
                yield Finding(path=folder or f"{places.HOME}/current", kind="mode", detail=fault)
            with os.scandir(descriptor) as entries:
                names = {entry.name for entry in entries}
            for name, row in rows.items():
                yield from self._planned(row, name, descriptor) if name in names else (_missing(row),)
            for name in names - rows.keys():
                yield from self._besides(folder, name, descriptor)
        finally:
            os.close(descriptor)

    def _planned(self, row: Row, name: str, folder: int) -> Iterable[Finding]:
        findings = list(_compare(row, name, folder))
        if findings and row.kind == "file" and name.endswith(".pyc"):
            # A wheel's own bytecode, which Python may have written anew.
            parent = row.path.rpartition("/")[0]
            if parent.rpartition("/")[2] == _CACHE:
                return self._cached(parent, name, folder)
        return findings

    def _besides(self, folder: str, name: str, descriptor: int) -> Iterable[Finding]:
        """Judge an entry that is not planned; it may be bytecode of what is."""
        path = f"{folder}/{name}" if folder else name
        if path == places.STATE:
            mode = os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode
            return () if stat.S_ISREG(mode) and not mode & _OTHERS_WRITE else (_open_record(mode),)
        if folder.rpartition("/")[2] == _CACHE:
            return self._cached(folder, name, descriptor)
        try:
            is_folder = stat.S_ISDIR(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode)
        except FileNotFoundError:
            return ()  # it stood there for a moment
        if is_folder and name == _CACHE and any(other.endswith(".py") for other in self.rows[folder]):
            return self._folder(path)
        if name.endswith(".pyc"):
            return (Finding(path=path, kind="bytecode", detail="there is no source of it"),)
        return (Finding(path=path, kind="extra", detail="a folder" if is_folder else ""),)

    def _cached(self, folder: str, name: str, descriptor: int) -> Iterator[Finding]:
        """Judge an entry of a ``__pycache__`` (PEP 3147) by its name, and keep what has to be proven."""
        path = f"{folder}/{name}"
        beside = self.rows.get(folder.rpartition("/")[0], {})
        source, level, tag = source_of(name) or ("", 0, "")
        row = beside.get(source)
        if row is None or row.kind != "file":
            yield from self._of_tool(path, name, beside, descriptor)
            return
        try:
            file = os.open(name, _READ, dir_fd=descriptor)
        except FileNotFoundError:
            return
        except OSError as error:
            yield Finding(path=path, kind="bytecode", package=row.owner, detail=_said(error))
            return
        try:
            found = os.fstat(file)
            if not stat.S_ISREG(found.st_mode):
                yield Finding(path=path, kind="type", package=row.owner, detail="not a file")
                return
            if found.st_mode & stat.S_IWOTH:
                yield Finding(path=path, kind="mode", package=row.owner, detail="anybody may write to it")
            content = _hash(file, found.st_size)
        finally:
            os.close(file)
        self.bytecode.append(
            BytecodeFile(
                path=path,
                content=content,
                source=row.path,
                source_content=row.content,
                source_size=row.size,
                source_mtime=row.mtime,
                level=level,
                tag=tag,
                owner=row.owner,
            )
        )

    def _of_tool(self, path: str, name: str, beside: Mapping[str, Row], descriptor: int) -> Iterator[Finding]:
        """Judge what Python itself would not load: a program may keep plain files beside a planned source."""
        source, tool = tool_of(name) or ("", "")
        row = beside.get(source)
        if row is None or row.kind != "file":
            kind: Kind = "bytecode" if name.endswith(".pyc") else "extra"
            module = beside.get(f"{name.partition('.')[0]}.py")
            detail = "no source of it is planned" if module is None else "not written by Python itself"
            yield Finding(path=path, kind=kind, package=module.owner if module else "", detail=detail)
            return
        try:
            mode = os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISREG(mode):
            yield Finding(path=path, kind="type", package=row.owner, detail="not a file")
        elif mode & stat.S_IWOTH:
            yield Finding(path=path, kind="mode", package=row.owner, detail="anybody may write to it")
        else:
            self.unjudged.append(Finding(path=path, kind="unjudged", package=row.owner, detail=tool))


def _missing(row: Row) -> Finding:
    return Finding(path=row.path, kind="missing", package=row.owner, detail="" if row.kind == "file" else row.kind)


def _compare(row: Row, name: str, folder: int) -> Iterable[Finding]:
    """Compare the entry `name` of an open folder with its row."""
    try:
        if row.kind == "file":
            return _compare_file(row, name, folder)
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if _KINDS.get(stat.S_IFMT(found.st_mode)) != row.kind:
            return (_wrong_type(row, found.st_mode),)
        if row.kind == "link":
            text = os.readlink(name, dir_fd=folder)
            return () if text == row.content else (_changed(row, f"leads to {text}"),)
    except FileNotFoundError:
        return (_missing(row),)
    except OSError as error:
        return (_changed(row, f"cannot be read: {_said(error)}"),)
    return ()


def _compare_file(row: Row, name: str, folder: int) -> Iterable[Finding]:
    try:
        file = os.open(name, _READ, dir_fd=folder)
    except OSError:
        # A link, a socket, or what its mode forbids to read.
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            return (_wrong_type(row, found.st_mode),)
        raise
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            return (_wrong_type(row, found.st_mode),)
        mode = stat.S_IMODE(found.st_mode)
        wrong_mode = row.mode not in {ANY_MODE, mode} and row.mode | _OWNERS_TO_WRITE != mode
        if found.st_size != row.size:
            return (_changed(row, f"{found.st_size} bytes, not {row.size}"),)
        if _hash(file, row.size) != row.content:
            return (_changed(row, "other content of the same size"),)
    finally:
        os.close(file)
    if row.mode == ANY_MODE and mode & stat.S_IWOTH:
        return (Finding(path=row.path, kind="mode", package=row.owner, detail="anybody may write to it"),)
    return (_wrong_mode(row, mode),) if wrong_mode else ()


def _hash(file: int, size: int) -> str:
    """Hash an open file of about this size; most are read by two calls."""
    content = os.read(file, min(size + 1, _CHUNK))
    whole = sha256(content)
    if len(content) == _CHUNK or len(content) < size:
        while content := os.read(file, _CHUNK):
            whole.update(content)
    return whole.hexdigest()


def _wrong_type(row: Row, mode: int) -> Finding:
    found = _KINDS.get(stat.S_IFMT(mode), "something else")
    return Finding(path=row.path, kind="type", package=row.owner, detail=f"a {found}, not a {row.kind}")


def _open_record(mode: int) -> Finding:
    detail = f"{stat.S_IMODE(mode):04o}, not 0644" if stat.S_ISREG(mode) else "not a file"
    return Finding(path=f"{places.HOME}/current/{places.STATE}", kind="mode", detail=detail)


def _wrong_mode(row: Row, mode: int) -> Finding:
    return Finding(path=row.path, kind="mode", package=row.owner, detail=f"{mode:04o}, not {row.mode:04o}")


def _changed(row: Row, detail: str) -> Finding:
    return Finding(path=row.path, kind="changed", package=row.owner, detail=detail)


def _said(error: OSError) -> str:
    return error.strerror or str(error)
