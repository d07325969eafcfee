from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker

from lockenv.markers.text import groups_marker
from lockenv.markers.truth import Truth, names_extra
from lockenv.packages import canonicalize_name, parse_requirement
from tests.fakes.source import linux_target

TARGET = linux_target()


@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        ("sys_platform == 'linux'", True),
        ("'linux' == sys_platform", True),
        ("os_name == 'nt' and sys_platform == 'linux'", False),
        ("python_version < '3.9'", False),
        ("python_version >= '3.9'", True),
        ("python_full_version < '3.11.8'", True),
        ("python_version in '3.10 3.11'", True),
        ("python_version >= '3.6' or python_version < '3.6'", True),
        ("(os_name == 'nt' or os_name == 'posix') and platform_machine == 'x86_64'", True),
        ("implementation_name == 'pypy'", False),
        ("extra == 'x'", False),
    ],
)
def test_markers_hold_as_pep_508_says(marker: str, expected: bool) -> None:
    assert Truth(TARGET).holds(Marker(marker)) is expected


def test_an_extra_is_asked_for_by_its_normalised_name() -> None:
    truth = Truth(TARGET)
    requirement = parse_requirement("a; extra == 'Foo_Bar'")
    assert truth.applies(requirement, "foo-bar")
    assert names_extra(requirement, canonicalize_name("Foo.Bar"), truth)


def test_what_holds_without_an_extra_does_not_belong_to_it() -> None:
    truth = Truth(TARGET)
    assert not names_extra(
        parse_requirement("a; extra == 'x' or os_name == 'posix'"), canonicalize_name("x"), truth
    )
    assert not names_extra(parse_requirement("a"), canonicalize_name("x"), truth)


@given(st.sets(st.sampled_from("abcde"), min_size=1), st.sets(st.sampled_from("abcde")))
def test_a_groups_marker_holds_where_one_of_its_groups_is_asked_for(groups: set[str], asked: set[str]) -> None:
    marker = Marker(str(groups_marker(groups)))
    environment = {"dependency_groups": frozenset(asked), "extras": frozenset[str]()}
    assert marker.evaluate(environment, "lock_file") == bool(groups & asked)
