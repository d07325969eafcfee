"""Unpacked wheels by the sha256 of the wheel file, in the user's cache: unpacked once, checked against RECORD.

``<root>/wheels/<sha256>/files/…`` is the wheel's content, read-only; ``<root>/wheels/<sha256>/manifest`` says what
must be there. An entry appears by one rename and is never changed afterwards; what is damaged is a miss and is
replaced. Environments may be hard-linked to these files, so what stands here is compared before it is used.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import marshal
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lockenv.archive.record import record_line
from lockenv.errors import InstallError, Refused
from lockenv.files import hash_descriptor, hash_file, remove_tree, seal_of, write_atomically
from lockenv.folders import Folder, by_folder, rows_of
from lockenv.leftovers import half_made, is_unsettled, mark_unsettled, settle, sweep
from lockenv.placement import WRITTEN_BY_INSTALLER
from lockenv.promised import note_use
from lockenv.space import Room, free_at, shortage
from lockenv.tree import fixed_mtime_ns
from lockenv.values import dataclass
from lockenv.wheels import Script, UnpackedFile

if TYPE_CHECKING:
    from lockenv.limits import Limits

_MAGIC = b"lockenv store 2\n"  #: to be changed with the manifest's shape
_STALE = 24 * 3600.0  #: seconds after which a half-made entry belongs to nobody
_BLOCK = 4096  #: what the smallest file takes of most disks
_HEX = frozenset("0123456789abcdef")
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  #: nobody waits for a pipe


@dataclass(frozen=True, kw_only=True)
class StoredWheel:
    """One unpacked wheel. `root` holds its `files`, whose paths are the wheel's own.

    `folders` are the files that go where they stand, `apart` the rows (path, sha256, size, permissions) of the
    others: those of the data folder, and what an installer writes itself. `record` is the part of RECORD that is
    the same in every environment: the lines of `folders`.
    """

    sha256: str
    root: Path
    name: str
    version: str
    filename: str
    dist_info: str
    data_folder: str | None
    root_is_purelib: bool
    scripts: tuple[Script, ...]
    folders: tuple[Folder, ...]
    apart: tuple[tuple[str, str, int, int], ...]
    record: str

    @cached_property
    def rows(self) -> tuple[tuple[str, str, int, int], ...]:
        """All files (path, sha256, size, permissions), sorted: made when asked for; linking takes folders."""
        return tuple(sorted((*rows_of(self.folders), *self.apart)))

    @cached_property
    def files(self) -> tuple[UnpackedFile, ...]:
        """The rows by name."""
        return tuple(map(UnpackedFile._make, self.rows))

    def row(self, path: str) -> tuple[str, str, int, int]:
        """Give the row of a file that the wheel has."""
        at = path.rpartition("/")[0]
        here = rows_of(folder for folder in self.folders if folder[0] == at)
        return next(row for row in (*here, *self.apart) if row[0] == path)

    def content(self, path: str) -> bytes | None:
        """Read a file of the wheel; None where another stands there, or none that can be read."""
        _, sha256, size, _ = self.row(path)
        try:
            descriptor = os.open(self.root / path, _FILE)
            with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    return None
                content = file.read(size + 1)
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == sha256 else None


class Store:
    """The store below `root` (the cache folder). Several processes may use and fill it at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._wheels = root / "wheels"
        self._swept = False

    def get(self, sha256: str) -> StoredWheel | None:
        """Return the wheel, or None where it is not there, incomplete or changed beyond mending."""
        stored = self.known(sha256)
        if stored is None:
            return None
        if is_unsettled(str(stored.root.parent)):
            # The machine was started anew since: a power cut may have kept sizes and times, and no content.
            if self.faults(sha256):
                return None
            settle(str(stored.root.parent))
        return stored if all(_mended(stored, path) for path in suspects(stored)) else None

    def offered(self, sha256: str) -> StoredWheel | None:
        """Return the wheel for whoever compares its files as they are used; else as `get`."""
        stored = self.known(sha256)
        return self.get(sha256) if stored is not None and is_unsettled(str(stored.root.parent)) else stored

    def known(self, sha256: str) -> StoredWheel | None:
        """Return what the manifest says of a wheel, whose files are not looked at; None where there is none."""
        stored = _read_manifest(self._entry(sha256))
        return stored if stored is not None and stored.sha256 == sha256 else None

    def add(
        self,
        sha256: str,
        wheel_file: Path,
        *,
        name: str,
        version: str,
        filename: str,
        limits: Limits | None = None,
        seal: tuple[int, ...] = (),
    ) -> StoredWheel:
        """Unpack a wheel file, whose hash must be `sha256`, unless a sound entry is there.

        It is not hashed again while it has the `seal` (`lockenv.files.seal_of`) that it had when it was.

        Raises `Refused` for a wrong hash or a bad wheel, `InstallError` where there is no room for it, `OSError`
        for the disk's other troubles; then nothing is added.
        """
        # Imported here: what is in the store already needs no code that opens archives.
        from lockenv.archive.wheel import open_wheel
        from lockenv.limits import DEFAULT

        if (present := self.get(sha256)) is not None:
            return present
        entry = self._entry(sha256)
        self._wheels.mkdir(parents=True, exist_ok=True)
        if not self._swept:
            sweep(str(self._wheels))
            self._swept = True
        with half_made(str(self._wheels), sha256[:16]) as made:
            temporary = Path(made)
            with open_wheel(
                wheel_file, name=name, version=version, filename=filename, limits=limits or DEFAULT
            ) as wheel:
                if seal_of(wheel.descriptor) != seal:
                    _check_hash(wheel.descriptor, filename, sha256)
                _check_space(self._wheels, filename, [member.size for member in wheel.members])
                root = temporary / "files"
                root.mkdir()
                files = wheel.extract(root)
                fixed, apart = _parted(files, wheel.dist_info, wheel.data_folder)
                stored = StoredWheel(
                    sha256=sha256,
                    root=entry / "files",
                    name=name,
                    version=wheel.version,
                    filename=filename,
                    dist_info=wheel.dist_info,
                    data_folder=wheel.data_folder,
                    root_is_purelib=wheel.root_is_purelib,
                    scripts=wheel.scripts(),
                    folders=by_folder(fixed),
                    apart=tuple(apart),
                    record="".join(f"{record_line(path, sha256, size)}\n" for path, sha256, size, _ in fixed),
                )
            mark_unsettled(made)
            write_atomically(temporary / "manifest", _pack(stored))
            return self._place(temporary, stored)

    def faults(self, sha256: str) -> tuple[str, ...]:
        """Hash all files of an entry, and name those that are not what the manifest says; no time is trusted.

        Where there is no entry, or no sound manifest, that is the one fault.
        """
        stored = self.known(sha256)
        if stored is None:
            return ("manifest",)
        linked = _linked_folders(stored)
        return tuple(
            path
            for path, content, size, _ in stored.rows
            if os.path.dirname(path) in linked or not _holds(stored.root / path, content, size)  # noqa: PTH120
        )

    def filename(self, name: str) -> str:
        """Give the file name of the wheel under a name that `verify` told; empty where nothing tells it."""
        stored = self.known(name) if _is_digest(name) else None
        return "" if stored is None else stored.filename

    def verify(self, threads: int = 2) -> tuple[int, dict[str, tuple[str, ...]]]:
        """Hash every entry; tell how many there are, and the faults of those that have some.

        Half-made entries are none yet.
        """
        # Lazy: an environment is made without it.
        from concurrent.futures import ThreadPoolExecutor

        names = [path.name for path in self._entries() if not path.name.startswith(".")]
        with ThreadPoolExecutor(threads) as pool:
            faults = dict(zip(names, pool.map(self._faults_of, names), strict=True))
        return len(names), {name: found for name, found in faults.items() if found}

    def _faults_of(self, name: str) -> tuple[str, ...]:
        return self.faults(name) if _is_digest(name) else ("its name is no sha256",)

    def remove(self, name: str) -> None:
        """Remove what stands under a name that `verify` told. Environments that are linked to it stay."""
        if "/" in name or name in {"", ".", ".."}:
            raise Refused(f"{name!r} is no name in the store")
        remove_tree(self._wheels / name)

    def discard(self, sha256: str) -> None:
        """Remove an entry. Environments that are linked to it keep their files."""
        remove_tree(self._entry(sha256))

    def prune(self, *, keep: Callable[[str], bool] | None = None, older_than: float = 0.0) -> int:
        """Remove entries that `keep` (called with the sha256) does not claim; return the bytes freed.

        `older_than` is an age in seconds since the last use, to within an hour. Half-made entries go after a day.
        """
        freed = 0
        now = time.time()
        for path in self._entries():
            sha256 = path.name
            unfinished = sha256.startswith(".")
            if not unfinished and keep is not None and keep(sha256):
                continue
            if now - _last_use(path) >= (_STALE if unfinished else older_than):
                freed += _tree_size(path)
                remove_tree(path)
        return freed

    def size(self) -> int:
        """Count the bytes of all files in the store; files that environments are linked to count once."""
        return sum(map(_tree_size, self._entries()))

    def _entries(self) -> list[Path]:
        try:
            return sorted(self._wheels.iterdir())
        except FileNotFoundError:
            return []

    def _entry(self, sha256: str) -> Path:
        # The name becomes a path that may be removed, so it must be a digest and nothing else.
        if not _is_digest(sha256):
            raise Refused(f"{sha256!r} is no sha256")
        return self._wheels / sha256

    def _place(self, temporary: Path, stored: StoredWheel) -> StoredWheel:
        """Rename a finished entry into place, or use a sound one that another process made meanwhile."""
        for _ in range(5):
            try:
                os.rename(temporary, stored.root.parent)  # noqa: PTH104
            except OSError as error:
                if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
                    raise
            else:
                return stored
            if (present := self.get(stored.sha256)) is not None:
                return present
            self._set_aside(stored.root.parent)
        raise OSError(errno.EBUSY, "the entry is replaced again and again by others", str(stored.root.parent))

    def _set_aside(self, entry: Path) -> None:
        aside = self._wheels / f".{entry.name[:16]}-{os.getpid()}-{secrets.token_hex(4)}"
        with contextlib.suppress(FileNotFoundError):
            os.rename(entry, aside)  # noqa: PTH104
            remove_tree(aside)


def _check_hash(descriptor: int, filename: str, sha256: str) -> None:
    actual = hash_descriptor(descriptor)["sha256"]
    if actual != sha256:
        raise Refused(f"{filename} has sha256 {actual}, not {sha256}")


def _is_digest(name: str) -> bool:
    return len(name) == 64 and _HEX.issuperset(name)


def _linked_folders(stored: StoredWheel) -> set[str]:
    """Name the folders of an entry, relative to its root, to which a link leads: nobody takes files from there."""
    entry = stored.root.parent
    home = os.path.join(os.path.realpath(entry.parent), entry.name, stored.root.name)  # noqa: PTH118
    folders = {folder for folder, *_ in (*stored.folders, *by_folder(stored.apart))}
    # Without its last slash, which the root itself would end with.
    return {
        folder for folder in folders if os.path.realpath(stored.root / folder) != f"{home}/{folder}".rstrip("/")
    }


def _holds(place: Path, sha256: str, size: int) -> bool:
    """Whether a plain file of this content stands at a place; no link is followed."""
    try:
        descriptor = os.open(place, _FILE)
    except OSError:
        return False
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size != size:
            return False
        return hash_descriptor(descriptor)["sha256"] == sha256
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _check_space(folder: Path, filename: str, sizes: Sequence[int]) -> None:
    """Raise `InstallError` unless the disk has room for files of these sizes, each in whole blocks."""
    need = Room(bytes=sum(-(-size // _BLOCK) * _BLOCK for size in sizes), files=len(sizes))
    short = shortage(need, free_at(str(folder)))
    if short is not None:
        raise InstallError(
            f"there is no room to unpack {filename}: {short} at {folder}; the environment was not changed",
            hint="free some space (`lockenv cache prune`), or choose another cache with --cache-dir",
        )


def _parted(
    files: Iterable[UnpackedFile], dist_info: str, data_folder: str | None
) -> tuple[list[tuple[str, str, int, int]], list[tuple[str, str, int, int]]]:
    """Part files, sorted, into those that go where they stand in every environment, and the others."""
    written = {f"{dist_info}/{name}" for name in WRITTEN_BY_INSTALLER}
    in_data = f"{data_folder}/" if data_folder else "/"
    fixed: list[tuple[str, str, int, int]] = []
    apart: list[tuple[str, str, int, int]] = []
    for path, sha256, size, mode in sorted(files):
        others = path in written or path.startswith(in_data)
        # marshal takes plain tuples only.
        (apart if others else fixed).append((path, sha256, size, mode))
    return fixed, apart


def suspects(stored: StoredWheel) -> list[str]:
    """List the files whose size, time, mode or kind is not the manifest's. One stat a file."""
    found = []
    lstat = os.lstat
    for folder, facts, _ in (*stored.folders, *by_folder(stored.apart)):
        prefix = f"{folder}/" if folder else ""
        root = f"{stored.root}/{prefix}"
        for name, fact in facts.items():
            try:
                there = lstat(root + name)
            except OSError:
                found.append(prefix + name)
                continue
            if (there.st_size, there.st_mtime_ns, there.st_mode) != fact:
                found.append(prefix + name)
    return found


def _mended(stored: StoredWheel, path: str) -> bool:
    """Whether a suspect file has the right bytes after all; then it gets its own time and mode back."""
    _, sha256, _, mode = stored.row(path)
    place = stored.root / path
    try:
        if place.is_symlink() or hash_file(place)["sha256"] != sha256:
            return False
        place.chmod(mode)
        mtime = fixed_mtime_ns(sha256)
        os.utime(place, ns=(mtime, mtime), follow_symlinks=False)
    except OSError:
        return False
    return True


def _pack(stored: StoredWheel) -> bytes:
    """Write the manifest: marshal, because it is read in a fifth of JSON's time, behind its own digest."""
    payload = marshal.dumps(
        (
            stored.sha256,
            stored.name,
            stored.version,
            stored.filename,
            stored.dist_info,
            stored.data_folder,
            stored.root_is_purelib,
            tuple(map(tuple, stored.scripts)),
            stored.folders,
            stored.apart,
            stored.record,
        ),
        4,
    )
    return _MAGIC + hashlib.sha256(payload).digest() + payload


def _read_manifest(entry: Path) -> StoredWheel | None:
    """Read an entry's manifest; None for one that is missing, damaged or of another format."""
    try:
        descriptor = os.open(entry / "manifest", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor
            content = file.read()
            note_use(descriptor, os.fstat(descriptor))
    except OSError:
        return None
    start = len(_MAGIC) + 32
    payload = content[start:]
    # marshal must not be fed anything that was not written here: a damaged stream can crash the interpreter.
    if content[:start] != _MAGIC + hashlib.sha256(payload).digest():
        return None
    values = marshal.loads(payload)  # noqa: S302
    sha256, name, version, filename, dist_info, data_folder, purelib, scripts, folders, apart, record = values
    return StoredWheel(
        sha256=sha256,
        root=entry / "files",
        name=name,
        version=version,
        filename=filename,
        dist_info=dist_info,
        data_folder=data_folder,
        root_is_purelib=purelib,
        scripts=tuple(map(Script._make, scripts)),
        folders=folders,
        apart=apart,
        record=record,
    )


def _last_use(path: Path) -> float:
    for place in (path / "manifest", path):
        try:
            return place.lstat().st_mtime
        except OSError:
            continue
    return time.time()


def _tree_size(path: Path) -> int:
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118
    return total
