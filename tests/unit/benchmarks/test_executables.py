"""Tools are found where they were named, in environments of their own, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.lock.executables import find
from benchmarks.lock.tools import TOOLS

VERSION = "print('nab 1.2.3 (a tool)')"


def test_a_tool_is_found_where_it_was_named(program: Callable[[str], Path]) -> None:
    path = program(VERSION)
    (found,), missing = find([f"nab={path}"])
    assert (found.tool.name, found.path, found.version, missing) == ("nab", path, "1.2.3", [])


def test_a_tool_is_found_in_an_environment_of_its_own(program: Callable[[str], Path], tmp_path: Path) -> None:
    place = tmp_path / "peers" / "nab" / "bin" / "nab"
    place.parent.mkdir(parents=True)
    program(VERSION).rename(place)
    (found,), _ = find(["nab"], tmp_path / "peers")
    assert found.path == place


def test_a_program_may_be_called_otherwise_than_its_tool(program: Callable[[str], Path], tmp_path: Path) -> None:
    place = tmp_path / "peers" / "pip-tools" / "bin" / "pip-compile"
    place.parent.mkdir(parents=True)
    program("print('pip-compile, version 7.6.2')").rename(place)
    (found,), _ = find(["pip-tools"], tmp_path / "peers")
    assert (found.path, found.version) == (place, "7.6.2")


def test_who_is_missing_is_said() -> None:
    assert find(["nab=/nowhere/nab"]) == ([], ["nab: skipped, there is no /nowhere/nab"])


def test_a_name_that_nobody_knows_is_refused() -> None:
    with pytest.raises(SystemExit, match=f"known here: {', '.join(TOOLS)}"):
        find(["conda"])
