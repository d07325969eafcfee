"""Taking turns at an environment: the locks, and what a run that died under them left."""

# ruff: noqa: PTH103, PTH120

from __future__ import annotations

import os
import stat

from lockenv.errors import InstallError
from lockenv.events import WAITING, Reporter, StageFinished, StageStarted, Warned
from lockenv.files import FileLock
from lockenv.light import ExitStack
from lockenv.transaction import commit, ground, places
from lockenv.values import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """One process's turn at the environment `env`, from `take` until `locks` is closed.

    `wait` is how many seconds to wait for another process; None waits for ever.
    """

    env: str
    reporter: Reporter
    wait: float | None
    locks: ExitStack

    def take(self) -> bool:
        """Take the lock inside the environment, or beside it where lockenv has made none; say whether it is ours.

        Whoever waited looks again: the environment may have come, gone or been swapped meanwhile. Raises
        `UsageError` for a place that is no environment's, `InstallError` for one that another process changes.
        """
        commit.begin()
        while True:
            if not ground.is_ours(self.env):
                lock = self.take_beside()
                commit.recover(self.env)
                if not ground.is_ours(self.env):
                    ground.check_place(self.env)
                    return False
                lock.release()
                continue
            try:
                self.take_at(places.lock(self.env))
            except FileNotFoundError:
                continue
            if commit.leftovers(self.env):
                beside = self.take_beside()
                commit.recover(self.env)
                beside.release()
            return True

    def take_beside(self) -> FileLock:
        """Take the lock beside the environment, for what concerns its whole folder."""
        os.makedirs(os.path.dirname(self.env), exist_ok=True)
        return self.take_at(places.lock_beside(self.env), transient=True)

    def take_at(self, path: str, *, transient: bool = False) -> FileLock:
        """Take the lock that the file at `path` is."""
        waited: list[str] = []

        def tell(holder: str) -> None:
            self.reporter(Warned(message=f"waiting: {self.env} is being changed by {holder}"))
            self.reporter(StageStarted(stage=WAITING))
            waited.append(holder)

        _check_lock(path)
        lock = FileLock(path, subject=self.env, wait=self.wait, transient=transient, on_wait=tell)
        self.locks.callback(lock.release)
        lock.acquire()
        if waited:
            self.reporter(StageFinished(stage=WAITING))
        return lock


def _check_lock(path: str) -> None:
    """Raise `InstallError` for what nobody can lock as a file, and lockenv never made."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        import shlex  # Lazy: hardly ever is anything else there

        kind = "folder" if stat.S_ISDIR(mode) else "link" if stat.S_ISLNK(mode) else "special file"
        raise InstallError(
            f"{path} is a {kind}, where lockenv has its lock's file; the environment was not changed",
            hint=f"remove it: `rm -r {shlex.quote(path)}`",
        )
