"""Where one source is worked on: its tree, an environment, a backend, each made when first needed.

The place is a function of what is built, so that paths which find their way into a wheel are the same each time;
one lock guards it. What a killed process left there is swept by the next.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from lockenv.build.answers import key_of
from lockenv.build.backend import Backend, Surroundings
from lockenv.build.children import Children
from lockenv.build.environment import BuildEnvironment, make_environment
from lockenv.build.git import Repositories
from lockenv.build.requirements import Provision
from lockenv.build.sources import Source, Tree, opened, shown
from lockenv.build.static import BuildSystem
from lockenv.build.variables import build_variables, prepare_scratch
from lockenv.errors import BuildError
from lockenv.events import Noted, Reporter
from lockenv.files import FileLock, remove_tree
from lockenv.limits import Limits
from lockenv.python.interpreter import Interpreter
from lockenv.values import dataclass

#: What is read of a project without running it; PKG-INFO is an sdist's.
_DECLARATIONS = ("pyproject.toml", "PKG-INFO")
_MAX_DECLARATION = 8 << 20  #: bytes of one of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What all benches of a builder share. `root` is ``<cache>/built``."""

    root: Path
    interpreter: Interpreter
    repositories: Repositories
    environ: Mapping[str, str]
    settings: Mapping[str, str]
    children: Children
    limits: Limits
    reporter: Reporter


class Bench:
    """One source on the bench, while the `with` block lasts; nobody else works on it meanwhile."""

    def __init__(self, workshop: Workshop, source: Source, key: str) -> None:
        """`key` names the source and all that shapes its build."""
        self._workshop = workshop
        self._source = source
        self._shown = shown(source)
        self._folder = workshop.root / "work" / key[:24]
        self._log = workshop.root / "logs" / f"{_file_name(self._shown)}-{key[:12]}.log"
        # A folder that is built where it stands can only be built once at a time, whatever for.
        place = key_of(str(source.folder)) if isinstance(source, Tree) else key
        self._lock = FileLock(
            workshop.root / "work" / f".{place[:24]}.lock",
            subject=f"the build of {self._shown}",
            transient=True,
            on_wait=self._tell_holder,
        )
        self._environment: tuple[str, BuildEnvironment] | None = None

    def __enter__(self) -> Self:
        for folder in (self._folder.parent, self._log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock.acquire()
        try:
            remove_tree(self._folder)
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            # What cannot be removed is no reason to fail what is done; the next on this bench will see to it.
            with contextlib.suppress(OSError):
                remove_tree(self._folder)
                if kind is None:
                    self._log.unlink(missing_ok=True)
        finally:
            self._lock.release()

    def _tell_holder(self, holder: str) -> None:
        self._workshop.reporter(Noted(message=f"waiting for {holder}, which builds {self._shown}"))

    @cached_property
    def project(self) -> Path:
        """The project's folder. Raises as `sources.opened` does."""
        self._folder.mkdir(exist_ok=True)
        return opened(
            self._source, self._folder / "source", self._workshop.repositories, limits=self._workshop.limits
        )

    def declarations(self) -> dict[str, bytes]:
        """Read the files that say what a project is, by name, as far as they are there. Raises `BuildError`.

        Of `setup.py` it only counts that it is there.
        """
        found = ((name, self._declaration(name)) for name in _DECLARATIONS)
        script = {"setup.py": b""} if (self.project / "setup.py").is_file() else {}
        return script | {name: content for name, content in found if content is not None}

    def _declaration(self, name: str) -> bytes | None:
        path = self.project / name
        if not path.is_file():
            return None
        if not path.resolve().is_relative_to(self.project.resolve()) and not isinstance(self._source, Tree):
            raise BuildError(f"{self._shown} cannot be built: its {name} is a link that leads out of it")
        if path.stat().st_size > _MAX_DECLARATION:
            raise BuildError(f"{self._shown} cannot be built: its {name} has {path.stat().st_size} bytes")
        return path.read_bytes()

    def backend(self, system: BuildSystem, provision: Provision) -> Backend:
        """Make the project's backend ready to run, in an environment of what was provided."""
        environment = self._environment_of(provision)
        scratch = self._folder / "scratch"
        prepare_scratch(scratch)
        variables = build_variables(
            self._workshop.environ, environment=environment.folder, scripts=environment.scripts, scratch=scratch
        )
        surroundings = Surroundings(
            python=environment.python, variables=variables, log=self._log, children=self._workshop.children
        )
        return Backend(system, self.project, surroundings, shown=self._shown, settings=self._workshop.settings)

    def empty_folder(self, name: str) -> Path:
        """Make a folder for what a backend makes."""
        folder = self._folder / name
        remove_tree(folder)
        os.makedirs(folder)  # noqa: PTH103
        return folder

    def _environment_of(self, provision: Provision) -> BuildEnvironment:
        if self._environment is not None and self._environment[0] == provision.digest:
            return self._environment[1]
        folder = self._folder / "env"
        self._environment = None
        remove_tree(folder)
        made = make_environment(self._workshop.interpreter, provision.bring(), folder)
        self._environment = (provision.digest, made)
        return made


def _file_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:80] or "source"
