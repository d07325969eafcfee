from __future__ import annotations

import pytest

from lockenv.cli.markers import in_words

_WORDS = {
    'python_version < "3.12"': "Python < 3.12",
    'python_version == "3.12"': "Python 3.12",
    'python_full_version >= "3.11.4"': "Python >= 3.11.4",
    'sys_platform == "win32"': "Windows",
    'sys_platform != "win32"': "not Windows",
    'sys_platform == "darwin" and platform_machine == "arm64"': "macOS arm64",
    'python_version >= "3.11" and sys_platform == "linux"': "Python >= 3.11, Linux",
    'implementation_name == "pypy" and platform_machine == "AMD64"': "PyPy, x86_64",
    '"test" in dependency_groups': "group test",
    '"dev" in dependency_groups or "test" in dependency_groups': "groups dev or test",
    'sys_platform == "win32" and "test" in dependency_groups': "group test, Windows",
    'python_version < "3.12" and ("gpu" in dependency_groups or "ml" in dependency_groups)': (
        "Python < 3.12, groups gpu or ml"
    ),
    'sys_platform == "win32" or (sys_platform == "linux" and "x" in dependency_groups)': (
        "Windows or (group x, Linux)"
    ),
    '"gpu" not in dependency_groups': "without group gpu",
    '"gpu" not in dependency_groups and "ml" not in dependency_groups': "without group gpu, without group ml",
    'python_version < "3.12" and ("gpu" not in dependency_groups or "cpu" in dependency_groups)': (
        "Python < 3.12, without group gpu"
    ),
    'sys_platform == "linux" and (python_version < "3.9" or python_version >= "3.12")': (
        "Python < 3.9 or Python >= 3.12, Linux"
    ),
    '"linux" in sys_platform': '"linux" in sys_platform',
    'platform_release == "6.1"': 'platform_release == "6.1"',
    "no marker at all": "no marker at all",
}


@pytest.mark.parametrize("marker", _WORDS)
def test_markers_in_a_persons_words(marker: str) -> None:
    assert in_words(marker) == _WORDS[marker]


def test_what_is_too_long_to_read_is_not_read_out() -> None:
    many = " or ".join(f'"group-{number}" in dependency_groups' for number in range(12))
    assert in_words(many) == "on some targets"
