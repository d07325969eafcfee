"""What a script says of itself (PEP 723), read as a manifest."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet

from lockenv.errors import ManifestError
from lockenv.formats.script import read_script
from lockenv.inline import find_block
from lockenv.manifest.model import GitSource, Manifest, PathSource, UrlSource
from lockenv.packages import parse_requirement


def _script(*lines: str) -> str:
    block = ["# /// script", *(f"# {line}" if line else "#" for line in lines), "# ///"]
    return "\n".join(["#!/usr/bin/env python", "", *block, "print(1)", ""])


def _read(*lines: str) -> tuple[Manifest, tuple[str, ...]]:
    block = find_block(_script(*lines).encode(), where="report.py")
    assert block is not None
    return read_script(block, where="report.py", folder="/there")


def _problems(*lines: str) -> list[str]:
    with pytest.raises(ManifestError, match=r"the block of report\.py has") as caught:
        _read(*lines)
    return [str(problem) for problem in caught.value.problems]


def test_the_two_keys_are_those_of_env() -> None:
    manifest, remarks = _read('requires-python = ">=3.11"', 'dependencies = ["rich", "httpx>=0.27"]')
    assert manifest == Manifest(
        python=SpecifierSet(">=3.11"),
        dependencies=(parse_requirement("rich"), parse_requirement("httpx>=0.27")),
    )
    assert remarks == ()


def test_a_block_may_say_next_to_nothing() -> None:
    assert _read("")[0] == Manifest(python=SpecifierSet())


def test_tables_of_env_toml_stand_under_tool_lockenv() -> None:
    manifest, _ = _read(
        'dependencies = ["core"]',
        "",
        "[[tool.lockenv.index]]",
        'name = "acme"',
        'url = "wheels"',
        "[tool.lockenv.sources]",
        'core = { path = "libs/core" }',
        "[tool.lockenv.resolution]",
        'strategy = "lowest"',
        "[tool.lockenv.build]",
        'allow = ["core"]',
    )
    assert [index.name for index in manifest.indexes] == ["acme"]
    assert manifest.sources == (("core", PathSource(path="libs/core")),)
    assert manifest.resolution.strategy == "lowest"
    assert manifest.build.allow == {"core"}


def test_a_requirement_with_an_address_is_one_with_a_source() -> None:
    manifest, _ = _read(
        "dependencies = [",
        '    "one[x] @ https://files.example.com/one-1.0-py3-none-any.whl",',
        '    "two @ git+https://git.example.com/two.git@v2",',
        '    "three @ file:///there/libs/three",',
        "]",
    )
    assert list(map(str, manifest.dependencies)) == ["one[x]", "two", "three"]
    assert manifest.sources == (
        ("one", UrlSource(url="https://files.example.com/one-1.0-py3-none-any.whl")),
        ("three", PathSource(path="libs/three")),
        ("two", GitSource(git="https://git.example.com/two.git", rev="v2")),
    )


def test_everything_that_is_wrong_is_told_at_its_line_of_the_script() -> None:
    told = _problems(
        "dependencys = []",
        'requires-python = "3.11"',
        'dependencies = ["rich=1", "x @ hg+https://example.com/x"]',
        "[tool.lockenv]",
        "groups = {}",
        "resolutions = {}",
        "[tool.lockenv.build]",
        "alow = []",
    )
    expected = [
        "report.py:4: unknown key `dependencys` (did you mean `dependencies`?)",
        "report.py:5: `requires-python` cannot be `3.11`: a version needs an operator before it",
        "report.py:6: `hg+https://example.com/x`: of version control systems, only Git is known",
        "report.py:6: `rich=1` is not a requirement: equality is written `==` (write `rich==1`)",
        "report.py:8: unknown key `groups` in [tool.lockenv] (a script may have targets, index, sources,",
        "report.py:9: unknown key `resolutions` in [tool.lockenv] (did you mean `resolution`?)",
        "report.py:11: unknown key `alow` in [tool.lockenv.build] (did you mean `allow`?)",
    ]
    assert len(told) == len(expected)
    assert all(one.startswith(begin) for one, begin in zip(told, expected, strict=True)), told


def test_what_is_no_toml_is_told_at_its_line_too() -> None:
    with pytest.raises(ManifestError, match=r"report\.py is not valid TOML") as caught:
        _read("dependencies = [", '"rich"')
    assert str(caught.value.problems[0]).startswith("report.py:5:")


def test_an_address_in_two_places_is_refused() -> None:
    assert (
        "names its source in `dependencies` too"
        in _problems(
            'dependencies = ["x @ https://example.com/x-1.0-py3-none-any.whl"]',
            "[tool.lockenv.sources]",
            'x = { path = "x" }',
        )[0]
    )


def test_what_counts_for_another_tool_only_is_told() -> None:
    _, remarks = _read("[tool.uv.sources]", 'x = { path = "x" }', "[tool.black]", "line-length = 100")
    assert remarks == ("`sources` of [tool.uv] in report.py counts for uv only",)
