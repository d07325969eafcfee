from __future__ import annotations

from lockenv.markers.space import forks_of, row_of, rows_of
from tests.fakes.source import linux_target


def test_a_row_is_a_target_s_pythons_and_platform() -> None:
    target = linux_target("3.11.7")
    row = row_of(target)
    assert row.python == target.span
    assert dict(row.values) == {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "sys_platform": "linux",
    }
    assert row.fork == ()


def test_of_each_conflict_set_none_or_one_group_is_asked_for() -> None:
    assert forks_of([]) == ((),)
    assert forks_of([("cpu", "gpu")]) == tuple(((("cpu", "gpu"), member),) for member in ("", "cpu", "gpu"))
    assert len(forks_of([("cpu", "gpu"), ("old", "new", "next")])) == 3 * 4


def test_a_group_in_two_conflict_sets_is_asked_for_in_both_or_in_neither() -> None:
    asked = [{member for _, member in fork if member} for fork in forks_of([("cpu", "gpu"), ("cpu", "xpu")])]
    assert asked == [set(), {"xpu"}, {"cpu"}, {"gpu"}, {"gpu", "xpu"}]


def test_every_target_stands_in_every_fork() -> None:
    targets = [linux_target("3.11.0"), linux_target("3.12.0")]
    rows = rows_of(targets, [("cpu", "gpu")])
    assert [(row.python.lowest.minor, row.fork[0][1]) for row in rows] == [
        (minor, member) for minor in (11, 12) for member in ("", "cpu", "gpu")
    ]
