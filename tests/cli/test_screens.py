"""What a person reads, command by command: success and failure."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable

import pytest

from lockenv.cli.main import COMMANDS
from tests.cli.screens import check_screen
from tests.fakes.index import FakeIndex
from tests.fakes.project import SERIES, ScratchProject
from tests.fakes.wheels import make_wheel

# argparse lays out help differently from one Python to the next.
_ARGPARSE_OF = (3, 11)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_says_what_a_command_does_and_how_it_is_used(command: str, project: ScratchProject) -> None:
    ran = project.run(*filter(None, [command]), "--help", COLUMNS="100") if command != "run" else None
    ran = ran or project.spawn("run", "--help")
    assert (ran.status, ran.err) == (0, "")
    assert "examples:" in ran.out.lower()
    if sys.version_info[:2] == _ARGPARSE_OF or command in {"", "run"}:
        check_screen(f"help-{command or 'all'}", project, [ran])


def test_no_command_shows_the_help(project: ScratchProject) -> None:
    assert project.run().out == project.run("--help").out == project.run("help").out


def test_help_is_also_a_word(project: ScratchProject) -> None:
    assert project.spawn("help", "lock").out == project.spawn("lock", "--help").out != ""
    assert project.run("help", "lokc").err == project.run("lokc").err


def test_the_version_stands_alone_on_stdout(project: ScratchProject) -> None:
    assert project.spawn("--version").out == project.run("-V").out != ""


def test_a_misspelt_command(project: ScratchProject) -> None:
    check_screen("misspelt-command", project, [project.run("snyc"), project.run("frobnicate"), project.run("-x")])


def test_a_misspelt_option(project: ScratchProject) -> None:
    runs = [project.run("lock", "--chekc"), project.run("sync", "now"), project.run("sync", "--group")]
    check_screen("misspelt-option", project, runs)


def test_a_word_that_is_none_of_the_choices(project: ScratchProject) -> None:
    ran = project.run("cache", "sice")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("error: lockenv cache: argument action: invalid choice: 'sice'")
    assert ran.err.endswith("hint: see `lockenv cache --help`\n")


def test_init(project: ScratchProject) -> None:
    runs = [
        project.run("init", "menu>=1", "dropdown"),
        project.run("init"),
        project.run("init", "-C", "new", "--requires-python", ">=3.9"),
        project.run("init", "-C", "wrong", "menu=>1"),
        project.run("lock"),
    ]
    check_screen("init", project, runs)
    assert project.files() == ["env.toml", "new", "pylock.toml"]


def test_lock(project: ScratchProject, index: FakeIndex) -> None:
    project.manifest(dependencies=["menu"], groups={"test": ["checks"]})
    runs = [
        project.run("lock", "--check"),
        project.run("lock"),
        project.run("lock"),
        project.run("lock", "--check"),
    ]
    project.manifest(dependencies=["menu", "icons<2"])
    runs += [project.run("lock", "--check"), project.run("lock"), project.run("lock", "--check")]
    index.add(make_wheel("icons", "1.9.5"))
    index.add(make_wheel("menu", "1.1", requires=["dropdown>=1"]))
    runs += [
        project.run("lock"),
        project.run("lock", "--upgrade-package", "icons"),
        project.run("lock", "--upgrade-package", "icno"),
        project.run("lock", "--upgrade"),
        project.run("lock", "--upgrade"),
    ]
    check_screen("lock", project, runs)


def test_a_lock_that_cannot_be(project: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("banner", "1.0", requires=["icons<2"]))
    project.manifest(dependencies=["banner", "menu", "dropdown>=1.1"])
    runs = [project.run("lock")]
    project.manifest(dependencies=["menu>=7"])
    runs.append(project.run("lock"))
    project.manifest(dependencies=["meun"])
    runs.append(project.run("lock"))
    check_screen("lock-impossible", project, runs)
    assert [ran.status for ran in runs] == [3, 3, 3]


def test_sync(project: ScratchProject, index: FakeIndex) -> None:
    runs = [project.run("sync")]
    project.manifest(dependencies=["menu"], groups={"test": ["checks"]})
    runs.append(project.run("sync"))
    project.run("lock").ok()
    runs += [project.run("sync"), project.run("sync")]
    runs += [project.run("sync", "--group", "test"), project.run("sync", "--group", "tset"), project.run("sync")]
    project.manifest(dependencies=["icons<2"])
    runs.append(project.run("sync"))
    project.run("lock").ok()
    runs.append(project.run("sync"))
    (project.env / "lib" / f"python{SERIES}" / "site-packages" / "icons.py").unlink()
    runs.append(project.run("sync"))
    check_screen("sync", project, runs)


def test_sync_with_a_python_that_is_not_there(synced: ScratchProject) -> None:
    runs = [synced.run("sync", "--python", "3.99"), synced.run("sync", "--python", "nowhere/python")]
    assert [ran.status for ran in runs] == [2, 2]
    assert all("--python" in ran.err and "lockenv python list" in ran.err for ran in runs)
    synced.run("sync", "--python", SERIES).ok()


def test_run_passes_the_exit_status_through(synced: ScratchProject) -> None:
    assert synced.spawn("run", "--", "python", "-c", "raise SystemExit(7)").status == 7
    assert synced.spawn("run", "menu").out == "menu 1.0 over dropdown 1.1\n"


def test_run_that_cannot(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"])
    runs = [project.spawn("run", "--", "menu"), project.spawn("run")]
    project.run("lock").ok()
    project.run("sync").ok()
    runs += [project.spawn("run", "mneu"), project.spawn("run", "--frozen", "menu"), project.spawn("run", "--env")]
    check_screen("run", project, runs)


def test_list(synced: ScratchProject) -> None:
    runs = [synced.run("list"), synced.run("list", "--json")]
    shutil.rmtree(synced.env)
    runs += [synced.run("list"), synced.run("list", "--json")]
    check_screen("list", synced, runs)


def test_cache(synced: ScratchProject) -> None:
    runs = [
        synced.run("cache", "dir"),
        synced.run("cache", "size"),
        synced.run("cache", "prune"),
        synced.run("cache", "prune", "--days", "0"),
    ]
    check_screen("cache", synced, runs)
    assert synced.python("import menu; print(menu.version)") == "1.0"


def test_prune_takes_downloads_that_a_killed_process_has_left(synced: ScratchProject) -> None:
    left, arriving = (synced.cache / "arriving" / name for name in ("left.part", "arriving.part"))
    left.write_bytes(b"x" * 5000)
    arriving.write_bytes(b"x" * 5000)
    os.utime(left, (0, 0))
    assert synced.run("cache", "prune").ok().out.startswith("freed 5.0 kB")
    assert not left.exists()
    assert arriving.exists()


def test_python_list_and_find(project: ScratchProject) -> None:
    listed, found = project.run("python", "list").ok(), project.run("python", "find", SERIES).ok()
    assert found.out.strip() in listed.out
    wrong = project.run("python", "find", "3.99")
    assert (wrong.status, wrong.out) == (2, "")
    assert "no Python on this machine fits `3.99`" in wrong.err


@pytest.mark.parametrize(
    "arguments", [("list", "--json"), ("python", "list", "--json"), ("python", "find", "--json")]
)
def test_json_is_a_document_with_a_schema_and_nothing_beside_it(
    arguments: tuple[str, ...], synced: ScratchProject
) -> None:
    document = json.loads(synced.run(*arguments).ok().out)
    assert document["schema"] == 1
    assert len(document) > 1


_SAYS_NOTHING_ON_STDOUT: list[Callable[[ScratchProject], tuple[str, ...]]] = [
    lambda project: ("lock", "--check", "-C", str(project.scratch)),
    lambda project: ("sync", "--group", "nobody"),
    lambda project: ("sync", "--lock", "missing.toml"),
    lambda project: ("python", "find", "3.99"),
    lambda project: ("list", "--env", "missing"),
]


@pytest.mark.parametrize("arguments", _SAYS_NOTHING_ON_STDOUT)
def test_an_error_leaves_stdout_empty(
    arguments: Callable[[ScratchProject], tuple[str, ...]], synced: ScratchProject
) -> None:
    ran = synced.run(*arguments(synced))
    assert ran.status != 0
    assert ran.out == ""
    assert ran.err.startswith("error: ")
