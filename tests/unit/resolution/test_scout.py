"""Going ahead of the search: what is found out early, and that it changes nothing."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lockenv.errors import LockenvError
from lockenv.packages import NormalizedName
from lockenv.resolution.resolve import resolve
from lockenv.resolution.source import Guide
from tests.fakes.locks import manifest_of, question_of
from tests.fakes.source import FakeSource, fake_source

NAMES = "abcd"
SPECIFIERS = ("", "==1", "<2", ">=2", "!=2")
LINES = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(NAMES),
    st.sampled_from(("", "", "[x]")),
    st.sampled_from(SPECIFIERS),
    st.sampled_from(("", "", "; extra == 'x'", "; sys_platform == 'win32'")),
)
RELEASES = st.dictionaries(st.sampled_from(("1", "2", "3", "4b1")), st.lists(LINES, max_size=3), min_size=1)
INDEXES = st.dictionaries(st.sampled_from(NAMES), RELEASES, min_size=1)
ROOTS = st.lists(LINES.filter(lambda line: ";" not in line), min_size=1, max_size=3)


class Walked(FakeSource):
    """Goes wherever the guide leads before it returns, the next steps in any order; remembers where it was."""

    listed: list[str]
    read: list[str]
    chance: random.Random

    def explore(self, names: Iterable[NormalizedName], guide: Guide) -> None:
        self.listed, self.read = [], []
        waiting = list(names)
        while waiting:
            name = waiting.pop(self.chance.randrange(len(waiting)))
            self.listed.append(name)
            listing = FakeSource.listing(self, name)
            wanted = guide.choose(listing) if listing is not None else None
            if wanted is not None:
                self.read.append(f"{wanted[0]} {wanted[1]}")
                waiting.extend(guide.follow(FakeSource.metadata(self, *wanted)))


def walked(index: Any, seed: int = 0) -> Walked:
    source = Walked(projects=fake_source(index).projects)
    source.chance = random.Random(seed)
    return source


def outcome(roots: list[str], source: FakeSource, **keys: Any) -> object:
    try:
        return resolve(question_of(manifest_of(roots, **keys)), source)
    except LockenvError as error:
        return type(error), error.message, list(error.problems), list(error.details), error.hint


@settings(max_examples=300)
@given(INDEXES, ROOTS, st.integers(0, 3))
def test_going_ahead_changes_no_answer_and_no_explanation(index: Any, roots: list[str], seed: int) -> None:
    assert outcome(roots, walked(index, seed)) == outcome(roots, fake_source(index))


def test_all_that_the_search_reads_was_looked_at_before() -> None:
    index = {
        "a": {"1": [], "2": ["b[x]>=1", "c<2"]},
        "b": {"1": ["d; extra == 'x'"], "2": {"requires": ["d; extra == 'x'"], "python": "<3"}},
        "c": {"1": [], "2": []},
        "d": {"1": [], "2": [], "3b1": []},
    }
    source = walked(index)
    outcome(["a"], source)
    assert sorted(source.read) == ["a 2", "b 1", "c 1", "d 2"]


def test_an_extra_that_is_asked_for_later_is_followed_too() -> None:
    index = {"a": {"1": ["d; extra == 'x'", "b"]}, "b": {"1": ["a[x]"]}, "d": {"1": []}}
    source = walked(index)
    outcome(["a"], source)
    assert "d 1" in source.read


def test_a_guess_is_made_anew_where_a_requirement_rules_it_out() -> None:
    index = {"a": {"1": ["c"]}, "b": {"1": ["c<2"]}, "c": {"1": [], "2": []}}
    source = walked(index)
    outcome(["a", "b"], source)
    assert "c 1" in source.read


def test_what_does_not_count_on_the_target_is_not_looked_at() -> None:
    index = {"a": {"1": ["b; sys_platform == 'win32'", "c; extra == 'x'"]}, "b": {"1": []}, "c": {"1": []}}
    source = walked(index)
    outcome(["a"], source)
    assert source.listed == ["a"]


def test_broken_lines_are_left_to_the_search() -> None:
    index = {"a": {"1": ["b", "!!!", "c; os_name ~= '5'"]}, "b": {"1": []}}
    source = walked(index)
    outcome(["a"], source)
    assert source.read == ["a 1", "b 1"]
