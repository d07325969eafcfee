from __future__ import annotations

from collections.abc import Mapping

import pytest

from lockenv.errors import UsageError
from lockenv.settings import Settings, load


def settings(
    flags: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None, config: str | None = None
) -> Settings:
    return load(
        flags=flags or {},
        environ=environ or {},
        config=config,
        config_where="/etc/config.toml",
        cache_default="/cache",
    )


def refusal(
    flags: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None, config: str | None = None
) -> UsageError:
    with pytest.raises(UsageError) as caught:
        settings(flags, environ, config)
    return caught.value


def test_with_nothing_given_the_defaults_hold() -> None:
    assert settings() == Settings(cache_dir="/cache")


@pytest.mark.parametrize(
    ("flags", "environ", "config", "expected"),
    [
        ({"link_mode": "copy"}, {"LOCKENV_LINK_MODE": "clone"}, 'link-mode = "hardlink"', "copy"),
        ({"link_mode": None}, {"LOCKENV_LINK_MODE": "clone"}, 'link-mode = "hardlink"', "clone"),
        ({}, {"LOCKENV_LINK_MODE": ""}, 'link-mode = "hardlink"', "hardlink"),
        ({}, {}, None, "auto"),
    ],
)
def test_a_flag_goes_before_a_variable_before_the_file_before_the_default(
    flags: Mapping[str, object], environ: Mapping[str, str], config: str | None, expected: str
) -> None:
    assert settings(flags, environ, config).link_mode == expected


def test_every_variable_is_read() -> None:
    read = settings(
        environ={
            "LOCKENV_CACHE_DIR": "~/lockenv",
            "HOME": "/home/alice",
            "LOCKENV_OFFLINE": "yes",
            "LOCKENV_INDEX_URL": "https://mirror.example.com/simple",
            "LOCKENV_PYTHON": "3.12",
            "LOCKENV_ENV": "env",
            "LOCKENV_PROJECT": "sub",
            "LOCKENV_LINK_MODE": "clone",
            "LOCKENV_CONCURRENCY": "8",
            "LOCKENV_TIMEOUT": "2.5",
            "LOCKENV_VERBOSE": "2",
            "LOCKENV_QUIET": "0",
            "LOCKENV_KEYRING": "never",
            "LOCKENV_WAIT": "1.5",
            "LOCKENV_DURABLE": "process",
            "LOCKENV_HISTORY": "3",
        }
    )
    assert read == Settings(
        cache_dir="/home/alice/lockenv",
        offline=True,
        index_url="https://mirror.example.com/simple",
        python="3.12",
        env_dir="env",
        project="sub",
        link_mode="clone",
        concurrency=8,
        timeout=2.5,
        verbosity=2,
        quiet=False,
        keyring="never",
        wait=1.5,
        durable="process",
        history=3,
    )


def test_every_key_of_the_file_is_read() -> None:
    read = settings(
        config="""\ufeffcache-dir = "/big/cache"
offline = true
index-url = "file:///srv/simple"
python = "3.13"
link-mode = "copy"
concurrency = 64
timeout = 5
verbosity = 1
quiet = true
keyring = "never"
wait = 0
durable = "process"
history = 0
"""
    )
    assert read == Settings(
        cache_dir="/big/cache",
        offline=True,
        index_url="file:///srv/simple",
        python="3.13",
        link_mode="copy",
        concurrency=64,
        timeout=5.0,
        verbosity=1,
        quiet=True,
        keyring="never",
        wait=0.0,
        durable="process",
        history=0,
    )


@pytest.mark.parametrize(
    ("flags", "environ", "config", "message"),
    [
        ({"concurrency": "x"}, {}, None, "--concurrency cannot be 'x': it takes a whole number from 1 to 64"),
        ({}, {"LOCKENV_CONCURRENCY": "65"}, None, "LOCKENV_CONCURRENCY cannot be '65': it takes a whole number"),
        ({}, {"LOCKENV_OFFLINE": "maybe"}, None, "LOCKENV_OFFLINE cannot be 'maybe': it takes true or false"),
        ({}, {}, "concurrency = true", "concurrency in /etc/config.toml cannot be True"),
        ({}, {}, "concurrency = 0", "it takes a whole number from 1 to 64"),
        ({}, {}, 'link-mode = "symlink"', "it takes one of auto, clone, hardlink, copy"),
        ({}, {}, "timeout = nan", "it takes a number of seconds"),
        ({}, {}, "timeout = -1", "it takes a number of seconds"),
        ({}, {"LOCKENV_WAIT": "-1"}, None, "it takes a number of seconds, 0 for not at all, or `forever`"),
        ({"wait": "a while"}, {}, None, "--wait cannot be 'a while': it takes a number of seconds"),
        ({}, {}, "wait = nan", "it takes a number of seconds, 0 for not at all"),
        ({}, {}, "durable = true", "it takes one of power, process"),
        ({"history": "-1"}, {}, None, "--history cannot be '-1': it takes a whole number from 0 to 100"),
        ({}, {}, 'timeout = "soon"', "it takes a number of seconds"),
        ({}, {}, "cache-dir = ['x']", "cache-dir in /etc/config.toml cannot be this: it takes text"),
        ({}, {"LOCKENV_PYTHON": " "}, None, "it takes text that is not empty"),
        ({}, {"LOCKENV_CONCURRENCY": "\u0661"}, None, "it takes a whole number from 1 to 64"),
        ({}, {}, "cache-dir = ", "/etc/config.toml is not valid TOML"),
    ],
)
def test_a_bad_value_is_refused_naming_where_it_came_from(
    flags: Mapping[str, object], environ: Mapping[str, str], config: str | None, message: str
) -> None:
    assert message in refusal(flags, environ, config).message


def test_a_refused_address_does_not_show_its_password() -> None:
    error = refusal(environ={"LOCKENV_INDEX_URL": "ftp://alice:hunter2@example.com/"})
    assert error.message == (
        "LOCKENV_INDEX_URL cannot be this: it takes a URL that begins with https://, http:// or file://"
    )


@pytest.mark.parametrize(
    ("config", "hint"),
    [
        ("cache_dir = 'x'", "did you mean cache-dir?"),
        ("linkmode = 'x'", "did you mean link-mode?"),
        ("project = 'x'", "it differs from project to project: use --project"),
        ("env = 'x'", "it differs from project to project: use --env"),
        ("zzz = 1", "the settings are cache-dir, offline, index-url"),
    ],
)
def test_an_unknown_key_of_the_file_is_refused_with_what_was_meant(config: str, hint: str) -> None:
    error = refusal(config=config)
    assert "unknown setting" in error.message
    assert error.hint is not None
    assert error.hint.startswith(hint)


def test_a_variable_that_means_nothing_is_warned_of() -> None:
    warnings = settings(environ={"LOCKENV_OFLINE": "1", "LOCKENV_XYZZY": "1", "OTHER": "1"}).warnings
    assert warnings == (
        "the variable LOCKENV_OFLINE means nothing; did you mean LOCKENV_OFFLINE?",
        "the variable LOCKENV_XYZZY means nothing",
    )


def test_credentials_of_indexes_are_no_unknown_variables() -> None:
    environ = {"LOCKENV_INDEX_ACME_USERNAME": "alice", "LOCKENV_INDEX_ACME_PASSWORD": "x"}
    assert settings(environ=environ).warnings == ()
    assert len(settings(environ={"LOCKENV_INDEX_USERNAME": "alice"}).warnings) == 1


def test_a_path_without_a_known_home_is_left_as_it_is() -> None:
    assert settings(environ={"LOCKENV_CACHE_DIR": "~/x"}).cache_dir == "~/x"
    assert settings(environ={"LOCKENV_CACHE_DIR": "~bob/x", "HOME": "/home/alice"}).cache_dir == "~bob/x"


def test_patience_without_end_can_be_asked_for_again() -> None:
    assert settings({"wait": "forever"}, {}, "wait = 5").wait is None
    assert settings({}, {}, "wait = 5").wait == 5
    assert settings({}, {}, None).wait is None
