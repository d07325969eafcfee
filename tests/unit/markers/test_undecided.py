"""Markers on what no lock can know."""

from __future__ import annotations

import pytest
from packaging.markers import Marker

from lockenv.markers.undecided import in_doubt

LINUX = {"sys_platform": "linux", "os_name": "posix", "extra": ""}


@pytest.mark.parametrize(
    "text",
    [
        "platform_release >= '5.10'",
        "'Ubuntu' in platform_version",
        "platform_release >= '5.10' and sys_platform == 'linux'",
        "platform_release >= '5.10' or sys_platform == 'win32'",
        "(os_name == 'nt' or platform_version == 'x') and sys_platform == 'linux'",
        "platform_release != '5.10'",
    ],
)
def test_what_rests_on_the_unstated_is_in_doubt(text: str) -> None:
    assert in_doubt(Marker(text), LINUX)


@pytest.mark.parametrize(
    "text",
    [
        "sys_platform == 'linux'",
        "platform_release >= '5.10' and sys_platform == 'win32'",
        "platform_release >= '5.10' or sys_platform == 'linux'",
        "platform_release >= '5.10' and extra == 'x'",
        "sys_platform == 'platform_release'",
        "sys_platform ~= '5' and platform_release >= '5'",
    ],
)
def test_what_the_stated_decides_is_not(text: str) -> None:
    assert not in_doubt(Marker(text), LINUX)
