from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet

from lockenv.markers.space import Row, forks_of
from lockenv.markers.text import environments
from tests.fakes.rows import row, rows

LINUX = 'sys_platform == "linux" and platform_machine == "x86_64" and implementation_name == "cpython"'
WINDOWS = 'sys_platform == "win32" and platform_machine == "AMD64" and implementation_name == "cpython"'


def texts(universe: tuple[Row, ...], requires_python: str) -> list[str]:
    return list(map(str, environments(universe, SpecifierSet(requires_python))))


def test_each_platform_and_implementation_has_one_marker_with_its_pythons() -> None:
    assert texts(rows("3.12 3.11 3.13", "windows linux"), "") == [
        f'python_version >= "3.11" and python_version < "3.14" and {LINUX}',
        f'python_version >= "3.11" and python_version < "3.14" and {WINDOWS}',
    ]


@pytest.mark.parametrize(
    ("requires_python", "bounds"),
    [
        (">=3.11,<3.14", ""),
        ("~=3.11,<3.14", ""),
        (">=3.11", 'python_version < "3.14" and '),
        (">=3.11,<=3.14", 'python_version < "3.14" and '),
        (">=3.11,!=3.14.*", 'python_version < "3.14" and '),
        (">3.10,<3.14", 'python_version >= "3.11" and '),
        (">=3.11.0rc1,<3.14", ""),
        (">=3.11.dev0,<3.14", ""),
        (">=3.11a1,<3.14", ""),
        (">=3.11,<3.14.0rc1", 'python_version < "3.14" and '),
        ("===3.12.1", ""),
        ("===3.15.1", 'python_version < "3.14" and '),
    ],
)
def test_a_bound_is_left_out_only_where_requires_python_implies_it(requires_python: str, bounds: str) -> None:
    assert texts(rows("3.11 3.12 3.13", "linux"), requires_python) == [bounds + LINUX]


def test_a_hole_in_the_pythons_of_a_platform_parts_its_marker() -> None:
    universe = (*rows("3.11 3.12 3.13", "linux"), row("3.11", "windows"), row("3.13", "windows"))
    assert texts(universe, ">=3.11,<3.14") == [
        LINUX,
        f'python_version < "3.12" and {WINDOWS}',
        f'python_version >= "3.13" and {WINDOWS}',
    ]


def test_one_python_is_named_by_itself() -> None:
    assert texts(rows("3.11", "linux"), "") == [f'python_version == "3.11" and {LINUX}']
    assert texts(rows("3.11.4-3.11.5", "linux"), "") == [f'python_full_version == "3.11.4" and {LINUX}']


def test_an_open_end_stays_open_and_patch_versions_are_named_in_full() -> None:
    assert texts(rows("3.14.2-3.15 3.15-", "linux"), ">=3.14") == [f'python_full_version >= "3.14.2" and {LINUX}']
    assert texts(rows("3.14.2-3.15 3.15-", "linux"), ">=3.14.2") == [LINUX]


def test_forks_do_not_multiply_environments() -> None:
    assert len(texts(rows("3.11 3.12", forks=forks_of([("cpu", "gpu")])), ">=3.11,<3.13")) == 3
