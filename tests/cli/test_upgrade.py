"""Moving pins: all, some, to a version; and what is told of it, to people and to machines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.refusals import check_refusal, unharmed
from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import make_wheel


@pytest.fixture
def outdated(synced: ScratchProject, index: FakeIndex) -> ScratchProject:
    """The project that requires `menu`, where everything has a newer version by now."""
    index.add(make_wheel("menu", "1.2", requires=["dropdown>=1"]))
    index.add(make_wheel("dropdown", "2.0", requires=["icons>=2.5"]))
    index.add(make_wheel("icons", "2.5"))
    index.add(make_wheel("icons", "3.0"))
    index.add(make_wheel("checks", "3.2"))
    return synced


def changed(project: ScratchProject, *arguments: str) -> list[str]:
    """The lines that a command shows, but the last."""
    return project.run(*arguments).ok().out.splitlines()[:-1]


def test_upgrade_moves_everything(outdated: ScratchProject) -> None:
    assert changed(outdated, "upgrade") == [
        "~ checks 3.1 -> 3.2",
        "~ dropdown 1.1 -> 2.0",
        "~ icons 2.0 -> 3.0",
        "~ menu 1.0 -> 1.2",
    ]
    ran = outdated.run("upgrade").ok()
    assert ran.out.startswith("nothing newer fits; pylock.toml still locks 4 packages for ")
    assert outdated.run("lock", "--upgrade").ok().out.partition(",")[0] == ran.out.partition(",")[0]


def test_upgrade_of_one_package_moves_it_and_what_it_makes_move(outdated: ScratchProject) -> None:
    assert changed(outdated, "upgrade", "Dropdown") == [
        "~ dropdown 1.1 -> 2.0",
        "~ icons 2.0 -> 3.0   dropdown 2.0 requires icons>=2.5",
    ]
    assert outdated.locked() == {"menu": "1.0", "dropdown": "2.0", "icons": "3.0", "checks": "3.1"}


def test_upgrade_to_a_version(outdated: ScratchProject) -> None:
    assert changed(outdated, "upgrade", "icons==2.5") == ["~ icons 2.0 -> 2.5"]
    assert "up to date" in outdated.run("lock").ok().out, (
        "what was asked for once is kept, and not asked for again"
    )
    assert changed(outdated, "upgrade", "icons==1.9", "menu") == [
        "~ icons 2.5 -> 1.9",
        "~ menu 1.0 -> 1.2",
        "~ dropdown 1.1 -> 1.0   dropdown 1.1 requires icons>=2",
    ]
    outdated.run("lock", "--check").ok()


def test_what_was_to_move_and_did_not_is_said(outdated: ScratchProject) -> None:
    outdated.manifest(dependencies=["menu", "icons<2.5"], groups={"test": ["checks"]})
    outdated.run("lock").ok()
    before = outdated.lock.read_bytes()
    ran = outdated.run("upgrade", "dropdown").ok()
    assert ran.out.splitlines()[0] == "dropdown stays at 1.1: nothing newer fits"
    assert ran.out.splitlines()[1].startswith("pylock.toml still locks 4 packages for ")
    assert outdated.lock.read_bytes() == before


def test_a_version_that_cannot_be_had_is_told_as_a_wish_of_the_command_line(outdated: ScratchProject) -> None:
    with unharmed(outdated):
        asked = outdated.run("upgrade", "dropdown==2.0", "icons==2.0")
        check_refusal(asked, 3, "the command line asks for icons==2.0", "dropdown 2.0 requires icons>=2.5")
        assert "manifest constrains" not in asked.err
        check_refusal(outdated.run("upgrade", "icons==7"), 3, "no such version", "its newest is 3.0")


def test_what_cannot_be_upgraded_is_refused(outdated: ScratchProject) -> None:
    with unharmed(outdated):
        check_refusal(outdated.run("upgrade", "icno"), 2, "`icno` is not in the lock", "did you mean `icons`?")
        check_refusal(outdated.run("upgrade", "banner"), 2, "`banner` is not in the lock", "add it to env.toml")
        for text in ("icons>2", "icons==2.*", "icons[x]", "icons==1,==2 ; python_version > '3'", "./icons"):
            check_refusal(outdated.run("upgrade", text), 2, "does not say what to upgrade", "NAME==VERSION")


def test_upgrade_without_a_lock_makes_one(outdated: ScratchProject) -> None:
    outdated.lock.unlink()
    assert changed(outdated, "upgrade", "menu")[0] == "+ menu 1.2"


def test_what_is_held_back_is_said_whenever_a_lock_is_written(outdated: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("banner", "1.0", requires=["icons<2"]))
    outdated.manifest(dependencies=["menu", "banner"], groups={"test": ["checks"]})
    assert changed(outdated, "lock") == [
        "+ banner 1.0            env.toml requires banner",
        "~ dropdown 1.1 -> 1.0   dropdown 1.1 requires icons>=2",
        "~ icons 2.0 -> 1.9      banner 1.0 requires icons<2",
    ]
    assert changed(outdated, "upgrade", "checks") == [
        "~ checks 3.1 -> 3.2",
        "held back by others: dropdown 1.0 (not 1.1), icons 1.9 (not 2.0)",
    ]
    outdated.manifest(dependencies=["menu"], groups={"test": ["checks"]})
    assert changed(outdated, "lock") == [
        "- banner 1.0            no longer in env.toml",
        "~ dropdown 1.0 -> 1.1   nothing holds it back any more",
        "~ icons 1.9 -> 2.0      nothing holds it back any more",
    ]


# -- much ----------------------------------------


@pytest.fixture
def many(project: ScratchProject, index: FakeIndex) -> ScratchProject:
    """A project whose `feast` requires thirty packages."""
    for number in range(30):
        index.add(make_wheel(f"dish-{number:02}", "1.0"))
    index.add(make_wheel("feast", "1.0", requires=[f"dish-{number:02}" for number in range(30)]))
    project.manifest(dependencies=["feast", "icons"])
    return project


def test_of_a_first_lock_what_you_named_is_told_and_the_rest_counted(many: ScratchProject) -> None:
    assert changed(many, "lock") == ["+ feast 1.0", "+ icons 2.0", "+ 30 more that these require"]


def test_all_of_it_is_told_to_who_wants_to_know(many: ScratchProject) -> None:
    lines = changed(many, "lock", "-v")
    assert (len(lines), lines[2]) == (32, "+ dish-00 1.0")


def test_long_rows_of_what_came_and_went_are_counted(many: ScratchProject) -> None:
    many.manifest(dependencies=["icons"])
    many.run("lock").ok()
    many.manifest(dependencies=["icons", "feast"])
    assert changed(many, "lock") == ["+ feast 1.0   env.toml requires feast", "+ 30 more that came along"]
    many.manifest(dependencies=["icons"])
    assert changed(many, "lock") == [
        "- feast 1.0   no longer in env.toml",
        "- 30 more that nothing requires any more",
    ]


# -- machines ----------------------------------------


def document(project: ScratchProject, *arguments: str) -> Any:
    return json.loads(project.run(*arguments).ok().out)


def test_a_lock_as_a_document(outdated: ScratchProject) -> None:
    said = document(outdated, "lock", "--json")
    assert (said["schema"], said["path"], said["written"]) == (1, "pylock.toml", False)
    assert len(said["targets"]) == 5
    assert said["packages"][0] == {"name": "checks", "version": "3.1", "marker": '"test" in dependency_groups'}
    assert said["changes"] == said["dropped"] == said["warnings"] == []
    assert document(outdated, "lock", "--check", "--json") == said


def test_changes_as_a_document(outdated: ScratchProject) -> None:
    said = document(outdated, "upgrade", "dropdown", "--json")
    assert said["written"] is True
    assert said["changes"] == [
        {
            "name": "dropdown",
            "before": [{"version": "1.1", "marker": ""}],
            "after": [{"version": "2.0", "marker": ""}],
            "cause": "request",
            "why": "",
        },
        {
            "name": "icons",
            "before": [{"version": "2.0", "marker": ""}],
            "after": [{"version": "3.0", "marker": ""}],
            "cause": "others",
            "why": "dropdown 2.0 requires icons>=2.5",
        },
    ]


def test_what_goes_wrong_as_a_document(outdated: ScratchProject) -> None:
    outdated.manifest(dependencies=["menu>=7"])
    stale = outdated.run("lock", "--check", "--json")
    error = json.loads(stale.out)["error"]
    assert (stale.status, error["code"], error["exit-status"]) == (1, "check-failed", 1)
    assert "env.toml requires `menu>=7`, the lock holds menu 1.0" in error["details"]
    assert stale.err.startswith("error: pylock.toml is not up to date")
    impossible = outdated.run("lock", "--json")
    error = json.loads(impossible.out)["error"]
    assert (impossible.status, error["code"]) == (3, "resolution-impossible")
    assert error["impossible"]["conflicts"][0]["facts"][0]["package"] == "menu"


def test_warnings_stand_in_the_document(outdated: ScratchProject) -> None:
    outdated.manifest(dependencies=["menu"], more='[resolution]\noverrides = ["icons>=2"]')
    ran = outdated.run("lock", "--json").ok()
    (warning,) = json.loads(ran.out)["warnings"]
    assert "overrides" in warning
    assert ran.err == f"warning: {warning}\n"
