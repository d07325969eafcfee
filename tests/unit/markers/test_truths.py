from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker

from lockenv.markers.truth import Truth, Truths
from lockenv.packages import Requirement, parse_requirement
from lockenv.targets import Target
from tests.fakes.source import linux_target

TARGETS = [linux_target(python) for python in ("3.8.2", "3.11.2", "3.11.7", "3.12.0")]
MARKERS = [
    "python_version < '3.12'",
    "python_full_version >= '3.11.7'",
    "sys_platform == 'linux'",
    "extra == 'x'",
    "python_version >= '3.11' and extra == 'x'",
]
REQUIREMENTS = [parse_requirement(f"{name}; {marker}") for name in "ab" for marker in MARKERS]


@given(
    st.lists(st.tuples(st.sampled_from(TARGETS), st.sampled_from(REQUIREMENTS), st.sampled_from(["", "x", "y"])))
)
def test_what_targets_share_is_what_each_would_say_alone(asked: list[tuple[Target, Requirement, str]]) -> None:
    truths = Truths()
    made = {target: truths.of(target) for target in TARGETS}
    for target, requirement, extra in asked:
        alone = Marker(str(requirement.marker)).evaluate({**target.variables, "extra": extra})
        assert made[target].applies(requirement, extra) is alone


def test_a_truth_tells_what_it_was_asked() -> None:
    truth = Truths().of(TARGETS[1])
    everywhere, old, extra = (parse_requirement(text) for text in ("a", f"a; {MARKERS[0]}", f"a; {MARKERS[3]}"))
    for requirement, name in ((old, ""), (everywhere, ""), (extra, ""), (extra, "x"), (old, "")):
        truth.applies(requirement, name)
    assert list(truth.asked()) == [(old, "", True), (extra, "", False), (extra, "x", True)]


def test_targets_answer_alike_where_no_question_tells_them_apart() -> None:
    truths = Truths()
    first, patch, minor = (truths.of(target) for target in TARGETS[1:])
    assert first.answered_alike(minor)
    first.applies(REQUIREMENTS[2])
    first.applies(REQUIREMENTS[4], "x")
    assert first.answered_alike(patch)
    assert first.answered_alike(minor)
    first.applies(REQUIREMENTS[1])
    assert not first.answered_alike(patch)
    assert list(patch.asked()) == []


def test_what_one_search_asked_is_not_asked_of_the_next() -> None:
    truths = Truths()
    truths.of(TARGETS[0]).applies(REQUIREMENTS[0])
    assert list(truths.of(TARGETS[0]).asked()) == []


def test_a_marker_that_has_no_text_is_true_or_false_all_the_same() -> None:
    # An escape gives the value both kinds of quotes, and then packaging cannot write the marker down.
    requirement = parse_requirement(r"""a; sys_platform != '\x27"'""")
    assert Truth(TARGETS[0]).applies(requirement)
