"""Where a project's files are: the manifest, the lock, the environment. Imports next to nothing."""

# pathlib is among the heavy imports that `run` and a sync with nothing to do avoid.
# ruff: noqa: PTH100, PTH113, PTH118, PTH120, PTH123

from __future__ import annotations

import os

from lockenv.errors import UsageError

MANIFEST = "env.toml"
LOCK = "pylock.toml"
ENVIRONMENT = ".venv"
#: What the environment of [env] is called beside those of [environments].
DEFAULT = "default"

_LONGEST_NAME = 60


class Project:
    """Absolute paths of one project's files. A plain class, because dataclasses cost start-up time.

    `folder` holds the manifest, which need not exist where a lock is given. `environment` is the one of
    `[environments]` that is meant, which has a lock and a folder of its own; '' is that of `[env]`.
    """

    __slots__ = ("env", "environment", "folder", "lock", "manifest")

    def __init__(
        self, folder: str, *, lock: str | None = None, env: str | None = None, environment: str = ""
    ) -> None:
        """Find the paths. Raises `UsageError` for what cannot be an environment's name."""
        self.folder = os.path.abspath(folder)
        self.manifest = os.path.join(self.folder, MANIFEST)
        self.environment = "" if environment == DEFAULT else environment
        if self.environment and (fault := name_fault(self.environment)) is not None:
            raise UsageError(f"`{self.environment}` cannot be the name of an environment: {fault}")
        self.lock = os.path.abspath(lock) if lock else self.own_lock
        self.env = os.path.abspath(env) if env else os.path.join(self.folder, self._env_folder())

    @property
    def own_lock(self) -> str:
        """Where the lock is unless another is named (PEP 751: ``pylock.toml``, ``pylock.<name>.toml``)."""
        name = f"pylock.{self.environment}.toml" if self.environment else LOCK
        return os.path.join(self.folder, name)

    def _env_folder(self) -> str:
        if not self.environment:
            return ENVIRONMENT
        return _stated_folder(self.manifest, self.environment) or f"{ENVIRONMENT}-{self.environment}"


def stated_env(environment: str, *, flag: object, setting: str | None) -> str | None:
    """The folder that a person names for an environment; None where it has its own.

    `setting` is what `flag` or else the variable says. The variable is for the default environment alone: another
    one would take the place of that.
    """
    return setting if flag or environment in {"", DEFAULT} else None


def name_fault(name: str) -> str | None:
    """Why a text cannot be the name of an environment, which is a part of file names; None where it can.

    PEP 751 admits no dot in it.
    """
    if "." in name:
        return "the name of its lock, `pylock.<name>.toml`, takes no further dot (PEP 751)"
    if not name.isascii() or not name.replace("-", "a").replace("_", "a").isalnum() or not name[0].isalnum():
        return "it is made of ASCII letters, digits, `-` and `_`, and begins with a letter or digit"
    return f"it is longer than {_LONGEST_NAME} characters" if len(name) > _LONGEST_NAME else None


def folder_fault(folder: str) -> str | None:
    """Why a text cannot be the folder of a named environment; None where it can."""
    if folder.startswith(("/", "~")) or "\\" in folder or ":" in folder:
        return "it is a path from env.toml's own folder, with `/`"
    parts = folder.rstrip("/").split("/")
    if not all(parts) or {".", ".."} & set(parts):
        return "it has to lie below env.toml's own folder"
    return "that is the folder of the default environment" if parts[0] == ENVIRONMENT else None


def _stated_folder(manifest: str, name: str) -> str | None:
    """The `folder` that env.toml states for an environment; None where it states none that can be used.

    What is wrong with env.toml is told where it is read as a whole.
    """
    try:
        with open(manifest, "rb", buffering=0) as file:
            raw = file.read()
    except (OSError, ValueError):
        return None
    # TOML is parsed only where there may be such a key: a sync that has nothing to do comes here.
    if b"folder" not in raw and b"\\" not in raw:
        return None
    import tomllib

    try:
        folder = tomllib.loads(raw.decode("utf-8-sig"))["environments"][name]["folder"].strip()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return folder if folder and folder_fault(folder) is None else None


def find_project(start: str) -> str:
    """The nearest folder, from `start` upwards, that has a manifest; `start` itself where none has."""
    folder = os.path.abspath(start)
    while not os.path.isfile(os.path.join(folder, MANIFEST)):
        parent = os.path.dirname(folder)
        if parent == folder:
            return os.path.abspath(start)
        folder = parent
    return folder
