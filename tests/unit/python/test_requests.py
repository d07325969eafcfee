from __future__ import annotations

from pathlib import Path

import pytest

from lockenv.errors import UsageError
from lockenv.python.requests import (
    AtPath,
    ByCommand,
    ByVersion,
    parse_request,
    parse_version,
    read_version_file,
    version_file,
)

ENVIRON = {"HOME": "/home/me"}


def version(text: str) -> ByVersion:
    parsed = parse_version(text)
    assert parsed is not None
    return parsed


@pytest.mark.parametrize(
    ("text", "specifier"),
    [
        ("3", "==3.*"),
        ("3.12", "==3.12.*"),
        ("3.12.1", "==3.12.1"),
        ("3.14.0rc1", "==3.14.0rc1"),
        ("python3.12", "==3.12.*"),
        ("cpython@3.12", "==3.12.*"),
        ("cpython-3.12.1", "==3.12.1"),
        ("Python3.12", "==3.12.*"),
        ("cpython-3.12.1-linux-x86_64-gnu", "==3.12.1"),
    ],
)
def test_versions_as_people_write_them(text: str, specifier: str) -> None:
    parsed = version(text)
    assert str(parsed.specifier) == specifier
    assert parsed.implementation == "cpython"
    assert (parsed.free_threaded, parsed.debug) == (False, False)


@pytest.mark.parametrize(
    ("text", "free_threaded", "debug", "prereleases"),
    [
        ("3.13t", True, False, False),
        ("3.13d", False, True, False),
        ("3.13td", True, True, False),
        ("3.13.0t", True, False, False),
        ("3.13-debug", False, True, False),
        ("3.14-dev", False, False, True),
        ("3.14.0b2", False, False, True),
        ("3.14t-dev", True, False, True),
        ("3.13+freethreaded", True, False, False),
        ("cpython-3.13.0+freethreaded+debug-linux-x86_64-gnu", True, True, False),
    ],
)
def test_builds_that_must_be_asked_for(text: str, free_threaded: bool, debug: bool, prereleases: bool) -> None:
    parsed = version(text)
    assert (parsed.free_threaded, parsed.debug, parsed.prereleases) == (free_threaded, debug, prereleases)


@pytest.mark.parametrize(
    ("text", "specifier"), [("pypy3.10", "==3.10.*"), ("pypy3.10-7.3.12", "==3.10.*"), ("pypy", ""), ("pypy3", "")]
)
def test_pypy_by_its_names(text: str, specifier: str) -> None:
    parsed = version(text)
    assert (parsed.implementation, str(parsed.specifier)) == ("pypy", specifier)


@pytest.mark.parametrize("text", ["miniconda3-latest", "3.12/envs/x", "system", "3.x", "3.12-7.3", "", "3.12.1.2"])
def test_what_is_no_version(text: str) -> None:
    assert parse_version(text) is None


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("./env", "/project/env"),
        ("../py/bin/python", "/project/../py/bin/python"),
        ("/usr/bin/python3", "/usr/bin/python3"),
        ("~/py/bin/python", "/home/me/py/bin/python"),
        (".venv", "/project/.venv"),
    ],
)
def test_a_path_counts_from_the_project(text: str, path: str) -> None:
    assert parse_request(text, folder=Path("/project"), environ=ENVIRON) == AtPath(path=Path(path))


def test_a_folder_needs_no_dot_before_its_name(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    assert parse_request("env", folder=tmp_path, environ=ENVIRON) == AtPath(path=tmp_path / "env")


def test_a_range_is_a_specifier_set(tmp_path: Path) -> None:
    parsed = parse_request(">=3.11,<3.13", folder=tmp_path, environ=ENVIRON)
    assert isinstance(parsed, ByVersion)
    assert parsed.specifier.contains("3.12.1")
    assert not parsed.prereleases


def test_a_command_with_a_version_in_its_name_means_that_version_where_there_is_no_such_command(
    tmp_path: Path,
) -> None:
    parsed = parse_request("python3.12", folder=tmp_path, environ=ENVIRON)
    assert parsed == ByCommand(name="python3.12", fallback=parse_version("python3.12"))


@pytest.mark.parametrize("text", ["", "  ", ">=3.x", "3.12 or so", "$HOME"])
def test_nonsense_is_a_usage_error_with_a_hint(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        parse_request(text, folder=tmp_path, environ=ENVIRON)
    assert "--python 3.12" in (raised.value.hint or "")


def test_the_nearest_version_file_counts(tmp_path: Path) -> None:
    project = tmp_path / "a" / "b"
    project.mkdir(parents=True)
    (tmp_path / ".python-version").write_text("3.11\n")
    assert version_file(project) == tmp_path / ".python-version"
    (project / ".python-version").write_text("3.12\n")
    assert version_file(project) == project / ".python-version"


def test_lines_of_a_version_file_without_comments_and_blanks(tmp_path: Path) -> None:
    file = tmp_path / ".python-version"
    file.write_bytes(b"\xef\xbb\xbf# ours\r\n\r\n 3.12.1  # newest\r\n3.11\r\n")
    assert list(read_version_file(file)) == ["3.12.1", "3.11"]


def test_a_version_file_that_is_not_text_says_what_it_can(tmp_path: Path) -> None:
    (tmp_path / ".python-version").write_bytes(b"\xff\xfe\n3.12\n")
    assert list(read_version_file(tmp_path / ".python-version"))[-1] == "3.12"
    assert list(read_version_file(tmp_path)) == []
