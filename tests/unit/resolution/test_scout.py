"""Going ahead of the search: what is found out early, and that it changes nothing."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lockenv.errors import LockenvError, MetadataError
from lockenv.packages import NormalizedName
from lockenv.resolution.resolve import resolve
from lockenv.resolution.source import Guide
from lockenv.targets import Target
from tests.effort import examples
from tests.fakes.locks import manifest_of, question_of
from tests.fakes.source import FakeSource, fake_source, linux_target

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
PYTHONS = (linux_target("3.13.0"), linux_target("3.11.7"))
ROOTS = st.lists(LINES.filter(lambda line: ";" not in line), min_size=1, max_size=3)


class Walked(FakeSource):
    """Goes wherever the guide leads before it returns, the next steps in any order; remembers where it was."""

    listed: list[str]
    read: list[str]
    beside: list[str]
    chance: random.Random

    def explore(self, names: Iterable[NormalizedName], guide: Guide) -> None:
        self.listed, self.read, self.beside = [], [], []
        waiting = list(names)
        while waiting:
            name = waiting.pop(self.chance.randrange(len(waiting)))
            self.listed.append(name)
            listing = FakeSource.listing(self, name)
            wanted = guide.choose(listing) if listing is not None else None
            if listing is None or wanted is None:
                continue
            beside = list(guide.beside(listing, wanted))
            self.read.append(f"{wanted[0]} {wanted[1]}")
            waiting.extend(guide.follow(FakeSource.metadata(self, *wanted)))
            for each in beside:
                self.beside.append(each[2].filename)
                with suppress(MetadataError):
                    waiting.extend(guide.pursue(FakeSource.metadata(self, *each)))


def walked(index: Any, seed: int = 0) -> Walked:
    source = Walked(projects=fake_source(index).projects)
    source.chance = random.Random(seed)
    return source


def outcome(roots: list[str], source: FakeSource, targets: Sequence[Target] = (), **keys: Any) -> object:
    try:
        question = question_of(manifest_of(roots, **keys))
        return resolve(replace(question, targets=tuple(targets) or question.targets), source)
    except LockenvError as error:
        return type(error), error.message, list(error.problems), list(error.details), error.hint


@examples(150)
@given(INDEXES, ROOTS, st.integers(0, 3))
def test_going_ahead_changes_no_answer_and_no_explanation(index: Any, roots: list[str], seed: int) -> None:
    assert outcome(roots, walked(index, seed)) == outcome(roots, fake_source(index))


@examples(100)
@given(INDEXES, ROOTS, st.integers(0, 3))
def test_nor_does_it_on_several_targets(index: Any, roots: list[str], seed: int) -> None:
    assert outcome(roots, walked(index, seed), PYTHONS) == outcome(roots, fake_source(index), PYTHONS)


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


# ── what other targets will need


def test_what_an_older_python_will_take_is_looked_at_and_what_that_requires() -> None:
    index = {
        "a": {"1": ["old"], "2": {"requires": ["b"], "python": ">=3.12"}},
        "b": {"1": ["c; python_version < '3.12'"]},
        "c": {"1": []},
        "old": {"1": []},
    }
    source = walked(index)
    outcome(["a"], source, PYTHONS)
    assert source.beside == ["a-1-py3-none-any.whl"]
    assert {"a", "b", "c", "old"} == set(source.listed)


def test_wheels_of_other_targets_are_looked_at_unless_they_are_known_to_say_the_same() -> None:
    wheels = tuple(f"cp{minor}-cp{minor}-linux_x86_64" for minor in (311, 313))
    index = {"a": {"1": {"wheels": wheels}}, "b": {"1": {"wheels": ("cp311-abi3-linux_x86_64",)}}}
    source = walked(index)
    outcome(["a", "b"], source, PYTHONS)
    assert source.beside == ["a-1-cp311-cp311-linux_x86_64.whl"]


def test_what_is_looked_at_for_others_has_no_say_in_what_is_guessed() -> None:
    """The old `a` rules `c` 2 out, which the first target will have."""
    index = {
        "a": {"1": ["c<2"], "2": {"requires": ["c"], "python": ">=3.12"}},
        "c": {"1": [], "2": []},
    }
    for seed in range(8):
        source = walked(index, seed)
        outcome(["a"], source, PYTHONS)
        assert source.read == ["a 2", "c 2"]


def test_no_sdist_is_looked_at_for_others() -> None:
    index = {"a": {"1": {"wheels": (), "sdist": True}, "2": {"python": ">=3.12"}}}
    source = walked(index)
    outcome(["a"], source, PYTHONS)
    assert source.beside == []
