"""Where no index is declared, that of pip is asked, and nothing else of pip's is followed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import make_wheel


@pytest.fixture
def unconfigured(tmp_path: Path) -> ScratchProject:
    """A project that says nothing of indexes."""
    project = ScratchProject(tmp_path)
    project.manifest(dependencies=["menu"])
    return project


def _configure(project: ScratchProject, text: str) -> None:
    folder = project.home / ".config" / "pip"
    folder.mkdir(parents=True)
    (folder / "pip.conf").write_text(text)


def test_the_variable_of_pip_names_the_index(unconfigured: ScratchProject, index: FakeIndex) -> None:
    ran = unconfigured.spawn("lock", "-v", PIP_INDEX_URL=index.url).ok()
    assert "the default index is that of PIP_INDEX_URL" in ran.err
    assert unconfigured.locked()["menu"] == "1.0"


def test_the_configuration_of_pip_names_the_index_and_its_login(
    unconfigured: ScratchProject, index: FakeIndex
) -> None:
    with FakeIndex(credentials=("ada", "hunter2-secret")) as private:
        private.add(make_wheel("menu", "7.0"))
        url = private.url.replace("http://", "http://ada:hunter2-secret@")
        _configure(unconfigured, f"[global]\nindex-url = {url}\nextra-index-url = {index.url}\n")
        runs = [unconfigured.spawn("lock", "-vv").ok(), unconfigured.spawn("sync", "-vv").ok()]
    assert unconfigured.installed() == {"menu": "7.0"}
    assert (
        f"pip's setting extra-index-url = {index.url} is a fact of this machine and is not followed" in runs[0].err
    )
    assert index.count() == 0
    assert "hunter2" not in "".join(ran.out + ran.err for ran in runs) + unconfigured.lock.read_text()


def test_a_declared_index_for_every_name_leaves_pip_out(unconfigured: ScratchProject, index: FakeIndex) -> None:
    _configure(unconfigured, "[global\nthis is no configuration")
    assert unconfigured.spawn("lock").status == 2
    unconfigured.manifest(dependencies=["menu"], more=f'[[index]]\nname = "own"\nurl = "{index.url}"\n')
    unconfigured.spawn("lock").ok()
    unconfigured.spawn("sync").ok()


def test_our_own_variable_and_flag_go_before_pip(unconfigured: ScratchProject, index: FakeIndex) -> None:
    nowhere = "http://index.invalid/simple/"
    unconfigured.spawn("lock", PIP_INDEX_URL=nowhere, LOCKENV_INDEX_URL=index.url).ok()
    unconfigured.lock.unlink()
    unconfigured.spawn("lock", "--index-url", index.url, PIP_INDEX_URL=nowhere, LOCKENV_INDEX_URL=nowhere).ok()
    assert unconfigured.locked()["menu"] == "1.0"


def test_the_first_index_that_knows_a_name_is_the_one(unconfigured: ScratchProject, index: FakeIndex) -> None:
    with FakeIndex() as own:
        own.add(make_wheel("icons", "1.0"))
        own.add(make_wheel("models", "1.0"))
        index.add(make_wheel("models", "9.0"))
        table = '[[index]]\nname = "own"\nurl = "{0}"\n\n[[index]]\nname = "public"\nurl = "{1}"\n'
        unconfigured.manifest(dependencies=["icons", "models", "checks"], more=table.format(own.url, index.url))
        unconfigured.run("lock").ok()
        assert unconfigured.locked() == {"checks": "3.1", "icons": "1.0", "models": "1.0"}
        unconfigured.run("sync").ok()
    assert index.count("/simple/models/") == index.count("/simple/icons/") == 0
