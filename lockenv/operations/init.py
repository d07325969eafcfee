"""`init`: an env.toml to start from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lockenv.errors import UsageError
from lockenv.files import write_atomically
from lockenv.lockfile import toml
from lockenv.manifest import read
from lockenv.operations.choose import any_interpreter
from lockenv.project import MANIFEST
from lockenv.session import Session

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


def init(session: Session, *, requirements: Sequence[str], name: str | None, python: str | None) -> Path:
    """Write an env.toml and give its path.

    `python` is a range of versions such as ``>=3.11``; by default it begins at the minor version of the Python
    found. Raises `UsageError` if there is one already, `ManifestError` if what was given makes no manifest.
    """
    path = Path(session.project.manifest)
    if path.exists():
        raise UsageError(f"{path} exists already", hint="edit it, or remove it first")
    text = _TEMPLATE.format(
        name=toml.string(name or path.parent.name or "env"),
        python=toml.string(python or _range(session)),
        dependencies=toml.lines(list(requirements)),
    )
    read.read(text, where=MANIFEST)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.encode("utf-8"))
    return path


def _range(session: Session) -> str:
    found = any_interpreter(session).version_info
    return f">={found.major}.{found.minor}"
