"""What a generation holds, as a value: a function of the desired environment and the stored wheels.

Every refusal that concerns the content (collisions, hostile names) is made here, before anything changes.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from lockenv.archive.record import record_line
from lockenv.folders import Folder
from lockenv.placement import Placed, Placement, check_collisions, place
from lockenv.plan import Wanted
from lockenv.python.scripts import check_path, rewritten, wrapper
from lockenv.store import StoredWheel
from lockenv.transaction.contents import SETTINGS, Blueprint, Brought, Contents, Group, WrittenFile
from lockenv.transaction.digest import environment_digest, package_digest
from lockenv.transaction.link import Changed
from lockenv.tree import Directory, Entry, Link, Scheme, Text, fixed_mtime_ns
from lockenv.values import dataclass

_SCRIPT_MODE, _TEXT_MODE = 0o755, 0o644
#: What stands in scripts instead of the environment's own Python where machine facts are taken out.
_ANY_PYTHON = "/python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What an environment should be.

    `entries` are what no wheel brings: a `Text` in the root becomes a real file there, everything else stands in
    the generation. `selection` (groups, extras, options) and `lock_digest` are compared as they are by the next
    run; `interpreter_id` too, and where it differs the whole environment is made anew. `runtime` is what wheels
    are selected for, in words: implementation, minor version and platform.
    """

    lock_digest: str
    selection: tuple[str, ...]
    interpreter_id: str
    entries: tuple[Entry, ...]
    scheme: Scheme
    packages: tuple[tuple[Wanted, StoredWheel], ...]
    runtime: str

    @property
    def root_files(self) -> tuple[Text, ...]:
        """The real files of the environment's root, such as ``pyvenv.cfg``."""
        return tuple(entry for entry in self.entries if isinstance(entry, Text) and "/" not in entry.path)

    @property
    def settings(self) -> tuple[Text, ...]:
        """``pyvenv.cfg``, which stands in the generation as well.

        Python looks for it beside the path by which it was called (PEP 405). Called by the physical path, as in
        ``cd bin; ./python`` or by programs that resolve links, it would else be the base interpreter.
        """
        return tuple(entry for entry in self.root_files if entry.path == SETTINGS)


def compose(desired: Desired, env: str) -> Contents:
    """Say what the generation for the environment at `env` (absolute) holds.

    Raises `Refused` for collisions and hostile names, `UsageError` for a path that cannot stand in scripts,
    `Changed` for a stored script that was changed or cannot be read.
    """
    check_path(env)
    inner = [entry for entry in desired.entries if not isinstance(entry, Text) or "/" in entry.path]
    inner += desired.settings
    links = tuple(entry for entry in inner if isinstance(entry, Link))
    aliases = {link.path: link.target for link in links if "/" not in f"{link.path}{link.target}"}
    placements = [_placement(wanted, stored, desired.scheme, aliases) for wanted, stored in desired.packages]
    directories = [entry.path for entry in inner if isinstance(entry, Directory)]
    shared = check_collisions(placements, scheme=desired.scheme, reserved=_reserved(desired.entries))
    texts = [_written(entry) for entry in inner if isinstance(entry, Text)]
    packages = []
    taken: set[str] = set()
    for (wanted, stored), placement in zip(desired.packages, placements, strict=True):
        package = _Package(wanted, stored, placement, desired.scheme, f"{env}/{desired.scheme.scripts}/python")
        generated = package.generated()
        texts += [text for text in generated if text.path not in taken]
        taken.update(text.path for text in generated)
        packages.append(package.brought(taken, shared, generated))
    files = (*(text.path for text in texts), *(link.path for link in links))
    folders = _folders(files, packages, [*directories, *_site_folders(desired.scheme)])
    return Contents(
        folders=folders,
        tops=_tops(folders, files, packages),
        texts=tuple(texts),
        links=links,
        packages=tuple(packages),
        digest=environment_digest(desired.runtime, [(one.name, one.version, one.digest) for one in packages]),
    )


def blueprint(desired: Desired, env: str) -> Blueprint:
    """Say what the environment at `env` should be, to the last file. Raises as `compose` does."""
    return Blueprint(
        lock_digest=desired.lock_digest,
        selection=desired.selection,
        interpreter_id=desired.interpreter_id,
        packages=tuple(wanted for wanted, _ in desired.packages),
        root_files=tuple((entry.path, entry.content) for entry in desired.root_files),
        contents=compose(desired, env),
    )


def _placement(wanted: Wanted, stored: StoredWheel, scheme: Scheme, aliases: dict[str, str]) -> Placement:
    return place(
        stored.apart,
        name=wanted.name,
        dist_info=stored.dist_info,
        data_folder=stored.data_folder,
        root_is_purelib=stored.root_is_purelib,
        folders=stored.folders,
        scripts=stored.scripts,
        scheme=scheme,
        aliases=aliases,
    )


@dataclass(frozen=True, slots=True)
class _Package:
    """One package on its way into a generation. `python` is the interpreter's path for scripts."""

    wanted: Wanted
    stored: StoredWheel
    placement: Placement
    scheme: Scheme
    python: str

    def generated(self) -> list[WrittenFile]:
        """Write what is not in the wheel: scripts, and what the installer records in dist-info."""
        texts = [*self._wrappers(), *self._rewritten_scripts(), *self._recorded()]
        return [*texts, self._record(texts)]

    def brought(self, taken: set[str], shared: AbstractSet[str], generated: list[WrittenFile]) -> Brought:
        """Say which files come from the store.

        `taken` are paths that are written, or of the `shared` ones those that others bring already; it gets these.
        """
        groups = [self._group(there, folder, taken, shared) for there, folder in self.placement.settled]
        return Brought(
            name=self.wanted.name,
            version=self.wanted.version,
            root=str(self.stored.root),
            groups=(*(group for group in groups if group[2]), *self._single_files(taken)),
            digest=self._digest(generated),
        )

    def _group(self, there: str, folder: Folder, taken: set[str], shared: AbstractSet[str]) -> Group:
        """Take a folder as it is, or without what is taken: nothing is, where nobody else has the path."""
        here, facts, sums = folder
        if common := [name for name in facts if f"{there}/{name}" in shared] if shared else []:
            paths = {f"{there}/{name}": name for name in common}
            without = {paths[path] for path in paths.keys() & taken}
            taken.update(paths)
            sums = tuple(each for name, each in zip(facts, sums, strict=True) if name not in without)
            facts = {name: fact for name, fact in facts.items() if name not in without}
        return here, there, facts, {}, sums

    def _single_files(self, taken: set[str]) -> tuple[Group, ...]:
        groups: dict[tuple[str, str], tuple[dict[str, tuple[int, int, int]], dict[str, str], list[str]]] = {}
        for destination, source, sha256, size, mode in self.placement.files:
            if destination not in taken:
                taken.add(destination)
                here, _, old = source.rpartition("/")
                there, _, new = destination.rpartition("/")
                facts, olds, sums = groups.setdefault((here, there), ({}, {}, []))
                facts[new] = size, fixed_mtime_ns(sha256), stat.S_IFREG | mode
                sums.append(sha256)
                if old != new:
                    olds[new] = old
        return tuple(
            (here, there, facts, olds, tuple(sums)) for (here, there), (facts, olds, sums) in groups.items()
        )

    def _digest(self, generated: list[WrittenFile]) -> str:
        rows = {}
        for there, (_, facts, sums) in self.placement.settled:
            prefix = f"{there}/"
            for (name, fact), sha256 in zip(facts.items(), sums, strict=True):
                rows[prefix + name] = sha256, fact[2] & 0o100
        rows |= {
            file.destination: (file.sha256, file.mode & 0o100)
            for file in self.placement.files
            # A wheel may bring a file twice; then the later of its paths counts, as ever.
            if file.destination not in rows or file.source > self._relative(file.destination)
        }
        rows |= {text.path: (text.portable, text.mode & 0o100) for text in generated}
        return package_digest(self.wanted.name, self.wanted.version, rows)

    def _file(self, path: str, content: bytes, mode: int, *, portable: bytes | None = None) -> WrittenFile:
        return _file(path, content, mode, owner=self.wanted.name, portable=portable)

    def _wrappers(self) -> Iterator[WrittenFile]:
        for script in self.placement.scripts:
            path = f"{self.scheme.scripts}/{script.name}"
            content, portable = (wrapper(script, python) for python in (self.python, _ANY_PYTHON))
            yield self._file(path, content, _SCRIPT_MODE, portable=portable)

    def _rewritten_scripts(self) -> Iterator[WrittenFile]:
        in_scripts = f"{self.stored.data_folder}/scripts/"
        for file in self._data_files():
            if file.source.startswith(in_scripts):
                original = self.stored.content(file.source)
                if original is None:
                    raise Changed(str(self.stored.root), file.source)
                content = rewritten(original, self.python)
                if content is not None:
                    portable = rewritten(original, _ANY_PYTHON)
                    yield self._file(file.destination, content, _SCRIPT_MODE, portable=portable)

    def _recorded(self) -> Iterator[WrittenFile]:
        """INSTALLER, REQUESTED and direct_url.json (recording installed projects; PEP 376, 610)."""
        info = f"{self.placement.root}/{self.placement.dist_info}"
        yield self._file(f"{info}/INSTALLER", b"lockenv\n", _TEXT_MODE)
        if self.wanted.requested:
            yield self._file(f"{info}/REQUESTED", b"", _TEXT_MODE)
        if (url := self.wanted.direct_url) is not None:
            yield self._file(
                f"{info}/direct_url.json", url.encode(), _TEXT_MODE, portable=_without_folder(url).encode()
            )

    def _record(self, generated: list[WrittenFile]) -> WrittenFile:
        """Write RECORD anew: complete, paths relative to the folder that holds dist-info.

        Without machine facts, it has no line of what holds some: that goes into the digest by itself.
        """
        written = {text.path for text in generated}
        moved = [
            record_line(self._relative(file.destination), file.sha256, file.size)
            for file in self._data_files()
            if file.destination not in written
        ]
        path = f"{self.placement.root}/{self.placement.dist_info}/RECORD"
        content = self._record_text([*moved, *map(self._line, generated)])
        fixed = [self._line(text) for text in generated if text.portable == text.sha256]
        return self._file(path, content, _TEXT_MODE, portable=self._record_text([*moved, *fixed]))

    def _line(self, text: WrittenFile) -> str:
        return record_line(self._relative(text.path), text.sha256, len(text.content))

    def _record_text(self, lines: list[str]) -> bytes:
        more = "".join(f"{line}\n" for line in sorted(lines))
        return f"{self.stored.record}{more}{self.placement.dist_info}/RECORD,,\n".encode()

    def _data_files(self) -> list[Placed]:
        """List the files of the data folder; the others stand in the part of RECORD that the store keeps."""
        if self.stored.data_folder is None:
            return []
        in_data = f"{self.stored.data_folder}/"
        return [file for file in self.placement.files if file.source.startswith(in_data)]

    def _relative(self, path: str) -> str:
        root = self.placement.root
        return path[len(root) + 1 :] if path.startswith(f"{root}/") else "../" * (root.count("/") + 1) + path


def _file(path: str, content: bytes, mode: int, *, owner: str = "", portable: bytes | None = None) -> WrittenFile:
    sha256 = hashlib.sha256(content).hexdigest()
    return WrittenFile(
        path=path,
        content=content,
        mode=mode,
        sha256=sha256,
        owner=owner,
        portable=sha256 if portable is None else hashlib.sha256(portable).hexdigest(),
    )


def _without_folder(direct_url: str) -> str:
    """Take the place of a local folder or file out of a direct_url.json."""
    described = json.loads(direct_url)
    if str(described.get("url", "")).startswith("file:"):
        described["url"] = "file:"
    return json.dumps(described, sort_keys=True)


def _written(entry: Text) -> WrittenFile:
    return _file(entry.path, entry.content, _SCRIPT_MODE if entry.executable else _TEXT_MODE)


def _reserved(entries: Iterable[Entry]) -> list[str]:
    """List the paths that the environment itself brings; a folder ends with a slash."""
    return [f"{entry.path}/" if isinstance(entry, Directory) else entry.path for entry in entries]


def _site_folders(scheme: Scheme) -> tuple[str, ...]:
    return scheme.purelib, scheme.platlib, scheme.scripts


def _folders(paths: Iterable[str], brought: Iterable[Brought], further: Iterable[str]) -> tuple[str, ...]:
    """List the folders of these paths and packages, and some further ones, parents first."""
    folders = {path.rpartition("/")[0] for path in paths} | set(further)
    folders.update(there for package in brought for _, there, *_ in package.groups)
    for folder in list(folders):
        parent = folder.rpartition("/")[0]
        while parent and parent not in folders:
            folders.add(parent)
            parent = parent.rpartition("/")[0]
    folders.discard("")
    return tuple(sorted(folders))


def _tops(folders: Iterable[str], files: Iterable[str], packages: Iterable[Brought]) -> tuple[str, ...]:
    """List the names in the generation's root that get a link in the environment's: all but the settings."""
    groups: Iterable[Group] = (group for package in packages for group in package.groups)
    brought = (name for _, there, facts, *_ in groups if not there for name in facts)
    names = {path for path in (*folders, *files) if "/" not in path}
    return tuple(sorted(names.union(brought) - {SETTINGS}))
