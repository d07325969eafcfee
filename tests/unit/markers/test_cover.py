from __future__ import annotations

from collections.abc import Callable

import pytest

from lockenv.errors import InternalError
from lockenv.markers.cover import Universe, cover, covers
from lockenv.markers.disjoint import disjoint
from lockenv.markers.space import Row, forks_of
from tests.fakes.rows import environments, holds, row, rows

Choice = Callable[[Row], bool]

DESKTOPS = rows("3.11 3.12 3.13")
MACHINES = rows("3.11 3.12 3.13 3.14-", "linux linux-arm macos macos-intel windows")
CONFLICT = (("cpu", "gpu"),)
FORKED = rows("3.11 3.12", forks=forks_of(CONFLICT))


def minor(cell: Row) -> int:
    return cell.python.lowest.minor


def system(cell: Row) -> str:
    return dict(cell.values)["sys_platform"]


def machine(cell: Row) -> str:
    return dict(cell.values)["platform_machine"]


def asked(cell: Row) -> str:
    return cell.fork[0][1]


def intel_mac(cell: Row) -> bool:
    return system(cell) == "darwin" and machine(cell) == "x86_64"


def text(universe: tuple[Row, ...], wanted: Choice) -> str:
    on = [cell for cell in universe if wanted(cell)]
    return str(cover(on, [cell for cell in universe if cell not in on]))


def texts(universe: tuple[Row, ...], *parts: Choice) -> list[str]:
    return [
        str(marker) for marker in covers([[cell for cell in universe if part(cell)] for part in parts], universe)
    ]


def gated(universe: tuple[Row, ...], *parts: dict[str, Choice]) -> list[str]:
    numbered = list(enumerate(universe))
    reaches = [
        {gate: [number for number, cell in numbered if wanted(cell)] for gate, wanted in part.items()}
        for part in parts
    ]
    return [str(marker) for marker in Universe(universe).markers(reaches)]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (lambda cell: system(cell) == "win32", 'sys_platform == "win32"'),
        (lambda cell: system(cell) != "win32", 'sys_platform != "win32"'),
        (lambda cell: minor(cell) >= 12, 'python_version >= "3.12"'),
        (lambda cell: minor(cell) == 11, 'python_version < "3.12"'),
        (lambda cell: minor(cell) == 12, 'python_version == "3.12"'),
        (lambda cell: minor(cell) != 12, 'python_version != "3.12"'),
        (
            lambda cell: (minor(cell), system(cell)) == (11, "linux"),
            'python_version < "3.12" and sys_platform == "linux"',
        ),
        (
            lambda cell: minor(cell) == 11 or system(cell) == "linux",
            'python_version < "3.12" or sys_platform == "linux"',
        ),
        (
            lambda cell: (minor(cell), system(cell)) in {(11, "win32"), (13, "linux")},
            (
                '(python_version < "3.12" and sys_platform == "win32")'
                ' or (python_version >= "3.13" and sys_platform == "linux")'
            ),
        ),
        (lambda cell: True, "None"),
    ],
)
def test_a_marker_is_what_a_person_would_write(wanted: Choice, expected: str) -> None:
    assert text(DESKTOPS, wanted) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (lambda cell: system(cell) == "linux", 'sys_platform == "linux"'),
        (lambda cell: system(cell) == "win32", 'sys_platform == "win32"'),
        (lambda cell: machine(cell) == "aarch64", 'platform_machine == "aarch64"'),
        (
            lambda cell: system(cell) == "linux" and machine(cell) == "x86_64",
            'sys_platform == "linux" and platform_machine == "x86_64"',
        ),
        (intel_mac, 'sys_platform == "darwin" and platform_machine == "x86_64"'),
        (lambda cell: not intel_mac(cell), 'sys_platform != "darwin" or platform_machine == "arm64"'),
        (
            lambda cell: minor(cell) < 13 and not intel_mac(cell),
            'python_version < "3.13" and (sys_platform != "darwin" or platform_machine == "arm64")',
        ),
    ],
)
def test_the_machine_is_named_where_the_system_does_not_say_enough(wanted: Choice, expected: str) -> None:
    assert text(MACHINES, wanted) == expected


def test_the_implementation_is_named_where_it_matters() -> None:
    universe = rows("3.11 3.12", implementations="cpython pypy")
    pypy = 'python_version >= "3.12" and implementation_name == "pypy"'
    assert (
        text(universe, lambda cell: minor(cell) == 12 and ("implementation_name", "pypy") in cell.values) == pypy
    )


def test_patch_versions_are_named_only_where_a_span_begins_or_ends_with_one() -> None:
    universe = rows("3.11-3.11.3 3.11.3-3.12 3.12 3.13-")
    assert text(universe, lambda cell: str(cell.python.lowest) == "3.11") == 'python_full_version < "3.11.3"'
    assert text(universe, lambda cell: minor(cell) == 11) == 'python_version < "3.12"'
    assert text(universe, lambda cell: minor(cell) >= 13) == 'python_version >= "3.13"'
    one = rows("3.11-3.11.4 3.11.4-3.11.5 3.11.5-3.12 3.12")
    assert texts(
        one, lambda cell: str(cell.python.lowest) == "3.11.4", lambda cell: str(cell.python.lowest) != "3.11.4"
    ) == ['python_full_version == "3.11.4"', 'python_full_version != "3.11.4"']


def test_spans_of_one_platform_may_be_cut_where_another_s_are_not() -> None:
    universe = (*rows("3.11 3.12", "windows"), *rows("3.11-3.11.3 3.11.3-3.12 3.12", "linux"))
    old = 'python_full_version < "3.11.3" and sys_platform == "linux"'
    assert text(universe, lambda cell: cell == row("3.11-3.11.3", "linux")) == old


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (
            (lambda cell: minor(cell) >= 12, lambda cell: minor(cell) < 12),
            ['python_version >= "3.12"', 'python_version < "3.12"'],
        ),
        (
            (lambda cell: system(cell) == "win32", lambda cell: system(cell) != "win32"),
            ['sys_platform == "win32"', 'sys_platform != "win32"'],
        ),
        (
            tuple(lambda cell, name=name: system(cell) == name for name in ("linux", "darwin", "win32")),
            ['sys_platform == "linux"', 'sys_platform == "darwin"', 'sys_platform == "win32"'],
        ),
        (
            (
                lambda cell: minor(cell) < 13,
                lambda cell: minor(cell) >= 13 and system(cell) != "win32",
                lambda cell: minor(cell) >= 13 and system(cell) == "win32",
            ),
            [
                'python_version < "3.13"',
                'python_version >= "3.13" and sys_platform != "win32"',
                'python_version >= "3.13" and sys_platform == "win32"',
            ],
        ),
        (
            # Each alone would be told by a word less, but together they would meet on Windows for ARM.
            (lambda cell: machine(cell) == "aarch64", lambda cell: system(cell) == "win32"),
            ['sys_platform == "linux" and platform_machine == "aarch64"', 'sys_platform == "win32"'],
        ),
    ],
)
def test_versions_of_one_package_exclude_each_other_everywhere(
    parts: tuple[Choice, ...], expected: list[str]
) -> None:
    found = texts(MACHINES, *parts)
    assert found == expected
    markers = covers([[cell for cell in MACHINES if part(cell)] for part in parts], MACHINES)
    assert all(disjoint(one, other) for one in markers for other in markers if one is not other)


def test_a_hole_in_the_declared_pythons_belongs_to_no_version() -> None:
    universe = rows("3.11 3.13", "linux")
    assert texts(universe, lambda cell: minor(cell) == 11, lambda cell: minor(cell) == 13) == [
        'python_version < "3.12"',
        'python_version >= "3.13"',
    ]


def test_conflicting_groups_are_named_positively() -> None:
    assert texts(FORKED, *(lambda cell, name=name: asked(cell) == name for name in ("", "cpu", "gpu"))) == [
        '"cpu" not in dependency_groups and "gpu" not in dependency_groups',
        '"cpu" in dependency_groups',
        '"gpu" in dependency_groups',
    ]


def test_versions_that_a_forbidden_selection_asks_for_are_selected_both_so_that_every_installer_says_so() -> None:
    assert texts(FORKED, lambda cell: asked(cell) != "cpu", lambda cell: asked(cell) == "cpu") == [
        '"cpu" not in dependency_groups or "gpu" in dependency_groups',
        '"cpu" in dependency_groups',
    ]
    # With one version there is nothing to tell apart.
    assert text(FORKED, lambda cell: asked(cell) != "cpu") == '"cpu" not in dependency_groups'


def test_a_gate_that_its_fork_asks_for_is_named_once() -> None:
    assert gated(
        FORKED, {"cpu": lambda cell: asked(cell) == "cpu"}, {"gpu": lambda cell: asked(cell) == "gpu"}
    ) == ['"cpu" in dependency_groups', '"gpu" in dependency_groups']
    assert gated(FORKED, {"gpu": lambda cell: asked(cell) == "gpu" and system(cell) == "linux"}) == [
        'sys_platform == "linux" and "gpu" in dependency_groups'
    ]


def test_groups_that_no_row_asks_for_are_gates_like_others_be_they_in_a_conflict_set() -> None:
    unforked = rows("3.11 3.12", forks=[((("cpu", "gpu"), ""),)])
    assert gated(unforked, {"cpu": lambda cell: True}) == ['"cpu" in dependency_groups']


def test_a_row_that_names_no_fork_stands_for_all_of_them() -> None:
    universe = (row("3.11", "linux"), *rows("3.12", "linux", forks=forks_of(CONFLICT)))
    assert text(universe, lambda cell: minor(cell) == 11 or asked(cell) == "cpu") == (
        'python_version < "3.12" or "cpu" in dependency_groups'
    )


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"dev": lambda cell: True}, '"dev" in dependency_groups'),
        (
            {"": lambda cell: system(cell) == "win32", "dev": lambda cell: True},
            'sys_platform == "win32" or "dev" in dependency_groups',
        ),
        ({"": lambda cell: True, "dev": lambda cell: system(cell) == "win32"}, "None"),
        (
            {gate: lambda cell: minor(cell) < 12 for gate in ("test", "dev")},
            'python_version < "3.12" and ("dev" in dependency_groups or "test" in dependency_groups)',
        ),
        (
            {"dev": lambda cell: True, "test": lambda cell: system(cell) == "win32"},
            '"dev" in dependency_groups or (sys_platform == "win32" and "test" in dependency_groups)',
        ),
        (
            {"": lambda cell: minor(cell) < 12 and system(cell) == "win32", "dev": lambda cell: minor(cell) < 12},
            'python_version < "3.12" and (sys_platform == "win32" or "dev" in dependency_groups)',
        ),
    ],
)
def test_gates_with_the_same_rows_share_their_condition(part: dict[str, Choice], expected: str) -> None:
    assert gated(DESKTOPS, part) == [expected]


def test_two_versions_reached_by_a_group_exclude_each_other_by_their_environments() -> None:
    assert gated(DESKTOPS, {"dev": lambda cell: minor(cell) < 12}, {"dev": lambda cell: minor(cell) >= 12}) == [
        'python_version < "3.12" and "dev" in dependency_groups',
        'python_version >= "3.12" and "dev" in dependency_groups',
    ]


def test_what_markers_cannot_tell_apart_is_a_bug() -> None:
    with pytest.raises(InternalError, match="cannot be told apart"):
        cover([row("3.11", "linux")], [row("3.11-3.11.4", "linux")])
    with pytest.raises(InternalError, match="in one environment"):
        covers([[DESKTOPS[0]], [DESKTOPS[0]]], DESKTOPS)
    with pytest.raises(InternalError, match="needed nowhere"):
        covers([[]], DESKTOPS)


def test_a_disorderly_universe_has_a_marker_nonetheless() -> None:
    universe = rows(
        "3.9 3.10 3.11 3.12 3.13",
        "linux linux-arm macos macos-intel windows",
        "cpython pypy",
        forks_of([("cpu",)]),
    )
    on = {number for number in range(len(universe)) if number * number % 7 in {1, 2}}
    marker = Universe(universe).markers([{"": on}])[0]
    assert marker is not None
    for number, cell in enumerate(universe):
        assert all(holds(marker, environment) == (number in on) for environment in environments(cell))
