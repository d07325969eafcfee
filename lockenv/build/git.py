"""Git repositories: a revision becomes a commit, a commit becomes a tree. The `git` program does the work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lockenv.events import Reporter, silent


class Repositories:
    """Bare clones in the cache (``<cache>/git/…``), fetched when something is missing in them."""

    def __init__(
        self, cache: Path, *, environ: Mapping[str, str], offline: bool = False, reporter: Reporter = silent
    ) -> None:
        raise NotImplementedError

    def resolve(self, url: str, rev: str | None = None) -> str:
        """Find the full commit that a branch, tag, short or full commit names (None: the default branch).

        Raises `UsageError` for a URL or revision that cannot be used or does not exist and where there is no
        `git`, `NetworkError` for a repository that cannot be read, `OfflineMiss`.
        """
        raise NotImplementedError

    def check_out(self, url: str, commit: str, folder: Path) -> None:
        """Write the tree of a commit into `folder`, which must not exist. Raises as `resolve` does."""
        raise NotImplementedError
