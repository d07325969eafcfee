"""`lockenv diff`: locks, Git revisions, generations and the environment, compared."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from lockenv.transaction import places
from tests.cli.screens import check_screen
from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import make_wheel


def git(project: ScratchProject, *arguments: str) -> None:
    settings = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(
        ["git", *settings, *arguments], cwd=project.folder, check=True, capture_output=True, env=project.environ
    )


@pytest.fixture
def committed(project: ScratchProject) -> ScratchProject:
    """A project in a Git repository, locked and committed."""
    project.manifest(dependencies=["menu"], groups={"test": ["checks"]})
    project.run("lock").ok()
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "env.toml", "pylock.toml")
    git(project, "commit", "-q", "-m", "locked")
    return project


def tampered(project: ScratchProject) -> None:
    """Put another hash, another host and another index into the lock, as somebody would who means no good."""
    text = project.lock.read_text(encoding="utf-8")
    before, icons, after = text.partition('name = "icons"')
    after = re.sub(r'sha256 = "\w{64}"', f'sha256 = "{"0" * 64}"', after, count=1)
    after = re.sub(r"http://127\.0\.0\.1:\d+/files", "https://evil.example.com/files", after, count=1)
    after = re.sub(r"http://127\.0\.0\.1:\d+/simple", "https://evil.example.com/simple", after, count=1)
    project.write("pylock.toml", before + icons + after)


def test_diff_in_a_repository(committed: ScratchProject, index: FakeIndex) -> None:
    runs = [committed.run("diff")]
    index.add(make_wheel("dropdown", "1.2", requires=["icons", "zipper"]))
    index.add(make_wheel("zipper", "1"))
    committed.manifest(dependencies=["menu", "icons<2"], groups={"docs": []})
    committed.run("lock").ok()
    committed.run("upgrade", "dropdown").ok()
    runs += [
        committed.run("diff"),
        committed.run("diff", "main", "--markdown"),
        committed.run("diff", "main", "HEAD"),
    ]
    runs += [committed.run("diff", "pylock.toml", "main:pylock.toml"), committed.run("diff", "mian")]
    check_screen("diff", committed, runs)


def test_what_must_not_be_overlooked_comes_first(committed: ScratchProject) -> None:
    committed.manifest(dependencies=["menu"])
    committed.run("lock").ok()
    tampered(committed)
    runs = [committed.run("diff"), committed.run("diff", "--markdown")]
    check_screen("diff-alarms", committed, runs)
    assert committed.run("diff", FORCE_COLOR="1").out.startswith("\x1b[31m! icons 2.0: ")
    document = json.loads(committed.run("diff", "--json").ok().out)
    assert document["schema"] == 1
    assert document["hosts"] == {"added": ["evil.example.com"], "removed": []}
    (rehashed,) = document["rehashed"]
    assert (rehashed["name"], rehashed["file"], rehashed["after"]) == (
        "icons",
        "icons-2.0-py3-none-any.whl",
        "0" * 64,
    )
    assert document["moved"][0]["names"] == ["icons"]


def test_the_environment_and_its_generations(synced: ScratchProject, index: FakeIndex) -> None:
    runs = [synced.run("diff"), synced.run("diff", "--exit-code")]
    index.add(make_wheel("icons", "2.1", files={"icons.pth": "import sys\n"}))
    synced.run("upgrade", "icons").ok()
    runs += [synced.run("diff"), synced.run("diff", "env", "--exit-code")]
    synced.run("sync").ok()
    runs += [synced.run("diff"), synced.run("diff", "@1"), synced.run("diff", "@2", "@1")]
    runs += [synced.run("diff", "@1", "pylock.toml"), synced.run("diff", "@17"), synced.run("diff", "@x")]
    check_screen("diff-generations", synced, runs)
    assert [ran.status for ran in runs[:4]] == [0, 0, 0, 1]
    assert json.loads(synced.run("diff", "@1", "--json").out)["startup"]["added"] == ["icons: icons.pth"]


def test_an_environment_of_another_selection_is_compared_with_just_that(synced: ScratchProject) -> None:
    synced.run("sync", "--group", "test").ok()
    assert "no difference" in synced.run("diff", "env").ok().out
    synced.run("sync", "--seed").ok()
    assert "no difference" in synced.run("diff", "env").ok().out


def test_a_wheel_of_another_hash_is_noticed_in_the_environment(synced: ScratchProject) -> None:
    tampered(synced)
    ran = synced.run("diff", "env").ok()
    assert ran.out.startswith("! icons 2.0: it has another hash at the same version, ")


def test_an_environment_of_others_can_be_compared(synced: ScratchProject) -> None:
    for path in (synced.env / ".lockenv").glob("g-*"):
        (path / places.STATE).unlink()
    ran = synced.run("diff", "env").ok()
    assert ran.out == ".venv -> pylock.toml: no difference\n"


@pytest.mark.parametrize("text", ["--output=x", "-h"])
def test_a_revision_is_no_option_of_git_s(committed: ScratchProject, text: str) -> None:
    ran = committed.run("diff", "--", text)
    assert (ran.status, ran.out) == (2, "")
    assert "is no lock file, generation (`@17`) or Git revision" in ran.err
    assert committed.files() == [".git", "env.toml", "pylock.toml"]


def test_nothing_to_compare_with(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"])
    assert "there is no environment at .venv" in project.run("diff").err
    project.run("lock").ok()
    assert "there is no environment at .venv" in project.run("diff").err
    assert "is no lock file" in project.run("diff", "HEAD").err
    assert project.run("diff", "--json", "--markdown").status == 2


def test_without_git_there_are_no_revisions(committed: ScratchProject) -> None:
    ran = committed.run("diff", "HEAD", PATH="/nowhere")
    assert ran.status == 2
    assert "is no lock file" in ran.err


def test_another_tools_lock_is_no_side_and_what_can_be_one_is_said(committed: ScratchProject) -> None:
    committed.write("uv.lock", 'version = 1\n\n[[package]]\nname = "menu"\nversion = "1.0"\n')
    committed.write("requirements.txt", "menu==1.0\n")
    git(committed, "add", ".")
    git(committed, "commit", "-q", "-m", "theirs")
    runs = [
        committed.run("diff", "uv.lock"),
        committed.run("diff", "HEAD:uv.lock"),
        committed.run("diff", "HEAD", "requirements.txt"),
    ]
    check_screen("diff-foreign", committed, runs)


@pytest.mark.parametrize("name", ["pylock.toml", "pylock.old.toml", "old.toml"])
def test_a_damaged_lock_is_told_as_one(committed: ScratchProject, name: str) -> None:
    committed.write(name, 'lock-version = "1.0"\n')
    ran = committed.run("diff", name, "HEAD")
    assert ran.status == 2
    assert f"{name} is not a valid lock (PEP 751)" in ran.err
