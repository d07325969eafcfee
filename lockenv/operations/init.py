"""`init`: an env.toml to start from, and what lies in the folder that it could start from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from lockenv.errors import UsageError
from lockenv.files import write_atomically
from lockenv.formats.incoming import detect
from lockenv.lockfile import toml
from lockenv.manifest import read
from lockenv.operations.choose import any_interpreter
from lockenv.operations.files import bytes_of
from lockenv.project import MANIFEST
from lockenv.session import Session
from lockenv.transaction import state
from lockenv.values import dataclass

_TEMPLATE = """\
# What this environment should hold. `lockenv lock` resolves it into pylock.toml,
# `lockenv sync` makes .venv exactly that.
[env]
name = {name}
python = {python}
dependencies = {dependencies}

# Dependency groups: `lockenv sync --group test`.
[groups]
# test = ["pytest>=8"]
"""
_BARE = """\
[env]
name = {name}
python = {python}
dependencies = {dependencies}
"""
#: Files that say what is wanted, the likeliest first; of a pyproject.toml only where it does.
_WISHES = (
    "pyproject.toml",
    "Pipfile",
    "requirements.in",
    "requirements.txt",
    "environment.yml",
    "environment.yaml",
)
_DECLARES = re.compile(rb"^\s*\[(project|dependency-groups|tool\.(poetry|pdm))\b", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What lies in the folder that env.toml could be made from: files, or an environment; names within it."""

    files: tuple[str, ...] = ()
    env: str | None = None

    @property
    def command(self) -> str:
        """The command that brings it in."""
        return f"lockenv import {' '.join(self.files) if self.env is None else f'--from-env {self.env}'}"

    @property
    def told(self) -> str:
        """How a person is told of it."""
        return f"the environment {self.env}" if self.env is not None else " and ".join(self.files)


def init(
    session: Session, *, requirements: Sequence[str], name: str | None, python: str | None, bare: bool = False
) -> Path:
    """Write an env.toml and give its path; a `bare` one has no comments.

    `python` is a range of versions such as ``>=3.11``; by default it begins at the minor version of the Python
    found. Raises `UsageError` if there is one already, `ManifestError` if what was given makes no manifest.
    """
    check_absent(session)
    path = Path(session.project.manifest)
    text = (_BARE if bare else _TEMPLATE).format(
        name=toml.string(name or default_name(session)),
        python=toml.string(python or default_python(session)),
        dependencies=toml.lines(list(requirements)),
    )
    read.read(text, where=MANIFEST)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.encode("utf-8"))
    return path


def check_absent(session: Session) -> None:
    """Raise `UsageError` if there is an env.toml already."""
    path = Path(session.project.manifest)
    if path.exists():
        raise UsageError(f"{path} exists already", hint="edit it, or remove it first")


def default_name(session: Session) -> str:
    """The folder's name."""
    return Path(session.project.folder).name or "env"


def default_python(session: Session) -> str:
    """From the minor version of the Python that is found first. Raises `InterpreterNotFound`."""
    found = any_interpreter(session).version_info
    return f">={found.major}.{found.minor}"


def offers(session: Session) -> Iterator[Offer]:
    """What lies in the folder that says which packages are wanted, the likeliest first."""
    folder = Path(session.project.folder)
    present = frozenset(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else ()
    for name in _WISHES:
        if name in present and _says_something(folder / name):
            yield Offer(files=(name, *detect.companions(frozenset([name]), frozenset(present))))
    env = Path(session.project.env)
    if env.parent == folder and (env / "pyvenv.cfg").is_file() and state.read_current(str(env)) is None:
        yield Offer(env=env.name)


def _says_something(path: Path) -> bool:
    return path.name != "pyproject.toml" or _DECLARES.search(bytes_of(path) or b"") is not None
