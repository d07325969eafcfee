"""What is to be installed, in a form that belongs to no tool: `sets/*.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FOLDER = Path(__file__).parent / "sets"
_ORDER = ("empty", "small", "medium", "large", "many")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Packages that are made up: so many, each of so many files of so many bytes."""

    packages: int
    files: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """Requirements for one Python on linux-x86_64.

    `held` is a requirement that holds one package back, for the older of its two locks; '' if there is but one.
    `imports` are modules that a right environment can import.
    """

    name: str
    python: str
    dependencies: tuple[str, ...]
    held: str
    imports: tuple[str, ...]
    made: Made | None = None

    @property
    def lots(self) -> tuple[str, ...]:
        """The names of its locks: what is wanted, and what was before."""
        return ("new", "held") if self.held else ("new",)

    def requirements(self, lot: str) -> tuple[str, ...]:
        """The requirements of one of its locks."""
        if lot == "new":
            return self.dependencies
        name = _project(self.held)
        return (*(each for each in self.dependencies if _project(each) != name), self.held)


def _project(requirement: str) -> str:
    return canonicalize_name(Requirement(requirement).name)


def read(path: Path) -> Set:
    """Read one set."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    made = content.get("made")
    return Set(
        name=path.stem,
        python=content["python"],
        dependencies=tuple(content["dependencies"]),
        held=content.get("held", ""),
        imports=tuple(content["imports"]),
        made=None if made is None else Made(**made),
    )


def known() -> tuple[str, ...]:
    """The names of the sets here, the smallest first."""
    found = sorted(path.stem for path in FOLDER.glob("*.toml"))
    return tuple(sorted(found, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER)))


def named(names: Iterable[str]) -> tuple[Set, ...]:
    """Read the sets of these names; all of them where none is named. A name may also be a file's path."""
    return tuple(
        read(Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml") for name in names or known()
    )
