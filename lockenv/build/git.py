"""Git repositories: a revision becomes a commit, a commit becomes a tree. The `git` program does the work.

A bare clone of each repository is kept in the cache, whole, because versions are often made of tags and history.
Trees are checked out without hooks, filters and submodules.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from lockenv.build.children import Children
from lockenv.build.git_program import PROTOCOLS, Git, UnknownCommit, without_userinfo
from lockenv.errors import LockenvError, OfflineMiss, UsageError
from lockenv.events import Noted, Reporter, Warned, silent
from lockenv.files import FileLock

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.IGNORECASE)  # SHA-1, SHA-256
_ABBREVIATED = re.compile(r"[0-9a-f]{4,63}", re.IGNORECASE)
#: What no branch or tag may have in its name (git-check-ref-format), and what would be an option.
_NO_NAME = re.compile(r"^-|[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^/|/$|\.$|\.lock$")
_FETCHING = ("--quiet", "--force", "--no-auto-gc", "--no-recurse-submodules", "--no-write-fetch-head")
_EVERYTHING = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


class Repositories:
    """Bare clones in the cache (``<cache>/git/…``), fetched when something is missing in them.

    Several threads and processes may use them at once. `children` end what runs when they are stopped.
    """

    def __init__(
        self,
        cache: Path,
        *,
        environ: Mapping[str, str],
        children: Children | None = None,
        offline: bool = False,
        reporter: Reporter = silent,
    ) -> None:
        self._root = cache.absolute() / "git"
        self._git = Git(environ, children or Children())
        self._offline = offline
        self._reporter = reporter

    def resolve(self, url: str, rev: str | None = None) -> str:
        """Find the full commit that a branch, tag, short or full commit names (None: the default branch).

        A full commit is taken at its word; `check_out` finds out. Raises `UsageError` for a URL or revision that
        cannot be used or does not exist and where there is no `git`, `NetworkError` for a repository that cannot
        be read, `OfflineMiss`.
        """
        check_url(url)
        if rev is not None and _COMMIT.fullmatch(rev):
            return rev.lower()
        if rev is not None and (not rev or _NO_NAME.search(rev)):
            raise UsageError(f"{rev!r} is no revision of Git", hint="`rev` is a branch, a tag or a commit")
        if self._offline:
            return self._resolve_here(url, rev or "HEAD")
        return self._resolve_there(url, rev)

    def _resolve_there(self, url: str, rev: str | None) -> str:
        names = ("HEAD",) if rev is None else _names(rev)
        # An annotated tag is an object of its own; its name with ^{} is the commit that it stands for.
        found = self._refs(url, (*names, *(f"{name}^{{}}" for name in names)))
        commits = {name: found.get(f"{name}^{{}}", found[name]) for name in names if name in found}
        if len(set(commits.values())) > 1:
            shown = " or ".join(sorted(commits))
            raise UsageError(
                f"{rev!r} is both a tag and a branch of {without_userinfo(url)}", hint=f"write {shown}"
            )
        if commits:
            return next(iter(commits.values()))
        if rev is not None and _ABBREVIATED.fullmatch(rev):
            return self._resolve_abbreviated(url, rev)
        raise self._unknown(url, rev)

    def _refs(self, url: str, patterns: tuple[str, ...]) -> dict[str, str]:
        """Ask a repository for names that end with these patterns; give the commit or tag of each."""
        self._root.mkdir(parents=True, exist_ok=True)
        said = self._git.remote(self._root, url, "ls-remote", "--quiet", "--", url, *patterns)
        rows = (line.split("\t", 1) for line in said.splitlines() if "\t" in line)
        return {name: commit for commit, name in rows if _COMMIT.fullmatch(commit)}

    def _resolve_abbreviated(self, url: str, rev: str) -> str:
        """Complete a short commit: only the repository itself, here, can tell."""
        with self._clone(url) as clone:
            self._fetch(url, clone)
            commit = self._commit(clone, rev)
        if commit is None:
            raise self._unknown(url, rev)
        return commit

    def _commit(self, clone: Path, name: str) -> str | None:
        return self._git.answer(clone, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")

    def _resolve_here(self, url: str, rev: str) -> str:
        """Resolve by what was fetched before; nothing is known then of the default branch."""
        with self._clone(url) as clone:
            for name in (*_names(rev), *((rev,) if _ABBREVIATED.fullmatch(rev) else ())):
                if commit := self._commit(clone, name):
                    return commit
        raise _offline(url, rev)

    def _unknown(self, url: str, rev: str | None) -> LockenvError:
        shown = without_userinfo(url)
        if rev is None:
            return UsageError(f"the Git repository at {shown} has no default branch", hint="give a `rev`")
        names = {name.split("/", 2)[-1].removesuffix("^{}") for name in self._refs(url, ())}
        near = get_close_matches(rev, names, n=1)
        hint = f"did you mean `{near[0]}`?" if near else "a branch, a tag or a commit that was pushed"
        return UsageError(f"the Git repository at {shown} has no revision {rev!r}", hint=hint)

    def check_out(self, url: str, commit: str, folder: Path) -> None:
        """Write the tree of a full commit into `folder`, which must not exist, with its history beside it.

        Raises as `resolve` does.
        """
        check_url(url)
        if not _COMMIT.fullmatch(commit):
            raise UsageError(f"{commit!r} is no complete commit of Git", hint="lock again")
        with self._clone(url) as clone:
            self._have(url, commit, clone)
        # Objects are shared with the clone; the names of branches and tags are copied.
        quietly = ("--quiet", "--no-checkout", "--shared", "--template=")
        self._git.local(clone, "clone", *quietly, "--", str(clone), str(folder))
        self._git.local(folder, "checkout", "--quiet", "--detach", "--force", commit)
        if (folder / ".gitmodules").exists():
            message = f"{without_userinfo(url)} has submodules, which are not fetched"
            self._reporter(Warned(message=message))

    def describe(self, folder: Path) -> str:
        """Name the commit that a folder of people's own is at, by the nearest tag; empty where there is none."""
        arguments = ("describe", "--tags", "--long", "--always", "--abbrev=40")
        return (self._git.answer(folder, *arguments, theirs=True) or "") if self._git.is_there else ""

    @contextlib.contextmanager
    def _clone(self, url: str) -> Iterator[Path]:
        """Open the bare clone of a repository, made where it is missing; nobody else changes it meanwhile."""
        self._root.mkdir(parents=True, exist_ok=True)
        clone = self._root / hashlib.sha256(url.encode()).hexdigest()[:32]
        with FileLock(clone.with_suffix(".lock"), subject=f"the clone of {without_userinfo(url)}"):
            if not (clone / "HEAD").is_file():
                self._git.local(self._root, "init", "--quiet", "--bare", "--template=", "--", str(clone))
            for left in (*clone.glob("*.lock"), *(clone / "refs").rglob("*.lock")):
                left.unlink(missing_ok=True)  # by somebody who was killed: the lock is ours
            yield clone

    def _have(self, url: str, commit: str, clone: Path) -> None:
        """See that a commit is in the clone."""
        if self._holds(clone, commit):
            return
        if self._offline:
            raise _offline(url, commit)
        self._fetch(url, clone)
        if not self._holds(clone, commit):
            self._fetch_commit(url, commit, clone)

    def _holds(self, clone: Path, commit: str) -> bool:
        return self._git.answer(clone, "cat-file", "-e", f"{commit}^{{commit}}") is not None

    def _fetch(self, url: str, clone: Path) -> None:
        self._reporter(Noted(message=f"fetching {without_userinfo(url)}"))
        self._git.remote(clone, url, "fetch", "--prune", *_FETCHING, "--", url, *_EVERYTHING)

    def _fetch_commit(self, url: str, commit: str, clone: Path) -> None:
        """Ask for a commit that no branch or tag leads to, as in a pull request; not every server gives it."""
        try:
            self._git.remote(clone, url, "fetch", *_FETCHING, "--", url, f"+{commit}:refs/lockenv/{commit}")
        except UnknownCommit as error:
            raise UsageError(
                f"the Git repository at {without_userinfo(url)} does not have the commit {commit}",
                details=error.details,
                hint="was it pushed? `lockenv upgrade` moves to a commit that is there",
            ) from None


def _names(rev: str) -> tuple[str, ...]:
    """Give the full names that a branch or tag may have."""
    return (rev,) if rev.startswith("refs/") else (f"refs/tags/{rev}", f"refs/heads/{rev}")


def _offline(url: str, rev: str) -> OfflineMiss:
    msg = f"{rev} of the Git repository at {without_userinfo(url)} is not in the cache"
    return OfflineMiss(msg, hint="run once without `--offline`")


def check_url(url: str) -> None:
    """Refuse what git would take for an option, another program's business, or a protocol without protection.

    Raises `UsageError`.
    """
    parts = urlsplit(url) if url.isprintable() and " " not in url else None
    if parts is None or not parts.scheme or "::" in url or not (parts.netloc or parts.scheme == "file"):
        raise UsageError(
            f"{without_userinfo(url)!r} is no URL of a Git repository", hint="as in https://host/path.git"
        )
    if parts.scheme not in PROTOCOLS:
        shown = ", ".join(f"{name}://" for name in PROTOCOLS)
        raise UsageError(f"{without_userinfo(url)} cannot be used: Git repositories are read by {shown}")
    if (parts.hostname or "").startswith("-") or parts.path.startswith("-"):
        raise UsageError(f"{without_userinfo(url)!r} is no URL of a Git repository")
