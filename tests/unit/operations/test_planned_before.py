"""Unit: a sync that was planned before goes straight to the store, and any change of what shaped it is noticed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.index import FakeIndex
from tests.fakes.project import SERIES, ScratchProject
from tests.fakes.wheels import make_wheel

PLANNED = "planned before"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[ScratchProject]:
    """A project that was synced once; its index is gone."""
    with FakeIndex() as index:
        index.add(make_wheel("menu", "1.0", requires=["dish"], scripts={"menu": "menu:main"}))
        index.add(make_wheel("dish", "2.0", files={"dish.py": "A = 1\n", "dish.pth": "import sys\n"}))
        index.add(make_wheel("checks", "3.0"))
        made = ScratchProject(tmp_path, index_url=index.url)
        made.manifest(dependencies=["menu"], groups={"test": ["checks"]})
        made.run("lock").ok()
        made.run("sync", "--group", "test").ok()
        made.run("sync").ok()
        shutil.rmtree(made.env)
        made.run("sync").ok()
        yield made


def synced(project: ScratchProject, *arguments: str, **environ: str) -> tuple[bool, str]:
    """Sync, and say whether it was by the plan, and what was said of the outcome."""
    ran = project.run("sync", "-v", *arguments, **environ).ok()
    return PLANNED in ran.err, ran.out


def plan_files(project: ScratchProject) -> list[Path]:
    return list((project.cache / "plans").iterdir())


def test_a_removed_environment_is_made_again_as_it_was_without_a_look_at_the_lock(project: ScratchProject) -> None:
    first, lines = project.tree(), project.run("list", "--digest").ok().out
    shutil.rmtree(project.env)
    by_plan, told = synced(project)
    assert by_plan
    assert "+ menu 1.0" in told
    assert "start-up file dish.pth from dish" in told
    again = project.tree()
    for tree in (first, again):
        for name in [name for name in tree if name.endswith("state")]:
            del tree[name]  # which says when it was made
    assert again == first
    assert project.run("list", "--digest").ok().out == lines
    project.run("verify").ok()


def test_the_next_sync_finds_nothing_to_do(project: ScratchProject) -> None:
    shutil.rmtree(project.env)
    assert synced(project)[0]
    by_plan, told = synced(project)
    assert not by_plan
    assert "already" in told


def test_drift_is_mended_by_the_plan(project: ScratchProject) -> None:
    synced(project)
    module = next(project.env.glob("lib/python*/site-packages/dish.py"))
    module.unlink()
    assert synced(project)[0]
    assert next(project.env.glob("lib/python*/site-packages/dish.py")).read_text() == "A = 1\n"


def _touched(name: str, text: str) -> Callable[[ScratchProject], None]:
    def change(project: ScratchProject) -> None:
        path = project.folder / name
        path.write_text((path.read_text() if path.exists() else "") + text)

    return change


def _damaged(where: int) -> Callable[[ScratchProject], None]:
    def change(project: ScratchProject) -> None:
        for file in plan_files(project):
            content = bytearray(file.read_bytes())
            content[where] ^= 1
            file.write_bytes(content)

    return change


def _cut(project: ScratchProject) -> None:
    for file in plan_files(project):
        file.write_bytes(file.read_bytes()[:60])


def _another_environment_s(project: ScratchProject) -> None:
    for file in plan_files(project):
        file.write_bytes(b"no plan")


def _new_python(project: ScratchProject) -> None:
    (project.home / ".pyenv/versions/3.99.0").mkdir(parents=True)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_touched("env.toml", "# a remark\n"), id="the manifest"),
        pytest.param(_touched("pylock.toml", "# a remark\n"), id="the lock"),
        pytest.param(_touched(".python-version", f"{SERIES}\n"), id="a Python that is preferred"),
        pytest.param(_new_python, id="a Python that came"),
        pytest.param(_damaged(3), id="a plan of another format"),
        pytest.param(_damaged(20), id="a plan of another key"),
        pytest.param(_damaged(-1), id="a damaged plan"),
        pytest.param(_cut, id="a plan that was cut"),
        pytest.param(_another_environment_s, id="no plan at all"),
    ],
)
def test_what_shaped_the_plan_has_changed_so_the_whole_way_is_gone(
    change: Callable[[ScratchProject], None], project: ScratchProject
) -> None:
    shutil.rmtree(project.env)
    change(project)
    by_plan, told = synced(project)
    assert not by_plan
    assert "+ menu 1.0" in told
    shutil.rmtree(project.env)
    assert synced(project)[0]


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        (("--all-groups",), {}),
        (("--only-host", "127.0.0.1"), {}),
        (("--limit", "ratio=400"), {}),
        (("--python", SERIES), {}),
        ((), {"PATH": "/sbin:/usr/bin:/bin"}),
        ((), {"PYENV_ROOT": "/nowhere"}),
    ],
)
def test_another_wish_is_planned_anew(
    arguments: tuple[str, ...], environ: dict[str, str], project: ScratchProject
) -> None:
    shutil.rmtree(project.env)
    assert not synced(project, *arguments, **environ)[0]
    shutil.rmtree(project.env)
    assert synced(project, *arguments, **environ)[0]


@pytest.mark.parametrize(
    ("arguments", "environ"), [(("--verify",), {}), (("--compile",), {}), ((), {"CI": "true"}), (("--seed",), {})]
)
def test_what_needs_the_whole_way_gets_it_each_time(
    arguments: tuple[str, ...], environ: dict[str, str], project: ScratchProject
) -> None:
    for _ in range(2):
        shutil.rmtree(project.env)
        assert not synced(project, *arguments, **environ)[0]


def test_a_python_as_a_path_may_lead_anywhere_and_is_looked_at_each_time(project: ScratchProject) -> None:
    for _ in range(2):
        shutil.rmtree(project.env)
        assert not synced(project, "--python", f"python{SERIES}")[0]


def test_a_wheel_that_is_not_in_the_store_is_fetched_by_the_whole_way(project: ScratchProject) -> None:
    shutil.rmtree(project.env)
    shutil.rmtree(project.cache / "wheels")
    by_plan, told = synced(project)
    assert not by_plan
    assert "+ dish 2.0" in told


@pytest.mark.parametrize("mode", ["auto", "hardlink", "copy"])
@pytest.mark.parametrize("content", ["A = 666\n", "A = 2\n"])
def test_a_wheel_whose_content_was_changed_is_not_taken_from_the_store(
    content: str, mode: str, project: ScratchProject
) -> None:
    project.run("sync", "--link-mode", mode).ok()
    module = next((project.cache / "wheels").glob("*/files/dish.py"))
    module.chmod(0o644)
    module.write_text(content)
    module.chmod(0o444)
    shutil.rmtree(project.env)
    ran = project.run("sync", "-v", "--link-mode", mode).ok()
    assert "dish.py in the store was changed through another environment" in ran.err
    assert next(project.env.glob("lib/python*/site-packages/dish.py")).read_text() == "A = 1\n"


def test_a_wheel_that_was_only_touched_is_mended_and_taken(project: ScratchProject) -> None:
    module = next((project.cache / "wheels").glob("*/files/dish.py"))
    module.touch()
    shutil.rmtree(project.env)
    synced(project)
    assert next(project.env.glob("lib/python*/site-packages/dish.py")).read_text() == "A = 1\n"
    shutil.rmtree(project.env)
    assert synced(project)[0]


def test_who_goes_to_and_fro_has_both_plans(project: ScratchProject) -> None:
    one = (project.folder / "pylock.toml").read_text()
    for text in (one + "# another\n", one, one + "# another\n", one):
        (project.folder / "pylock.toml").write_text(text)
        shutil.rmtree(project.env)
        by_plan, _ = synced(project)
    assert by_plan
    (project.folder / "pylock.toml").write_text(one + "# another\n")
    shutil.rmtree(project.env)
    assert synced(project)[0]


def test_not_many_plans_are_kept_of_one_environment(project: ScratchProject) -> None:
    for number in range(6):
        (project.folder / "pylock.toml").write_text((project.folder / "pylock.toml").read_text() + f"# {number}\n")
        shutil.rmtree(project.env)
        synced(project)
    assert len(plan_files(project)) == 4


def test_a_folder_of_the_project_is_looked_at_each_time(project: ScratchProject) -> None:
    project.write("lib/pyproject.toml", '[project]\nname = "own"\nversion = "1"\n')
    project.write("lib/own.py", "")
    wheel = make_wheel("own", "1.0")
    project.write(f"lib/{wheel.filename}", wheel.content)
    project.manifest(dependencies=["own"], more=f'[sources]\nown = {{ path = "lib/{wheel.filename}" }}')
    project.run("lock").ok()
    for _ in range(2):
        shutil.rmtree(project.env)
        assert not synced(project)[0]


def test_a_cache_that_cannot_be_written_to_keeps_no_plan(project: ScratchProject) -> None:
    shutil.rmtree(project.cache / "plans")
    (project.cache / "plans").write_text("in the way")
    shutil.rmtree(project.env)
    assert not synced(project)[0]
    assert (project.cache / "plans").is_file()


def test_the_cache_forgets_its_plans_when_it_is_cleaned(project: ScratchProject) -> None:
    project.run("cache", "clean").ok()
    assert not list((project.cache / "plans").iterdir())
