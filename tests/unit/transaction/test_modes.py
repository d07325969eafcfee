"""Folders that are more open than they were made are told; a umask that leaves more is none of that."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lockenv.transaction.compose import compose
from lockenv.transaction.planned import planned
from lockenv.transaction.verify import examine
from tests.fakes.environments import ICONS, MENU, SITE, Project


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.fixture(autouse=True)
def _usual() -> Iterator[None]:
    with umask(0o022):
        yield


def found(project: Project) -> list[tuple[str, str, str]]:
    want = project.desired(MENU, ICONS)
    env = str(project.env)
    findings = examine(planned(want, compose(want, env), env), None).findings
    return [(one.path, one.kind, one.detail) for one in findings]


def opened(project: Project, path: str, mode: int) -> None:
    (project.env / path).chmod(mode)


def test_an_environment_as_it_was_made_has_no_such_finding(project: Project) -> None:
    project.sync(MENU, ICONS)
    assert found(project) == []


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (".", "."),
        (".lockenv", ".lockenv"),
        (".lockenv/current", ".lockenv/current"),
        (SITE, SITE),
        (f"{SITE}/icons", f"{SITE}/icons"),
    ],
)
def test_each_folder_that_others_may_write_into_is_named(project: Project, path: str, told: str) -> None:
    project.sync(MENU, ICONS)
    for mode, detail in (
        (0o777, "0777, so that anybody may write into it"),
        (0o1777, "1777, so that anybody may write into it"),
        (0o775, "0775, so that its group may write into it"),
        (0o000, "0000, so that its owner cannot use it"),
    ):
        opened(project, path, mode)
        # Who is not root cannot look into what nobody may look into, and finds that something is missing.
        seen = found(project)
        assert (told, "mode", detail) in seen if mode or os.geteuid() == 0 else seen
        opened(project, path, 0o755)
    assert found(project) == []


def test_who_lets_nobody_write_has_no_such_finding(project: Project) -> None:
    project.sync(MENU, ICONS)
    for path in (".", ".lockenv", ".lockenv/current", SITE):
        opened(project, path, 0o555)
    assert found(project) == []


def test_it_does_not_vouch_for_them_that_all_are_equally_open(project: Project) -> None:
    project.sync(MENU, ICONS)
    for path in [project.env, *project.env.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o777)
    assert {".", ".lockenv", ".lockenv/current", SITE} <= {
        path for path, kind, _ in found(project) if kind == "mode"
    }


def test_who_has_such_a_umask_has_such_environments(project: Project) -> None:
    with umask(0o002):
        project.sync(MENU, ICONS)
        assert project.env.stat().st_mode & 0o777 == 0o775
        assert found(project) == []
    assert found(project) == [], "another may look at it"
    opened(project, SITE, 0o777)
    assert [path for path, *_ in found(project)] == [SITE]


def test_where_others_may_exchange_the_environment_its_folders_are_no_news(project: Project) -> None:
    project.sync(MENU, ICONS)
    project.folder.chmod(0o777)
    opened(project, SITE, 0o777)
    assert found(project) == []
    project.folder.chmod(0o1777)
    assert [path for path, *_ in found(project)] == [SITE]


def test_a_folder_of_somebody_else_is_named(project: Project) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give folders away")
    project.sync(MENU, ICONS)
    os.chown(project.site, 4711, -1)
    assert found(project) == [(SITE, "mode", "it belongs to user 4711")]


def test_people_who_share_an_environment_through_their_group_make_it_in_turn(project: Project) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give folders away")
    with umask(0o002):
        project.sync(MENU, ICONS)
    os.chown(project.site, 4711, -1)
    assert found(project) == []
    os.chown(project.site, 4711, 4711)
    assert found(project) == [(SITE, "mode", "it belongs to user 4711")]


@pytest.mark.parametrize(("path", "mode"), [("pyvenv.cfg", 0o666), (".lockenv/current/.state", 0o664)])
def test_what_lockenv_believes_is_its_owner_s_to_write(project: Project, path: str, mode: int) -> None:
    project.sync(MENU, ICONS)
    opened(project, path, mode)
    assert [(told, kind) for told, kind, _ in found(project)] == [(path, "mode")]


def test_the_next_change_closes_the_folders_that_no_flip_replaces(project: Project) -> None:
    project.sync(MENU)
    opened(project, ".", 0o777)
    opened(project, ".lockenv", 0o1777)
    project.sync(MENU, ICONS)
    assert found(project) == []


def test_modes_are_compared_where_a_link_leads(project: Project, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    project.env.symlink_to(tmp_path / "elsewhere")
    project.sync(MENU, ICONS)
    assert found(project) == []
    (tmp_path / "elsewhere").chmod(0o777)
    assert [path for path, *_ in found(project)] == ["."]
