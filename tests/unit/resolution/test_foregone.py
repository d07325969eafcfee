"""Unit: which searches are foregone. That what is told is what they find is a law (`tests.laws`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from lockenv.packages import canonicalize_name, parse_requirement
from lockenv.resolution import solve
from lockenv.resolution.foregone import foregone
from lockenv.resolution.model import Question, Resolution
from lockenv.resolution.resolve import resolve
from lockenv.targets import Target
from tests.fakes.source import FakeRelease, FakeSource, linux_target

#: The second cannot use what was found for the first as it is: more is required there.
TARGETS = (linux_target("3.11.7"), linux_target("3.12.1"))
MORE = "extra-dish; python_version >= '3.12'"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What was told of each search that something speaks for: whether it is foregone."""
    found: list[bool] = []

    def noting(*given: Any) -> Any:
        known = foregone(*given)
        found.append(known is not None)
        return known

    monkeypatch.setattr(solve, "foregone", noting)
    return found


def resolved(index: Mapping[str, Mapping[str, FakeRelease]], targets: tuple[Target, ...] = TARGETS) -> Resolution:
    question = Question(targets=targets, roots={"": (parse_requirement("menu"),)}, across_pythons="fewest")
    projects = {canonicalize_name(name): releases for name, releases in index.items()}
    return resolve(question, FakeSource(projects=projects))


def version_of(found: Resolution, name: str) -> str:
    return next(str(pin.version) for pin in found.pins if pin.name == name)


def test_a_search_that_follows_an_earlier_one_is_foregone(told: list[bool]) -> None:
    found = resolved(
        {
            "menu": {"2": FakeRelease(requires=("dish<2", MORE)), "1": FakeRelease()},
            "dish": {"2": FakeRelease(), "1": FakeRelease()},
            "extra-dish": {"5": FakeRelease()},
        }
    )
    assert told == [True]
    assert [str(pin.version) for pin in found.pins] == ["1", "5", "2"]


def test_a_search_for_which_nothing_speaks_is_made(told: list[bool]) -> None:
    resolved({"menu": {"2": FakeRelease()}}, TARGETS[:1])
    assert told == []


@pytest.mark.parametrize(
    "extra",
    [
        {"5": FakeRelease(yanked="bad"), "4": FakeRelease()},
        {"5": FakeRelease(python=">=3.13"), "4": FakeRelease()},
        {"5": FakeRelease(requires=("dish>1",)), "4": FakeRelease()},
        {"5": FakeRelease(broken="?"), "4": FakeRelease()},
    ],
    ids=["yanked", "unfit", "refused", "broken"],
)
def test_a_search_that_passes_something_over_is_made(told: list[bool], extra: dict[str, FakeRelease]) -> None:
    found = resolved(
        {
            "menu": {"2": FakeRelease(requires=("dish<2", MORE))},
            "dish": {"2": FakeRelease(), "1": FakeRelease()},
            "extra-dish": extra,
        }
    )
    assert told == [False]
    assert version_of(found, "extra-dish") == "4"


def test_a_search_in_which_a_demand_lets_prereleases_in_is_made(told: list[bool]) -> None:
    more = "extra-dish>=4rc1; python_version >= '3.12'"
    found = resolved(
        {
            "menu": {"2": FakeRelease(requires=(more,))},
            "extra-dish": {"5rc1": FakeRelease(), "4": FakeRelease()},
        }
    )
    assert told == [False]
    assert version_of(found, "extra-dish") == "5rc1"
