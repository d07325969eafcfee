"""Where a project's files are, for each of its environments."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockenv.errors import ManifestError, UsageError
from lockenv.manifest.read import read
from lockenv.project import Project

_HEAD = '[env]\npython = ">=3.11"\n'


def _files(folder: Path, name: str) -> tuple[str, str]:
    project = Project(str(folder), environment=name)
    return tuple(Path(path).relative_to(folder).as_posix() for path in (project.lock, project.env))  # type: ignore[return-value]


def test_the_default_environment_has_the_names_that_everybody_knows(tmp_path: Path) -> None:
    assert _files(tmp_path, "") == _files(tmp_path, "default") == ("pylock.toml", ".venv")


def test_a_named_environment_has_a_lock_and_a_folder_of_its_own(tmp_path: Path) -> None:
    assert _files(tmp_path, "docs") == ("pylock.docs.toml", ".venv-docs")


@pytest.mark.parametrize(
    "stated",
    [
        '[environments.docs]\nfolder = "envs/docs"',
        '[environments]\ndocs.folder = " envs/docs/ "',
        '[environments.docs]\n"fo\\u006cder" = "envs/docs"',
    ],
)
def test_a_folder_that_is_stated_counts_however_it_is_written(tmp_path: Path, stated: str) -> None:
    (tmp_path / "env.toml").write_text(f"{_HEAD}{stated}\n")
    assert _files(tmp_path, "docs") == ("pylock.docs.toml", "envs/docs")
    assert _files(tmp_path, "other") == ("pylock.other.toml", ".venv-other")
    assert read(f"{_HEAD}{stated}\n").environments[0].folder == "envs/docs"


@pytest.mark.parametrize(
    "folder", ["/abs", "~", "..", "a/../b", ".", "a//b", "", ".venv", ".venv/x", "a\\b", "c:/x"]
)
def test_a_folder_that_the_manifest_would_refuse_is_never_used(tmp_path: Path, folder: str) -> None:
    text = f"{_HEAD}[environments.docs]\nfolder = '{folder}'\n"
    (tmp_path / "env.toml").write_text(text)
    assert _files(tmp_path, "docs")[1] == ".venv-docs"
    with pytest.raises(ManifestError):
        read(text)


@pytest.mark.parametrize(
    "text", ["folder = [", "environments = 1\nfolder=2", "[environments]\ndocs = 'folder'", "\\"]
)
def test_a_manifest_that_cannot_be_read_states_no_folder(tmp_path: Path, text: str) -> None:
    (tmp_path / "env.toml").write_text(text)
    assert _files(tmp_path, "docs")[1] == ".venv-docs"


@pytest.mark.parametrize("name", ["../x", "a/b", "a.b", ".a", "-a", "a b", "ä", "a" * 61, " "])
def test_what_could_leave_the_folder_is_no_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of an environment"):
        Project(str(tmp_path), environment=name)
    with pytest.raises(UsageError, match="cannot be the name of an environment"):
        Project(str(tmp_path), lock="pylock.toml", env="there", environment=name)
