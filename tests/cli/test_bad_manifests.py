"""Every broken manifest there is, through the command line: exit status 2, the line, and nothing changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.refusals import unharmed
from tests.fakes.project import ScratchProject

_FOLDER = Path(__file__).parents[1] / "scenarios" / "manifests"
_CASES = sorted(path.stem for path in _FOLDER.glob("*.toml"))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> ScratchProject:
    """An environment that no broken manifest may touch."""
    from tests.fakes.index import FakeIndex
    from tests.fakes.wheels import make_wheel

    project = ScratchProject(tmp_path_factory.mktemp("kept"))
    with FakeIndex() as index:
        body = {"menu.py": 'def main():\n    print("menu 1.0")\n'}
        index.add(make_wheel("menu", "1.0", files=body, scripts={"menu": "menu:main"}))
        project.manifest(dependencies=["menu"])
        project.run("lock", LOCKENV_INDEX_URL=index.url).ok()
        project.run("sync", LOCKENV_INDEX_URL=index.url).ok()
    return project


def test_there_are_at_least_twenty() -> None:
    assert len(_CASES) >= 20


@pytest.mark.parametrize("case", _CASES)
def test_a_broken_manifest_is_told_with_its_lines_and_changes_nothing(case: str, kept: ScratchProject) -> None:
    kept.write("env.toml", (_FOLDER / f"{case}.toml").read_bytes())
    with unharmed(kept):
        for command in ("lock", "sync"):
            ran = kept.run(command)
            assert ran.status == 2
            assert ran.out == ""
            assert ran.err.startswith("error: env.toml ")
            assert "[manifest]\n" in ran.err
            assert "\n  env.toml" in ran.err
            assert "Traceback" not in ran.err
            assert "hunter2" not in ran.err
