"""What is to be installed is data, and every tool is told the same."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from benchmarks.recording import Recording
from benchmarks.sync import made, sets
from benchmarks.sync.sets import Made, Set
from benchmarks.sync.ways import WAYS, Locked, Pin, Place, environment, known_places, pins_of
from lockenv.manifest.read import read

SET = Set(
    name="lunch", python=">=3.12,<3.13", dependencies=("menu[all]", "plate"), held="plate<2", imports=("menu",)
)
PYLOCK = """
lock-version = "1.0"
[[packages]]
name = "menu"
version = "1.0"
wheels = [{ name = "menu-1.0-py3-none-any.whl", hashes = { sha256 = "ab" } }]
"""
LOCKED = Locked(
    python=SET.python,
    requirements=SET.dependencies,
    index="http://127.0.0.1:1/simple/",
    pylock=PYLOCK,
    pins=(Pin(name="menu", version="1.0", hashes=("ab", "cd")),),
)


@pytest.mark.parametrize("name", sets.known())
def test_each_set_here_can_be_read(name: str) -> None:
    (found,) = sets.named([name])
    assert found.imports
    assert all(found.requirements(lot) or name == "empty" for lot in found.lots)


def test_the_older_lock_holds_one_package_back() -> None:
    assert SET.lots == ("new", "held")
    assert SET.requirements("new") == ("menu[all]", "plate")
    assert SET.requirements("held") == ("menu[all]", "plate<2")


def test_pins_are_read_from_a_lock() -> None:
    assert pins_of(PYLOCK) == (Pin(name="menu", version="1.0", hashes=("ab",)),)


def test_a_package_without_a_wheel_is_none_for_a_set() -> None:
    with pytest.raises(AssertionError, match="menu has no wheel"):
        pins_of('[[packages]]\nname = "menu"\nversion = "1.0"\n')


@pytest.mark.parametrize("name", ["uv", "pdm", "poetry"])
def test_a_project_asks_for_what_lockenv_pinned(name: str) -> None:
    content = tomllib.loads(WAYS[name].files(LOCKED)["pyproject.toml"])
    assert content["project"]["dependencies"] == ["menu==1.0"]
    assert content["project"]["requires-python"] == SET.python


@pytest.mark.parametrize("name", ["pip", "uv-pip"])
def test_a_list_of_requirements_has_every_hash(name: str) -> None:
    text = WAYS[name].files(LOCKED)["requirements.txt"]
    assert text.replace(" \\\n   ", "") == "menu==1.0 --hash=sha256:ab --hash=sha256:cd\n"


def test_lockenv_is_told_the_requirements_and_given_its_lock() -> None:
    files = WAYS["lockenv"].files(LOCKED)
    assert [str(each) for each in read(files["env.toml"]).dependencies] == ["menu[all]", "plate"]
    assert files["pylock.toml"] == PYLOCK


@pytest.mark.parametrize("name", WAYS)
def test_a_tool_learns_of_its_own_folders_and_may_write_bytecode(name: str, tmp_path: Path) -> None:
    way, place = WAYS[name], Place(folder=tmp_path)
    known = known_places("/bin/tool", place, python="/opt/bin/python3", index=LOCKED.index, link="copy")
    found = environment(way, place, known)
    assert found["HOME"] == str(tmp_path / "home")
    assert found["PATH"].startswith("/opt/bin:")
    assert "PYTHONDONTWRITEBYTECODE" not in found
    assert ("copy" in found.values()) == way.links
    for command in (way.sync, way.lock, way.create, way.alone, way.verify):
        assert all("{" not in word.format_map(known) for word in command)


@pytest.mark.parametrize("name", [name for name, way in WAYS.items() if way.create])
def test_who_makes_no_environment_is_given_one_and_told_where_it_is(name: str) -> None:
    """Else it would install into the interpreter that the environments are made of."""
    way = WAYS[name]
    assert any("{env}" in word for word in (*way.sync, *way.variables.values())) or name == "poetry"
    assert way.variables.get("POETRY_VIRTUALENVS_IN_PROJECT", "true") == "true"


def test_made_up_packages_are_the_same_wherever_they_are_made(tmp_path: Path) -> None:
    found = []
    for name in ("one", "other"):
        recording = Recording(tmp_path / name)
        made.put(recording, Made(packages=2, files=3, bytes=100), "dish")
        made.put(recording, Made(packages=2, files=3, bytes=100), "dish")  # what is there stays
        found.append(recording.page("dish-1"))
        assert recording.file("dish-1", "dish_1-2.0-py3-none-any.whl").is_file()
    assert found[0] is not None
    assert found[0] == found[1]
    assert found[0].versions == ("1.0", "2.0")
