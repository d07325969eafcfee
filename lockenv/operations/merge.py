"""What `git` asks for where both sides of a merge have changed a lock: one lock, if that is right.

Git calls a merge driver before it has written anything to the working tree, and file by file: the `env.toml` that
stands there is not the one that the merged lock has to answer. So that one is put together here, from those of the
three locks: a lock knows its manifest by digests, and the history knows which `env.toml` stood beside it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from packaging.pylock import Pylock

from lockenv.build.children import Children
from lockenv.build.git_program import Git
from lockenv.errors import LockenvError, LockError
from lockenv.files import write_atomically
from lockenv.lockfile import freshness, pylock
from lockenv.lockfile.merging import Merged, merge, told
from lockenv.manifest import read as manifest_reader
from lockenv.manifest.environments import within
from lockenv.manifest.model import Manifest
from lockenv.operations.files import bytes_of
from lockenv.project import LOCK, MANIFEST
from lockenv.resolution.universe import targets_of
from lockenv.values import dataclass

_NAMES = ("ours", "base", "theirs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """The files that a merge driver is given, and what Git says of them.

    `ours` gets the result. `path` is the lock's own, from the top of the repository, `marks` how long the marks of
    a conflict are.
    """

    base: Path
    ours: Path
    theirs: Path
    path: str
    marks: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a merge: `reasons` why it is a conflict; none, if it is none.

    `lines` are merged where the file is no lock of ours, of which nothing is to be said.
    """

    reasons: tuple[str, ...] = ()
    lines: bool = False
    conflict: bool = False


def merge_driver(environ: Mapping[str, str], folder: Path, versions: Versions) -> Outcome:
    """Merge a lock, package by package; where that is not right, by lines, with the marks of a conflict.

    Right is what agrees with itself and answers the manifest of both sides. Nothing is resolved, and nobody asked
    but Git, which called from `folder`, the top of the working tree. Raises `OSError`.
    """
    git = _Repository(environ, folder, versions.path)
    locks = [_lock(path) for path in (versions.base, versions.ours, versions.theirs)]
    base, ours, theirs = locks
    if ours is None or theirs is None or not all(map(pylock.tool_table, (ours, theirs))):
        return Outcome(lines=True, conflict=not git.merge_lines(versions))
    merged = merge(base, ours, theirs)
    found = git.manifest(versions, (ours, base, theirs))
    reasons = _reasons(merged, found)
    if reasons or not isinstance(found, Manifest):
        git.merge_lines(versions)
        return Outcome(reasons=reasons, conflict=True)
    write_atomically(versions.ours, pylock.write(_of(merged.lock, found)).encode())
    return Outcome()


def _lock(path: Path) -> Pylock | None:
    try:
        return pylock.read((bytes_of(path) or b"").decode())
    except (LockError, UnicodeDecodeError):
        return None


def _reasons(merged: Merged, manifest: Manifest | str) -> tuple[str, ...]:
    """Why a merged lock cannot be left alone."""
    reasons = [
        *(f"both sides move {line}" for line in told(merged)),
        *(f"both change {each}" for each in merged.torn),
    ]
    if reasons:
        return tuple(reasons)
    if isinstance(manifest, str):
        return (manifest,)
    try:
        targets = targets_of(manifest.python, manifest.targets, None)
    except LockenvError as error:
        return (error.message,)
    missing = [
        target.name for target in targets if not target.optional and not freshness.covers(merged.lock, target)
    ]
    if missing:
        return (f"it is not for {missing[0]}",)
    return freshness.stale(manifest, merged.lock, targets)


def _of(lock: Pylock, manifest: Manifest) -> Pylock:
    """A lock that answers a manifest, saying so."""
    table = {**pylock.tool_table(lock), "manifest": freshness.digests(manifest)}
    return replace(lock, tool={pylock.TOOL: table})


class _Repository:
    """Merges by lines, and finds what stood beside a lock when it was committed."""

    def __init__(self, environ: Mapping[str, str], folder: Path, path: str) -> None:
        self._git = Git(environ, Children())
        self._folder = folder
        # Where the repository is not that of the folder, Git says so to those it calls.
        place = environ.get("GIT_DIR")
        self._where = ("--git-dir", place) if place else ()
        self._lock = PurePosixPath(path)
        name = self._lock.name
        self._environment = "" if name == LOCK else name.removeprefix("pylock.").removesuffix(".toml")

    def merge_lines(self, versions: Versions) -> bool:
        """Let Git merge the lines, into `ours`; whether that left no conflict."""
        labels = [part for name in _NAMES for part in ("-L", name)]
        files = map(str, (versions.ours, versions.base, versions.theirs))
        return self._ask("merge-file", "--quiet", *labels, f"--marker-size={versions.marks}", *files) is not None

    def manifest(self, versions: Versions, locks: tuple[Pylock, Pylock | None, Pylock]) -> Manifest | str:
        """The manifest that three locks come to, or why there is none."""
        commits = []
        for name, lock, file in zip(_NAMES, locks, (versions.ours, versions.base, versions.theirs), strict=True):
            commit = self._commit(file, lock) if lock is not None else None
            if commit is None:
                return f"the {MANIFEST} from which the lock of {name} was made is not in the history"
            commits.append(commit)
        return self._merged(commits)

    def _merged(self, commits: list[str]) -> Manifest | str:
        def load(relative: str) -> str:
            text = self._merged_text(relative, commits)
            if text is None:
                raise OSError(0, "it cannot be merged", relative)
            return text

        text = self._merged_text(MANIFEST, commits)
        if text is None:
            return f"{MANIFEST} has a conflict, too"
        try:
            return self._read(text, load)
        except LockenvError as error:
            return error.message

    def _read(self, text: str, load: Callable[[str], str]) -> Manifest:
        """What a manifest says for the environment that the lock is for."""
        return within(manifest_reader.read(text, where=MANIFEST, load=load), self._environment)

    def _commit(self, file: Path, lock: Pylock) -> str | None:
        """A commit with these bytes as its lock and the manifest that they were made from."""
        blob = self._ask("hash-object", "--no-filters", str(file.absolute()))
        find = ("log", "--all", "HEAD", "--format=%H", "-m", "--diff-filter=AM", f"--find-object={blob}")
        found = self._ask(*find, "--max-count=5", "--", str(self._lock)) if blob else None
        wanted = pylock.tool_table(lock).get("manifest")
        for commit in (found or "").split():
            if self._digests(commit) == wanted:
                return commit
        return None

    def _digests(self, commit: str) -> dict[str, str] | None:
        text = self._at(commit, MANIFEST)
        try:
            if text is None:
                return None
            return freshness.digests(self._read(text, lambda name: self._at(commit, name) or ""))
        except LockenvError:
            return None

    def _merged_text(self, name: str, commits: list[str]) -> str | None:
        """A file as the three commits come to; None where they do not agree."""
        texts = [self._at(commit, name) for commit in commits]
        if None in texts:
            return texts[0] if texts[0] == texts[2] else None
        with tempfile.TemporaryDirectory(prefix="lockenv-merge-") as folder:
            places = list(_written(Path(folder), texts))
            return self._ask("merge-file", "--stdout", "--quiet", *places)

    def _at(self, commit: str, name: str) -> str | None:
        return self._ask("cat-file", "blob", f"{commit}:{self._lock.parent / name}")

    def _ask(self, *arguments: str) -> str | None:
        return self._git.answer(self._folder, *self._where, *arguments, theirs=True)


def _written(folder: Path, texts: list[str | None]) -> Iterator[str]:
    for name, text in zip(_NAMES, texts, strict=True):
        place = folder / name
        # The program's answers end where their last line does.
        place.write_text(f"{text}\n", encoding="utf-8")
        yield str(place)
