from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from lockenv.errors import NetworkError
from lockenv.index.auth import Credentials, Login
from lockenv.index.origins import origin_of, without_credentials
from lockenv.packages import Index
from tests.fakes.index import FakeIndex
from tests.unit.index.connecting import connection

ACME = Index(name="acme", url="https://packages.example.com/acme/simple/")


def credentials(
    environ: Mapping[str, str] | None = None, *indexes: Index, home: Path | None = None
) -> Credentials:
    return Credentials(environ=environ or {}, indexes=indexes or (ACME,), home=home)


def netrc(folder: Path, text: str) -> dict[str, str]:
    file = folder / "my-netrc"
    file.write_text(text)
    file.chmod(0o600)
    return {"NETRC": str(file)}


def fake_keyring(folder: Path, script: str) -> dict[str, str]:
    """A `keyring` command on a PATH of its own, which writes down how it was called."""
    command = folder / "keyring"
    command.write_text(f'#!/bin/sh\necho "$@" >> "{folder}/calls"\n{script}\n')
    command.chmod(stat.S_IRWXU)
    return {"PATH": str(folder)}


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("https://me:secret@example.com/x", "https://example.com/x"),
        ("https://me@example.com:8443/x?a=b@c", "https://example.com:8443/x?a=b@c"),
        ("https://example.com/a@b", "https://example.com/a@b"),
        ("https://a@b@example.com/", "https://example.com/"),
        ("file:///srv/a@b", "file:///srv/a@b"),
    ],
)
def test_credentials_are_taken_out_of_a_url(url: str, bare: str) -> None:
    assert without_credentials(url) == bare


def test_a_port_left_out_is_the_usual_one() -> None:
    assert origin_of("https://Example.com/x") == origin_of("https://example.com:443/y")
    assert origin_of("https://example.com") != origin_of("http://example.com:443")


def test_no_login_shows_its_password() -> None:
    assert "secret" not in repr(Login("me", "secret"))


class TestUrl:
    def test_a_login_in_the_url_is_for_its_origin_only(self) -> None:
        known = credentials({}, Index(name="acme", url="https://me:p%40ss@packages.example.com/simple/"))
        assert known.for_url("https://packages.example.com/files/x.whl") == Login("me", "p@ss")
        for other in (
            "http://packages.example.com/",
            "https://packages.example.com:8443/",
            "https://example.com/",
        ):
            assert known.for_url(other) is None

    def test_of_two_indexes_at_one_origin_the_nearer_path_counts(self) -> None:
        first = Index(name="one", url="https://a:1@example.com/one/simple/")
        second = Index(name="two", url="https://b:2@example.com/two/simple/")
        known = credentials({}, first, second)
        assert known.for_url("https://example.com/two/simple/menu/") == Login("b", "2")
        assert known.for_url("https://example.com/files/menu.whl") == Login("a", "1")


class TestEnvironment:
    def test_variables_are_named_after_the_index(self) -> None:
        index = Index(name="acme.dev-1", url="https://packages.example.com/")
        environ = {"LOCKENV_INDEX_ACME_DEV_1_USERNAME": "me", "LOCKENV_INDEX_ACME_DEV_1_PASSWORD": "secret"}
        assert credentials(environ, index).for_url("https://packages.example.com/menu/") == Login("me", "secret")

    def test_the_environment_goes_before_the_url(self) -> None:
        index = Index(name="acme", url="https://me:old@packages.example.com/")
        environ = {"LOCKENV_INDEX_ACME_PASSWORD": "new"}
        assert credentials(environ, index).for_url(index.url) == Login("me", "new")

    def test_a_password_without_user_is_no_login(self) -> None:
        assert credentials({"LOCKENV_INDEX_ACME_PASSWORD": "secret"}).for_url(ACME.url) is None


class TestNetrc:
    def test_the_named_file_is_read(self, tmp_path: Path) -> None:
        environ = netrc(tmp_path, "machine files.example.com login me password secret\n")
        assert credentials(environ).for_url("https://files.example.com/x") == Login("me", "secret")

    def test_the_file_in_the_home_folder_is_read(self, tmp_path: Path) -> None:
        (tmp_path / ".netrc").write_text("machine files.example.com login me password secret\n")
        (tmp_path / ".netrc").chmod(0o600)
        expected = Login("me", "secret")
        assert credentials(home=tmp_path).for_url("https://files.example.com/x") == expected
        assert credentials({"HOME": str(tmp_path)}).for_url("https://files.example.com/x") == expected

    def test_nothing_is_sent_in_the_clear_unless_the_index_is_declared_so(self, tmp_path: Path) -> None:
        environ = netrc(tmp_path, "machine packages.example.com login me password secret\n")
        assert credentials(environ).for_url("http://packages.example.com/x") is None
        declared = Index(name="acme", url="http://packages.example.com/")
        assert credentials(environ, declared).for_url("http://packages.example.com/x") == Login("me", "secret")

    def test_the_default_entry_is_for_declared_indexes(self, tmp_path: Path) -> None:
        environ = netrc(tmp_path, "default login me password secret\n")
        assert credentials(environ).for_url(ACME.url) == Login("me", "secret")
        assert credentials(environ).for_url("https://elsewhere.example.com/") is None

    def test_an_entry_for_another_user_is_not_taken(self, tmp_path: Path) -> None:
        environ = netrc(tmp_path, "machine packages.example.com login somebody password secret\n")
        index = Index(name="acme", url="https://me@packages.example.com/")
        assert credentials(environ, index).for_url(index.url) is None

    @pytest.mark.parametrize("text", ["machine", "nonsense here\n", "\0", "machine x login y password z extra"])
    def test_a_broken_file_counts_as_empty(self, tmp_path: Path, text: str) -> None:
        assert credentials(netrc(tmp_path, text)).for_url("https://files.example.com/x") is None


class TestKeyring:
    INDEX = Index(name="acme", url="https://me@packages.example.com/simple/")

    def test_the_command_is_asked_for_the_url_and_then_the_host(self, tmp_path: Path) -> None:
        environ = fake_keyring(tmp_path, '[ "$2" = packages.example.com ] && echo secret')
        known = credentials(environ, self.INDEX)
        assert known.for_url(self.INDEX.url) is None
        assert known.ask_keyring(self.INDEX.url) == Login("me", "secret")
        assert known.for_url(self.INDEX.url) == Login("me", "secret")
        assert (tmp_path / "calls").read_text().splitlines() == [
            "get https://packages.example.com/simple/ me",
            "get packages.example.com me",
        ]

    def test_the_command_is_asked_once(self, tmp_path: Path) -> None:
        known = credentials(fake_keyring(tmp_path, "exit 1"), self.INDEX)
        assert known.ask_keyring(self.INDEX.url) is None
        assert known.ask_keyring(self.INDEX.url) is None
        assert len((tmp_path / "calls").read_text().splitlines()) == 2

    def test_without_the_command_or_a_user_nobody_is_asked(self, tmp_path: Path) -> None:
        assert credentials({"PATH": str(tmp_path)}, self.INDEX).ask_keyring(self.INDEX.url) is None
        assert credentials(fake_keyring(tmp_path, "echo secret")).ask_keyring(ACME.url) is None
        assert not (tmp_path / "calls").exists()

    def test_it_is_never_asked_where_that_is_forbidden(self, tmp_path: Path) -> None:
        environ = fake_keyring(tmp_path, "echo secret")
        known = Credentials(environ=environ, indexes=[self.INDEX], keyring=False)
        assert known.ask_keyring(self.INDEX.url) is None
        assert not (tmp_path / "calls").exists()

    def test_it_is_asked_after_a_refusal_and_its_answer_is_used(self, tmp_path: Path) -> None:
        environ = fake_keyring(tmp_path, "echo secret")
        with FakeIndex(credentials=("me", "secret")) as index:
            index.serve("/simple/menu/", "hello")
            declared = Index(name="acme", url=index.url.replace("http://", "http://me@"))
            with connection(indexes=[declared], environ=environ) as http:
                for _ in range(2):
                    assert http.get(f"{index.url}menu/").body == b"hello"
            assert [request.status for request in index.requests] == [401, 200, 200]

    def test_it_is_not_asked_by_an_index_that_does_not_refuse(self, tmp_path: Path) -> None:
        environ = fake_keyring(tmp_path, "echo secret")
        with FakeIndex() as index:
            index.serve("/simple/menu/", "hello")
            declared = Index(name="acme", url=index.url.replace("http://", "http://me@"))
            with connection(indexes=[declared], environ=environ) as http:
                http.get(f"{index.url}menu/")
        assert not (tmp_path / "calls").exists()


def test_a_wrong_password_is_told_with_a_remedy() -> None:
    with FakeIndex(credentials=("me", "secret")) as index:
        declared = Index(name="acme", url=index.url.replace("http://", "http://me:wrong@"))
        with (
            connection(indexes=[declared]) as http,
            pytest.raises(NetworkError, match="asks for a user and a password") as failure,
        ):
            http.get(f"{index.url}menu/")
    assert "LOCKENV_INDEX_" in (failure.value.hint or "")
    assert "wrong" not in failure.value.message
