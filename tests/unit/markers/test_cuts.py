from __future__ import annotations

import pytest
from packaging.markers import Marker
from packaging.version import Version

from lockenv.markers.cuts import cuts, requires_python_cuts, undecidable
from tests.fakes.rows import span


def versions(*texts: str) -> tuple[Version, ...]:
    return tuple(map(Version, texts))


@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        ("python_version >= '3.8'", ()),
        ("python_version < '3.12'", ()),
        ("sys_platform == 'win32'", ()),
        ("python_full_version < '3.9.7'", ()),
        ("python_full_version < '3.11.3'", ("3.11.3",)),
        ("python_full_version >= '3.11.3'", ("3.11.3",)),
        ("python_full_version <= '3.11.3'", ("3.11.4",)),
        ("python_full_version > '3.11.3'", ("3.11.4",)),
        ("python_full_version == '3.11.4'", ("3.11.4", "3.11.5")),
        ("python_full_version != '3.11.0'", ("3.11.1",)),
        ("python_full_version === '3.11.4'", ("3.11.4", "3.11.5")),
        ("python_full_version ~= '3.11.4'", ("3.11.4",)),
        ("python_full_version == '3.11.*'", ()),
        ("python_full_version in '3.11.4, 3.11.7'", ("3.11.4", "3.11.5", "3.11.7", "3.11.8")),
        ("python_full_version not in '3.11.4'", ("3.11.4", "3.11.5")),
        ("'3.11.3' > python_full_version", ("3.11.3",)),
        ("'3.11.3' >= python_full_version", ("3.11.4",)),
        ("python_full_version <= '3.11.0a6'", ()),
        ("python_full_version < '3.11.5rc1'", ("3.11.5",)),
        ("implementation_version < '3.11.2'", ("3.11.2",)),
        ("python_full_version < 'three'", ()),
        ("os_name == 'nt' and (python_full_version < '3.11.3' or extra == 'x')", ("3.11.3",)),
        ("this is no marker", ()),
    ],
)
def test_a_minor_is_cut_where_a_comparison_changes_within_it(marker: str, expected: tuple[str, ...]) -> None:
    assert cuts([marker], span("3.11")) == versions(*expected)


def test_cuts_of_several_markers_are_sorted_and_said_once() -> None:
    markers = [
        "python_full_version < '3.11.9'",
        "python_full_version >= '3.11.3'",
        "python_full_version < '3.11.3'",
    ]
    assert cuts(markers, span("3.11")) == versions("3.11.3", "3.11.9")


def test_an_open_span_is_cut_between_minors_too() -> None:
    markers = ["python_version >= '3.17'", "python_version == '3.19'", "python_version < '3.9'"]
    assert cuts(markers, span("3.15-")) == versions("3.17", "3.19", "3.20")


def test_a_cut_at_the_edge_of_a_span_is_none() -> None:
    markers = ["python_full_version < '3.11.3'", "python_full_version < '3.11.8'"]
    assert cuts(markers, span("3.11.3-3.11.8")) == ()


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        (">=3.8", ()),
        (">=3.11.2", ("3.11.2",)),
        (">=3.8,!=3.11.7,<3.11.9", ("3.11.7", "3.11.8", "3.11.9")),
        ("<=3.11", ("3.11.1",)),
        (">3.11", ("3.11.1",)),
        ("~=3.11.2", ("3.11.2",)),
        ("==3.*", ()),
        ("<3.11.5,>=3.11.5", ()),
        (">=3.11.x", ()),
    ],
)
def test_a_minor_is_cut_where_requires_python_changes_within_it(specifier: str, expected: tuple[str, ...]) -> None:
    assert requires_python_cuts([specifier], span("3.11")) == versions(*expected)


def test_markers_on_what_no_declared_platform_states_are_undecidable() -> None:
    assert undecidable(Marker("os_name == 'nt' or platform_release >= '5.10'"))
    assert undecidable(Marker("'Ubuntu' in platform_version"))
    assert not undecidable(Marker("platform_system == 'platform_release'"))
