from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from lockenv.python.installed import (
    BrokenDistribution,
    ForeignDistribution,
    InstalledDistribution,
    read_installed,
)
from tests.unit.python.pythons import running


def dist_info(site: Path, name: str, version: str, **files: str) -> Path:
    folder = site / f"{name}-{version}.dist-info"
    folder.mkdir(parents=True)
    made = {"METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "RECORD": ""} | files
    for file, text in made.items():
        (folder / file).write_text(text)
    return folder


def test_what_a_wheel_recorded(tmp_path: Path) -> None:
    direct = json.dumps({"url": "https://example.com/a.whl", "archive_info": {}})
    dist_info(tmp_path, "Flask_Thing", "1.0", INSTALLER="pip\n", REQUESTED="", **{"direct_url.json": direct})
    assert read_installed([tmp_path]) == (
        InstalledDistribution(
            name=read_installed([tmp_path])[0].name,
            version="1.0",
            site=tmp_path,
            folder="Flask_Thing-1.0.dist-info",
            installer="pip",
            requested=True,
            direct_url=direct,
        ),
    )
    assert read_installed([tmp_path])[0].name == "flask-thing"


def test_what_is_not_recorded_is_left_out(tmp_path: Path) -> None:
    dist_info(tmp_path, "plain", "2.0")
    (plain,) = read_installed([tmp_path])
    assert isinstance(plain, InstalledDistribution)
    assert (plain.installer, plain.requested, plain.direct_url) == ("", False, None)


def test_names_come_from_metadata_and_not_from_the_folder(tmp_path: Path) -> None:
    dist_info(
        tmp_path, "x", "1", METADATA="Metadata-Version: 2.1\r\nNAME: Real.Name\r\nVersion: 3.0\r\n\r\nName: no"
    )
    (found,) = read_installed([tmp_path])
    assert (found.name, found.folder) == ("real-name", "x-1.dist-info")


def test_the_list_is_sorted_by_name(tmp_path: Path) -> None:
    for name in ("zope", "attrs", "Markdown"):
        dist_info(tmp_path, name, "1")
    assert [each.name for each in read_installed([tmp_path])] == ["attrs", "markdown", "zope"]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"METADATA": ""}, "METADATA has no Name"),
        ({"METADATA": "Name: x\n"}, "METADATA has no Version"),
        ({"METADATA": "Metadata-Version: 2.1\n\nName: x\nVersion: 1\n"}, "METADATA has no Name"),
    ],
)
def test_metadata_that_does_not_say_what_it_is(files: dict[str, str], problem: str, tmp_path: Path) -> None:
    dist_info(tmp_path, "Broken_One", "1", **files)
    (found,) = read_installed([tmp_path])
    assert isinstance(found, BrokenDistribution)
    assert (found.name, found.folder, found.problem) == ("broken-one", "Broken_One-1.dist-info", problem)


def test_folders_that_an_interrupted_installation_left(tmp_path: Path) -> None:
    (tmp_path / "empty-1.dist-info").mkdir()
    (tmp_path / "file-1.dist-info").write_text("")
    (dist_info(tmp_path, "cut", "1") / "RECORD").unlink()
    found = read_installed([tmp_path])
    assert [each.name for each in found] == ["cut", "empty", "file"]
    assert all(isinstance(each, BrokenDistribution) for each in found)


def test_eggs_are_seen_as_foreign(tmp_path: Path) -> None:
    (tmp_path / "Old_Thing-1.2-py3.11.egg-info").mkdir()
    (tmp_path / "flat-0.9.egg-info").write_text("")
    (tmp_path / "linked.egg-link").write_text("/src")
    found = read_installed([tmp_path])
    assert all(isinstance(each, ForeignDistribution) for each in found)
    assert [(each.name, each.version) for each in found if isinstance(each, ForeignDistribution)] == [
        ("flat", "0.9"),
        ("linked", ""),
        ("old-thing", "1.2"),
    ]


def test_what_pip_is_about_to_delete_is_not_installed(tmp_path: Path) -> None:
    dist_info(tmp_path, "~ask", "1")
    assert read_installed([tmp_path]) == ()


def test_folders_that_are_missing_or_the_same_are_read_once_at_most(tmp_path: Path) -> None:
    dist_info(tmp_path / "lib", "one", "1")
    (tmp_path / "lib64").symlink_to("lib")
    found = read_installed([tmp_path / "lib", tmp_path / "lib64", tmp_path / "gone"])
    assert [each.site for each in found] == [tmp_path / "lib"]


def test_an_environment_with_pip_in_it(tmp_path: Path) -> None:
    base = running()
    made = subprocess.run(
        [base.executable, "-I", "-m", "venv", tmp_path / "env"], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"this interpreter has no ensurepip: {made.stdout.splitlines()[-1:]}")
    found = {str(each.name): each for each in read_installed([tmp_path / "env" / base.purelib])}
    assert isinstance(found["pip"], InstalledDistribution)
    assert found["pip"].installer == "pip"
