"""What a generation is, recorded inside it, and whether the disk still agrees.

The record stands in the generation's own folder, so the flip moves tree and record at once and they cannot
disagree. The test costs one `lstat` a file and reads no file but the record and the few real files of the root.
Nothing heavy is imported (no dataclasses, no typing, no pathlib): this is the whole of a sync with nothing to do.
"""

# pathlib is among the heavy imports that are avoided here.
# ruff: noqa: PTH115, PTH123

from __future__ import annotations

import marshal
import os
import zlib

from lockenv.forks import can_fork
from lockenv.transaction import halves, places

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterable

    from lockenv.packages import NormalizedName

FORMAT = 5  #: to be changed with the record's shape and with what lockenv writes into an environment
OTHER_PYTHON = "its Python is another one now"  #: why an environment is made anew whose packages are the same
_MAGIC = b"lockenv state\n"
_MANY = 3000  #: files from which on it pays to look at them in two processes

#: What an entry of a folder is: the text of a link, or (size, modification time in ns, mode) of a file.
Fact = str | tuple[int, int, int]
_MARKS = (".pyc", ".nbi", ".nbc")  #: of what Python, and programs, keep in a `__pycache__`
_ODD: Fact = (-1, 0, 0)  #: the fact of a pipe, socket or device, which no generation is made with
#: How the files of a generation came: the mode that was wished, the one that was used, and the run of the machine
#: in which they were written, or '' where the disk was asked to keep them. What came otherwise is no spare.
Origin = tuple[str, str, str]
Like = tuple[int, int, int]  #: mode, owner and group of a folder
#: Folder, relative to the generation ('' is itself) -> name -> fact. Folders are keys and no entries.
Tree = dict[str, dict[str, Fact]]


def fact_of(found: os.stat_result) -> tuple[int, int, int]:
    """Give the fact of a regular file."""
    return found.st_size, found.st_mtime_ns, found.st_mode


def fact_at(tree: Tree, path: str) -> Fact | None:
    """Give the fact of a file or link of a tree; None where there is none."""
    folder, _, name = path.rpartition("/")
    return tree.get(folder, {}).get(name)


class State:
    """The record of one generation. A plain class, because dataclasses cost milliseconds to import.

    `packages` are (name, version, wheel's sha256, requested); `root_files` (name, content) of the environment's
    root; `links` the names of its top-level links; `digest` the environment digest. `made` is when, in whole
    seconds since the epoch: it stands here and nowhere in the tree, which is the same whenever it is made.
    `origin` is how its files came.
    """

    __slots__ = (
        "_tree",
        "digest",
        "interpreter_id",
        "links",
        "lock_digest",
        "made",
        "origin",
        "packages",
        "root_files",
        "selection",
    )

    def __init__(
        self,
        *,
        lock_digest: str,
        selection: tuple[str, ...],
        interpreter_id: str,
        packages: tuple[tuple[NormalizedName, str, str, bool], ...],
        digest: str,
        root_files: tuple[tuple[str, bytes], ...],
        links: tuple[str, ...],
        tree: Tree | bytes,
        made: int = 0,
        origin: Origin = ("", "", ""),
    ) -> None:
        self.lock_digest = lock_digest
        self.selection = selection
        self.interpreter_id = interpreter_id
        self.packages = packages
        self.digest = digest
        self.root_files = root_files
        self.links = links
        self._tree = tree
        self.made = made
        self.origin = origin

    @property
    def tree(self) -> Tree:
        """The facts of all files by folder: most of the record, and unpacked when they are asked for."""
        if isinstance(self._tree, bytes):
            # The checksum of the record holds for it, too.
            unpacked: Tree = marshal.loads(self._tree)  # noqa: S302
            self._tree = unpacked
            return unpacked
        return self._tree

    def pack(self) -> bytes:
        """Write the record: marshal behind a checksum, a tenth of JSON's time for ten thousand files."""
        payload = marshal.dumps(
            (
                FORMAT,
                self.lock_digest,
                self.selection,
                self.interpreter_id,
                self.packages,
                self.digest,
                self.root_files,
                self.links,
                # Without references: to look for values met before takes longer than to write them again.
                marshal.dumps(self.tree, 2),
                self.made,
                self.origin,
            ),
            4,
        )
        return _MAGIC + zlib.crc32(payload).to_bytes(4, "big") + payload


def read(generation: str) -> State | None:
    """Read the record of the generation in this folder; None where it is missing, damaged or of another format."""
    try:
        with open(f"{generation}/{places.STATE}", "rb", buffering=0) as file:
            content = file.read()
    except OSError:
        return None
    start = len(_MAGIC) + 4
    payload = memoryview(content)[start:]
    # A damaged stream can crash the interpreter, so marshal gets only what bears its checksum.
    if content[:start] != _MAGIC + zlib.crc32(payload).to_bytes(4, "big"):
        return None
    values = marshal.loads(payload)  # noqa: S302
    if values[0] != FORMAT:
        return None
    _, lock_digest, selection, interpreter_id, packages, digest, root_files, links, tree, made, origin = values
    return State(
        lock_digest=lock_digest,
        selection=selection,
        interpreter_id=interpreter_id,
        packages=packages,
        digest=digest,
        root_files=root_files,
        links=links,
        tree=tree,
        made=made,
        origin=origin,
    )


def read_current(env: str) -> State | None:
    """Read the record of the current generation of an environment."""
    number = places.current_number(env)
    return None if number is None else read(places.generation(env, number))


def is_current(env: str, *, lock_digest: str, selection: Iterable[str], interpreter_id: str) -> bool:
    """Whether the environment was made for this and nothing in it has changed since."""
    return why_not(env, lock_digest=lock_digest, selection=selection, interpreter_id=interpreter_id) is None


def why_not(env: str, *, lock_digest: str, selection: Iterable[str], interpreter_id: str) -> str | None:
    """Say the first reason why the environment has to be built anew; None where it is as it should be."""
    return why_not_recorded(
        env, read_current(env), lock_digest=lock_digest, selection=selection, interpreter_id=interpreter_id
    )


def why_not_recorded(
    env: str, state: State | None, *, lock_digest: str, selection: Iterable[str], interpreter_id: str
) -> str | None:
    """Say the same where the record of the current generation, or that there is none, is known already."""
    number = places.current_number(env)
    if number is None or state is None:
        return "there is no generation that lockenv knows"
    if state.interpreter_id != interpreter_id:
        return OTHER_PYTHON
    if (state.lock_digest, state.selection) != (lock_digest, tuple(selection)):
        return "the lock or the selection is another"
    return root_drift(env, state) or tree_drift(places.generation(env, number), state.tree)


def root_drift(env: str, state: State) -> str | None:
    """Name a real file or link of the environment's root that is not as it was made; what others add is theirs."""
    for name, content in state.root_files:
        if not holds(f"{env}/{name}", content):
            return f"{name} was changed"
    for name in state.links:
        if _link(f"{env}/{name}") != places.link_text(name):
            return f"{name} is no longer the link it was"
    expected = set(state.links)
    with os.scandir(env) as entries:
        for entry in entries:
            if entry.name not in expected and is_own_link(env, entry):
                return f"{entry.name} is a link that nothing stands behind"
    return None


def is_own_link(env: str, entry: os.DirEntry[str]) -> bool:
    """Whether an entry of the root is a link into the current generation."""
    return entry.is_symlink() and _link(f"{env}/{entry.name}") == places.link_text(entry.name)


def _link(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None


def holds(path: str, content: bytes) -> bool:
    """Whether a regular file with exactly this content stands at the path."""
    try:
        # A link in the file's place is a change, whatever stands behind it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return os.read(descriptor, len(content) + 1) == content
    except OSError:
        return False
    finally:
        os.close(descriptor)


def tree_drift(
    generation: str, recorded: Tree, bytecode: list[str] | None = None, like: Like | None = None
) -> str | None:
    """Name a file of the generation that was deleted, added or changed since it was recorded.

    Folders of bytecode, which Python may write by itself, are added to the list `bytecode`. A folder that has not
    the mode and owner of `like`, if that is given, counts as gone.
    """
    if sum(map(len, recorded.values())) >= _MANY and can_fork():
        try:
            return _drift_in_halves(generation, recorded, bytecode, like)
        except (halves.HalfFailedError, OSError):
            pass  # then one process does it; `contextlib`, which would say so, takes long to import
    return _drift(generation, recorded, recorded, bytecode, like)


def _drift_in_halves(generation: str, recorded: Tree, bytecode: list[str] | None, like: Like | None) -> str | None:
    """Look for drift in two processes; each has every second folder, for one wheel's can be most of them."""
    folders = list(recorded)
    here: list[str] = []
    there: list[str] = []
    collects = bytecode is not None

    def look(number: int, found: list[str]) -> str | None:
        return _drift(generation, recorded, folders[number::2], found if collects else None, like)

    mine, (theirs, more) = halves.both(lambda: look(0, here), lambda: (look(1, there), there))
    if bytecode is not None:
        bytecode += [*here, *more]
    return mine or theirs


def _drift(
    generation: str, recorded: Tree, part: Iterable[str], bytecode: list[str] | None, like: Like | None
) -> str | None:
    for folder in part:
        facts = recorded[folder]
        try:
            found, folders = scan_folder(generation, folder, like)
        except OSError:
            return f"{folder} is gone"
        if found != facts:
            changed = {name for name, _ in found.items() ^ facts.items()}
            if bytecode is None:
                changed -= _written_by_python(folder, recorded, found, facts)
            if changed:
                return f"{_join(folder, min(changed))} was {_verb(min(changed), found, facts)}"
        for name in folders:
            path = _join(folder, name)
            if path in recorded:
                continue
            if not _is_bytecode_folder(generation, path, facts):
                return f"{path} was added"
            if bytecode is not None:
                bytecode.append(path)
    return None


def _verb(name: str, found: dict[str, Fact], facts: dict[str, Fact]) -> str:
    if name not in found:
        return "deleted"
    return "changed" if name in facts else "added"


def _written_by_python(folder: str, recorded: Tree, found: dict[str, Fact], facts: dict[str, Fact]) -> set[str]:
    """Name the bytecode that came into a `__pycache__` in which a wheel brings some that has no source."""
    beside = _beside(folder)
    if beside is None or beside not in recorded:
        return set()
    new = found.keys() - facts.keys()
    return {name for name in new if isinstance(found[name], tuple) and _has_source(name, recorded[beside])}


def without_bytecode(tree: Tree) -> Tree:
    """Leave out what Python may write anew by itself: bytecode that a wheel brings for its own sources."""
    lasting = {}
    for folder, facts in tree.items():
        kept = _lasting(folder, facts, tree)
        if kept or kept is facts or any(inner.startswith(f"{folder}/") for inner in tree):
            lasting[folder] = kept
    return lasting


def _lasting(folder: str, facts: dict[str, Fact], tree: Tree) -> dict[str, Fact]:
    """The facts of a folder that nobody but a sync may change."""
    beside = _beside(folder)
    if beside is None:
        return facts
    sources = tree[beside]
    return {
        name: fact for name, fact in facts.items() if not (isinstance(fact, tuple) and _has_source(name, sources))
    }


def like_of(found: os.stat_result) -> Like:
    """Say of a folder what those that are made like it have in common."""
    return found.st_mode, found.st_uid, found.st_gid


def scan_folder(generation: str, folder: str, like: Like | None = None) -> tuple[dict[str, Fact], list[str]]:
    """Take the facts of one folder's files and links, and list its folders.

    Raises `OSError`, also where a folder has not the mode and owner of `like`.
    """
    facts: dict[str, Fact] = {}
    folders: list[str] = []
    path = f"{generation}/{folder}" if folder else generation
    # By descriptor: the kernel then walks one name a file instead of the whole path.
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if like is not None and like_of(os.fstat(descriptor)) != like:
            raise NotADirectoryError(path)
        with os.scandir(descriptor) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    found = entry.stat(follow_symlinks=False)
                    facts[entry.name] = (found.st_size, found.st_mtime_ns, found.st_mode)
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                elif entry.is_symlink():
                    facts[entry.name] = os.readlink(entry.name, dir_fd=descriptor)
                else:
                    facts[entry.name] = _ODD
    finally:
        os.close(descriptor)
    if not folder:
        facts.pop(places.STATE, None)
    return facts, folders


def _is_bytecode_folder(generation: str, path: str, sources: dict[str, Fact]) -> bool:
    """Whether a folder is a `__pycache__` (PEP 3147) that holds nothing but bytecode of the `sources` beside it.

    Python writes such files itself; their content is checked by `verify`, not here.
    """
    if _beside(path) is None:
        return False
    try:
        with os.scandir(f"{generation}/{path}") as entries:
            return all(
                _has_source(entry.name, sources) and entry.is_file(follow_symlinks=False) for entry in entries
            )
    except OSError:
        return False


def _beside(path: str) -> str | None:
    """The folder in which the sources of a `__pycache__` are; None where the path is of another folder."""
    parent, _, name = path.rpartition("/")
    return parent if name == "__pycache__" else None


def _has_source(name: str, sources: dict[str, Fact]) -> bool:
    """Whether a name is ``module.tag[.opt-n].pyc``, or Python's temporary name of such a file, of a source.

    A tag may hold dots: pytest writes ``module.cpython-312-pytest-8.3.3.pyc`` for the plugins that it loads. And
    numba keeps ``module.function-12.py312.nbi`` there.
    """
    for mark in _MARKS:
        stem, found, _ = name.partition(mark)
        while found and "." in stem:
            stem = stem.rpartition(".")[0]
            if f"{stem}.py" in sources:
                return True
    return False


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
