"""Where the files of wheels go in an environment, and which of them collide there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from lockenv.errors import Problem, Refused
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
    """Where one package's files go. `root` is the folder that holds its dist-info (purelib or platlib)."""

    name: str
    root: str
    dist_info: str
    files: tuple[Placed, ...]
    scripts: tuple[Script, ...] = ()


def place(
    rows: Iterable[tuple[str, str, int, int]],
    *,
    name: str,
    dist_info: str,
    data_folder: str | None,
    root_is_purelib: bool,
    scripts: Sequence[Script] = (),
    scheme: Scheme,
    aliases: Mapping[str, str] | None = None,
) -> Placement:
    """Say where each file of an unpacked wheel goes ('Spread', binary distribution format).

    `rows` are `UnpackedFile`s or equal tuples. `aliases` maps a top-level link of the environment to the folder
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
    return Placement(name=name, root=root, dist_info=dist_info, files=tuple(files), scripts=tuple(scripts))


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


def check_collisions(placements: Iterable[Placement], *, scheme: Scheme, reserved: Iterable[str] = ()) -> None:
    """Refuse two packages that own one path, unless the content is equal. Raises `Refused` with all collisions.

    Paths that differ by case only are one path elsewhere, and not each disk here tells them apart. `reserved` are
    the paths that the environment itself brings, folders with a slash at the end. A file where another package
    needs a folder is a collision as well.
    """
    reserved = list(reserved)
    owners = {folded(path): ("the environment itself", "", path) for path in reserved}
    folders: dict[str, str] = {}
    problems: list[Problem] = []

    def claim(path: str, content: str, package: str) -> None:
        key = folded(path)
        owner, theirs, spelt = owners.setdefault(key, (package, content, path))
        if spelt != path:
            told = f"{package} brings it, and {owner} {spelt}: one file where case is ignored"
            problems.append(Problem(where=path, message=told))
        elif theirs != content:
            problems.append(Problem(where=path, message=f"both {owner} and {package} bring it"))
        parent = key.rpartition("/")[0]
        while parent and parent not in folders:
            folders[parent] = package
            parent = parent.rpartition("/")[0]

    for path in reserved:
        claim(path, "", "the environment itself")
    for placement in placements:
        for script in placement.scripts:
            claim(f"{scheme.scripts}/{script.name}", f"{script.module}:{script.attribute}", placement.name)
        for file in placement.files:
            claim(file.destination, file.sha256, placement.name)
    problems += [
        Problem(where=owners[path][2], message=f"a file of {owners[path][0]}, a folder of {folders[path]}")
        for path in owners.keys() & folders.keys()
    ]
    if problems:
        raise _collision(problems)


def _collision(problems: list[Problem]) -> Refused:
    problems = sorted(set(problems), key=lambda problem: (problem.where, problem.message))
    more = len(problems) - _SHOWN
    return Refused(
        f"packages collide: {problems[0].where}: {problems[0].message}",
        problems=problems[:_SHOWN],
        details=[f"and {more} more"] if more > 0 else (),
        hint="they cannot stand side by side: constrain or override what requires one of them",
    )
