"""`lockenv.manifest.bounds`: what is written for a requirement that names no versions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.manifest.bounds import bounds_for
from lockenv.settings import BOUNDS, Bounds

CASES: list[tuple[str, str, str]] = [
    ("3.1.3", "major", ">=3.1,<4"),
    ("3.1.3", "minor", ">=3.1.3,<3.2"),
    ("3.1.3", "lower", ">=3.1"),
    ("3.1.3", "exact", "==3.1.3"),
    ("3.1.3", "none", ""),
    ("0.28.1", "major", ">=0.28,<0.29"),
    ("0.28.1", "minor", ">=0.28.1,<0.29"),
    ("0.0.4", "major", ">=0.0.4,<0.1"),
    ("7", "major", ">=7,<8"),
    ("7", "minor", ">=7,<7.1"),
    ("0", "major", ">=0,<1"),
    ("2024.8.30", "major", ">=2024.8.30"),
    ("2024.8.30", "minor", ">=2024.8.30"),
    ("20240826", "major", ">=20240826"),
    ("2025.2", "exact", "==2025.2"),
    ("1!2.3.4", "major", ">=1!2.3,<1!3"),
    ("2.0rc1", "major", ">=2.0rc1,<3"),
    ("2.0.dev3", "lower", ">=2.0.dev3"),
    ("1.0.post2", "major", ">=1.0,<2"),
    ("2.5.1+cpu", "major", ">=2.5,<3"),
    ("2.5.1+cpu", "exact", "==2.5.1+cpu"),
    ("2.2.6 2.3.4", "major", ">=2.2,<3"),
    ("1.26.4 2.3.4", "major", ">=1.26,<3"),
    ("1.26.4 2.3.4", "exact", ">=1.26.4,<=2.3.4"),
    ("0.9 1.2", "major", ">=0.9,<2"),
    ("", "major", ""),
]


@pytest.mark.parametrize(("versions", "kind", "expected"), CASES)
def test_bounds_are_those_that_people_would_write(versions: str, kind: Bounds, expected: str) -> None:
    assert bounds_for([*map(Version, versions.split())], kind) == SpecifierSet(expected)


_numbers = st.one_of(st.integers(0, 40), st.sampled_from([2024, 20240826]))
_endings = st.sampled_from(["", "a1", "rc2", ".post1", ".dev4", "b2.post3.dev1", "+cpu.1"])
_versions = st.builds(
    lambda epoch, release, ending: Version(f"{epoch}{'.'.join(map(str, release))}{ending}"),
    st.sampled_from(["", "", "1!"]),
    st.lists(_numbers, min_size=1, max_size=4),
    _endings,
)


@settings(deadline=None)
@given(versions=st.lists(_versions, min_size=1, max_size=3), kind=st.sampled_from(BOUNDS))
def test_whatever_was_found_is_within_its_bounds(versions: list[Version], kind: Bounds) -> None:
    bounds = bounds_for(versions, kind)
    # A specifier that names a pre-release lets pre-releases in; between bounds that do not, none was found.
    assert all(bounds.contains(version, prereleases=True) for version in versions)


@settings(deadline=None)
@given(version=_versions.filter(lambda version: version.is_prerelease))
def test_a_pre_release_that_was_found_is_let_in_by_its_own_bounds(version: Version) -> None:
    assert bounds_for([version], "major").contains(version)
