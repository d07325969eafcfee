"""`run --group`: the command starts in an environment that has the group, or not at all."""

from __future__ import annotations

import pytest

from tests.cli.refusals import check_refusal
from tests.fakes.project import ScratchProject

TELL = ("--", "python", "-c", "print('started')")


@pytest.fixture
def grouped(project: ScratchProject) -> ScratchProject:
    project.manifest(dependencies=["menu"], groups={"test": ["checks"], "docs": ["icons"]})
    project.run("lock").ok()
    return project


@pytest.mark.parametrize(
    "selection", [("--group", "test"), ("--group", "docs", "--group", "test"), ("--all-groups",)]
)
def test_a_command_starts_where_its_group_is(grouped: ScratchProject, selection: tuple[str, ...]) -> None:
    grouped.run("sync", *selection).ok()
    assert grouped.spawn("run", "--group", "test", *TELL).ok().out == "started\n"
    assert grouped.spawn("run", "-g", "Test", *TELL).ok().out == "started\n"


def test_nothing_starts_without_the_group_and_the_remedy_keeps_the_others(grouped: ScratchProject) -> None:
    grouped.run("sync", "--group", "docs").ok()
    ran = grouped.spawn("run", "--group=docs", "-g", "test", *TELL)
    check_refusal(ran, 2, "lockenv sync --group docs --group test")
    assert "started" not in ran.out
    assert ".venv was made without the group `test`" in ran.err


@pytest.mark.parametrize("selection", [(), ("--all-groups",)])
def test_a_group_that_no_sync_could_bring_is_told_as_such(
    grouped: ScratchProject, selection: tuple[str, ...]
) -> None:
    grouped.run("sync", *selection).ok()
    ran = grouped.spawn("run", "--group", "tset", *TELL)
    assert (ran.status, ran.out) == (2, "")
    assert "pylock.toml has no group 'tset' (it has: docs, test)" in ran.err


def test_a_named_environment_is_told_with_its_name(project: ScratchProject) -> None:
    project.manifest(groups={"test": ["checks"]}, more='[environments.ci]\ndependencies = ["menu"]\n')
    project.run("lock", "ci").ok()
    project.run("sync", "ci").ok()
    check_refusal(project.spawn("run", "-e", "ci", "--group", "test", *TELL), 2, "lockenv sync ci --group test")


def test_a_script_with_a_block_has_no_groups_of_its_own(grouped: ScratchProject) -> None:
    grouped.write("tell.py", '# /// script\n# dependencies = ["icons"]\n# ///\nimport sys\nprint(sys.prefix)\n')
    grouped.run("sync", "--group", "test").ok()
    assert grouped.spawn("run", "-g", "test", "tell.py").ok().out.strip() == str(grouped.env)
    ran = grouped.spawn("run", "-g", "test", "--script", "tell.py")
    assert (ran.status, ran.out) == (2, "")
    assert "a script's own has no groups" in ran.err
