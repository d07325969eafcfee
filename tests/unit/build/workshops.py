"""A builder over a real store and a real interpreter, whose build requirements are wheels made by the test."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from lockenv.build.builder import Builder, Built
from lockenv.build.children import Children
from lockenv.build.git import Repositories
from lockenv.build.requirements import Chain, Provision, provision_of
from lockenv.build.sources import ArchiveFile, Tree
from lockenv.build.trees import declaration_digest, tree_digest
from lockenv.events import Event
from lockenv.packages import canonicalize_name as canonical
from lockenv.python.interpreter import Interpreter
from lockenv.store import Store, StoredWheel
from tests.fakes.wheels import BuiltFile
from tests.unit.python.pythons import running

Asked = list[tuple[tuple[str, ...], Chain]]


class Workshop:
    """A folder with a cache and a builder. `asked` is what the builder asked for, `told` what it reported."""

    def __init__(
        self,
        folder: Path,
        *,
        wheels: Sequence[BuiltFile] = (),
        interpreter: Interpreter | None = None,
        environ: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.store = Store(self.cache)
        self.asked: Asked = []
        self.told: list[Event] = []
        self.brought = 0
        self._offered = {canonicalize_name(wheel.filename.split("-", maxsplit=1)[0]): wheel for wheel in wheels}
        self._settings = settings
        self._environ = dict(os.environ if environ is None else environ)
        self.interpreter = interpreter or running()
        self.children = Children()
        self.builder = self.made(self.provide)

    def made(self, provide: Callable[..., Provision]) -> Builder:
        return Builder(
            cache=self.cache,
            interpreter=self.interpreter,
            store=self.store,
            provide=provide,
            repositories=Repositories(self.cache, environ=self._environ),
            environ=self._environ,
            children=self.children,
            settings=self._settings,
            reporter=self.told.append,
        )

    def provide(self, requirements: tuple[str, ...], *, chain: Chain) -> Provision:
        self.asked.append((requirements, chain))
        wanted = [self.stored(self._offered[canonical(Requirement(text).name)]) for text in requirements]
        ready = provision_of(wanted)

        def bring() -> tuple[StoredWheel, ...]:
            self.brought += 1
            return ready.bring()

        return Provision(pins=ready.pins, bring=bring)

    def stored(self, wheel: BuiltFile) -> StoredWheel:
        name, version, *_ = parse_wheel_filename(wheel.filename)
        place = wheel.write_to(self.folder)
        return self.store.add(wheel.sha256, place, name=name, version=str(version), filename=wheel.filename)

    def archive(self, built: BuiltFile, *, name: str | None = None, version: str | None = None) -> ArchiveFile:
        return ArchiveFile(
            path=built.write_to(self.folder),
            filename=built.filename,
            sha256=built.sha256,
            name=None if name is None else canonical(name),
            version=version,
        )

    def left(self) -> list[str]:
        """What builds have left behind beside answers and wheels."""
        work, logs = self.cache / "built/work", self.cache / "built/logs"
        return [path.name for folder in (work, logs) if folder.exists() for path in folder.iterdir()]


def tree(folder: Path, *, editable: bool = False, name: str | None = None) -> Tree:
    digest = declaration_digest(folder) if editable else tree_digest(folder)
    return Tree(folder=folder, digest=digest, shown=folder.name, name=None if name is None else canonical(name))


def seen(built: Built) -> dict[str, Any]:
    """What the fake backend saw while it built."""
    (path,) = built.wheel.root.glob("*_built.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found
