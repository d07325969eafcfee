"""An index and a project for each test of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lockenv.index import http
from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import make_wheel


@pytest.fixture(autouse=True)
def tried_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails in this process is tried again without a rest; how long rests are, tests of `index.http` see."""
    monkeypatch.setattr(http, "_FIRST_WAIT", 0.001)


@pytest.fixture
def index() -> Iterator[FakeIndex]:
    """An index with a few packages: `menu` needs `dropdown`, which needs `icons`; `tests` stands alone."""
    with FakeIndex() as running:
        running.add(
            make_wheel("menu", "1.0", requires=["dropdown>=1"], scripts={"menu": "menu:main"}, files=_MENU)
        )
        running.add(make_wheel("dropdown", "1.0", requires=["icons"]))
        running.add(make_wheel("dropdown", "1.1", requires=["icons>=2"]))
        running.add(make_wheel("icons", "1.9"))
        running.add(make_wheel("icons", "2.0"))
        running.add(make_wheel("checks", "3.1"))
        yield running


@pytest.fixture
def project(tmp_path: Path, index: FakeIndex) -> ScratchProject:
    """An empty project whose default index is `index`."""
    return ScratchProject(tmp_path, index_url=index.url)


@pytest.fixture
def synced(project: ScratchProject) -> ScratchProject:
    """A project that requires `menu`, locked and synced."""
    project.manifest(dependencies=["menu"], groups={"test": ["checks"]})
    project.run("lock").ok()
    project.run("sync").ok()
    return project


_MENU = {
    "menu.py": (
        "import dropdown\n\n"
        'version = "1.0"\n\n\n'
        "def main():\n"
        '    print("menu", version, "over dropdown", dropdown.version)\n'
    )
}
