"""A wheel as a whole (binary distribution format): it is what its name says and holds what RECORD says.

The steps of 'Installing a wheel' that concern the archive itself: find the dist-info folder, check Wheel-Version,
check RECORD against the files. Spreading is `lockenv.plan.place`.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from packaging.utils import canonicalize_name
from packaging.version import Version

from lockenv.archive.entry_points import read_scripts
from lockenv.archive.names import trap
from lockenv.archive.record import Row, read_record
from lockenv.archive.zips import Member, ZipArchive
from lockenv.errors import Refused
from lockenv.limits import DEFAULT, Limits
from lockenv.tree import fixed_mtime_ns
from lockenv.wheels import PIN_NAME, Script, UnpackedFile

SCHEME_KEYS = frozenset({"purelib", "platlib", "scripts", "headers", "data"})
#: Names with these endings, among libraries, are what installers and `importlib.metadata` take for distributions.
_OF_DISTRIBUTIONS = frozenset({"dist-info", "egg-info", "egg-link"})
_SUPPORTED = 1  #: the major Wheel-Version that is understood
_TEXT_LIMIT = 8 << 20  #: bytes of METADATA and the like that are read into memory
_CHUNKED = 8 << 20  #: members above this size are never held in memory whole


def open_wheel(
    path: Path, *, name: str, version: str, filename: str | None = None, limits: Limits = DEFAULT
) -> WheelArchive:
    """Open the wheel of `name` and `version`. Raises `Refused` where it is not, or is not sound.

    An empty `version` stands for whatever the wheel has (a lock need not say it of an archive). `filename` is the
    name for messages where the file is kept under another.
    """
    archive = ZipArchive(path, filename=filename, limits=limits)
    try:
        return WheelArchive(archive, name=name, version=version)
    except BaseException:
        archive.close()
        raise


class WheelArchive:
    """An open wheel whose layout and metadata have been checked; its files are checked as they are unpacked."""

    def __init__(self, archive: ZipArchive, *, name: str, version: str) -> None:
        """Check the layout. Raises `Refused`."""
        self._archive = archive
        self.filename = archive.filename
        self.members = archive.members
        _check_portable(archive)
        self._files = {member.path: member for member in archive.members if not member.is_dir}
        self.dist_info = _find_dist_info(archive, name, version)
        _check_libraries(archive, name, self.dist_info)
        self.version = version or self.dist_info.removesuffix(".dist-info").partition("-")[2].replace("_", "-")
        self.data_folder = _find_data_folder(archive, name, self.version)
        _check_metadata(self.filename, self._text("METADATA"), name, self.version)
        self.root_is_purelib = _read_wheel_file(self.filename, self._text("WHEEL"))
        self._record = read_record(
            self._bytes("RECORD", archive.limits.record), archive=self.filename, most=archive.limits.files
        )
        self._check_record()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._archive.close()

    @property
    def descriptor(self) -> int:
        """The open file, for hashing the very bytes that are unpacked."""
        return self._archive.descriptor

    def read(self, member: Member) -> bytes:
        """Inflate one member. Raises `Refused` where it is damaged."""
        return self._archive.read(member)

    def scripts(self) -> tuple[Script, ...]:
        """Read the entry points that become scripts. Raises `Refused` for hostile names and references."""
        member = self._files.get(f"{self.dist_info}/entry_points.txt")
        if member is None:
            return ()
        return read_scripts(self._bounded(member), archive=self.filename)

    def extract(self, folder: Path) -> tuple[UnpackedFile, ...]:
        """Unpack everything into `folder`, new or empty, and check each file against RECORD on the way.

        Files are read-only with the times of `fixed_mtime_ns`; scripts of the data folder are executable whatever
        the archive says, as the format asks. RECORD itself is unpacked, too. Raises `Refused`, `OSError`.
        """
        making = _Making(f"{folder}/")
        in_scripts = f"{self.data_folder}/scripts/" if self.data_folder is not None else "/"
        return tuple(self._extract(making, member, in_scripts) for member in self._files.values())

    def _extract(self, making: _Making, member: Member, in_scripts: str) -> UnpackedFile:
        path = member.path
        mode = 0o555 if member.mode & 0o111 or path.startswith(in_scripts) else 0o444
        row = self._record.get(path)
        if member.size <= _CHUNKED and (row is None or row.algorithm == "sha256"):
            # Nearly all files are like this, and what is done for each of them counts.
            content = self._archive.read(member)
            digest = hashlib.sha256(content)
            if row is not None and digest.digest() != row.digest:
                raise self._archive.refuse("is not what RECORD says", path)
            sha256 = digest.hexdigest()
            making.write(path, mode, content, sha256)
        else:
            chunks = self._archive.chunks(member)
            sha256 = making.write_all(path, mode, self._checked(member, row, chunks))
        return UnpackedFile(path, sha256, member.size, mode)

    def _checked(self, member: Member, row: Row | None, chunks: Iterable[bytes]) -> Iterator[bytes | str]:
        """Pass the content on and at its end its sha256; raise `Refused` where RECORD knows another hash."""
        digest = hashlib.sha256()
        stronger = hashlib.new(row.algorithm) if row is not None and row.algorithm != "sha256" else None
        for chunk in chunks:
            digest.update(chunk)
            if stronger is not None:
                stronger.update(chunk)
            yield chunk
        if row is not None and (stronger or digest).digest() != row.digest:
            raise self._archive.refuse("is not what RECORD says", member.path)
        yield digest.hexdigest()

    def _check_record(self) -> None:
        """Compare RECORD's names and sizes with the archive's; RECORD and its signatures have no hash."""
        exempt = {f"{self.dist_info}/RECORD{suffix}" for suffix in ("", ".jws", ".p7s")}
        for path, member in self._files.items():
            row = self._record.get(path)
            if row is None and path not in exempt:
                raise self._archive.refuse("has no hash in RECORD", path)
            if row is not None and row.size is not None and row.size != member.size:
                raise self._archive.refuse(f"has {member.size} bytes where RECORD says {row.size}", path)
        for path in self._record:
            if path not in self._files and path not in exempt:
                raise self._archive.refuse("stands in RECORD but not in the wheel", path)

    def _bytes(self, name: str, limit: int = _TEXT_LIMIT) -> bytes:
        member = self._files.get(f"{self.dist_info}/{name}")
        if member is None:
            raise self._archive.refuse(f"has no {name}")
        return self._bounded(member, limit)

    def _bounded(self, member: Member, limit: int = _TEXT_LIMIT) -> bytes:
        if member.size > limit:
            raise self._archive.refuse(f"is too large ({member.size} bytes)", member.path)
        return self._archive.read(member)

    def _text(self, name: str) -> str:
        return self._bytes(name).decode("utf-8", errors="replace")


def _check_portable(archive: ZipArchive) -> None:
    for member in archive.members:
        if reason := trap(member.path):
            raise archive.refuse(f"is refused for {reason}", member.path)


def _top_folders(archive: ZipArchive, suffix: str) -> list[str]:
    tops = {member.path.partition("/")[0] for member in archive.members if member.is_dir or "/" in member.path}
    return sorted(top for top in tops if top.lower().endswith(suffix))


def _find_dist_info(archive: ZipArchive, name: str, version: str) -> str:
    found = _top_folders(archive, ".dist-info")
    if len(found) != 1:
        listed = ", ".join(map(repr, found)) or "none"
        raise archive.refuse(f"must hold exactly one .dist-info folder, and holds {listed}")
    if not _is_of(found[0].removesuffix(".dist-info"), name, version):
        raise archive.refuse(f"holds {found[0]!r}, not {name} {version}")
    return found[0]


def _check_libraries(archive: ZipArchive, name: str, dist_info: str) -> None:
    """Refuse what would pass for another distribution among the libraries, or run before lockenv's start-up file.

    A package's ``.egg-info`` beside its own ``.dist-info`` is odd, and nothing more.
    """
    for path in sorted({_among_libraries(member.path) for member in archive.members}):
        entry, slash, _ = path.partition("/")
        stem, dot, suffix = entry.rpartition(".")
        if dot and suffix.lower() in _OF_DISTRIBUTIONS and entry != dist_info:
            own = suffix.lower() == "egg-info" and canonicalize_name(stem.partition("-")[0]) == canonicalize_name(
                name
            )
            if not own:
                raise archive.refuse("is refused: it would pass for another distribution", entry)
        if not slash and suffix == "pth" and entry < PIN_NAME:
            told = (
                f"is refused: Python would run it before lockenv's own {PIN_NAME}, which keeps programs together"
            )
            raise archive.refuse(told, entry)


def _among_libraries(path: str) -> str:
    """Give the first name, below the folder of libraries, of what goes there; a folder ends with a slash."""
    top, slash, rest = path.partition("/")
    if top.endswith(".data") and slash:
        key, _, rest = rest.partition("/")
        top, slash, _ = rest.partition("/") if key in {"purelib", "platlib"} else ("", "", "")
    return top + slash


def _find_data_folder(archive: ZipArchive, name: str, version: str) -> str | None:
    found = _top_folders(archive, ".data")
    if not found:
        return None
    if len(found) > 1 or not _is_of(found[0].removesuffix(".data"), name, version):
        raise archive.refuse(f"holds {', '.join(map(repr, found))}, not the data folder of {name} {version}")
    for member in archive.members:
        top, _, rest = member.path.partition("/")
        key, _, inner = rest.partition("/")
        if top == found[0] and rest and (key not in SCHEME_KEYS or not (inner or member.is_dir)):
            raise archive.refuse(f"belongs to no install scheme ({', '.join(sorted(SCHEME_KEYS))})", member.path)
    return found[0]


def _is_of(stem: str, name: str, version: str) -> bool:
    """Whether ``name-version`` names this package, in normal form; an empty version is not compared."""
    its_name, _, its_version = stem.partition("-")
    return canonicalize_name(its_name) == canonicalize_name(name) and (
        not version or _same_version(its_version, version)
    )


def _same_version(one: str, other: str) -> bool:
    try:
        return Version(one.replace("_", "-")) == Version(other)
    except ValueError:  # `InvalidVersion`, or numbers that never end
        return one == other


def _headers(text: str) -> Iterator[tuple[str, str]]:
    """Yield the header fields of an RFC 822 text up to its first empty line; continuation lines are left out."""
    for line in io.StringIO(text):
        if not line.strip("\r\n"):
            return
        key, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            yield key.strip().lower(), value.strip()


def _check_metadata(filename: str, text: str, name: str, version: str) -> None:
    fields = dict(reversed(list(_headers(text))))
    its_name, its_version = fields.get("name", ""), fields.get("version", "")
    if canonicalize_name(its_name) != canonicalize_name(name) or not _same_version(its_version, version):
        raise Refused(f"{filename}: METADATA speaks of {its_name!r} {its_version!r}, not of {name} {version}")


def _read_wheel_file(filename: str, text: str) -> bool:
    """Check Wheel-Version and return Root-Is-Purelib (both must be there)."""
    fields = dict(reversed(list(_headers(text))))
    major = fields.get("wheel-version", "").partition(".")[0]
    if major != str(_SUPPORTED):
        raise Refused(f"{filename}: has Wheel-Version {fields.get('wheel-version')!r}; lockenv knows version 1")
    return fields.get("root-is-purelib", "").lower() == "true"


_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class _Making:
    """The files that an archive is unpacked to, new and read-only. `prefix` is the folder's path with a slash."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._folders: set[str] = {""}
        self._modes: set[int] = set()  # those that the system has been seen to give as they are asked for

    def write(self, path: str, mode: int, content: bytes, sha256: str) -> None:
        """Write a file whole."""
        if (parent := path.rpartition("/")[0]) not in self._folders:
            self._make(parent)
        descriptor = os.open(self._prefix + path, _NEW, mode)
        # Nearly all files are like this, and what is done for each of them counts: no further calls.
        try:
            if content and (written := os.write(descriptor, content)) < len(content):
                _write(descriptor, content[written:])
            if mode not in self._modes:
                self._settle_mode(descriptor, mode)
            mtime = fixed_mtime_ns(sha256)
            os.utime(descriptor, ns=(mtime, mtime))
        finally:
            os.close(descriptor)

    def write_all(self, path: str, mode: int, content: Iterable[bytes | str]) -> str:
        """Write a file piece by piece; the last of `content` is its sha256, which is returned."""
        descriptor = self._open(path, mode)
        sha256 = ""
        try:
            for piece in content:
                if isinstance(piece, str):
                    sha256 = piece
                else:
                    _write(descriptor, piece)
            if mode not in self._modes:
                self._settle_mode(descriptor, mode)
            mtime = fixed_mtime_ns(sha256)
            os.utime(descriptor, ns=(mtime, mtime))
        finally:
            os.close(descriptor)
        return sha256

    def _open(self, path: str, mode: int) -> int:
        parent = path.rpartition("/")[0]
        if parent not in self._folders:
            self._make(parent)
        return os.open(self._prefix + path, _NEW, mode)

    def _make(self, folder: str) -> None:
        parent = folder.rpartition("/")[0]
        if parent not in self._folders:
            self._make(parent)
        os.mkdir(self._prefix + folder)  # noqa: PTH102
        self._folders.add(folder)

    def _settle_mode(self, descriptor: int, mode: int) -> None:
        # To look is cheaper than to change. What takes from the mode (a strict umask) does so with all files.
        if stat.S_IMODE(os.fstat(descriptor).st_mode) == mode:
            self._modes.add(mode)
        else:
            os.fchmod(descriptor, mode)


def _write(descriptor: int, content: bytes) -> None:
    written = os.write(descriptor, content) if content else 0
    rest = memoryview(content)[written:]
    while rest:
        rest = rest[os.write(descriptor, rest) :]
