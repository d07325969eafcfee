"""Law: a lock is the same whether it was answered as before or resolved, whatever happened in between."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.effort import examples
from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import make_wheel

_PLATFORMS = (["linux-x86_64"], ["linux-x86_64", "macos-arm64"])
_WISHES = (["menu"], ["menu", "checks"], ["menu<2"], ["checks"])


@dataclass
class World:
    """A project, its index, and the lock that somebody had before."""

    project: ScratchProject
    index: FakeIndex
    newest: dict[str, int] = field(default_factory=lambda: {"menu": 1, "dish": 1, "checks": 1})
    kept: bytes | None = None

    def release(self, name: str, *, yanked: bool = False) -> None:
        self.newest[name] += 1
        requires = ["dish"] if name == "menu" else []
        self.index.add(
            make_wheel(name, f"{self.newest[name]}.0", requires=requires), yanked="no" if yanked else False
        )

    def wish(self, wish: int, platforms: int) -> None:
        said = ", ".join(f'"{name}"' for name in _PLATFORMS[platforms])
        self.project.manifest(dependencies=_WISHES[wish], more=f"[targets]\nplatforms = [{said}]\n")

    def age(self) -> None:
        then = time.time() - 700
        for path in (self.project.cache / "index" / "pages").rglob("*"):
            os.utime(path, (then, then))

    def swap(self) -> None:
        """Give back the lock that was there before, or put this one aside."""
        now = self.project.lock.read_bytes() if self.project.lock.exists() else None
        if self.kept is None:
            self.project.lock.unlink(missing_ok=True)
        else:
            self.project.lock.write_bytes(self.kept)
        self.kept = now

    def locked(self) -> tuple[bytes, bytes]:
        """What a lock comes to with all that is remembered, and with nothing remembered, in this order."""
        before = self.project.lock.read_bytes() if self.project.lock.exists() else None
        found = []
        for remembered in (True, False):
            if not remembered:
                if before is None:
                    self.project.lock.unlink()
                else:
                    self.project.lock.write_bytes(before)
                shutil.rmtree(self.project.cache / "standing", ignore_errors=True)
                (self.project.cache / "index" / "answers").rename(self.project.scratch / "aside")
            self.project.run("lock").ok()
            found.append(self.project.lock.read_bytes())
        shutil.rmtree(self.project.cache / "index" / "answers")
        (self.project.scratch / "aside").rename(self.project.cache / "index" / "answers")
        return found[0], found[1]


STEPS = st.one_of(
    st.builds(lambda name: lambda world: world.release(name), st.sampled_from(["menu", "dish", "checks"])),
    st.builds(lambda name: lambda world: world.release(name, yanked=True), st.sampled_from(["menu", "dish"])),
    st.builds(
        lambda wish, platforms: lambda world: world.wish(wish, platforms),
        st.integers(0, len(_WISHES) - 1),
        st.integers(0, len(_PLATFORMS) - 1),
    ),
    st.just(World.age),
    st.just(World.swap),
    st.just(lambda world: world.project.lock.unlink(missing_ok=True)),
)


@examples(20)
@given(rounds=st.lists(st.lists(STEPS, min_size=1, max_size=3), min_size=2, max_size=6))
def test_remembering_changes_nothing(rounds: list[list[Callable[[World], None]]]) -> None:
    with tempfile.TemporaryDirectory() as scratch, FakeIndex(cache_control="max-age=600") as index:
        world = World(project=ScratchProject(Path(scratch), index_url=index.url), index=index)
        for name, requires in (("menu", ["dish"]), ("dish", []), ("checks", [])):
            index.add(make_wheel(name, "1.0", requires=requires))
        world.wish(0, 0)
        for steps in [[], *rounds]:
            for step in steps:
                step(world)
            remembered, anew = world.locked()
            assert remembered == anew
