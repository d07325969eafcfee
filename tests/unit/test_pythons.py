from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.pythons import CPYTHON, PYPY, admitted, spans
from lockenv.targets import Span, minor_span


def admits(specifier: str, implementation: str = "cpython") -> list[str]:
    """The admitted Pythons as text: ``3.11.4..3.12``, newest first."""
    pythons = admitted(SpecifierSet(specifier), "pypy" if implementation == "pypy" else "cpython")
    return [f"{one.span.lowest}..{one.span.beyond or ''}" for one in pythons]


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        ("==3.11.*", ["3.11..3.12"]),
        (">=3.11,<3.13", ["3.12..3.13", "3.11..3.12"]),
        (">=3.11.4,<3.13", ["3.12..3.13", "3.11.4..3.12"]),
        (">3.11,<3.12", ["3.11.1..3.12"]),
        (">=3.14", ["3.15..", "3.14..3.15"]),
        (">=3.15.2", ["3.15.2.."]),
        ("~=3.14", ["3.15..4.0", "3.14..3.15"]),
        ("~=3.12.3", ["3.12.3..3.13"]),
        (">=3.14,<4", ["3.15..4.0", "3.14..3.15"]),
        (">=3.15,<3.17.2", ["3.15..3.17.2"]),
        (">=3.15,!=3.16.*", ["3.15..3.16"]),
        (">=3.15,!=3.16.1", ["3.15..3.16.1"]),
        (">=3.12,<3.15,!=3.13.*", ["3.14..3.15", "3.12..3.13"]),
        ("==3.11.*,!=3.11.3", ["3.11.4..3.12", "3.11..3.11.3"]),
        ("==3.11.*,!=3.11.0", ["3.11.1..3.12"]),
        ("==3.11.*,!=3.11.3,!=3.11.4,!=3.11.7", ["3.11.8..3.12", "3.11.5..3.11.7", "3.11..3.11.3"]),
        (">=3.11,<=3.12", ["3.12..3.12.1", "3.11..3.12"]),
        ("<=3.8.10", ["3.8..3.8.11"]),
        ("==3.12", ["3.12..3.12.1"]),
        ("==3.12.4", ["3.12.4..3.12.5"]),
        ("===3.12.4", ["3.12.4..3.12.5"]),
        ("===anything", []),
        (">=3.12rc1,<3.13", ["3.12..3.13"]),
        (">=3.12.4rc1,<3.13", ["3.12.4..3.13"]),
        (">=3.12,<3.13.0a1", ["3.12..3.13"]),
        (">=3.12.4.1,<3.13", ["3.12.5..3.13"]),
        (">=3.6,<3.9", ["3.8..3.9"]),
        (">=2.7,!=3.0.*,<3.9", ["3.8..3.9"]),
        ("<3.8", []),
        (">=3.16", []),
        (">=4", []),
        (">=3.11,<3.11", []),
    ],
)
def test_a_specifier_admits_spans_of_released_minors(specifier: str, expected: list[str]) -> None:
    assert admits(specifier) == expected


def test_no_specifier_admits_every_released_minor_and_leaves_the_last_one_open() -> None:
    found = admitted(SpecifierSet(), "cpython")
    assert [one.minor for one in found] == list(reversed(CPYTHON))
    assert found[0].span == Span(lowest=Version("3.15"))
    assert found[1].span == minor_span(3, 14)


def test_pypy_has_the_minors_that_it_was_released_for_and_no_open_end() -> None:
    assert admits(">=3.10", "pypy") == ["3.11..3.12", "3.10..3.11"]
    assert admits(">=3.12", "pypy") == []
    assert set(PYPY) < set(CPYTHON)


def test_a_python_states_the_lowest_version_of_its_span_to_markers() -> None:
    newer, older = admitted(SpecifierSet(">=3.11.4,<3.13"), "cpython")
    assert newer.variables["python_full_version"] == "3.12.0"
    assert older.variables == {
        "implementation_name": "cpython",
        "implementation_version": "3.11.4",
        "platform_python_implementation": "CPython",
        "python_full_version": "3.11.4",
        "python_version": "3.11",
    }


def test_pypy_states_its_own_version_beside_that_of_the_language() -> None:
    (python,) = admitted(SpecifierSet("==3.10.*"), "pypy")
    assert python.abis == ("pypy310_pp73",)
    assert python.variables == {
        "implementation_name": "pypy",
        "implementation_version": "7.3.19",
        "platform_python_implementation": "PyPy",
        "python_full_version": "3.10.0",
        "python_version": "3.10",
    }


def test_parts_of_one_minor_have_names_of_their_own() -> None:
    assert [one.name for one in admitted(SpecifierSet("==3.11.*,!=3.11.3,!=3.11.7"), "cpython")] == [
        "Python 3.11 from 3.11.8",
        "Python 3.11 from 3.11.4 below 3.11.7",
        "Python 3.11 below 3.11.3",
    ]
    assert [one.name for one in admitted(SpecifierSet(">=3.11.4,<3.12"), "cpython")] == ["Python 3.11"]
    assert [one.name for one in admitted(SpecifierSet("==3.11.*"), "pypy")] == ["PyPy 3.11"]


_versions = st.one_of(
    st.builds("3.{}".format, st.integers(7, 17)),
    st.builds("3.{}.{}".format, st.integers(7, 17), st.integers(0, 6)),
    st.builds("3.{}.{}rc1".format, st.integers(7, 17), st.integers(0, 3)),
    st.sampled_from(["3", "4", "3.11.2.1", "3.12.post1"]),
)
_clauses = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), _versions),
    st.builds(
        "{}{}.*".format, st.sampled_from(["==", "!="]), st.sampled_from(["3", "3.10", "3.12", "3.16", "3.11.2"])
    ),
    st.builds("~={}".format, st.sampled_from(["3.8", "3.11", "3.11.3", "3.14.1"])),
)
_specifiers = st.builds(lambda clauses: SpecifierSet(",".join(clauses)), st.lists(_clauses, max_size=4))


@given(_specifiers)
def test_the_spans_hold_each_admitted_release_once_and_no_other(python: SpecifierSet) -> None:
    found = [one.span for one in admitted(python, "cpython")]
    for (major, minor), patch in itertools.product(CPYTHON, range(9)):
        release = Version(f"{major}.{minor}.{patch}")
        holding = sum(span.holds(release) for span in found)
        assert holding == python.contains(release), release


@given(_specifiers)
def test_nothing_beyond_the_newest_minor_is_claimed_that_the_specifier_excludes(python: SpecifierSet) -> None:
    found = [one.span for one in admitted(python, "cpython")]
    for minor, patch in itertools.product(range(CPYTHON[-1][1] + 1, 20), range(9)):
        release = Version(f"3.{minor}.{patch}")
        if any(span.holds(release) for span in found):
            assert python.contains(release), release


@given(_specifiers, st.sampled_from(CPYTHON))
def test_spans_are_as_long_as_can_be(python: SpecifierSet, minor: tuple[int, int]) -> None:
    found = spans(python, minor)
    assert all(later.lowest > (earlier.beyond or later.lowest) for later, earlier in itertools.pairwise(found))
