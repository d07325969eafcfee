from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.version import Version

from lockenv.markers.slices import Slice, slice_of
from lockenv.markers.text import target_marker
from tests.fakes.source import linux_target

HERE = Version("3.11.7")


@pytest.mark.parametrize(
    ("markers", "expected"),
    [
        ([], Slice()),
        (["python_version >= '3.8'"], Slice()),
        (["python_full_version < '3.9'"], Slice()),
        (["python_full_version < '3.11.3'"], Slice(lowest=Version("3.11.3"))),
        (["python_full_version >= '3.11.8'"], Slice(beyond=Version("3.11.8"))),
        (["'3.11.3' > python_full_version"], Slice(lowest=Version("3.11.3"))),
        (
            ["python_full_version < '3.11.3' and os_name == 'nt'", "x == 'y' or python_full_version < '3.11.9'"],
            Slice(lowest=Version("3.11.3"), beyond=Version("3.11.9")),
        ),
        (["python_full_version == '3.11.4'"], Slice(exactly=HERE)),
        (["python_full_version <= '3.11.4'"], Slice(exactly=HERE)),
        (["python_full_version in '3.11.4 3.11.7'"], Slice(exactly=HERE)),
    ],
)
def test_a_minor_is_cut_where_a_marker_cuts_it(markers: list[str], expected: Slice) -> None:
    assert slice_of(markers, HERE) == expected


_signs = st.sampled_from(["<", ">=", "<=", ">", "==", "!="])
_markers = st.lists(
    st.builds("python_full_version {} '3.{}.{}'".format, _signs, st.integers(10, 12), st.integers(0, 12)),
    max_size=4,
)


@given(_markers, st.integers(0, 12), st.integers(0, 12))
def test_on_its_slice_every_marker_is_as_true_as_where_the_slice_was_made(
    markers: list[str], here: int, there: int
) -> None:
    home, other = linux_target(f"3.11.{here}"), linux_target(f"3.11.{there}")
    claim = target_marker(home, slice_of(markers, home.python))
    assert claim.evaluate(home.variables)
    if claim.evaluate(other.variables):
        for text in markers:
            assert Marker(text).evaluate(home.variables) == Marker(text).evaluate(other.variables)
