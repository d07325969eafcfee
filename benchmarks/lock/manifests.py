"""What is to be locked, in a form that belongs to no tool: `manifests/*.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

FOLDER = Path(__file__).parent / "manifests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Requirements, and what their lock must be right for.

    `platforms` are in lockenv's words. `upgrade` names the package that the phase 'upgrade-one' lets go of, in a
    lock that was made with the requirement `held` in its place. `allow_build` names what may be built.
    """

    name: str
    python: str
    platforms: tuple[str, ...]
    dependencies: tuple[str, ...]
    upgrade: str
    held: str
    allow_build: tuple[str, ...] = ()

    @property
    def held_dependencies(self) -> tuple[str, ...]:
        """The dependencies of the old lock that 'upgrade-one' starts from."""
        name = project(self.held)
        others = tuple(each for each in self.dependencies if project(each) != name)
        return (*others, self.held)

    def changed_dependencies(self, number: int) -> tuple[str, ...]:
        """Dependencies that nobody has asked for before, with the same packages as their answer.

        They name a package that is among those of the lock anyway, with a bound that bars no release of it worth
        having; each `number` gives other ones.
        """
        others = tuple(each for each in self.dependencies if project(each) != self.upgrade)
        return (*others, f"{self.upgrade}>=0.0.{number}")

    def covers(self, python: str) -> bool:
        """Whether the lock is also for this version of Python."""
        return python in SpecifierSet(self.python)


def project(requirement: str) -> str:
    """Name the project that a requirement asks for."""
    return canonicalize_name(Requirement(requirement).name)


def read(path: Path) -> Manifest:
    """Read one manifest."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    upgrade = content["upgrade"]
    return Manifest(
        name=path.stem,
        python=content["python"],
        platforms=tuple(content["platforms"]),
        dependencies=tuple(content["dependencies"]),
        upgrade=upgrade["package"],
        held=upgrade["held"],
        allow_build=tuple(content.get("allow-build", ())),
    )


def known() -> tuple[str, ...]:
    """The names of the manifests here, the smallest first."""
    order = ("small", "science", "aws", "ml", "airflow")
    found = sorted(path.stem for path in FOLDER.glob("*.toml"))
    return tuple(sorted(found, key=lambda name: order.index(name) if name in order else len(order)))


def named(names: Iterable[str]) -> tuple[Manifest, ...]:
    """Read the manifests of these names; all of them where none is named. A name may also be a file's path."""
    return tuple(
        read(Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml") for name in names or known()
    )
