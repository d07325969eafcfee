"""What archives may hold, which hosts are meant, what runs at every start: the manifest says it, sync tells it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.refusals import check_refusal
from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import make_wheel

SITE = "lib/python*/site-packages"


@pytest.fixture
def index() -> Iterator[FakeIndex]:
    with FakeIndex() as running:
        running.add(make_wheel("menu", "1.0", files={"menu.py": "x = 1\n", "zeros": bytes(3000)}))
        yield running


@pytest.fixture
def project(tmp_path: Path, index: FakeIndex) -> ScratchProject:
    made = ScratchProject(tmp_path, index_url=index.url)
    made.manifest(dependencies=["menu"])
    made.run("lock").ok()
    return made


# Bounds


def test_a_manifest_bounds_archives_and_the_refusal_says_how_to_raise_it(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"], more='[limits]\nfile = "2 KiB"\n')
    ran = project.run("sync")
    check_refusal(ran, 4, "'zeros' would take 3000 bytes", '`file = "3 KiB"` under [limits]', "--limit file=3KiB")
    assert not project.env.exists()
    project.manifest(dependencies=["menu"], more='[limits]\nfile = "3 KiB"\n')
    project.run("sync").ok()


def test_a_bound_on_the_command_line_counts_before_the_manifests(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"], more='[limits]\nfile = "1 KiB"\nfiles = 2\n')
    project.run("sync", "--limit", "file=1MiB", "--limit", "files=100").ok()


def test_a_lock_without_manifest_is_bounded_by_flag_and_variable(project: ScratchProject) -> None:
    (project.folder / "env.toml").unlink()
    project.write("pylock.toml", project.lock.read_text().partition("[tool.lockenv]")[0])
    check_refusal(project.run("sync", "--limit", "files=3"), 4, "holds 5 members", "--limit files=5")
    check_refusal(project.run("sync", LOCKENV_LIMITS="unpacked=1KiB"), 4, "when unpacked")
    project.run("sync").ok()


@pytest.mark.parametrize("limit", ["file", "file=3", "files=-1", "files=1 GiB", "size=1", "file=1XB"])
def test_a_bound_that_is_none_is_refused(project: ScratchProject, limit: str) -> None:
    ran = project.run("sync", "--limit", limit)
    assert (ran.status, "bounds such as" in ran.err) == (2, True)


# Hosts


def test_a_file_slipped_in_from_another_host_is_refused_unasked(project: ScratchProject, index: FakeIndex) -> None:
    proper = project.lock.read_text()
    project.write("pylock.toml", proper.replace(index.files_url, "https://evil.example.com/"))
    for command in ("sync", "verify"):
        ran = project.run(command)
        assert ran.status != 0
    check_refusal(
        project.run("sync"), 4, "menu 1.0 comes from evil.example.com, which is not meant", "run `lockenv lock`"
    )
    check_refusal(project.run("lock", "--check"), 1, "do not come from the hosts that it names")
    project.run("lock").ok()
    assert project.lock.read_text() == proper


def test_hosts_may_be_bounded_by_a_flag(project: ScratchProject, index: FakeIndex) -> None:
    text = project.lock.read_text().replace(index.files_url, "https://files.example.com/")
    project.write(
        "pylock.toml", text.replace("[tool.lockenv]\n", '[tool.lockenv]\nhosts = ["files.example.com"]\n')
    )
    check_refusal(project.run("sync", "--only-host", "mirror.example.com"), 4, "was not allowed", "--only-host")


# Start-up files


@pytest.fixture
def starting(project: ScratchProject, index: FakeIndex) -> ScratchProject:
    files = {
        "icons.py": "",
        "icons.pth": "import icons\n",
        "sub/inner.pth": "",
        "{data}/purelib/icons.start": "icons:x\n",
    }
    index.add(make_wheel("icons", "1.0", files=files))
    index.add(make_wheel("banner", "1.0", files={"sitecustomize.py": "", "banner.py": ""}))
    project.manifest(dependencies=["menu", "icons", "banner"])
    project.run("lock").ok()
    return project


def test_start_up_files_are_told_when_they_come_and_when_they_change(
    starting: ScratchProject, index: FakeIndex
) -> None:
    out = starting.run("sync").ok().out
    assert [line for line in out.splitlines() if "start-up" in line] == [
        "+ start-up file icons.pth from icons",
        "+ start-up file icons.start from icons",
        "+ start-up file sitecustomize.py from banner",
    ]
    index.add(make_wheel("icons", "2.0", files={"icons.py": "", "icons.pth": "import os\n"}))
    starting.run("upgrade", "icons").ok()
    out = starting.run("sync").ok().out
    assert [line for line in out.splitlines() if "start-up" in line] == ["~ start-up file icons.pth from icons"]
    assert "start-up" not in starting.run("sync").ok().out


def test_start_up_files_of_packages_that_are_not_allowed_them_are_refused(starting: ScratchProject) -> None:
    manifest = (starting.folder / "env.toml").read_text()
    starting.write("env.toml", manifest + '\n[startup]\nallow = ["icons"]\n')
    ran = starting.run("sync")
    check_refusal(ran, 4, "banner brings sitecustomize.py", 'write `allow = ["banner", "icons"]` under [startup]')
    assert not starting.env.exists()
    starting.write("env.toml", manifest + '\n[startup]\nallow = ["banner", "icons"]\n')
    starting.run("sync").ok()


def test_a_source_of_ones_own_needs_no_leave_to_be_editable(project: ScratchProject, index: FakeIndex) -> None:
    project.write("wheels/core-1.0-py3-none-any.whl", make_wheel("core", "1.0", files={"core.pth": ""}).content)
    more = '[sources]\ncore = { path = "wheels/core-1.0-py3-none-any.whl" }\n[startup]\nallow = []\n'
    project.manifest(dependencies=["core"], more=more)
    project.run("lock").ok()
    assert "+ start-up file core.pth from core" in project.run("sync").ok().out
