"""Where a project's files are: the manifest, the lock, the environment. Imports next to nothing."""

# pathlib is among the heavy imports that `run` and a sync with nothing to do avoid.
# ruff: noqa: PTH100, PTH113, PTH118, PTH120

from __future__ import annotations

import os

MANIFEST = "env.toml"
LOCK = "pylock.toml"
ENVIRONMENT = ".venv"


class Project:
    """Absolute paths of one project's files. A plain class, because dataclasses cost start-up time.

    `folder` holds the manifest, which need not exist where a lock is given.
    """

    __slots__ = ("env", "folder", "lock", "manifest")

    def __init__(self, folder: str, *, lock: str | None = None, env: str | None = None) -> None:
        self.folder = os.path.abspath(folder)
        self.manifest = os.path.join(self.folder, MANIFEST)
        self.lock = os.path.abspath(lock) if lock else os.path.join(self.folder, LOCK)
        self.env = os.path.abspath(env) if env else os.path.join(self.folder, ENVIRONMENT)


def find_project(start: str) -> str:
    """The nearest folder, from `start` upwards, that has a manifest; `start` itself where none has."""
    folder = os.path.abspath(start)
    while not os.path.isfile(os.path.join(folder, MANIFEST)):
        parent = os.path.dirname(folder)
        if parent == folder:
            return os.path.abspath(start)
        folder = parent
    return folder
