from __future__ import annotations

import pytest

from lockenv.build.static import LEGACY, BuildSystem, read_build_system, read_project
from lockenv.errors import BuildError, MetadataError
from lockenv.packages import Metadata, canonicalize_name


def build_system(text: str) -> BuildSystem:
    return read_build_system(text.encode(), shown="menu 1.0")


def project(text: str) -> Metadata | None:
    return read_project(text.encode(), shown="menu 1.0")


# [build-system]


@pytest.mark.parametrize("content", [None, b"", b"[tool.menu]\nx = 1\n"])
def test_without_a_build_system_setuptools_builds(content: bytes | None) -> None:
    assert read_build_system(content, shown="menu") == LEGACY
    assert LEGACY.backend == "setuptools.build_meta:__legacy__"
    assert LEGACY.requires == ("setuptools>=40.8.0",)


def test_a_build_system_without_a_backend_names_what_setuptools_needs() -> None:
    found = build_system('[build-system]\nrequires = ["setuptools", "cython<3"]\n')
    assert found == BuildSystem(requires=("setuptools", "cython<3"), backend=LEGACY.backend)


def test_a_whole_build_system_is_read() -> None:
    found = build_system(
        '[build-system]\nrequires = []\nbuild-backend = "own.backend:hooks.real"\n'
        'backend-path = [".", "build/own"]\n'
    )
    assert found == BuildSystem(requires=(), backend="own.backend:hooks.real", backend_path=(".", "build/own"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[build-system", "it is no TOML"),
        ("\xff", "it is no TOML"),
        ("build-system = 1", "build-system must be a table"),
        ("[build-system]\n", "no `requires` (PEP 518)"),
        ('[build-system]\nrequires = "flit"\n', "build-system.requires must be a list of texts"),
        ("[build-system]\nrequires = [1]\n", "build-system.requires must be a list of texts"),
        ('[build-system]\nrequires = ["flit_core >>1"]\n', "'flit_core >>1', which is no requirement (PEP 508)"),
        (f'[build-system]\nrequires = ["x ; {"(" * 3000}"]\n', "which is no requirement"),
        ('[build-system]\nrequires = []\nbuild-backend = "os; system"\n', "'os; system', which names no object"),
        ('[build-system]\nrequires = []\nbuild-backend = ""\n', "'', which names no object"),
        ("[build-system]\nrequires = []\nbuild-backend = 1\n", "1, which names no object"),
        ('[build-system]\nrequires = []\nbackend-path = ["."]\n', "without a build-backend"),
    ],
)
def test_a_broken_build_system_is_told(text: str, said: str) -> None:
    with pytest.raises(BuildError) as caught:
        read_build_system(text.encode("latin-1"), shown="menu 1.0")
    assert caught.value.message.startswith("menu 1.0 cannot be built: its pyproject.toml is broken: ")
    assert said in caught.value.message


@pytest.mark.parametrize("path", ["..", "../evil", "/evil", "a/../../evil", "a\\b", "", "a//b"])
def test_a_backend_is_imported_from_nowhere_else_than_the_tree(path: str) -> None:
    text = f"[build-system]\nrequires = []\nbuild-backend = 'own'\nbackend-path = ['{path}']\n"
    with pytest.raises(BuildError, match="backend-path holds"):
        build_system(text)


# [project]

WHOLE = """
[project]
name = "Menu.Bar"
version = "1.0.0-rc1"
requires-python = ">=3.8"
dependencies = ["dropdown >= 2", "icons; sys_platform == 'win32'", "dock @ https://example.com/dock.whl"]
[project.optional-dependencies]
Big_Icons = ["icons[big]", "paint; os_name == 'nt' or os_name == 'posix'"]
none = []
"""


def test_a_static_project_is_its_metadata() -> None:
    assert project(WHOLE) == Metadata(
        name=canonicalize_name("menu-bar"),
        version="1.0.0rc1",
        requires_python=">=3.8",
        requires_dist=(
            "dropdown>=2",
            'icons; sys_platform == "win32"',
            "dock @ https://example.com/dock.whl",
            'icons[big]; extra == "big-icons"',
            'paint; (os_name == "nt" or os_name == "posix") and extra == "big-icons"',
        ),
        provides_extra=(canonicalize_name("big-icons"), canonicalize_name("none")),
    )


def test_what_is_left_out_and_not_dynamic_is_empty() -> None:
    found = project('[project]\nname = "menu"\nversion = "1"\ndynamic = ["readme", "classifiers"]\n')
    assert found == Metadata(name=canonicalize_name("menu"), version="1")


@pytest.mark.parametrize("key", ["version", "requires-python", "dependencies", "optional-dependencies"])
def test_what_is_dynamic_needs_a_build(key: str) -> None:
    text = f'[project]\nname = "menu"\nversion = "1"\ndynamic = ["{key}"]\n'
    assert project(text) is None


@pytest.mark.parametrize("text", ["", "[tool.poetry]\nname = 'menu'\n", "[project]\nname = 'menu'\n"])
def test_what_is_not_said_needs_a_build(text: str) -> None:
    assert project(text) is None


def test_requirements_that_a_backend_fills_in_need_a_build() -> None:
    assert (
        project("[project]\nname = 'menu'\nversion = '1'\ndependencies = ['icons @ {root:uri}/icons']\n") is None
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("name = '../menu'", "'../menu', which is no name"),
        ("name = 7", "7, which is no name"),
        ("version = 'one'", "'one', which is no version"),
        ("version = 1.0", "1.0, which is no version"),
        ("requires-python = '3.8 and newer'", "'3.8 and newer', which bounds nothing"),
        ("requires-python = 3", "3, which bounds nothing"),
        ("dependencies = 'icons'", "project.dependencies must be a list of texts"),
        ("dependencies = ['icons!']", "project.dependencies holds 'icons!'"),
        ("optional-dependencies = ['icons']", "project.optional-dependencies must be a table"),
        ("optional-dependencies.big = 'icons'", "project.optional-dependencies.big must be a list"),
        ("optional-dependencies.big = ['icons!']", "project.optional-dependencies.big holds 'icons!'"),
        ("dynamic = 'readme'", "project.dynamic must be a list of texts"),
    ],
)
def test_a_broken_project_is_told(line: str, said: str) -> None:
    known = {"name": "name = 'menu'", "version": "version = '1'"}
    known[line.partition(" ")[0]] = line
    with pytest.raises(MetadataError) as caught:
        project("[project]\n" + "\n".join(known.values()))
    assert said in caught.value.message
    assert caught.value.message.startswith("the metadata of menu 1.0 is broken: pyproject.toml: ")


def test_a_project_without_a_name_is_told() -> None:
    with pytest.raises(MetadataError, match="has no `name`"):
        project("[project]\nversion = '1'\n")
