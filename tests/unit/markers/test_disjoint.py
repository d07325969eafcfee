from __future__ import annotations

from itertools import combinations

import pytest
from packaging.markers import Marker

from lockenv.markers.disjoint import disjoint


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("python_version < '3.12'", "python_version >= '3.12'"),
        ("python_version < '3.9'", "python_version >= '3.10'"),
        ("python_version == '3.12'", "python_version != '3.12'"),
        ("python_version < '3.12'", "python_full_version >= '3.12.0'"),
        ("python_version <= '3.11'", "python_full_version > '3.12'"),
        ("python_full_version == '3.11.4'", "python_full_version >= '3.11.5'"),
        ("python_full_version ~= '3.11.4'", "python_version >= '3.12'"),
        ("'3.12' <= python_version", "python_version < '3.12'"),
        ("sys_platform == 'linux'", "sys_platform == 'win32'"),
        ("sys_platform == 'linux'", "sys_platform != 'linux'"),
        ("sys_platform in 'linux darwin'", "sys_platform == 'win32'"),
        ("sys_platform in 'linux darwin'", "sys_platform not in 'linux darwin'"),
        ("'linux' in sys_platform", "sys_platform == 'win32'"),
        ("extra == 'cpu'", "extra == 'gpu'"),
        ("'cpu' in extras", "'cpu' not in extras"),
        ("'cpu' in dependency_groups", "'CPU' not in dependency_groups"),
        (
            "(python_version < '3.12' or sys_platform == 'win32') and implementation_name == 'cpython'",
            "python_version >= '3.12' and sys_platform != 'win32'",
        ),
        ("implementation_version < '3.11'", "implementation_version >= '3.11'"),
        ("os_name == 'nt' and os_name == 'posix'", "python_version >= '3'"),
    ],
)
def test_markers_that_are_never_true_together_are_disjoint(first: str, second: str) -> None:
    assert disjoint(Marker(first), Marker(second))
    assert disjoint(Marker(second), Marker(first))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("python_version < '3.12'", "python_version >= '3.11'"),
        ("python_version >= '3.9'", "python_version < '3.10'"),
        ("python_version < '3.12'", "sys_platform == 'win32'"),
        ("python_version == '3.12'", "python_full_version >= '3.12.3'"),
        # A pre-release of 3.12 is of 3.12, and before it; 3.12.0a0 is what a checkout calls itself.
        ("python_version == '3.12'", "python_full_version < '3.12.0a1'"),
        ("python_version >= '3.12'", "python_full_version <= '3.12.0rc1'"),
        ("sys_platform != 'linux'", "sys_platform != 'win32'"),
        ("platform_machine == 'aarch64'", "sys_platform == 'win32'"),
        ("'cpu' in dependency_groups", "'gpu' in dependency_groups"),
        ("'cpu' in dependency_groups", "'cpu' in extras"),
        # Not modelled, hence possible.
        ("os_name == 'nt'", "sys_platform == 'linux'"),
        ("platform_release < '5'", "platform_release >= '5'"),
        ("sys_platform in 'a b'", "sys_platform in 'c d'"),
        ("sys_platform ~= 'linux'", "sys_platform == 'win32'"),
    ],
)
def test_markers_that_may_be_true_together_are_not(first: str, second: str) -> None:
    assert not disjoint(Marker(first), Marker(second))


def test_what_is_always_true_is_disjoint_from_nothing_but_the_impossible() -> None:
    assert not disjoint(None, None)
    assert not disjoint(None, Marker("sys_platform == 'linux'"))
    assert disjoint(None, Marker("python_version < '3' and python_version > '3'"))


def test_of_a_conflict_set_at_most_one_group_is_asked_for() -> None:
    cpu, gpu = Marker("'cpu' in dependency_groups"), Marker("'gpu' in dependency_groups")
    assert disjoint(cpu, gpu, [["Cpu", "gpu"]])
    assert not disjoint(cpu, gpu, [["cpu", "dev"], ["dev", "gpu"]])
    assert not disjoint(cpu, Marker("'gpu' not in dependency_groups"), [["cpu", "gpu"]])


def pigeons(count: int, holes: int) -> Marker:
    """Each pigeon sits in a hole, no two in the same: impossible with more pigeons, and tedious to find out."""
    seated = [" or ".join(f"'p{pigeon}h{hole}' in extras" for hole in range(holes)) for pigeon in range(count)]
    alone = [
        f"'p{one}h{hole}' not in extras or 'p{other}h{hole}' not in extras"
        for hole in range(holes)
        for one, other in combinations(range(count), 2)
    ]
    return Marker(" and ".join(f"({clause})" for clause in seated + alone))


def test_a_question_that_would_take_too_long_is_answered_carefully() -> None:
    assert disjoint(None, pigeons(3, 2))
    assert not disjoint(None, pigeons(8, 7))
