"""Where the files of wheels go in an environment, and which of them collide there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from lockenv.errors import Problem, Refused
from lockenv.folders import Folder
from lockenv.tree import Scheme
from lockenv.values import dataclass
from lockenv.wheels import PIN_NAME, Script, folded, script_refusal

#: What the installer writes into dist-info (recording installed projects); a wheel's own such files are left out.
WRITTEN_BY_INSTALLER = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
_SHOWN = 6  #: collisions that an error lists


class Placed(NamedTuple):
    """A file of a wheel (`source`) and where it goes (`destination`, relative to the environment, POSIX)."""

    destination: str
    source: str
    sha256: str
    size: int
    mode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where one package's files go. `root` is the folder that holds its dist-info (purelib or platlib).

    `folders` go whole to where they stand below it; `files` go each to its place.
    """

    name: str
    root: str
    dist_info: str
    files: tuple[Placed, ...]
    folders: tuple[Folder, ...] = ()
    scripts: tuple[Script, ...] = ()

    @property
    def settled(self) -> Iterator[tuple[str, Folder]]:
        """Tell of each of the folders where it goes."""
        for folder in self.folders:
            yield f"{self.root}/{folder[0]}" if folder[0] else self.root, folder


def place(
    rows: Iterable[tuple[str, str, int, int]],
    *,
    name: str,
    dist_info: str,
    data_folder: str | None,
    root_is_purelib: bool,
    folders: tuple[Folder, ...] = (),
    scripts: Sequence[Script] = (),
    scheme: Scheme,
    aliases: Mapping[str, str] | None = None,
) -> Placement:
    """Say where each file of an unpacked wheel goes ('Spread', binary distribution format).

    `rows` are `UnpackedFile`s or equal tuples; `folders` hold those that go where they stand, so neither any of
    the data folder nor what the installer writes. `aliases` maps a top-level link of the environment to the folder
    it points to, such as ``lib64`` to ``lib``. What the installer writes itself is left out. Raises `Refused` for
    data files that would change the environment itself, another package's metadata, or a reserved script.
    """
    root = scheme.purelib if root_is_purelib else scheme.platlib
    written = {f"{dist_info}/{file}" for file in WRITTEN_BY_INSTALLER}
    in_data = None if data_folder is None else f"{data_folder}/"
    spread = _Spread(name, dist_info.partition("-")[0], scheme, aliases or {})
    files = []
    for source, sha256, size, mode in rows:
        if in_data is not None and source.startswith(in_data):
            destination = spread.destination(source[len(in_data) :])
        elif source in written:
            continue
        else:
            destination = f"{root}/{source}"
        files.append(Placed(destination, source, sha256, size, mode))
    return Placement(
        name=name, root=root, dist_info=dist_info, files=tuple(files), folders=folders, scripts=tuple(scripts)
    )


@dataclass(frozen=True, slots=True)
class _Spread:
    """Where the files of one wheel's data folder go."""

    package: str
    stem: str
    scheme: Scheme
    aliases: Mapping[str, str]

    def destination(self, path: str) -> str:
        """Place one file of the data folder, given as ``key/rest``."""
        key, _, rest = path.partition("/")
        match key:
            case "purelib":
                found = f"{self.scheme.purelib}/{rest}"
            case "platlib":
                found = f"{self.scheme.platlib}/{rest}"
            case "scripts":
                found = f"{self.scheme.scripts}/{rest}"
            case "headers":
                found = f"{self.scheme.headers}/{self.stem}/{rest}"
            case "data":
                found = f"{self.scheme.data}/{rest}" if self.scheme.data else rest
            case _:
                raise self._refused(path, "it belongs to no install scheme")
        top, slash, inner = found.partition("/")
        found = f"{self.aliases.get(top, top)}{slash}{inner}"
        self._check(found)
        return found

    def _check(self, destination: str) -> None:
        top = destination.partition("/")[0].casefold()
        # `.state` is the record of a generation, in its root.
        if top.startswith(".lockenv") or top in {"pyvenv.cfg", ".state"}:
            raise self._refused(destination, "it would change the environment itself")
        folder, _, name = destination.rpartition("/")
        # Where case is ignored, `BIN/python` is the interpreter, too.
        if folder.casefold() == self.scheme.scripts.casefold() and (reason := script_refusal(name)):
            raise self._refused(destination, reason)
        for site in (self.scheme.purelib, self.scheme.platlib):
            if destination.casefold().startswith(f"{site}/".casefold()):
                first, slash, _ = destination[len(site) + 1 :].partition("/")
                if first.casefold().endswith((".dist-info", ".egg-info", ".egg-link")):
                    raise self._refused(destination, "it would pass for another package's metadata")
                if not slash and first.endswith(".pth") and first < PIN_NAME:
                    raise self._refused(destination, f"Python would run it before lockenv's own {PIN_NAME}")

    def _refused(self, path: str, reason: str) -> Refused:
        return Refused(f"{self.package} would install {path!r}, which is refused: {reason}")


def check_collisions(
    placements: Sequence[Placement], *, scheme: Scheme, reserved: Sequence[str] = ()
) -> frozenset[str]:
    """Refuse two packages that own one path, unless the content is equal. Raises `Refused` with all collisions.

    Paths that differ by case only are one path elsewhere, and not each disk here tells them apart. `reserved` are
    the paths that the environment itself brings, folders with a slash at the end. A file where another package
    needs a folder is a collision as well. Gives the paths that several bring with equal content.
    """
    claims = _Claims(_common_folders(placements, scheme, reserved))
    for path in reserved:
        claims.take(path, "", _ITSELF)
    for placement in placements:
        name = placement.name
        for script in placement.scripts:
            claims.take(f"{scheme.scripts}/{script.name}", f"{script.module}:{script.attribute}", name)
        for file in placement.files:
            claims.take(file.destination, file.sha256, name)
        for place, folder in placement.settled:
            claims.take_folder(place, folder, name)
    claims.check()
    return frozenset(claims.shared)


_ITSELF = "the environment itself"


class _Claims:
    """Who brings which path, under the form of it in which case is ignored.

    Within a wheel no two paths are one (`lockenv.archive.names.check_distinct`), so of folders that one package
    has for itself nothing is to be compared, and they are nearly all: only what goes into `common` ones is.
    """

    def __init__(self, common: AbstractSet[str]) -> None:
        self._common = common
        self._owners: dict[str, tuple[str, str, str]] = {}
        self._folders: dict[str, str] = {}
        self._problems: list[Problem] = []
        self.shared: set[str] = set()

    def take(self, path: str, content: str, package: str) -> None:
        """Claim one path."""
        key = folded(path)
        owner, theirs, spelt = claimed = self._owners.setdefault(key, mine := (package, content, path))
        if claimed is not mine:
            self.shared.add(path)
        if spelt != path:
            told = f"{package} brings it, and {owner} {spelt}: one file where case is ignored"
            self._problems.append(Problem(where=path, message=told))
        elif theirs != content:
            self._problems.append(Problem(where=path, message=f"both {owner} and {package} bring it"))
        self._note(key.rpartition("/")[0], package)

    def take_folder(self, place: str, folder: Folder, package: str) -> None:
        """Claim what stands in a folder that goes to a place."""
        key = folded(place)
        if key in self._common:
            _, facts, sums = folder
            for name, sha256 in zip(facts, sums, strict=True):
                self.take(f"{place}/{name}", sha256, package)
        self._note(key, package)

    def _note(self, folder: str, package: str) -> None:
        """Note a folder and its parents, up to one that was noted before: its parents have been, too."""
        while folder and folder not in self._folders:
            self._folders[folder] = package
            folder = folder.rpartition("/")[0]

    def check(self) -> None:
        """Raise `Refused` for what was found."""
        owners, folders = self._owners, self._folders
        problems = self._problems + [
            Problem(where=owners[path][2], message=f"a file of {owners[path][0]}, a folder of {folders[path]}")
            for path in owners.keys() & folders.keys()
        ]
        if problems:
            raise _collision(problems)


def _common_folders(placements: Iterable[Placement], scheme: Scheme, reserved: Iterable[str]) -> frozenset[str]:
    """Find the folders, case ignored, into or below which several packages bring something, or the environment.

    What goes each to its own place counts as what others bring: it may come into a folder of the same wheel.
    """
    seen: set[str] = set()
    common: set[str] = set()
    for path in reserved:
        common.update(_upwards(folded(path).rpartition("/")[0]))
    for placement in placements:
        singly = {file.destination.rpartition("/")[0] for file in placement.files}
        singly.update(scheme.scripts for _ in placement.scripts)
        for folder in singly:
            common.update(_upwards(folded(folder)))
        own: set[str] = set()
        for place, _ in placement.settled:
            for folder in _upwards(folded(place)):
                if folder in own:
                    break
                own.add(folder)
        common |= own & seen
        seen |= own
    return frozenset(common)


def _upwards(folder: str) -> Iterator[str]:
    """Give a folder and its parents."""
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]


def _collision(problems: list[Problem]) -> Refused:
    problems = sorted(set(problems), key=lambda problem: (problem.where, problem.message))
    more = len(problems) - _SHOWN
    return Refused(
        f"packages collide: {problems[0].where}: {problems[0].message}",
        problems=problems[:_SHOWN],
        details=[f"and {more} more"] if more > 0 else (),
        hint="they cannot stand side by side: constrain or override what requires one of them",
    )
