"""Groups that include a conflicting group ask for it too: markers name them all, and say nothing twice."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from lockenv.markers.cover import Reach, Universe
from lockenv.markers.space import forks_of
from tests.fakes.rows import environments, holds, rows

STANDING = {"cpu": ("cpu", "dev"), "gpu": ("gpu", "ml")}
FREE = ("docs",)
ROWS = rows("3.11 3.12", "linux windows", forks=forks_of([("cpu", "gpu")]))
_NONE, _CPU, _GPU = ("", "cpu", "gpu")


def in_fork(member: str) -> list[int]:
    return [number for number, row in enumerate(ROWS) if row.fork[0][1] == member]


def written(*parts: Reach) -> list[str]:
    return [str(marker) for marker in Universe(ROWS, STANDING).markers(parts)]


def test_what_a_conflicting_group_needs_is_needed_by_those_that_include_it() -> None:
    reach = {"cpu": in_fork(_CPU), "dev": in_fork(_CPU)}
    assert written(reach) == ['"cpu" in dependency_groups or "dev" in dependency_groups']


def test_what_only_the_including_group_needs_names_it_alone() -> None:
    assert written({"dev": in_fork(_CPU)}) == ['"dev" in dependency_groups']
    assert written({"dev": in_fork(_CPU), "ml": in_fork(_GPU)}) == [
        '"dev" in dependency_groups or "ml" in dependency_groups'
    ]


def test_a_version_of_the_main_dependencies_that_a_choice_moves() -> None:
    moved, elsewhere = in_fork(_CPU), in_fork(_NONE) + in_fork(_GPU)
    assert written({"": moved}, {"": elsewhere})[0] == '"cpu" in dependency_groups or "dev" in dependency_groups'


@st.composite
def reaches(draw: st.DrawFn) -> tuple[Reach, ...]:
    """Two versions of a package and the gates that need them; who includes a group needs what that one needs."""
    parts: tuple[dict[str, set[int]], ...] = ({}, {})
    for number, row in enumerate(ROWS):
        member = row.fork[0][1]
        wanted = draw(st.sets(st.sampled_from(["", *FREE, *STANDING.get(member, ())])))
        if member and member in wanted:
            wanted |= set(STANDING[member])
        part = draw(st.sampled_from(parts))
        for gate in wanted:
            part.setdefault(gate, set()).add(number)
    return tuple(part for part in parts if part)


def legal_selections() -> list[frozenset[str]]:
    groups = [*FREE, *(group for asking in STANDING.values() for group in asking)]
    every = [frozenset(chosen) for size in range(len(groups) + 1) for chosen in combinations(groups, size)]
    return [chosen for chosen in every if sum(bool(chosen & set(asking)) for asking in STANDING.values()) < 2]


@given(reaches())
def test_markers_are_true_for_every_legal_selection_just_where_a_gate_leads(parts: tuple[Reach, ...]) -> None:
    markers = Universe(ROWS, STANDING).markers(parts)
    for selection in legal_selections():
        member = next((each for each, asking in STANDING.items() if selection & set(asking)), "")
        for number in in_fork(member):
            for part, marker in zip(parts, markers, strict=True):
                needed = any(number in part.get(gate, ()) for gate in ("", *selection))
                for environment in environments(ROWS[number]):
                    assert holds(marker, {**environment, "dependency_groups": selection}) is needed
