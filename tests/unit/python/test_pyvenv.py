from __future__ import annotations

from pathlib import Path

import pytest

from lockenv.python.pyvenv import Kind, base_of, describe_environment, environment_of, read_settings


@pytest.mark.parametrize(
    ("text", "kind", "version", "prompt"),
    [
        ("home = /usr/bin\nversion = 3.12.1\nprompt = 'it'\n", "venv", "3.12.1", "it"),
        ("home = /usr/bin\nversion = 3.12.1\n", "venv", "3.12.1", ""),
        ("home = /usr/bin\nvirtualenv = 20.2\nversion_info = 3.12.1.final.0\n", "virtualenv", "3.12.1", ""),
        ("home=/usr/bin\nuv = 0.13\nversion_info = 3.12.1\nprompt = it\n", "uv", "3.12.1", "it"),
        ("HOME = /usr/bin\nlockenv = 0.1.0\nversion = 3.12.1\n", "lockenv", "3.12.1", ""),
    ],
)
def test_who_made_an_environment(text: str, kind: Kind, version: str, prompt: str, tmp_path: Path) -> None:
    (tmp_path / "pyvenv.cfg").write_text(text)
    found = describe_environment(tmp_path)
    assert found is not None
    assert (found.kind, found.home, found.version, found.prompt) == (kind, "/usr/bin", version, prompt)


def test_condas_environments_have_no_settings(tmp_path: Path) -> None:
    (tmp_path / "conda-meta").mkdir()
    found = describe_environment(tmp_path)
    assert found is not None
    assert found.kind == "conda"


def test_an_ordinary_folder_is_no_environment(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    assert describe_environment(tmp_path) is None
    assert describe_environment(tmp_path / "gone") is None


def test_settings_that_are_not_text_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    (tmp_path / "pyvenv.cfg").write_bytes(b"\xff\xfe\nno equals\n= nothing\nhome = /a = b\n")
    settings = read_settings(tmp_path / "pyvenv.cfg")
    assert settings is not None
    assert settings["home"] == "/a = b"


def test_the_settings_stand_beside_the_executable_or_above_it(tmp_path: Path) -> None:
    (tmp_path / "pyvenv.cfg").touch()
    assert environment_of(tmp_path / "bin" / "python") == tmp_path
    assert environment_of(tmp_path / "python.exe") == tmp_path
    assert environment_of(tmp_path / "bin" / "deep" / "python") is None


def test_a_chain_of_environments_leads_to_the_first_base(tmp_path: Path) -> None:
    base = tmp_path / "base" / "python3.12"
    base.parent.mkdir()
    base.touch()
    for name, target in (("inner", base), ("outer", Path("../../inner/bin/python"))):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "pyvenv.cfg").write_text("home = /nowhere\n")
        (tmp_path / name / "bin" / "python").symlink_to(target)
    assert base_of(tmp_path / "outer" / "bin" / "python") == base
    assert base_of(base) == base


def test_a_link_is_followed_no_further_than_out_of_the_environment(tmp_path: Path) -> None:
    # Homebrew's and uv's links are kept: they outlive an upgrade of what they lead to.
    for name in ("cellar-3.12.1", "opt", "env/bin"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "cellar-3.12.1" / "python3.12").touch()
    (tmp_path / "opt" / "python3.12").symlink_to("../cellar-3.12.1/python3.12")
    (tmp_path / "env" / "bin" / "python").symlink_to(tmp_path / "opt" / "python3.12")
    (tmp_path / "env" / "pyvenv.cfg").write_text(f"home = {tmp_path / 'opt'}\n")
    assert base_of(tmp_path / "env" / "bin" / "python") == tmp_path / "opt" / "python3.12"


def test_a_copied_executable_leads_to_what_the_settings_record(tmp_path: Path) -> None:
    for name in ("base", "env/bin"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "base" / "python3.12").touch()
    (tmp_path / "env" / "bin" / "python").touch()
    (tmp_path / "env" / "pyvenv.cfg").write_text(f"home = {tmp_path / 'base'}\nversion_info = 3.12.1.final.0\n")
    assert base_of(tmp_path / "env" / "bin" / "python") == tmp_path / "base" / "python3.12"


def test_a_copied_executable_whose_home_is_gone_says_so(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    (tmp_path / "pyvenv.cfg").write_text("home = /gone/bin\n")
    with pytest.raises(LookupError, match="/gone/bin"):
        base_of(tmp_path / "bin" / "python")
