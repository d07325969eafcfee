"""Passwords reach the index they are for, and nothing else: no lock, no screen, no cache, no other host."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.refusals import check_refusal
from tests.fakes.index import FakeIndex
from tests.fakes.project import Ran, ScratchProject
from tests.fakes.wheels import make_wheel

_USER, _PASSWORD = "ada", "hunter2-secret"
_BASIC = base64.b64encode(f"{_USER}:{_PASSWORD}".encode()).decode()
_LOGIN = {"LOCKENV_INDEX_ACME_USERNAME": _USER, "LOCKENV_INDEX_ACME_PASSWORD": _PASSWORD}


@pytest.fixture
def private() -> Iterator[FakeIndex]:
    """An index that asks for a password."""
    with FakeIndex(credentials=(_USER, _PASSWORD)) as running:
        running.add(make_wheel("models", "1.0", requires=["icons"]))
        yield running


@pytest.fixture
def mixed(project: ScratchProject, private: FakeIndex) -> ScratchProject:
    """A project with a private index `acme` for `models`, and the default index for the rest."""
    table = f'[[index]]\nname = "acme"\nurl = "{private.url}"\npackages = ["models"]\nexplicit = true\n'
    project.manifest(dependencies=["models", "menu"], more=table)
    return project


def _holds_no_secret(project: ScratchProject, *runs: Ran) -> None:
    for secret in (_PASSWORD, _BASIC):
        for ran in runs:
            assert secret not in ran.out + ran.err
        for path in [path for folder in (project.folder, project.cache) for path in folder.rglob("*")]:
            assert secret not in str(path)
            if path.is_file():
                assert secret.encode() not in path.read_bytes(), path


def _sent_no_login(index: FakeIndex) -> None:
    assert index.count() > 0
    assert [request.path for request in index.requests if "authorization" in request.headers] == []


def _all_the_way(project: ScratchProject, private: FakeIndex, index: FakeIndex, **environ: str) -> None:
    runs = [project.run("lock", "-vv", **environ).ok(), project.run("sync", "-vv", **environ).ok()]
    assert project.installed().keys() == {"models", "menu", "dropdown", "icons"}
    assert f"GET {private.url}models/ -> 200" in runs[0].err
    _holds_no_secret(project, *runs)
    _sent_no_login(index)


def test_a_login_from_variables(mixed: ScratchProject, private: FakeIndex, index: FakeIndex) -> None:
    _all_the_way(mixed, private, index, **_LOGIN)


def test_a_login_from_netrc(mixed: ScratchProject, private: FakeIndex, index: FakeIndex, tmp_path: Path) -> None:
    # netrc knows hosts and no ports, and both indexes are on one host: it may serve declared indexes only.
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login {_USER} password {_PASSWORD}\n")
    netrc.chmod(0o600)
    runs = [mixed.run(command, "-vv", NETRC=str(netrc)).ok() for command in ("lock", "sync")]
    assert "models" in mixed.installed()
    _holds_no_secret(mixed, *runs)


def test_netrc_serves_no_address_that_an_index_redirects_to(
    mixed: ScratchProject, private: FakeIndex, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"default login {_USER} password {_PASSWORD}\n")
    netrc.chmod(0o600)
    with FakeIndex() as stranger:
        stranger.add(make_wheel("models", "1.0", requires=["icons"]))
        private.redirect("/files/*.whl", stranger.files_url + "models-1.0-py3-none-any.whl")
        for command in ("lock", "sync"):
            mixed.run(command, NETRC=str(netrc)).ok()
        _sent_no_login(stranger)
    assert "models" in mixed.installed()


def test_a_login_in_the_address_of_the_default_index(project: ScratchProject, private: FakeIndex) -> None:
    private.add(make_wheel("icons", "2.0"))
    url = private.url.replace("http://", f"http://{_USER}:{_PASSWORD}@")
    project.manifest(dependencies=["models"])
    runs = [project.run(command, "-vv", LOCKENV_INDEX_URL=url).ok() for command in ("lock", "sync")]
    assert project.installed() == {"icons": "2.0", "models": "1.0"}
    _holds_no_secret(project, *runs)


def test_a_missing_and_a_wrong_login_are_told_how_to_be_right(mixed: ScratchProject, private: FakeIndex) -> None:
    words = ("asks for a user and a password", private.origin.removeprefix("http://"), "LOCKENV_INDEX_")
    check_refusal(mixed.run("lock"), 5, *words)
    ran = mixed.run("lock", "-vv", **{**_LOGIN, "LOCKENV_INDEX_ACME_PASSWORD": "wrong-secret"})
    assert (ran.status, "wrong-secret" in ran.err) == (5, False)
    assert mixed.files() == ["env.toml"]


def test_a_redirect_to_another_origin_takes_no_login_along(mixed: ScratchProject, private: FakeIndex) -> None:
    with FakeIndex() as stranger:
        stranger.add(make_wheel("models", "1.0", requires=["icons"]))
        private.redirect("/files/*.whl", stranger.files_url + "models-1.0-py3-none-any.whl")
        runs = [mixed.run("lock", "-vv", **_LOGIN).ok(), mixed.run("sync", "-vv", **_LOGIN).ok()]
        _sent_no_login(stranger)
    assert "models" in mixed.installed()
    _holds_no_secret(mixed, *runs)


def test_files_on_another_host_are_asked_for_without_the_login(project: ScratchProject) -> None:
    with FakeIndex() as files, FakeIndex(credentials=(_USER, _PASSWORD), files_url=files.files_url) as private:
        files.add(private.add(make_wheel("models", "1.0")))
        project.manifest(dependencies=["models"], more=f'[[index]]\nname = "acme"\nurl = "{private.url}"\n')
        project.run("lock", **_LOGIN).ok()
        project.run("sync", **_LOGIN).ok()
        _sent_no_login(files)
    assert project.installed() == {"models": "1.0"}


def test_a_password_in_the_manifest_is_refused_and_not_repeated(project: ScratchProject) -> None:
    url = f"https://{_USER}:{_PASSWORD}@packages.example.com/simple/"
    project.manifest(dependencies=["models"], more=f'[[index]]\nname = "acme"\nurl = "{url}"\n')
    ran = project.run("lock")
    check_refusal(ran, 2, "credentials", "LOCKENV_INDEX_ACME_USERNAME")
    assert _PASSWORD not in ran.err


def test_a_password_from_the_keyring_command(mixed: ScratchProject, private: FakeIndex, index: FakeIndex) -> None:
    tools = mixed.scratch / "tools"
    tools.mkdir()
    keyring = tools / "keyring"
    keyring.write_text(f'#!/bin/sh\n[ "$1 $3" = "get {_USER}" ] && echo {_PASSWORD}\n')
    keyring.chmod(0o755)
    environ = {"PATH": f"{tools}:{mixed.environ['PATH']}", "LOCKENV_INDEX_ACME_USERNAME": _USER}
    _all_the_way(mixed, private, index, **environ)
    mixed.lock.unlink()
    assert mixed.run("lock", "--keyring", "never", "--upgrade", **environ).status == 5
