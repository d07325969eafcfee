from __future__ import annotations

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from lockenv.manifest.slips import why_no_marker, why_no_python, why_no_requirement


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("pandas=2.2", "pandas==2.2"),
        ("numpy=1.26.4=py311h", "numpy==1.26.4"),
        ("pandas 2.2", "pandas==2.2"),
        ("pandas[all] 2.2", "pandas[all]==2.2"),
        ("pandas>2.2.*", "pandas>=2.3"),
        ("pandas>=2.2.*", "pandas>=2.2"),
        ("pandas<=2.2.*", "pandas<2.3"),
        ("pandas<2.2.*", "pandas<2.2"),
        ("pandas~=2.2.*", "pandas==2.2.*"),
        ("pandas==2.*.*", "pandas==2.*"),
        ("pandas==2.x", "pandas==2.*"),
        ("pandas==2.0*", "pandas==2.0.*"),
        ("pandas>=1.0 <2.0", "pandas>=1.0,<2.0"),
        ("pandas>=1 !=1.5 <2 ; python_version >= '3.9'", "pandas>=1,!=1.5,<2 ; python_version >= '3.9'"),
        ("pandas^1.2.3", "pandas>=1.2.3,<2"),
        ("pandas ^0.2.3", "pandas >=0.2.3,<0.3"),
        ("pandas^0.0.3", "pandas>=0.0.3,<0.0.4"),
        ("pandas^0.0", "pandas>=0.0,<0.1"),
        ("pandas~1", "pandas>=1,<2"),
        ("pandas~1.2.3", "pandas>=1.2.3,<1.3"),
        ("pandas@^1.2", "pandas>=1.2,<2"),
        ("pandas=>1,=<2", "pandas>=1,<=2"),
        ("pandas *", "pandas"),
        ("pandas==latest", "pandas"),
        ("pandas>=", "pandas"),
        ("httpx[http2", "httpx[http2]"),
        ("tomli ; python_version<3.11", "tomli ; python_version< '3.11'"),
        ("tomli ; sys_platform == linux", "tomli ; sys_platform == 'linux'"),
        ("idna==3.7 --hash=sha256:00", "idna==3.7"),
        ("idna==3.7 # pinned", "idna==3.7"),
    ],
)
def test_a_common_slip_is_answered_with_what_was_meant(written: str, meant: str) -> None:
    _, hint = why_no_requirement(written)
    assert hint == f"write `{meant}`"
    assert str(Requirement(meant))


@pytest.mark.parametrize("written", ["two words", "föö", "a>=1||<2", "a ; b", "a[b,]", "a>=1,<", "==1", "a @ "])
def test_what_nobody_can_guess_is_explained_without_a_proposal(written: str) -> None:
    reason, hint = why_no_requirement(written)
    assert reason
    assert hint is None or not hint.startswith("write")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("3", ["==3.*", ">=3"]),
        ("3.11", ["==3.11.*", ">=3.11"]),
        ("=3.11", ["==3.11.*", ">=3.11"]),
        ("3.11.4", ["==3.11.4", ">=3.11.4"]),
        ("3.11.*", ["==3.11.*"]),
        ("3.11+", [">=3.11"]),
        ("^3.11", [">=3.11,<4"]),
        ("~3.11", [">=3.11,<3.12"]),
        (">=3.9 <3.13", [">=3.9,<3.13"]),
        ("python>=3.9", [">=3.9"]),
        ("latest", [">=3.11", ">=3.11,<3.14"]),
    ],
)
def test_a_python_that_is_no_specifier_is_answered_with_one(written: str, meant: list[str]) -> None:
    _, hint = why_no_python(written)
    assert hint is not None
    assert hint.split("`")[1::2] == meant
    assert all(SpecifierSet(one) for one in meant)


@pytest.mark.parametrize(
    ("written", "reason", "hint"),
    [
        ("python_version < 3.11", "values in markers stand in quotes", "write `python_version < '3.11'`"),
        ("os_name == nt", "values in markers stand in quotes", "write `os_name == 'nt'`"),
        ("sys_plattform == 'linux'", "`sys_plattform` is no marker variable", "did you mean `sys_platform`?"),
        ("os_name == 'nt", "a quote in the marker is not closed", None),
    ],
)
def test_a_slip_in_a_marker_is_answered_with_what_was_meant(written: str, reason: str, hint: str | None) -> None:
    assert why_no_marker(written) == (reason, hint)


def test_a_marker_that_nobody_can_guess_is_explained_without_a_proposal() -> None:
    reason, hint = why_no_marker("os_name 'nt'")
    assert reason
    assert hint is None
