"""Where a judge looks along a target's span of Pythons."""

from __future__ import annotations

import pytest
from packaging.version import Version

from lockenv.lockfile.probes import probes, turns
from lockenv.targets import Span, Target
from tests.fakes.source import linux_target


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ('python_full_version < "3.11.3"', "3.11.3"),
        ('python_full_version >= "3.11.3" and sys_platform == "linux"', "3.11.3"),
        ('python_full_version <= "3.11.3"', "3.11.3 3.11.4"),
        ('python_full_version == "3.11"', "3.11 3.11.1"),
        ('"3.11.4" <= python_full_version', "3.11.4 3.11.5"),
        ('implementation_version != "3.11.3"', "3.11.3 3.11.4"),
        ('python_version < "3.12"', "3.12"),
        ('python_version > "3.15"', "3.15 3.16"),
        ('sys_platform == "linux"', ""),
        ('platform_release >= "5.10.1"', "5.10.1"),
        (">=3.9,!=3.11.4", "3.9 3.11.4 3.11.5"),
        ("<3.14", "3.14"),
    ],
)
def test_versions_at_which_something_may_change(text: str, versions: str) -> None:
    assert turns([text]) == {Version(version) for version in versions.split()}


def looked_at(target: Target, versions: str) -> list[str]:
    return [each.variables["python_full_version"] for each in probes(target, map(Version, versions.split()))]


def test_a_target_is_looked_at_from_its_lowest_python_upwards() -> None:
    assert looked_at(linux_target("3.11.2"), "3.11.5 3.11.3 3.11.2 3.11.1 3.12 3.10.4") == [
        "3.11.2",
        "3.11.3",
        "3.11.5",
    ]


def test_an_open_span_is_looked_at_beyond_its_minor() -> None:
    target = linux_target("3.15.0")
    assert looked_at(target._part(Span(lowest=Version("3.15")), {}), "3.16 3.17.2") == [
        "3.15.0",
        "3.16.0",
        "3.17.2",
    ]
