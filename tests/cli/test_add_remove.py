"""`lockenv add` and `lockenv remove`: env.toml, the lock and the environment together, or none of them."""

from __future__ import annotations

import errno
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lockenv.files import FileLock
from lockenv.operations import amendment, converge
from tests.cli.screens import check_screen
from tests.cli.sourcing import core_tree
from tests.cli.test_bad_surroundings import _Gate
from tests.cli.test_endings import ended
from tests.fakes.index import FakeIndex
from tests.fakes.project import SERIES, Ran, ScratchProject
from tests.fakes.wheels import make_wheel

MANIFEST = f"""\
# What the shop needs.
[env]
python = "=={SERIES}.*"  # as on the server
dependencies = [
    # the kitchen
    "menu",  # for guests
]

[groups]
test = ["checks"]  # run by CI
"""


def env_toml(project: ScratchProject) -> str:
    return (project.folder / "env.toml").read_bytes().decode()


@pytest.fixture
def shop(project: ScratchProject) -> ScratchProject:
    """A project with a manifest full of comments, locked and synced."""
    project.write("env.toml", MANIFEST)
    project.run("lock").ok()
    project.run("sync").ok()
    return project


def everything(project: ScratchProject) -> tuple[str, bytes, dict[str, bytes | str]]:
    return env_toml(project), project.lock.read_bytes(), project.tree()


# ── the screens


def test_add(project: ScratchProject, index: FakeIndex) -> None:
    project.manifest(dependencies=[])
    runs = [
        project.run("add", "menu"),
        project.run("add", "Menu"),
        project.run("add", "checks", "--group", "Test_All"),
        project.run("add", "icons<2", "--no-sync"),
        project.run("add", "icons<3", "--no-sync"),
        project.run("sync"),
        project.run("add", "menu=>1"),
        project.run("add", "meun"),
        project.run("add", "checks>=4"),
        project.run("add", "checks", "--index", "acme"),
        project.run("add", "checks", "--git", "https://git.example.com/x.git", "--path", "."),
        project.run("add", "checks", "icons", "--path", "."),
        project.run("add", "checks", "--rev", "v1"),
        project.run("add", "checks", "--editable"),
        project.run("add", "checks", "--path", "nowhere"),
    ]
    check_screen("add", project, runs)
    assert [ran.status for ran in runs] == [0, 2, 0, 0, 0, 0, 2, 3, 3, 2, 2, 2, 2, 2, 2]


def test_remove(shop: ScratchProject) -> None:
    runs = [
        shop.run("add", "dropdown"),
        shop.run("remove", "dropdown"),
        shop.run("remove", "dropdown"),
        shop.run("remove", "checks"),
        shop.run("remove", "men"),
        shop.run("remove", "menu", "--group", "test"),
        shop.run("remove", "menu"),
        shop.run("remove", "checks", "--group", "test", "--no-sync"),
        shop.run("remove", "checks", "--group", "test"),
    ]
    check_screen("remove", shop, runs)
    assert shop.installed() == {}
    assert "# the kitchen" in env_toml(shop)


# ── what is written


def test_comments_and_layout_stay(shop: ScratchProject) -> None:
    shop.run("add", "icons", "dropdown>=1.0").ok()
    assert env_toml(shop) == MANIFEST.replace(
        "# for guests\n", '# for guests\n    "icons>=2.0,<3",\n    "dropdown>=1.0",\n'
    )


@pytest.mark.parametrize("requirement", ["icons", "icons[x]", "checks>=3 ; python_version >= '3.8'"])
@pytest.mark.parametrize("group", [[], ["--group", "test"]])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_is_added_and_removed_leaves_the_bytes_that_were(
    project: ScratchProject, requirement: str, group: list[str], newline: str
) -> None:
    project.write("env.toml", "\ufeff" + MANIFEST.replace('["checks"]', '["dropdown"]').replace("\n", newline))
    project.run("lock").ok()
    project.run("sync").ok()
    before = (env_toml(project), project.lock.read_bytes(), project.installed())
    project.run("add", requirement, *group).ok()
    assert env_toml(project) != before[0]
    project.run("remove", requirement.partition("[")[0].partition(">")[0], *group).ok()
    if group:  # the environment has the group from now on
        project.run("sync").ok()
    assert (env_toml(project), project.lock.read_bytes(), project.installed()) == before


def test_only_what_must_move_moves(shop: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("dropdown", "1.2", requires=["icons>=2"]))
    index.add(make_wheel("icons", "2.5"))
    shop.run("add", "checks").ok()
    assert shop.locked() == {"checks": "3.1", "dropdown": "1.1", "icons": "2.0", "menu": "1.0"}
    shop.run("add", "icons>2").ok()
    assert shop.locked() == {"checks": "3.1", "dropdown": "1.1", "icons": "2.5", "menu": "1.0"}


def test_a_lock_that_was_made_by_add_is_up_to_date(shop: ScratchProject) -> None:
    shop.run("add", "icons", "--dev").ok()
    shop.run("lock", "--check").ok()
    content = shop.lock.read_bytes()
    assert "is up to date" in shop.run("lock").ok().out
    assert shop.lock.read_bytes() == content
    assert "already exactly" in shop.run("sync", "--group", "dev").ok().out


@pytest.mark.parametrize(
    ("bounds", "written"),
    [
        ("major", "icons>=2.0,<3"),
        ("minor", "icons>=2.0,<2.1"),
        ("exact", "icons==2.0"),
        ("lower", "icons>=2.0"),
        ("none", "icons"),
    ],
)
def test_bounds_are_those_that_are_asked_for(shop: ScratchProject, bounds: str, written: str) -> None:
    ran = shop.run("add", "icons", "--bounds", bounds).ok()
    assert ran.out.startswith(f"env.toml: + {written}\n")
    assert f'"{written}"' in env_toml(shop)


def test_bounds_are_a_setting_too(shop: ScratchProject) -> None:
    assert "+ icons==2.0\n" in shop.run("add", "icons", LOCKENV_BOUNDS="exact").ok().out


def test_a_requirement_of_the_same_name_and_marker_is_replaced_in_place(shop: ScratchProject) -> None:
    ran = shop.run("add", "menu[x]>=1").ok()
    assert ran.out.startswith("env.toml: ~ menu -> menu[x]>=1\n")
    shop.run("add", "Menu[y]").ok()
    shop.run("add", "menu<9 ; sys_platform != 'win32'").ok()
    assert '    "menu[x,y]>=1",  # for guests\n    "menu<9 ; sys_platform != \'win32\'",\n' in env_toml(shop)


def test_a_pre_release_that_is_all_there_is_opens_its_bounds(shop: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("beta", "2.0b1"))
    assert "+ beta>=2.0b1,<3\n" in shop.run("add", "beta").ok().out
    shop.run("lock", "--check").ok()


def test_a_sorted_list_stays_sorted(project: ScratchProject) -> None:
    project.manifest(dependencies=["checks", "menu"])
    project.run("add", "icons", "--bounds", "none", "--no-sync").ok()
    assert "dependencies = ['checks', \"icons\", 'menu']" in env_toml(project)


def test_an_index_is_written_as_the_source(shop: ScratchProject, index: FakeIndex) -> None:
    declared = f'{MANIFEST}\n[[index]]\nname = "acme"\nurl = "{index.url}"\nexplicit = true\n'
    shop.write("env.toml", declared)
    ran = shop.run("add", "icons", "--index", "acme").ok()
    assert 'env.toml: + icons = { index = "acme" }  [sources]\n' in ran.out
    assert env_toml(shop).endswith('explicit = true\n\n[sources]\nicons = { index = "acme" }\n')
    assert "did you mean `acme`?" in shop.run("add", "checks", "--index", "amce").err


def test_a_folder_is_written_as_seen_from_the_manifest(shop: ScratchProject) -> None:
    core_tree(shop)
    (shop.folder / "docs").mkdir()
    ran = shop.run_in(
        shop.folder / "docs", "add", "core", "--path", "../libs/core", "--editable", "--no-sync"
    ).ok()
    assert 'core = { path = "libs/core", editable = true }' in env_toml(shop)
    assert "env.toml: + core\n" in ran.out
    shop.run("remove", "core", "--no-sync").ok()
    assert env_toml(shop) == MANIFEST


def test_an_address_in_the_requirement_becomes_a_source(shop: ScratchProject, index: FakeIndex) -> None:
    wheel = make_wheel("sauce", "1.0")
    url = f"{index.origin}/elsewhere/{wheel.filename}"
    index.serve(f"/elsewhere/{wheel.filename}", wheel.content, "application/octet-stream")
    ran = shop.run("add", f"sauce @ {url}").ok()
    assert ran.out.startswith(f'env.toml: + sauce\nenv.toml: + sauce = {{ url = "{url}" }}  [sources]\n')
    assert shop.installed()["sauce"] == "1.0"
    shop.run("remove", "sauce").ok()
    assert env_toml(shop) == MANIFEST


def test_the_environment_keeps_its_groups(shop: ScratchProject) -> None:
    shop.run("sync", "--group", "test").ok()
    shop.run("add", "icons<2").ok()
    assert shop.installed() == {"checks": "3.1", "dropdown": "1.0", "icons": "1.9", "menu": "1.0"}


def test_a_manifest_that_is_a_link_stays_one(shop: ScratchProject) -> None:
    elsewhere = shop.scratch / "shared.toml"
    (shop.folder / "env.toml").rename(elsewhere)
    (shop.folder / "env.toml").symlink_to(elsewhere)
    shop.run("add", "icons").ok()
    assert (shop.folder / "env.toml").is_symlink()
    assert "icons" in elsewhere.read_text()


def test_without_a_manifest_it_says_how_to_begin(project: ScratchProject) -> None:
    ran = project.run("add", "menu")
    assert (ran.status, project.files()) == (2, [])
    assert "lockenv init" in ran.err


def test_what_an_included_file_requires_is_removed_there(project: ScratchProject) -> None:
    project.write("pyproject.toml", '[project]\nname = "x"\nversion = "1"\ndependencies = ["icons"]\n')
    project.write("env.toml", f'[env]\npython = "=={SERIES}.*"\ninclude = "pyproject.toml"\n')
    ran = project.run("remove", "icons")
    assert "hint: it stands in pyproject.toml, which env.toml includes\n" in ran.err
    project.run("add", "menu").ok()
    assert project.installed().keys() == {"dropdown", "icons", "menu"}


# ── all or nothing


def test_what_cannot_be_resolved_changes_nothing(shop: ScratchProject) -> None:
    before = everything(shop)
    for wanted in ("meun", "icons>7"):
        assert shop.run("add", "checks", wanted).status != 0
        assert everything(shop) == before
    assert "env.toml, pylock.toml and .venv are as they were" in shop.run("add", "icons>7").err


def test_a_file_with_the_wrong_hash_changes_nothing(shop: ScratchProject, index: FakeIndex) -> None:
    before = everything(shop)
    index.add(make_wheel("spoilt", "1.0"), hashes={"sha256": "0" * 64})
    ran = shop.run("add", "spoilt")
    assert ran.status == 4
    assert "env.toml, pylock.toml and .venv are as they were" in ran.err
    assert everything(shop) == before


def _fails(error: BaseException) -> Callable[..., Any]:
    def failing(*_arguments: object, **_options: object) -> None:
        raise error

    return failing


_FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("error", [_FULL, KeyboardInterrupt()], ids=["full", "interrupt"])
@pytest.mark.parametrize(
    ("module", "name"), [(amendment, "write_lock"), (converge, "carry_out"), (converge, "check_startup")]
)
def test_what_fails_after_the_first_write_is_undone(
    shop: ScratchProject, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, error: BaseException
) -> None:
    before = everything(shop)
    monkeypatch.setattr(module, name, _fails(error))
    ran = shop.run("add", "icons<2")
    assert ran.status in {6, 130}
    assert everything(shop) == before
    assert shop.files() == [".venv", "env.toml", "pylock.toml"]


def test_a_lock_that_was_not_there_is_not_there_again(
    project: ScratchProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.manifest(dependencies=["icons"])
    monkeypatch.setattr(converge, "carry_out", _fails(_FULL))
    assert project.run("add", "menu").status == 6
    assert project.files() == ["env.toml"]
    assert "menu" not in env_toml(project)


def test_an_interrupt_that_comes_too_late_leaves_all_of_it_done(
    shop: ScratchProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(converge, "note_fresh", _fails(KeyboardInterrupt()))
    assert shop.run("add", "icons<2").status == 130
    monkeypatch.undo()
    assert shop.installed()["icons"] == "1.9"
    assert "already exactly" in shop.run("sync").ok().out


def test_killed_between_the_two_files_the_next_run_says_what_to_do(
    shop: ScratchProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(amendment, "write_lock", _fails(KeyboardInterrupt()))
    monkeypatch.setattr(amendment._Files, "_undo", lambda _self: None)  # nobody is left to do it
    shop.run("add", "checks")
    monkeypatch.undo()
    ran: Ran = shop.run("sync")
    assert (ran.status, "run `lockenv lock`" in ran.err) == (2, True)
    shop.run("lock").ok()
    shop.run("sync").ok()
    assert shop.installed()["checks"] == "3.1"


def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(
    shop: ScratchProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bring(*arguments: Any, **options: Any) -> Any:
        (shop.folder / "env.toml").write_text(f"{MANIFEST}# mine\n")
        return theirs(*arguments, **options)

    theirs = converge._bring
    monkeypatch.setattr(converge, "_bring", bring)
    ran = shop.run("add", "icons")
    assert (ran.status, env_toml(shop)) == (2, f"{MANIFEST}# mine\n")
    assert "has been changed meanwhile" in ran.err


def test_what_cannot_be_written_says_so(shop: ScratchProject, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(shop)
    monkeypatch.setattr(amendment, "write_atomically", _fails(PermissionError(errno.EACCES, "Permission denied")))
    ran = shop.run("add", "icons")
    assert (ran.status, everything(shop)) == (6, before)
    assert "env.toml cannot be written: Permission denied" in ran.err


def test_a_place_that_is_named_twice_is_refused(shop: ScratchProject, tmp_path: Path) -> None:
    ran = shop.run(
        "add", "menu @ https://example.com/menu-1.0-py3-none-any.whl", "--url", "https://example.com/x.whl"
    )
    assert ran.status == 2
    assert "names a place, and so does an option" in ran.err


def test_the_index_is_asked_once_though_bounds_take_a_second_look(shop: ScratchProject, index: FakeIndex) -> None:
    index.forget_requests()
    shop.run("add", "checks", "--bounds", "none", "--no-sync").ok()
    without = index.count("/simple/*")
    shop.run("remove", "checks", "--no-sync").ok()
    index.forget_requests()
    shop.run("add", "checks", "--no-sync").ok()
    assert index.count("/simple/*") == without


# ── signals, in processes of their own


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_while_a_silent_server_is_waited_for_finds_nothing_written(
    shop: ScratchProject, index: FakeIndex, number: signal.Signals
) -> None:
    index.add(make_wheel("slow", "1.0"))
    before, answer = everything(shop), _Gate()
    index.fail("*slow-1.0-py3-none-any.whl", until=answer)
    try:
        ran = ended(shop, number, answer.reached.is_set, "add", "slow", "--timeout", "3600")
    finally:
        answer.set()
    assert ran.status in {128 + number, -number}
    assert everything(shop) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_another_process_changes_the_environment_is_undone(
    shop: ScratchProject, number: signal.Signals
) -> None:
    before = everything(shop)
    with FileLock(shop.env / ".lockenv" / "lock"):
        ran = ended(shop, number, lambda: "icons" in env_toml(shop), "add", "icons<2")
    assert ran.status == 128 + number
    assert "env.toml, the lock and the environment are as they were" in ran.err
    assert everything(shop) == before


def test_killed_when_the_files_are_written_the_next_sync_completes_it(shop: ScratchProject) -> None:
    def both_written() -> bool:
        return "icons" in env_toml(shop) and '"icons"' in shop.lock.read_text() and "1.9" in shop.lock.read_text()

    with FileLock(shop.env / ".lockenv" / "lock"):
        ended(shop, signal.SIGKILL, both_written, "add", "icons<2")
    assert shop.installed()["icons"] == "2.0"
    shop.run("sync").ok()
    assert shop.installed()["icons"] == "1.9"
